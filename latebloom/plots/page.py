"""A page: pictures, tables and settings as one self-contained HTML file."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

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

    >>> html = page("Demo", "Two lines.", ["run"], [], [], [], {"numpy": "2"})
    >>> html.startswith("<!doctype html>"), "numpy 2" in html
    (True, True)
    """
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title>\n<style>\n{STYLE.read_text()}</style>\n</head>\n<body>",
        f"<header>\n<h1>{escape(title)}</h1>",
        f'<p class="lead">{escape(lead)}</p>\n</header>\n<main>',
        _table(header, rows, sections),
        *(_section(section) for section in sections),
    ]
    typed = escape("\n".join(commands))
    parts.append(f"<section>\n<h2>Type next</h2>\n<pre><code>{typed}</code></pre>\n</section>")
    made = ", ".join(f"{name} {number}" for name, number in versions.items())
    parts.append(f"</main>\n<footer>Made with {escape(made)}.</footer>\n</body>\n</html>\n")
    return "\n".join(parts)


def _table(
    header: Sequence[str], rows: Sequence[Sequence[str]], sections: Sequence[Section]
) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = []
    for i, row in enumerate(rows):
        first = escape(row[0])
        if i < len(sections):
            first = f'<a href="#{sections[i].anchor}">{first}</a>'
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        body.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    return (
        f'<div class="table" role="region" aria-label="Results" tabindex="0">\n<table>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(body)
        + "\n</tbody>\n</table>\n</div>"
    )


def _section(section: Section) -> str:
    # As a data URL each picture keeps its element ids to itself.
    data = base64.b64encode(section.svg).decode("ascii")
    notes = "".join(f"<li>{escape(note)}</li>" for note in section.notes)
    parts = [
        f'<section id="{section.anchor}">\n<h2>{escape(section.title)}</h2>',
        f"<p>{escape(section.text)}</p>",
        f'<figure><img alt="{escape(section.alt)}"',
        f'src="data:image/svg+xml;base64,{data}"></figure>',
        f"<ul>{notes}</ul>" if notes else "",
    ]
    if section.command:
        parts.append(f"<p>Again: <code>{escape(section.command)}</code></p>")
    if section.toml:
        parts.append(
            f"<details><summary>Settings</summary><pre><code>{escape(section.toml)}</code></pre></details>"
        )
    return "\n".join([*filter(None, parts), "</section>"])
