"""Calls of the command line that its tests share."""

import json
from importlib import import_module

from latebloom.cli.main import main

# A run of milliseconds: the closed form of an unpenalized problem.
FAST = ["beta0", "--steps", "1e3"]
# The module: as an attribute of the package the name is the function.
SIMULATE = import_module("latebloom.simulate")


def call(capsys, *argv):
    """Return exit code, standard output and standard error of the command line."""
    code = main(list(argv))
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys, *argv):
    """Return the message of a call that must fail as bad input: one line, nothing on stdout."""
    code, out, err = call(capsys, *argv)
    assert code == 2
    if "--json" in argv:  # a document as well
        assert json.loads(out)["exit_code"] == 2
    else:
        assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("latebloom: ")
    return err
