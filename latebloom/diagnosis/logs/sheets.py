"""Sheets of Excel (.xlsx) and tables of SQLite: rows of cells below names."""

import io
import re
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from .layout import columns
from .log import Column, Log
from .names import meaning
from .records import column_of
from .source import LIMIT, Source, too_large

# The first sheet of a workbook, and the texts that its cells number.
SHEET, TEXTS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"
# Rows that are read at most: each takes far more memory than in the file.
MOST_ROWS = 2_000_000
DAMAGED = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, IndexError, OSError)


def read_workbook(source: Source) -> Log:
    """Return the columns of the first sheet of an Excel workbook; its first row names them.

    **Raises:** `InvalidInput` for files that are damaged, too large, or hold no rows.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(source.data)) as archive:
            parts = [name for name in (SHEET, TEXTS) if name in archive.namelist()]
            if sum(archive.getinfo(name).file_size for name in parts) > LIMIT:
                raise too_large(source.name, "unpacks to")
            texts = []
            if TEXTS in parts:
                items = ElementTree.fromstring(archive.read(TEXTS)).iter()
                texts = ["".join(item.itertext()) for item in items if _tag(item) == "si"]
            rows = list(_rows(ElementTree.fromstring(archive.read(SHEET)), texts))
    except (*DAMAGED, ElementTree.ParseError) as error:
        raise source.refuse(
            f"is an Excel workbook that cannot be read ({error}); save it as .csv"
        ) from None
    if len(rows) < 2:
        raise source.refuse("its first sheet has no rows below a header; save the log as .csv")
    width = max(map(len, rows))
    rows = [row + [None] * (width - len(row)) for row in rows]
    names = columns(["" if cell is None else str(cell) for cell in rows[0]])
    return Log(source.name, _table(names, rows[1:]), source.notes)


def _tag(item: ElementTree.Element) -> str:
    return item.tag.rpartition("}")[2]


def _rows(sheet: ElementTree.Element, texts: list[str]) -> Iterator[list[Any]]:
    """The cells of each row, None where one is empty."""
    for row in sheet.iter():
        if _tag(row) != "row":
            continue
        cells: list[Any] = []
        for cell in row:
            place = re.match(r"[A-Z]{1,3}", cell.get("r", ""))
            column = len(cells) if place is None else _number(place[0])
            cells += [None] * (column - len(cells))
            text = "".join(x.text or "" for x in cell.iter() if _tag(x) in ("v", "t"))
            kind = cell.get("t", "n")
            if kind == "s" and text:
                text = texts[int(text)]
            cells.append(float(text) if kind == "n" and text else text or None)
        if any(cell is not None for cell in cells):
            yield cells


def _number(letters: str) -> int:
    """The number of a column, from 0: A is 0, AA is 26."""
    found = 0
    for letter in letters:
        found = 26 * found + ord(letter) - ord("A") + 1
    return found - 1


def read_sqlite(source: Source) -> Log:
    """Return the columns of the table of a database that holds most curves.

    **Raises:** `InvalidInput` for a damaged database, and one without a table of curves.
    """
    database = sqlite3.connect(":memory:")
    try:
        database.deserialize(source.data)
        found = database.execute("select name from sqlite_master where type = 'table'").fetchall()
        tables = {}
        for (name,) in found:
            quoted = '"' + str(name).replace('"', '""') + '"'
            rows = database.execute(f"select * from {quoted} limit {MOST_ROWS}")
            tables[name] = ([str(one[0]) for one in rows.description], rows.fetchall())
    except sqlite3.Error as error:
        raise source.refuse(
            f"is an SQLite database that cannot be read ({error}); save the table as .csv"
        ) from None
    finally:
        database.close()
    best = max(tables, key=lambda name: _worth(*tables[name]), default=None)
    if best is None or not tables[best][1]:
        raise source.refuse("is an SQLite database without rows; give another log")
    names, rows = tables[best]
    return Log(source.name, _table(names, rows), (*source.notes, f"read from the table '{best}'"))


def _worth(names: list[str], rows: list[Any]) -> tuple[int, int]:
    """How many columns are called like curves, and how many rows there are."""
    return sum(meaning(name).kind is not None for name in names), len(rows)


def _table(names: list[str], rows: list[Any]) -> dict[str, Column]:
    return {n: column_of(cells) for n, cells in zip(names, zip(*rows, strict=True), strict=True)}
