"""The documentation's sources: the gallery's scripts, and a next step on every page."""

import ast
import re
import runpy
import warnings

import pytest
from helpers import unchecked
from imports import ROOT
from matplotlib.figure import Figure

from latebloom.core.field_types import FAMILIES

DOCS, GALLERY = ROOT / "docs", ROOT / "examples" / "gallery"
SCRIPTS = sorted(GALLERY.rglob("*.py"))
# The front page has its next step before the tables of contents.
PAGES = [*sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("tasks/*.md"))]
LINES = 25
# What a script may import beside latebloom: what an installation brings along.
KNOWN = {"latebloom", "numpy", "pandas", "matplotlib", "concurrent", "tempfile", "dataclasses"}


def code_of(text: str) -> list[str]:
    """Return the lines of code of a script: neither its docstring, imports nor blank lines."""
    tree = ast.parse(text)
    skipped = {
        line
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) or node is tree.body[0]
        for line in range(node.lineno, (node.end_lineno or 0) + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return [line for k, line in lines if k not in skipped and line.strip()]


def test_code_is_counted_without_docstring_imports_and_blank_lines():
    assert code_of('"""One.\n\nTwo."""\n\nimport os\n\na = 1\n\nb = 2\n') == ["a = 1", "b = 2"]


def test_there_are_enough_scripts():
    assert len(SCRIPTS) >= 20


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_is_short_and_says_what_to_read_next(script):
    text = script.read_text(encoding="utf-8")
    assert len(code_of(text)) <= LINES
    tree = ast.parse(text)
    title, line, *_ = (ast.get_docstring(tree) or "").split("\n")
    assert set(line) == {"="}
    assert len(line) == len(title)
    [target] = re.findall(r"\*\*Next:\*\* :doc:`/([\w/-]+)`$", ast.get_docstring(tree) or "", re.M)
    assert (DOCS / f"{target}.md").exists()
    assert isinstance(tree.body[-1], ast.Expr), "the last line is the picture"


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_imports_what_everybody_has(script):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    found = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else []
        )
    }
    assert found <= KNOWN


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_the_last_line_of_a_script_is_a_picture(script, tmp_path):
    text = script.read_text(encoding="utf-8")
    last = ast.parse(text).body[-1]
    lines = text.splitlines()
    lines[last.lineno - 1] = f"picture = {lines[last.lineno - 1]}"
    copy = tmp_path / script.name
    copy.write_text("\n".join(lines), encoding="utf-8")
    try:
        with warnings.catch_warnings(), unchecked():
            warnings.simplefilter("error")
            found = runpy.run_path(str(copy), run_name="__main__")
    finally:
        for members in FAMILIES.values():  # what the script registered is taken back
            for name in [n for n, member in members.items() if member.__module__ == "__main__"]:
                del members[name]
    assert isinstance(found["picture"], Figure)
    found["picture"].savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.stem)
def test_every_page_has_a_next_step(page):
    text = page.read_text(encoding="utf-8")
    assert "**Next:** " in text
    if page.name != "index.md":
        assert text.rstrip().rpartition("\n")[2].startswith("**Next:** ")


def test_every_page_is_in_a_table_of_contents():
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^([\w/-]+)$", index, re.M))
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in PAGES} - {"index"}
    assert pages <= listed
