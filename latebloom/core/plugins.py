"""Plugins: modules of other packages, or of one's own, that register parts when they are imported.

A plugin is named in one of four ways: an installed distribution declares it in the entry-point
group ``latebloom.plugins``; the environment variable ``LATEBLOOM_PLUGINS`` lists modules, separated
by commas; so does the option ``--plugin``; a TOML file has ``plugins = ["my_module"]``.
"""

import importlib
import os
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from .errors import InvalidInput, shown

GROUP = "latebloom.plugins"
VARIABLE = "LATEBLOOM_PLUGINS"
KEY = "plugins"

# The plugins that were loaded by name, and the folder where each was searched.
_LOADED: dict[str, str] = {}


def load_plugin(module: str, folder: str | Path = "") -> None:
    """Import a plugin, unless it has been imported already.

    **Arguments:**

    - `module`: its dotted name.
    - `folder`: where it is searched as well, after Python's own search path; by default the current
      folder. It stays on the path, because a plugin may import its other modules later.

    **Raises:** `InvalidInput` if it cannot be imported, naming the plugin and the error.
    """
    place = os.path.abspath(folder)
    if place not in sys.path:
        sys.path.append(place)
    try:
        importlib.import_module(module)
    except (Exception, SystemExit) as error:  # a plugin may fail in any way
        why = " ".join(str(error).split())
        raise InvalidInput(
            f"plugin {module}: cannot be imported ({type(error).__name__}: {why})"
        ) from None
    _LOADED.setdefault(module, place)


def load_plugins() -> None:
    """Import the plugins of installed distributions, and those that the environment names.

    **Raises:** `InvalidInput` for the first one that cannot be imported, after all were tried.
    """
    failed: list[InvalidInput] = []
    named = (name.strip() for name in os.environ.get(VARIABLE, "").split(","))
    for module in (*_installed(), *filter(None, named)):
        try:
            load_plugin(module)
        except InvalidInput as error:
            failed.append(error)
    if failed:
        raise failed[0]


def load_plugins_of(
    data: Mapping[str, Any], folder: Path | None = None, source: str = ""
) -> Mapping[str, Any]:
    """Import the plugins that a TOML table names, and return the table without them.

    **Arguments:**

    - `data`: the table; its key `plugins` is a list of modules.
    - `folder`: of the file, where the modules are searched as well.
    - `source`: what messages call the file.

    **Raises:** `InvalidInput` if `plugins` is no list of names, or one cannot be imported.
    """
    if not isinstance(data, Mapping) or KEY not in data:
        return data
    rest = dict(data)
    names = rest.pop(KEY)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        where = f"{source}: " if source else ""
        raise InvalidInput(f'{where}{KEY} = {shown(names)}: must be a list, ["my_module"]')
    for name in names:
        load_plugin(name, folder or "")
    return rest


def loaded_plugins() -> dict[str, str]:
    """Return the plugins that another process must load, and the folder where each is searched.

    Those of installed distributions are not among them: every process finds them itself.
    """
    return {name: folder for name, folder in _LOADED.items() if name not in _installed()}


@cache
def _installed() -> tuple[str, ...]:
    return tuple(entry.module for entry in entry_points(group=GROUP))
