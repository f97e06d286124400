"""JAX's cache of compiled programs on disk: a second process compiles nothing anew.

It lies in the user's cache folder. The environment variable ``LATEBLOOM_CACHE`` names another
folder, or ``off``. A folder that cannot be used is ignored, and what JAX is set to already stays.
"""

import os
import warnings
from contextlib import suppress
from pathlib import Path

import platformdirs

from .lazy import jax

VARIABLE = "LATEBLOOM_CACHE"
OFF = "off"
# Programs kept, of about 50 KiB each; the oldest go first. JAX's own limit would need locks.
MOST = 4000
# How the name of a program's file ends.
SUFFIX = "-cache"


def cache_folder() -> Path | None:
    """Return the folder of compiled programs, or None if the cache is off."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen == OFF:
        return None
    if chosen:
        return Path(chosen).expanduser()
    return platformdirs.user_cache_path("latebloom") / "compiled"


def use_compilation_cache() -> None:
    """Let JAX keep compiled programs in `cache_folder`, unless it keeps them somewhere already.

    Processes may share the folder: an entry that another one is just writing cannot be read, and is
    compiled. Reading and writing that fails, as on a full disk, is no error and no warning.
    """
    folder = cache_folder()
    if folder is None or jax.config.jax_compilation_cache_dir:  # pyright: ignore
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    _remove_oldest(folder)
    warnings.filterwarnings(
        "ignore", message="Error (reading|writing) persistent compilation cache"
    )
    jax.config.update("jax_compilation_cache_dir", str(folder))
    # The defaults leave out what compiles within a second, which is all that small runs need.
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def _remove_oldest(folder: Path) -> None:
    """Remove the oldest programs beyond `MOST`."""
    with suppress(OSError):  # another process may remove them too
        entries = [entry for entry in os.scandir(folder) if entry.name.endswith(SUFFIX)]
        files = [(entry.stat().st_mtime, entry.path) for entry in entries]
        for _, path in sorted(files)[:-MOST]:
            os.unlink(path)
