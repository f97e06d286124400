"""The versions that a result depends on."""

import platform
from importlib.metadata import PackageNotFoundError, version


def versions() -> dict[str, str]:
    """Return the versions that a result depends on, without importing anything."""
    found = {"python": platform.python_version()}
    for name in ("latebloom", "numpy", "scipy", "jax", "jaxlib", "optax", "xarray", "matplotlib"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
