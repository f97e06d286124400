"""The imports of the sources, read from their text: which module takes which names from which."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PACKAGES = ("latebloom", "latebloom_paper")


class Import(NamedTuple):
    """A name that a module imports; `name` is "" for a whole module.

    `when` is `loading`, `typing` (under TYPE_CHECKING) or `calling` (inside a function).
    """

    module: str
    source: str
    name: str
    when: str


@cache
def modules() -> dict[str, Path]:
    """Return the file of every module of the two packages."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def text_of(path: Path) -> str:
    """Return the text of a module; of a package whose names are loaded when used, that of its
    stub."""
    stub = path.with_suffix(".pyi")
    return (stub if stub.exists() else path).read_text(encoding="utf-8")


def imports_of(module: str, path: Path, known: dict[str, Path]) -> Iterator[Import]:
    """Return what a module imports of the two packages."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    tree = ast.parse(text_of(path))
    when = dict.fromkeys(tree.body, "loading")
    for node in tree.body:
        if isinstance(node, ast.If):
            kind = "typing" if "TYPE_CHECKING" in ast.unparse(node.test) else "loading"
            when |= dict.fromkeys(node.body, kind) | dict.fromkeys(node.orelse, "loading")
    for node in ast.walk(tree):
        at = when.get(node, "calling")  # pyright: ignore
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in known:
                    yield Import(module, alias.name, "", at)
        elif isinstance(node, ast.ImportFrom):
            source = node.module or ""
            if node.level:
                base = package.split(".")
                base = base[: len(base) - node.level + 1]
                source = ".".join([*base, source] if source else base)
            for alias in node.names:
                if f"{source}.{alias.name}" in known:
                    yield Import(module, f"{source}.{alias.name}", "", at)
                elif source in known:
                    yield Import(module, source, alias.name, at)


def all_imports() -> list[Import]:
    """Return every import between modules of the two packages."""
    known = modules()
    return [found for name, path in known.items() for found in imports_of(name, path, known)]
