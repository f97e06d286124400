"""Packages whose names are those of their stub, each imported when it is first used.

lazy_loader does the same, but takes several milliseconds to import, during which Ctrl-C gives a
traceback. This module imports only `sys` and `types`, and reads a stub when a name is used.
"""

import sys
from types import ModuleType


class _Package(ModuleType):
    """A package with names that other modules define: a dictionary from names to modules."""

    _modules: dict[str, str] | None = None

    def __getattr__(self, name: str) -> object:
        # `import *` asks for `__all__`, doctest and inspect ask for other names that are not there.
        if name == "__all__":
            return dir(self)
        module = _modules_of_names(self).get(name)
        if module is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name)
        __import__(module)
        self.__dict__[name] = value = getattr(sys.modules[module], name)
        return value

    def __dir__(self) -> list[str]:
        return list(_modules_of_names(self))

    def __setattr__(self, name: str, value: object) -> None:
        # The import of a module sets it on its package: `latebloom.simulate` stays the function.
        submodule = sys.modules.get(f"{self.__name__}.{name}")
        named = value is submodule and name[0] != "_" and name in _modules_of_names(self)
        if not named:
            super().__setattr__(name, value)


def import_names_when_used(package: str) -> None:
    """Give a package the names of its stub `__init__.pyi`, without importing anything.

    **Arguments:**

    - `package`: its name. Each line of the stub is `from .module import name as name`.
    """
    sys.modules[package].__class__ = _Package


def _modules_of_names(package: _Package) -> dict[str, str]:
    """Return which module each name of a package comes from."""
    if package._modules is None:
        found = {}
        with open(f"{package.__path__[0]}/__init__.pyi", encoding="utf-8") as stub:
            for line in stub:
                _, module, _, name, *_ = line.split()
                found[name] = f"{package.__name__}{module}"
        package.__dict__["_modules"] = found
        return found
    return package._modules
