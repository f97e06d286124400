"""Tables of text: cells between commas, semicolons, tabs, bars or white space."""

import csv
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .cells import BLANK
from .layout import COMMENT, Layout, find_layout
from .log import Column, Log
from .source import Source

# The words of `BLANK` as tables write them.
MISSING = sorted({form for word in BLANK for form in (word, word.upper(), word.capitalize())})

# More lines below a table are part of it.
FOOTER = 5
# A line that begins with a number.
BEGINS = re.compile(r"\s*+[-+]?[\d.]")


@dataclass(frozen=True)
class Block:
    """The rows between two headers: their names, their lines, and where these stand in the file."""

    names: list[str]
    lines: list[str]
    numbers: Sequence[int]


def read_delimited(source: Source, lines: list[str], notes: Sequence[str] = ()) -> Log | None:
    """Return the table in a text, or None if it holds none.

    Comment lines, empty lines, rulers and what stands before the header are skipped; a header that
    is repeated begins a new block, whose columns may have another order. A last line that is
    shorter than the others, which a killed run leaves behind, is left out, and said.

    **Arguments:**

    - `source`: for messages.
    - `lines`: of the text.
    - `notes`: what was done before.

    **Raises:** `InvalidInput` for lines of different lengths.
    """
    layout = find_layout(lines)
    if layout is None:
        return None
    said = [*source.notes, *notes]
    blocks = _blocks(lines, layout, said)
    blocks = [block for block in blocks if block.lines]
    if not blocks:
        raise source.refuse("is empty; a log needs a header and records")
    last = blocks[-1].numbers[-1]
    tables = [_table(source, block, layout, last, said) for block in blocks]
    names = list(dict.fromkeys(name for block in blocks for name in block.names))
    columns = {
        name: _joined([t.get(name) for t in tables], [_length(t) for t in tables]) for name in names
    }
    where = blocks[0].numbers if len(blocks) == 1 else [n for b in blocks for n in b.numbers]
    if len(where) != len(columns[names[0]].cells):
        where = where[: len(columns[names[0]].cells)]  # without the incomplete last line
    return Log(source.name, columns, tuple(said), where)


def _length(table: dict[str, Column]) -> int:
    return len(next(iter(table.values())).cells)


def _joined(parts: list[Column | None], lengths: list[int]) -> Column:
    """One column of the blocks, blank in those without it."""
    if len(parts) == 1 and parts[0] is not None:
        return parts[0]
    arrays = [
        np.full(n, None, dtype=object) if part is None else _objects(part)
        for part, n in zip(parts, lengths, strict=True)
    ]
    if all(part is not None and part.cells.dtype.kind == "f" for part in parts):
        return Column(np.concatenate([part.cells for part in parts if part]), True)
    return Column(np.concatenate(arrays))


def _objects(column: Column) -> np.ndarray:
    cells = column.cells.astype(object)
    if column.cells.dtype.kind == "f":
        cells[np.isnan(column.cells)] = None
    return cells


def _blocks(lines: list[str], layout: Layout, said: list[str]) -> list[Block]:
    """The rows of the table, in blocks that begin with a header each."""
    start = layout.first
    body = lines[start:]
    # Only a line that does not begin like a number can be something else than a row.
    odd = [i for i, line in enumerate(body) if not BEGINS.match(line)]
    odd, body = _without_footer(odd, body, layout.delimiter, said)
    headers: dict[int, list[str]] = {}
    skipped: set[int] = set()
    for i in odd:
        line = body[i]
        if not line.strip() or line.lstrip().startswith(COMMENT) or layout.is_ruler(line):
            skipped.add(i)
        elif (names := layout.header(line)) is not None:
            headers[i] = names
    if headers:
        times = "once" if len(headers) == 1 else f"{len(headers)} times"
        said.append(f"the header is repeated {times}, as after a restart: left out")
    if not headers and not skipped:
        return [Block(layout.names, body, range(start + 1, start + 1 + len(body)))]
    blocks: list[Block] = []
    names = layout.names
    for begin, end in itertools.pairwise([-1, *headers, len(body)]):
        names = headers.get(begin, names)
        rows = [i for i in range(begin + 1, end) if i not in skipped]
        new = Block(names, [body[i] for i in rows], [start + 1 + i for i in rows])
        if blocks and blocks[-1].names == names:
            new = Block(names, blocks[-1].lines + new.lines, [*blocks[-1].numbers, *new.numbers])
            blocks.pop()
        blocks.append(new)
    return blocks


def _without_footer(
    odd: list[int], body: list[str], mark: str | None, said: list[str]
) -> tuple[list[int], list[str]]:
    """The rows without a few lines at the end, below an empty one, that do not begin with numbers:
    a sum or a remark. A table with bars ends with them."""
    if mark == "|":
        end = max((i for i, line in enumerate(body) if mark in line), default=-1) + 1
        if len(body) > end:
            said.append(f"{len(body) - end} lines below the table are left out")
        return [i for i in odd if i < end], body[:end]
    gap = next(
        (i for i in reversed(odd) if not body[i].strip() and any(map(str.strip, body[i:]))), 0
    )
    below = [line for line in body[gap:] if line.strip()]
    if not gap or len(below) > FOOTER or not any(i > gap and body[i].strip() for i in odd):
        return odd, body
    said.append(f"{len(below)} lines below the table are left out")
    return [i for i in odd if i < gap], body[:gap]


def _table(
    source: Source, block: Block, layout: Layout, last: int, said: list[str]
) -> dict[str, Column]:
    """The columns of a block, read by pandas."""
    import pandas as pd

    lines, width = block.lines, len(block.names)
    text = "\n".join(lines)
    counts = layout.widths(source, lines, quoted='"' in text)
    extra = counts == width + 1
    if extra.all() and layout.blank_last(lines):
        block = Block([*block.names, ""], lines, block.numbers)
    elif (counts != width).any():
        wrong = np.flatnonzero(counts != width)
        # Empty cells at the end of single rows are no cells.
        wrong = np.array(
            [i for i in wrong if not layout.only_blank_beyond(lines[i], width)], dtype=int
        )
        killed = len(wrong) == 1 and wrong[0] == len(lines) - 1 and counts[-1] < width
        if killed and block.numbers[-1] == last and len(lines) > 1:
            said.append(f"the last line of {source.short} is not complete: left out")
            lines = lines[:-1]
            text = "\n".join(lines)
        elif len(wrong):
            i = int(wrong[0])
            raise source.refuse(
                f"line {block.numbers[i]}: has {counts[i]} cells, and the header {width}; mend "
                "that line"
            )
    names = block.names
    decimal = layout.decimal(lines)
    try:
        frame = pd.read_csv(
            io.StringIO(text),
            sep=r"\s+" if layout.delimiter is None else layout.delimiter,
            header=None,
            names=list(range(len(names))),
            usecols=list(range(len(names))),
            index_col=False,
            keep_default_na=False,
            na_values=MISSING,
            skipinitialspace=True,
            decimal=decimal,
            quoting=csv.QUOTE_MINIMAL,
            low_memory=False,
        )
    except (pd.errors.ParserError, OverflowError) as error:
        why = str(error).splitlines()[0]
        raise source.refuse(f"is a table that cannot be read ({why}); mend the quotes") from None
    table: dict[str, Column] = {}
    for i, name in enumerate(names):
        if not name:
            continue
        column = frame[i]
        if column.dtype.kind in "fiu":
            table[name] = Column(column.to_numpy(dtype=np.float64), True)
        else:
            cells = column.to_numpy(dtype=object).copy()
            cells[column.isna().to_numpy()] = None
            table[name] = Column(cells)
    return table
