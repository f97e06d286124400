"""Docstrings: a public function with many parameters names each of them."""

import ast
import re
from collections.abc import Iterator

from imports import modules

MANY = 3


def functions(tree: ast.AST, inside: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the public functions and methods of a module, with their dotted names."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from functions(node, f"{node.name}.")
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield f"{inside}{node.name}", node


def parameters(function: ast.FunctionDef) -> list[str]:
    """Return the names of the parameters, without `self`."""
    a = function.args
    return [p.arg for p in (*a.posonlyargs, *a.args, *a.kwonlyargs) if p.arg not in ("self", "cls")]


def undocumented(text: str) -> list[str]:
    """Return the functions of more than `MANY` parameters that do not document each of them."""

    def documented(function: ast.FunctionDef) -> bool:
        doc = ast.get_docstring(function) or ""
        words = {
            word for code in re.findall(r"`([^`]*)`", doc) for word in re.findall(r"\w+", code)
        }
        return "**Arguments:**" in doc and set(parameters(function)) <= words

    return [
        name
        for name, function in functions(ast.parse(text))
        if len(parameters(function)) > MANY and not documented(function)
    ]


def test_functions_without_their_arguments_are_found():
    many = 'def f(a, b, c, d):\n    """One."""\n'
    assert undocumented(many) == ["f"]
    assert undocumented(many.replace("One.", "One.\n\n    **Arguments:** `a`, `b`: what.")) == ["f"]
    assert undocumented(many.replace("One.", "One.\n\n    **Arguments:** `a`, `b c`, `d`.")) == []
    assert undocumented(many.replace("(a, b, c, d)", "(a, b, c)")) == []
    assert undocumented(f"class C:\n    def f(self, a, b, c, *, d): ...\n{many}") == ["C.f", "f"]


def test_public_functions_of_many_parameters_document_them():
    lacking = {
        f"{module}.{name}"
        for module, path in modules().items()
        for name in undocumented(path.read_text(encoding="utf-8"))
    }
    assert not lacking
