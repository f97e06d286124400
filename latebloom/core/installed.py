"""Modules that an installation may lack."""

from collections.abc import Iterable
from importlib.util import find_spec


def lacking(modules: Iterable[str]) -> str | None:
    """Return why code that imports these modules cannot run, or None if all are installed.

    >>> from latebloom.core.installed import lacking
    >>> lacking(["numpy", "no_such_module"])
    'it needs no_such_module, which is not installed'
    """
    for name in modules:
        if find_spec(name) is None:
            return f"it needs {name}, which is not installed"
    return None
