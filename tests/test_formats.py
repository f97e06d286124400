"""Every format that people have is read by the first natural command, with the right times."""

import importlib
import json
import pkgutil
import re
import shlex
import sys

import formats
import numpy as np
import pytest
from formats import PROBES
from formats.programs import PROPOSED

from latebloom.cli.main import main

# Importing a module adds its probes.
MODULES = [
    importlib.import_module(f"formats.{found.name}")
    for found in pkgutil.iter_modules(formats.__path__)
]
K = np.arange(0, 20_001, 100)
# A late and steep rise, so that two decimals tell the same interval.
TRAIN = (0.01 + 0.99 / (1 + np.exp(-(K - 500) / 60))).round(4)
TEST = (0.01 + 0.99 / (1 + np.exp(-(K - 12_000) / 100))).round(4)


def first(curve, threshold):
    return int(np.argmax(curve >= threshold))


T1, T2 = first(TRAIN, 0.99), first(TEST, 0.95)  # numbers of records


def diagnose(capsys, *argv):
    code = main(["diagnose", *argv, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out)


def test_every_module_has_probes():
    homes = {made.__module__ for made in PROBES.values()}
    assert homes == {module.__name__ for module in MODULES}
    assert len(PROBES) >= 200


def check(found):
    assert found["verdict"] == "grokked", found["notes"]
    # Steps are updates, or the numbers of the records where a tool logs epochs only.
    size = 100 if found["t2"]["high"] > len(K) else 1
    begins = (0,) if size > 1 else (0, 1)  # tools count epochs from one of them
    for passage, record in ((found["t1"], T1), (found["t2"], T2)):
        steps = [(record + begin) * size for begin in begins]
        assert any(passage["low"] <= step <= passage["high"] for step in steps)
    assert found["t1"]["high"] - found["t1"]["low"] <= 4 * size


@pytest.mark.parametrize("name", PROPOSED)
def test_what_is_not_plain_is_refused_with_the_right_command(name, tmp_path, capsys):
    argv = PROPOSED[name](tmp_path, K, TRAIN, TEST)
    assert main(["diagnose", *argv]) == 2
    said = capsys.readouterr().err
    command = re.search(r"perhaps: latebloom diagnose (.*)$", said.strip())
    assert command is not None, said
    check(diagnose(capsys, *shlex.split(command[1])))


@pytest.mark.parametrize("name", PROBES)
def test_the_first_natural_command_is_answered(name, tmp_path, capsys):
    found = diagnose(capsys, *PROBES[name](tmp_path, K, TRAIN, TEST))
    check(found)
    assert "torch" not in sys.modules
