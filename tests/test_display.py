"""What terminals show: help and tables in 40, 80 and 120 columns, without colours on demand."""

import io
import json
import re
import sys
from contextlib import redirect_stdout
from functools import cache

import pytest
import tomli_w
from fuzz.files import DIAGNOSIS, SWEEP

import latebloom as lb
from latebloom.cli import demo_runs
from latebloom.cli.commands import COMMANDS
from latebloom.cli.help import arguments_of
from latebloom.cli.main import main
from latebloom.cli.sweep import _print_summary
from latebloom.cli.table import print_table, print_text
from latebloom.core.versions import __version__
from latebloom.sweeps.workers.summary import Summary

WIDTHS = (40, 80, 120)


def shown(capsys, monkeypatch, width, *argv):
    """Return what a command prints in so many columns."""
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(list(argv)) == 0
    return capsys.readouterr().out


def words(text):
    """Return the words of a text, whatever its lines."""
    return text.split()


# Help ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_help_fits_and_breaks_no_word(name, width, capsys, monkeypatch):
    text = shown(capsys, monkeypatch, width, *filter(None, (name, "--help")))
    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("usage: latebloom")
    wide = shown(capsys, monkeypatch, 1000, *filter(None, (name, "--help")))
    choices = re.compile(r"\{.*?\}", re.S)  # a list of engines may be broken after a comma
    assert words(choices.sub("", text)) == words(choices.sub("", wide))


@pytest.mark.parametrize("name", COMMANDS)
def test_help_marks_what_may_be_left_out_and_explains_everything(name, capsys, monkeypatch):
    text = shown(capsys, monkeypatch, 120, name, "--help")
    usage = text.partition("\n\n")[0]
    assert "required" not in text
    assert "None" not in text
    for one in arguments_of(COMMANDS[name].load()):
        assert one.text, one
        assert one.typed.partition(" ")[0] in text
        if one.positional:
            assert (f"[{one.typed}]" in usage) is not one.required


def test_help_of_a_command_is_asked_for_in_two_ways(capsys, monkeypatch):
    assert shown(capsys, monkeypatch, 80, "help", "run") == shown(
        capsys, monkeypatch, 80, "run", "-h"
    )
    assert shown(capsys, monkeypatch, 80, "help") == shown(capsys, monkeypatch, 80, "-h")
    assert main(["help", "rnu"]) == 2
    assert "did you mean 'run'" in capsys.readouterr().err


def test_version_has_a_letter(capsys):
    assert main(["-V"]) == 0
    assert capsys.readouterr().out == f"latebloom {__version__}\n"


# How much is said ---------------------------------------------------------------------------------


def test_quiet_and_verbose(capsys):
    argv = ["run", "beta0", "--steps", "1000"]
    for quiet in (["-q", *argv], [*argv, "-q"], [*argv, "--quiet"]):
        assert main(quiet) == 0
        assert capsys.readouterr().err == ""
    for verbose in (["-v", *argv], [*argv, "--verbose"]):
        assert main(verbose) == 0
        assert "1,000 updates by engine spectral: about a second" in capsys.readouterr().err
    assert main(["-q", "show", "fgi3"]) == 2  # an error is always said
    assert "did you mean 'fig3'" in capsys.readouterr().err


# Tables -------------------------------------------------------------------------------------------

LOGS = [str(DIAGNOSIS / f"{name}.csv") for name in ("early_sign", "duplicate_other_column")]
TABLES = [
    ("diagnose", LOGS[0]),
    ("compare", *LOGS),
    ("list",),
    ("sweep", "list"),
    ("predict", "beta0"),
    ("run", "beta0", "--steps", "1000"),
    ("check", "beta0", "--steps", "1000", "--all"),
    ("claims", "fig3"),
    ("claims", "convex"),
    ("errata",),
    ("errata", "E-08"),
]


@cache
def tables_of(argv):
    """Return the arguments of every table that a command prints; it is computed once."""
    COMMANDS[argv[0]].load()
    found = []
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()):
        for module in [m for name, m in sys.modules.items() if name.startswith("latebloom")]:
            if getattr(module, "print_table", None) is print_table:
                patch.setattr(module, "print_table", lambda *a, **k: found.append((a, k)))
        assert main(list(argv)) == 0
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("argv", TABLES, ids=" ".join)
def test_tables_fit_and_break_no_name(argv, width, capsys, monkeypatch):
    found = tables_of(argv)
    assert found
    for arguments, named in found:
        texts = {}
        for columns in (width, 1000):
            monkeypatch.setenv("COLUMNS", str(columns))
            print_table(*arguments, **named)
            texts[columns] = capsys.readouterr().out
        too_long = [line for line in texts[width].splitlines() if len(line.rstrip()) > width]
        # A line is too long only for a single word that no line can hold.
        assert all(len(words(line.lstrip("- "))) == 1 for line in too_long)
        names = {word for word in words(texts[1000]) if re.fullmatch(r"[\w.-]*\w", word)}
        assert names <= {w.rstrip(":") for w in words(texts[width])} | set(words(texts[width]))


def test_ids_and_hashes_stay_whole(capsys, monkeypatch):
    header = ("sweep", "hash", "grid", "cells", "done", "work")
    row = ("a-sweep-with-a-long-name", "0123456789abcdef", "alpha 3 x beta 2", "6", "6", "1 min")
    for width in WIDTHS:
        monkeypatch.setenv("COLUMNS", str(width))
        print_table(header, [row])
        text = capsys.readouterr().out
        assert max(map(len, text.splitlines())) <= width
        assert {row[0], row[1]} <= set(words(text))
        assert sum(line.count(row[1]) for line in text.splitlines()) == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_the_end_of_a_sweep_fits_and_breaks_no_hash(width, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    name, cell = "0123456789abcdef.nc", "s=2 N=12 seed=1 simulate"
    why = "alpha = 3 is not below 0.28 (2/sigma_max(X^T X)): the iteration is not stable"
    summary = Summary(9, 5, 2, 3, 1, 1.0, 1.0, [(cell, why)] * 2, [name], 1, interrupted=True)
    grid = lb.sweep(lb.load("beta0"), {"N": [8, 12], "s": [2, 3]}, seeds=2)
    _print_summary(grid, "a-long-name.store", summary)
    text = capsys.readouterr().out
    assert max(len(line.rstrip()) for line in text.splitlines()) <= width
    assert {name, "a-long-name.store", "2/sigma_max(X^T"} <= {w.strip("();,") for w in words(text)}


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    """Return a folder with a sweep's file and store, in which commands leave what they compute."""
    folder = tmp_path_factory.mktemp("works")
    (folder / "grid.toml").write_text(tomli_w.dumps(SWEEP))
    with redirect_stdout(io.StringIO()):
        grid = str(folder / "grid.toml")
        assert main(["sweep", grid, "--store", str(folder / "grid.store"), "--workers", "1"]) == 0
    return folder


@pytest.fixture
def quick_demo(monkeypatch):
    """Let the demo give the result of a short run for each of its own."""
    run = lb.simulate(lb.load("beta0").with_(steps=1000))
    found = [demo_runs.Outcome(s, run, lb.predict(run.experiment)) for s in demo_runs.demo_runs()]
    monkeypatch.setattr(demo_runs, "demo", lambda *args: found)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize(
    "line",
    [
        "demo --out a-folder-with-a-long-name",
        "reproduce fig7 --store paper.store",
        "sweep grid.toml --store grid.store --workers 1",
        "sweep grid.toml --store grid.store --dry-run",
        "status grid.store",
        "claims fig3.delay",
        "doctor",
    ],
)
@pytest.mark.usefixtures("quick_demo")
def test_whole_outputs_fit_and_break_nothing(line, width, works, capsys, monkeypatch):
    monkeypatch.chdir(works)
    monkeypatch.setenv("NO_COLOR", "1")
    text = shown(capsys, monkeypatch, width, *line.split())
    assert "\x1b" not in text
    for row in text.splitlines():
        # What is to be typed is one line, and a single word has no place to break.
        to_type = row.startswith("  latebloom ")
        assert to_type or len(row.rstrip()) <= width or len(words(row.lstrip("- "))) == 1, row
    whole = {w.strip("();,:") for w in words(text)}
    wide = shown(capsys, monkeypatch, 1000, *line.split())
    names = {w.strip("();,:") for w in words(wide) if re.search(r"\w[./_-]\w|[0-9a-f]{16}", w)}
    formulas = {w for w in names if re.search(r"[()^|*\[\]]", w)}  # may be broken
    assert {w for w in names - formulas - whole if not re.fullmatch(r"[\d.]+", w)} == set()


def test_a_text_fits_a_terminal_and_is_one_line_of_a_file(capsys, monkeypatch):
    text = "pictures and numbers: some-folder/of-studies; everything computed: paper.store"
    monkeypatch.setenv("COLUMNS", "40")
    print_text(text, indent="  ")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 40
    assert words(" ".join(lines)) == words(text)
    monkeypatch.setenv("COLUMNS", "")
    print_text(text)
    assert capsys.readouterr().out == f"{text}\n"


def test_long_formulas_are_broken_after_an_operator(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    formula = "(1+sigma_max(A))/(sigma_min(A)*sigma_max(A)*norm(a_star)+eta)"
    print_table(("id", "statement"), [("E-01", f"the error is at most {formula} here")])
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 60
    assert formula in "".join(words(text))
    ends = [line.rstrip()[-1] for line in text.splitlines() if "sigma" in line]
    assert set(ends[:-1]) <= set("/*,)+")


@pytest.mark.parametrize("columns", ["", "no number", "0"])
def test_a_file_without_columns_has_a_hundred(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    if columns != "0":
        assert main(["list"]) == 0
        assert 80 < max(map(len, capsys.readouterr().out.splitlines())) <= 100
    else:  # as in a terminal that does not say how wide it is
        assert main(["list"]) == 0
        assert "fig3" in capsys.readouterr().out


def test_no_color_leaves_no_escape_sequence(capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["list"]) == 0
    assert "\x1b[" in capsys.readouterr().out  # bold titles
    monkeypatch.setenv("NO_COLOR", "1")
    for argv in (["list"], ["help", "run"], ["predict", "beta0"]):
        assert main(argv) == 0
        assert "\x1b[" not in capsys.readouterr().out


# JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "kind", "message"),
    [
        (["rnu", "--json"], "InvalidInput", "did you mean 'run'"),
        (["run", "fgi3", "--json"], "InvalidInput", "did you mean 'fig3'"),
        (["list", "--json", "--all"], "InvalidInput", "unknown option '--all'"),
        (["run", "fig3", "--engine", "spectral", "--json"], "Unsupported", "L2 (or none)"),
        (["show", "fig1", "--json"], "InvalidInput", "is a family of runs"),
        (["status", "nowhere", "--json"], "InvalidInput", "is not a store"),
        (["diagnose", "nowhere.csv", "--json"], "InvalidInput", "does not exist"),
        (["--plugin", "nowhere_at_all", "list", "--json"], "InvalidInput", "cannot be imported"),
    ],
)
def test_errors_are_documents_under_json(argv, kind, message, capsys):
    assert main(argv) == 2
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document == {"error": document["error"], "kind": kind, "exit_code": 2}
    assert message in document["error"]
    assert message in err
