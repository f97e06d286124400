"""The README shows what its commands print."""

import re
import shlex

import pytest
from cli_helpers import call
from imports import ROOT

# A command of a console block and the lines below it.
SHOWN = re.compile(r"^\$ latebloom (.*)\n((?:  \S.*\n)+)", re.MULTILINE)
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = dict(SHOWN.findall(TEXT))
SLOW = ("run slow-addition",)


def test_the_readme_shows_five_commands_with_their_output():
    assert [command.split()[0] for command in EXAMPLES] == [
        *("run", "run", "predict", "diagnose", "claims"),
    ]
    assert set(SLOW) < set(EXAMPLES)


@pytest.mark.parametrize(
    "command",
    [pytest.param(c, marks=[pytest.mark.slow] if c in SLOW else []) for c in EXAMPLES],
)
def test_a_command_prints_what_the_readme_shows(command, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(ROOT)
    code, out, _ = call(capsys, *shlex.split(command))
    assert code == 0
    printed = [line.split() for line in out.splitlines()]
    for line in EXAMPLES[command].splitlines():
        # A table may have one more column, such as what was not predicted.
        assert any(row[: len(line.split())] == line.split() for row in printed), line


def test_the_links_of_the_readme_lead_somewhere():
    links = re.findall(r"\]\((?!https?:)([^)#]+)", TEXT)
    assert len(links) > 10
    assert [link for link in links if not (ROOT / link).exists()] == []
