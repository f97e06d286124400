"""Files that are written whole or not at all."""

import contextlib
import os
import socket
import tempfile
import time
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from .errors import InvalidInput, unwritable
from .interrupts import at_end

# The prefix of a file that is being written.
DRAFT = ".draft-"


def publish(folder: Path, name: str, data: bytes) -> bool:
    """Write a new file, whole or not at all.

    **Arguments:**

    - `folder`, `name`: where; the folder exists.
    - `data`: the bytes.

    **Returns:** False if a file of this name is there already; it stays as it is.

    **Raises:** `InvalidInput` if it cannot be written.
    """
    with _draft(folder / name, data) as draft:
        done = _place(draft, folder / name)
        with contextlib.suppress(OSError):  # the new name survives a power failure, where it can
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        return done


def replace(path: Path, data: bytes) -> None:
    """Write a file in place of an earlier one; a reader sees one of the two, whole.

    **Raises:** `InvalidInput` if it cannot be written.
    """
    with _draft(path, data) as draft:
        draft.replace(path)


@contextlib.contextmanager
def _draft(path: Path, data: bytes) -> Iterator[Path]:
    """Give a file beside `path` with the data, on the disk; it disappears when the block ends."""
    draft = path.with_name(f"{DRAFT}{path.name}-{socket.gethostname()}-{os.getpid()}")
    remove = partial(draft.unlink, missing_ok=True)
    try:
        with at_end(remove):
            with open(draft, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            yield draft
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            remove()


def _place(draft: Path, path: Path) -> bool:
    """Give the draft its name, unless another process was first."""
    try:
        os.link(draft, path)  # unlike a rename it fails where the name is taken
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        draft.replace(path)
        return True


def remove_drafts(folder: Path) -> None:
    """Remove what killed processes left half written."""
    host = socket.gethostname()
    for draft in folder.glob(f"{DRAFT}*"):
        owner, _, pid = draft.name.rpartition("-")
        with contextlib.suppress(OSError, ValueError):
            here = owner.endswith(f"-{host}")
            # Processes of other machines are not known here: a day is longer than any write.
            old = time.time() - draft.stat().st_mtime > 86400
            if (here and not _alive(int(pid))) or old:
                draft.unlink()


def _alive(pid: int) -> bool:
    """Return whether a process runs; a zombie, which has ended, does not."""
    with contextlib.suppress(OSError):  # no such process, or no such file system
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    with contextlib.suppress(PermissionError):  # it runs for another user
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
    return True


def as_path(what: str, path: object) -> Path:
    """Return a path given as text or Path; raises `InvalidInput` for anything else.

    **Arguments:**

    - `what`: takes the path, for the message.
    - `path`: a text, or a `Path`.
    """
    if not isinstance(path, str | os.PathLike) or path == "":
        shown = repr(path) if isinstance(path, str) else f"of type {type(path).__name__}"
        raise InvalidInput(f"{what} takes a name or a path, and the argument is {shown}")
    return Path(path)


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds; raises `InvalidInput` if it cannot be read."""
    try:
        # Some editors begin a file with a byte order mark.
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: cannot be read as TOML: it is no text in UTF-8") from None
    except ValueError as error:  # a name that no file can have
        raise InvalidInput(f"{path}: cannot be read ({error})") from None
    return parse_toml(text, str(path))


def parse_toml(text: str, source: str = "TOML") -> dict[str, Any]:
    """Return what a TOML text holds; raises `InvalidInput`, which names the source, if it is none.

    >>> parse_toml("a = 1")
    {'a': 1}
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InvalidInput(f"{source}: not valid TOML (it is nested too deep)") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{source}: not valid TOML ({error})") from None
    except ValueError:  # Python reads no integers of more than 4,300 digits
        raise InvalidInput(f"{source}: an integer has too many digits; write it as 1e20") from None


def require_file(path: Path, overwrite: bool = True) -> None:
    """Raise `InvalidInput` unless a file may be written there, before any work is done for it.

    **Arguments:**

    - `path`: of the file; folders on the way are made when it is written.
    - `overwrite`: whether it may be there already.
    """
    try:
        is_folder, is_there = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:  # no file can have this name
        raise unwritable(path, error) from None
    if is_folder:
        raise InvalidInput(f"{path}: is a folder; give a file")
    if is_there and not path.is_file():  # to replace /dev/null would be a disaster
        raise InvalidInput(f"{path}: is no regular file; give another name")
    if is_there and not overwrite:
        raise InvalidInput(f"{path}: exists; choose another name, or --overwrite it")
    require_folder(path.parent, path)


def require_folder(folder: Path, path: object) -> None:
    """Raise `InvalidInput` unless something may be written into a folder, or one made there.

    It is tried, because permissions do not tell of a file system that is read-only.

    **Arguments:**

    - `folder`: it need not exist.
    - `path`: what the message names.
    """
    try:
        there = next(p for p in (folder, *folder.absolute().parents) if p.exists())
        if there.is_dir():
            with tempfile.NamedTemporaryFile(prefix=DRAFT, dir=there):
                return
    except (OSError, ValueError) as error:
        raise unwritable(path, error) from None
    raise InvalidInput(f"{path}: cannot be written ({there} is a file)")
