"""Pages of HTML that need no other file and no network: head, tables, pictures, folded parts."""

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from urllib.parse import quote

# In a URL between single quotes these may stay as they are; an SVG has little else.
PLAIN = ' !"$()*+,-./:;=?@[]^_`{|}~'


def document(title: str, style: str, body: Iterable[str]) -> str:
    """Return a whole page.

    **Arguments:**

    - `title`: plain text.
    - `style`: CSS.
    - `body`: the parts of the body, as HTML; empty ones are left out.
    """
    head = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>"
    )
    return "\n".join([head, *filter(None, body), "</body>\n</html>\n"])


def table(header: Sequence[str], rows: Iterable[Sequence[str]], ids: Sequence[str] = ()) -> str:
    """Return a table whose cells know their column's name: on a phone each row is a card.

    **Arguments:**

    - `header`: plain text.
    - `rows`: HTML; the first cell names the row.
    - `ids`: a fragment for each row, or none at all.
    """
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = []
    for i, row in enumerate(rows):
        named = [f'data-label="{escape(name)}"' for name in header]
        cells = [f"<td {label}>{cell}</td>" for label, cell in zip(named, row, strict=True)]
        cells[0] = f'<th scope="row" {named[0]}>{row[0]}</th>'
        body.append(f'<tr id="{ids[i]}">' if ids else "<tr>")
        body.append("".join(cells) + "</tr>")
    return (
        f'<div class="table"><table class="cards">\n<thead><tr>{head}</tr></thead>\n<tbody>\n'
        + "\n".join(body)
        + "\n</tbody>\n</table></div>"
    )


def facts(title: str, values: Mapping[str, object], notes: Iterable[str] = ()) -> str:
    """Return names with their values, as notebooks show an object.

    **Arguments:**

    - `title`: plain text, as are all others.
    - `values`: the value of each name.
    - `notes`: sentences below.

    >>> from latebloom.core.html import facts
    >>> facts("L1", {"beta": 1e-05})[-64:]
    '<tr><th scope="row">beta</th><td>1e-05</td></tr></tbody></table>'
    """
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(str(value))}</td></tr>'
        for name, value in values.items()
    )
    below = "".join(f"<p>{escape(note)}</p>" for note in notes)
    return f"<table><caption>{escape(title)}</caption><tbody>{rows}</tbody></table>{below}"


def folded(summary: str, content: str, kind: str = "") -> str:
    """Return HTML that opens on a click on its summary; `kind` is its CSS class."""
    name = f' class="{kind}"' if kind else ""
    return f"<details{name}><summary>{escape(summary)}</summary>\n{content}\n</details>"


def code(text: str) -> str:
    """Return lines of code."""
    return f"<pre><code>{escape(text)}</code></pre>"


def drawn(png: bytes, alt: str) -> str:
    """Return a PNG as an image, as notebooks show the picture of an object."""
    data = b64encode(png).decode()
    return f'<img style="max-width: 100%" alt="{escape(alt)}" src="data:image/png;base64,{data}">'


def picture(svg: bytes, alt: str) -> str:
    """Return an SVG as an image inside the page: each picture keeps its element ids to itself."""
    text = svg.decode("utf-8")
    # A third shorter than base64. A URL may not hold line ends; to an SVG they are blanks.
    data = quote(" ".join(text.split("\n")), safe=PLAIN)
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', text[:2000])
    # The room is kept before the picture is drawn, or links into the page would miss.
    room = f' width="{float(size[1]):.0f}" height="{float(size[2]):.0f}"' if size else ""
    return (
        f'<figure><img alt="{escape(alt)}"{room} decoding="async" '
        f"src='data:image/svg+xml;charset=utf-8,{data}'></figure>"
    )
