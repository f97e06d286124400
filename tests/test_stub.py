"""Names of a package that other modules define, and what is imported before they are asked for."""

import importlib
import re
import subprocess
import sys

import pytest
from imports import ROOT

STUBS = sorted(path for p in ("latebloom", "latebloom_paper") for path in (ROOT / p).rglob("*.pyi"))


def package_of(stub):
    return ".".join(stub.parent.relative_to(ROOT).parts)


def run(program: str) -> str:
    """Return what a program prints in a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


def test_before_the_program_holds_signals_nothing_is_imported_that_takes_long():
    program = "import sys; old = set(sys.modules); import latebloom.__main__; "
    found = set(run(program + "print(*set(sys.modules) - old)").split())
    ours = {"latebloom", "latebloom.__main__", "latebloom.core", "latebloom.core.stub"}
    assert ours <= found
    assert found - ours <= {"types", "_signal"}


@pytest.mark.parametrize("stub", STUBS, ids=package_of)
def test_each_name_is_that_of_its_module(stub):
    package = importlib.import_module(package_of(stub))
    lines = stub.read_text(encoding="utf-8").splitlines()
    found = [re.fullmatch(r"from (\.[\w.]+) import (\w+) as \2", line) for line in lines]
    names = [match[2] for match in found if match]
    assert len(names) == len(lines) == len(set(names))
    assert sorted(names) == dir(package) == sorted(package.__all__)
    for match in filter(None, found):
        module = importlib.import_module(package.__name__ + match[1])
        assert getattr(package, match[2]) is getattr(module, match[2])


def test_a_function_is_not_hidden_by_the_module_of_its_name():
    for order in ("import latebloom.simulate", "from latebloom import *"):
        program = f"{order}\nimport latebloom\nprint(type(latebloom.simulate).__name__)"
        assert run(program) == "function\n"


def test_other_names_are_refused_and_may_be_set():
    package = importlib.import_module("latebloom")
    with pytest.raises(AttributeError, match="module 'latebloom' has no attribute 'Experment'"):
        _ = package.Experment
    setattr(package, "own", 3)  # noqa: B010 - pyright knows no such attribute
    assert package.own == 3
    delattr(package, "own")
