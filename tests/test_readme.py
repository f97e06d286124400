"""README shows what its commands print."""

import re
import shlex
from pathlib import Path

import pytest
from cli_helpers import call

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"```console\n\$ (latebloom [^\n]*)\n((?:  [^\n]*\n)+)```")
SHOWN = BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))
# A network, half a minute.
SLOW = ("latebloom run slow-addition",)


def test_there_are_commands_with_their_output():
    assert len(SHOWN) >= 5


@pytest.mark.parametrize(
    ("command", "lines"),
    [pair for pair in SHOWN if pair[0] not in SLOW],
    ids=lambda text: text[:40],
)
def test_readme_shows_what_its_commands_print(capsys, monkeypatch, command, lines):
    monkeypatch.chdir(ROOT)
    code, out, _ = call(capsys, *shlex.split(command)[1:])
    assert code == 0
    printed = [line.split() for line in out.splitlines()]
    for line in lines.splitlines():
        # A table may have further columns, such as what was predicted.
        assert any(row[: len(line.split())] == line.split() for row in printed), line
