"""The errata: every counterexample executed, and what it rests on checked over random instances."""

import ast
import json
from dataclasses import replace

import numpy as np
import pytest

from latebloom.cli.main import main
from latebloom.laws import LAWS
from latebloom_paper.errata import ERRATA, Evidence
from latebloom_paper.errata.erratum import body

WORDING = ["E-24", "E-25", "E-29", "E-31"]


EXECUTABLE = [name for name, found in ERRATA.items() if found.counterexample]


LINES = 10


# The list -----------------------------------------------------------------------------------------


def test_the_list_is_complete_and_in_order():
    assert list(ERRATA) == [f"E-{k:02d}" for k in range(1, 34)] + ["B-01", "B-02", "B-03"]
    assert all(key == found.id for key, found in ERRATA.items())
    assert sorted(set(ERRATA) - set(EXECUTABLE)) == WORDING
    assert {found.kind for found in ERRATA.values()} == {"false", "loose", "wording"}
    assert all(ERRATA[name].kind == "wording" for name in WORDING)


@pytest.mark.parametrize("name", EXECUTABLE)
def test_every_counterexample_contradicts_what_is_printed(name):
    counterexample = ERRATA[name].counterexample
    assert counterexample is not None
    found = counterexample()
    assert found.contradicts_printed
    assert found.supports_right
    assert found.rows
    numbers = [v for row in found.rows for v in row[1:] if isinstance(v, float)]
    assert np.isfinite(numbers).all()


@pytest.mark.parametrize("name", EXECUTABLE)
def test_every_counterexample_is_short_and_compares_numbers(name):
    source = ERRATA[name].source
    assert len([line for line in source.splitlines() if line.strip()]) <= LINES
    calls = [n for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Call)]
    call = next(c for c in calls if getattr(c.func, "id", "") == "evidence")
    verdicts = {k.arg: k.value for k in call.keywords}
    assert set(verdicts) == {"fails", "holds"}
    # A verdict is computed: it depends on some name that the function assigns.
    for value in verdicts.values():
        assert any(isinstance(n, ast.Name) for n in ast.walk(value))
        assert not any(isinstance(n, ast.Constant) and n.value is True for n in ast.walk(value))
    assert len(ERRATA[name].example) > 40


def test_every_law_refers_to_an_erratum_that_exists():
    assert {law.erratum for law in LAWS.values()} - {None} <= set(ERRATA)


# The command line ---------------------------------------------------------------------------------


def call(capsys, *argv):
    """Return exit code, standard output and standard error of `latebloom errata`."""
    code = main(["errata", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_lists_all(capsys):
    code, out, err = call(capsys)
    assert (code, err) == (0, "")
    assert all(name in out for name in ERRATA)


@pytest.mark.parametrize("name", ["E-08", "E-8", "e-08", "e8", "E008"])
def test_the_command_tells_one(capsys, name):
    code, out, _ = call(capsys, name)
    assert code == 0
    words = " ".join(out.split())
    assert "E-08" in words
    assert "Only the row-space part" in words
    assert "np.linalg" not in words
    laws = [law for law in LAWS.values() if law.erratum == "E-08"]
    assert all(f"({law.status})" in words for law in laws)


def test_the_command_runs_one_and_shows_its_lines(capsys):
    code, out, _ = call(capsys, "E-04", "--run")
    assert code == 0
    assert "hessian, g, gradient = np.ones((2, 2)), 0.5, np.ones(2)" in out
    assert "1.41" in out


def test_a_slip_of_wording_has_nothing_to_run(capsys):
    code, out, _ = call(capsys, "E-24", "--run")
    assert code == 0
    assert "Nothing to execute" in out
    code, out, _ = call(capsys, "E-24", "--run", "--json")
    assert "evidence" not in json.loads(out)


def test_the_command_prints_json(capsys):
    code, out, _ = call(capsys, "--json")
    assert code == 0
    assert [found["id"] for found in json.loads(out)] == list(ERRATA)
    code, out, _ = call(capsys, "--run", "b-1", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["evidence"]["contradicts_printed"] is True
    assert found["evidence"]["rows"][0]["found"] == 0.5625
    assert {"id", "where", "kind", "printed", "right", "counterexample", "laws"} < set(found)


def test_running_all_tells_a_counterexample_that_shows_nothing(capsys, monkeypatch):
    ours = {name: ERRATA[name] for name in ("E-04", "E-15", "E-24")}
    empty = Evidence("nothing", (("one", 1, 1),), False, True)
    monkeypatch.setattr("latebloom_paper.errata.ERRATA", ours)
    code, out, _ = call(capsys, "--run")
    assert code == 0
    assert "slips of wording: E-24" in out
    monkeypatch.setitem(ours, "E-15", replace(ours["E-15"], counterexample=lambda: empty))
    code, out, _ = call(capsys, "--run")
    assert code == 1
    assert "no" in out.split()


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["E-43"], "no erratum 'E-43'; did you mean 'E-"),
        (["theorem"], "no erratum 'theorem'"),
        (["E-01", "E-02"], "'E-02' is one argument too many for errata"),
        (["--ran"], "unknown option '--ran'; did you mean '--run'?"),
    ],
)
def test_mistakes_are_one_line(capsys, argv, expected):
    code, out, err = call(capsys, *argv)
    assert (code, out) == (2, "")
    assert expected in err
    assert err.count("\n") == 1


def test_other_verbs_still_need_their_argument(capsys):
    assert main(["show"]) == 2
    assert "show needs an experiment" in capsys.readouterr().err


def test_the_body_of_a_function_is_told_without_its_docstring():
    assert body(body).startswith("text = ")
