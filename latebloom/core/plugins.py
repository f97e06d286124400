"""Plugins: modules of other packages, or of one's own, that register parts when they are imported.

A plugin is named in one of two ways: an installed distribution declares it in the entry-point
group ``latebloom.plugins``; the environment variable ``LATEBLOOM_PLUGINS`` lists modules, separated
by commas.
"""

import importlib
import os
import sys
from functools import cache
from importlib.metadata import entry_points

from .errors import InvalidInput

GROUP = "latebloom.plugins"
VARIABLE = "LATEBLOOM_PLUGINS"


def load_plugin(module: str) -> None:
    """Import a plugin, unless it has been imported already.

    The current folder is searched as well, as with ``python -m``.

    **Raises:** `InvalidInput` if it cannot be imported, naming the plugin and the error.
    """
    here = os.getcwd()
    added = here not in sys.path and "" not in sys.path
    if added:
        sys.path.append(here)
    try:
        importlib.import_module(module)
    except Exception as error:  # a plugin may fail in any way
        why = " ".join(str(error).split())
        raise InvalidInput(
            f"plugin {module}: cannot be imported ({type(error).__name__}: {why})"
        ) from None
    finally:
        if added:
            sys.path.remove(here)


def load_plugins() -> None:
    """Import the plugins of installed distributions, and those that the environment names.

    **Raises:** `InvalidInput` for the first one that cannot be imported, after all were tried.
    """
    failed: list[InvalidInput] = []
    for module in (*_installed(), *_named()):
        try:
            load_plugin(module)
        except InvalidInput as error:
            failed.append(error)
    if failed:
        raise failed[0]


@cache
def _installed() -> tuple[str, ...]:
    return tuple(entry.module for entry in entry_points(group=GROUP))


def _named() -> list[str]:
    return [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]
