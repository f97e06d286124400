"""A page: pictures, tables and settings as one self-contained HTML file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from latebloom.core import html

STYLE = Path(__file__).with_name("page.css")


@dataclass(frozen=True)
class Section:
    """One run on a page.

    **Fields:**

    - `title`, `text`: what it is, and what there is to see.
    - `svg`, `alt`: the picture, and what it shows for those who cannot see it.
    - `notes`: sentences below the picture.
    - `toml`: the settings.
    - `command`: how to get the same result, or "".
    """

    title: str
    text: str
    svg: bytes
    alt: str
    notes: Sequence[str] = ()
    toml: str = ""
    command: str = ""

    @property
    def anchor(self) -> str:
        """The fragment that links to the section."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


def page(
    title: str,
    lead: str,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    sections: Sequence[Section],
    commands: Sequence[str],
    versions: Mapping[str, str],
) -> str:
    """Return the page as HTML; it needs no other file and no network.

    **Arguments:**

    - `title`, `lead`: the heading and the sentence below it.
    - `header`, `rows`: the table; the first cell of row i links to section i.
    - `sections`: one per run.
    - `commands`: what to type next.
    - `versions`: name -> version of what made the results.

    >>> text = page("Demo", "Two lines.", ["run"], [], [], [], {"numpy": "2"})
    >>> text.startswith("<!doctype html>"), "numpy 2" in text
    (True, True)
    """
    made = ", ".join(f"{name} {number}" for name, number in versions.items())
    body = [
        f"<header>\n<h1>{escape(title)}</h1>",
        f'<p class="lead">{escape(lead)}</p>\n</header>\n<main>',
        html.table(header, _cells(rows, sections)),
        *(_section(section) for section in sections),
        f"<section>\n<h2>Type next</h2>\n{html.code(chr(10).join(commands))}\n</section>",
        f"</main>\n<footer>Made with {escape(made)}.</footer>",
    ]
    return html.document(title, STYLE.read_text(encoding="utf-8"), body)


def _cells(rows: Sequence[Sequence[str]], sections: Sequence[Section]) -> list[list[str]]:
    """Return the rows as HTML, each with a link to its section."""
    cells = [[escape(cell) for cell in row] for row in rows]
    for row, section in zip(cells, sections, strict=False):  # a table may be longer
        row[0] = f'<a href="#{section.anchor}">{row[0]}</a>'
    return cells


def _section(section: Section) -> str:
    notes = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
    parts = [
        f'<section id="{section.anchor}">\n<h2>{escape(section.title)}</h2>',
        f"<p>{escape(section.text)}</p>",
        html.picture(section.svg, section.alt),
        f"<ul>{notes}</ul>" if notes else "",
    ]
    if section.command:
        parts.append(f"<p>Again: <code>{escape(section.command)}</code></p>")
    if section.toml:
        parts.append(html.folded("Settings", html.code(section.toml)))
    return "\n".join([*filter(None, parts), "</section>"])
