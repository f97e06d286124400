"""Rows of text as a table, in the width of the terminal."""

import os
import re
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

Row = tuple[str, ...]

# A file has no width of its own.
WIDTH_OF_FILES = 100
# What a column takes besides its text, and the table besides its columns.
PADDING, EDGES = 3, 1
# Sentences in a narrower column are hard to read.
PROSE = 20
# A long formula may be broken after these.
BREAKS = re.compile(r"[^/*,)+]*[/*,)+]*")
# Names, hashes and numbers are never broken.
WHOLE: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}


def terminal_width() -> int | None:
    """Return the columns of the terminal, or those that COLUMNS asks for; None of a file."""
    if os.environ.get("COLUMNS", "").isdigit() or sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, 1)
    return None


def print_table(
    header: Sequence[str], rows: Sequence[Row], title: str = "", notes: Sequence[str] = ()
) -> None:
    """Print a table on standard output.

    Where the columns do not fit beside each other without breaking a word, every row is printed as
    a block of lines.

    **Arguments:**

    - `header`, `rows`: the titles of the columns, and the cells.
    - `title`, `notes`: what stands above the table, and the lines below it.
    """
    width = terminal_width()
    columns = list(zip(header, *rows, strict=True))
    room = (width or WIDTH_OF_FILES) - PADDING * len(columns) - EDGES
    widths = _widths(columns, room)
    if widths is None:
        _print_blocks(header, rows, title, width or WIDTH_OF_FILES)
    else:
        _print_columns(header, rows, title, widths)
    for note in notes:
        print_text(f"- {note}", indent="  ")


def print_text(text: str, indent: str = "") -> None:
    """Print a text in the width of the terminal, in one line of a file; no word is broken.

    **Arguments:**

    - `text`: without line breaks.
    - `indent`: what its further lines begin with.
    """
    width = terminal_width()
    if width is not None:
        text = textwrap.fill(text, width, subsequent_indent=indent, **WHOLE)
    print(text, flush=True)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """Return the widths of the columns, in which no word is broken; None if they do not fit."""
    least = [max(map(_least, column)) for column in columns]
    if sum(least) > room:
        return None
    widths = [max(map(len, column)) for column in columns]
    while sum(widths) > room:  # the widest gives way
        i = max((i for i, w in enumerate(widths) if w > least[i]), key=lambda i: widths[i])
        widths[i] -= 1
    return widths


def _least(text: str) -> int:
    """Return the width that a cell needs."""
    longest = max((len(piece) for word in text.split() for piece in _pieces(word)), default=1)
    return max(longest, PROSE if len(text) > 2 * PROSE else 0)


def _pieces(word: str) -> list[str]:
    """Return the parts of a word between which a line may end; only formulas have several."""
    formula = any(mark in word for mark in "()|^[]")
    return list(filter(None, BREAKS.findall(word))) if formula else [word]


def _wrapped(text: str, width: int) -> str:
    """Return a text in lines of at most this width, no word broken but long formulas."""
    lines = [""]
    for word in text.split():
        for i, piece in enumerate(_pieces(word) if len(word) > width else [word]):
            space = " " if i == 0 and lines[-1] else ""
            if lines[-1] and len(lines[-1]) + len(space) + len(piece) > width:
                lines.append(piece)
            else:
                lines[-1] += space + piece
    return "\n".join(lines)


def _print_columns(
    header: Sequence[str], rows: Sequence[Row], title: str, widths: Sequence[int]
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not str: an experiment may be called "[bold]".
    table = Table(box=box.SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left")
    for name, width in zip(header, widths, strict=True):
        table.add_column(Text(_wrapped(name, width)), width=width)
    for row in rows:
        cells = (_wrapped(cell, width) for cell, width in zip(row, widths, strict=True))
        table.add_row(*map(Text, cells))
    total = sum(widths) + PADDING * len(widths) + EDGES
    # With NO_COLOR there are no escape sequences at all, not even bold type.
    plain: dict[str, Any] = {"color_system": None} if os.environ.get("NO_COLOR") else {}
    Console(highlight=False, width=total, **plain).print(table)


def _print_blocks(header: Sequence[str], rows: Sequence[Row], title: str, width: int) -> None:
    """Print every row as its first cell and the others below it, with their columns' titles."""
    for text in filter(None, (title, header[0])):
        print(textwrap.fill(text, width, **WHOLE))
    for first, *cells in rows:
        print(f"\n{textwrap.fill(first, width, subsequent_indent='  ', **WHOLE)}")
        for name, cell in zip(header[1:], cells, strict=True):
            if cell:
                text = f"{name}: {cell}" if name else cell
                indents = {"initial_indent": "  ", "subsequent_indent": "    "}
                print(textwrap.fill(text, width, **indents, **WHOLE))
    print()
