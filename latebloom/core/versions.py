"""The versions that a result depends on."""

import platform
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version

__version__ = "0.2.0"


def versions() -> dict[str, str]:
    """Return the versions that a result depends on, without importing anything."""
    return dict(_found())


@lru_cache(maxsize=1)
def _found() -> dict[str, str]:
    found = {"python": platform.python_version(), "latebloom": __version__}
    for name in ("numpy", "scipy", "jax", "jaxlib", "optax", "xarray", "matplotlib"):
        try:
            found[name] = version(name)  # reads a file: 5 ms, as long as a small run
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
