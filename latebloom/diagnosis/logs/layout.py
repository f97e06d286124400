"""How a table of text is laid out: what separates the cells, and where the names stand."""

import csv
import itertools
import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from .cells import BLANK, is_number
from .pairs import pairs
from .side_by_side import whole
from .source import Source

DELIMITERS = (",", ";", "\t", "|", None)  # None: white space
COMMENT = ("#", "%", "//")
# So many lines decide on the layout.
SAMPLE = 400
# Of the lines after the header so many have to fit, and of the cells of a column.
MOST = 0.8
# The names stand in one of so many lines above the first row; units or a note may be between.
ABOVE = 3
RULER = re.compile(r"^[\s|+:=\-_─━═┄┼╪╞╡├┤┌┐└┘│┃]+$")
NUMBERED = re.compile(r"^\d+$")
IN_BRACKETS = re.compile(r"^(\[[^\[\]]*\]|\([^()]*\))$")
# A time in the first cell: 2024-01-31T12:00:00.
TIME = re.compile(r"^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d\S*)?$")
# The types that polars and R print below the names.
TYPE = re.compile(r"^(<\w+>|[iuf]\d+|(float|int)\d+|str|bool|object|-+)$")


@dataclass(frozen=True)
class Layout:
    """Where the cells of a table stand.

    - `delimiter`: between cells; None is white space.
    - `names`: of the columns, one per cell; those without a header are called by number, from 0.
    - `first`: the index of the first line after the header.
    """

    delimiter: str | None
    names: list[str]
    first: int

    def is_ruler(self, line: str) -> bool:
        """Whether a line only separates others."""
        if RULER.match(line) is not None and not any(c.isdigit() for c in line):
            return True
        return is_units(split(line, self.delimiter)) if line.lstrip()[:1] in "[(" else False

    def header(self, line: str) -> list[str] | None:
        """Return the names in a line that repeats the header, in whatever order, or None."""
        cells = split(line, self.delimiter)
        if len(cells) < 2 or any(is_number(cell) for cell in cells if cell):
            return None
        common = set(cells) & set(self.names)
        return columns(cells) if len(common) >= 0.5 * len(cells) and common else None

    def widths(self, source: Source, lines: list[str], quoted: bool) -> np.ndarray:
        """Return the number of cells of each line; `quoted` if there are quotes among them."""
        if self.delimiter is None:
            return np.fromiter((len(line.split()) for line in lines), int, len(lines))
        if quoted:
            try:
                rows = list(csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True))
            except csv.Error as error:
                raise source.refuse(f"is no CSV ({error})") from None
            if len(rows) != len(lines):
                raise source.refuse(
                    "has cells of several lines in quotes; write one record per line"
                )
            return np.fromiter(map(len, rows), int, len(rows))
        marks = map(str.count, lines, itertools.repeat(self.delimiter))
        return np.fromiter(marks, int, len(lines)) + 1

    def blank_last(self, lines: list[str]) -> bool:
        """Whether the last cell is empty in every line."""
        mark = self.delimiter
        return mark is not None and all(line.rstrip(" ").endswith(mark) for line in lines)

    def only_blank_beyond(self, line: str, width: int) -> bool:
        """Whether a line is as wide as the others but for empty cells at its end."""
        cells = split(line, self.delimiter)
        return len(cells) > width and not any(cells[width:])

    def decimal(self, lines: list[str]) -> str:
        """Return the decimal mark: a comma where another mark separates the cells and no point is
        among them."""
        if self.delimiter not in (";", "\t"):
            return "."
        sample = lines[:SAMPLE]
        comma = sum(re.search(r"\d,\d", line) is not None for line in sample)
        point = sum(re.search(r"\d\.\d", line) is not None for line in sample)
        return "," if comma and not point else "."


def is_units(cells: list[str]) -> bool:
    """Whether cells are units, each in brackets: [1], [%], [%]."""
    return all(map(IN_BRACKETS.match, cells)) and not all(map(is_number, cells))


def split(line: str, delimiter: str | None) -> list[str]:
    """Return the cells of one line, without quotes and spaces around them."""
    if delimiter is None:
        return line.split()
    if '"' in line:
        try:
            return [c.strip() for c in next(csv.reader([line], delimiter=delimiter), [])]
        except csv.Error:
            pass
    return [cell.strip() for cell in line.split(delimiter)]


def columns(cells: list[str]) -> list[str]:
    """Return names for columns: those of a header, with a number where it has none or one twice."""
    # pandas leaves the name of its index empty.
    return [
        f"{cell} (column {i + 1})".strip() if not cell or cells.count(cell) > 1 else cell
        for i, cell in enumerate(cells)
    ]


def find_layout(lines: list[str]) -> Layout | None:
    """Return the layout that fits most lines and has most columns of numbers, or None."""
    sample = [
        (i, line)
        for i, line in enumerate(lines[: 4 * SAMPLE])
        if line.strip() and not RULER.match(line)
    ][:SAMPLE]
    best: tuple[float, Layout] | None = None
    for delimiter in DELIMITERS:
        if delimiter is not None and not any(delimiter in line for _, line in sample):
            continue
        found = _layout(sample, delimiter)
        if found is not None and (best is None or found[0] > best[0]):
            best = found
    return best[1] if best is not None else None


def _layout(sample: list[tuple[int, str]], delimiter: str | None) -> tuple[float, Layout] | None:
    comments = {i for i, line in sample if line.lstrip().startswith(COMMENT)}
    rows = [(i, split(line, delimiter)) for i, line in sample if i not in comments]
    rows = [(i, cells) for i, cells in rows if not is_units(cells)]
    decimal = "," if delimiter in (";", "\t") else "."

    def numeric(cell: str) -> bool:
        return is_number(cell.replace(decimal, "."))

    body = [(i, cells) for i, cells in rows if any(numeric(c) for c in cells)]
    if not body:
        # A header alone is an empty log, and not an unknown format.
        only = len(rows) == 1 and len(rows[0][1]) > 1 and delimiter is not None
        return (0.0, Layout(delimiter, columns(rows[0][1]), rows[0][0] + 1)) if only else None
    widths = Counter(len(cells) for _, cells in body)
    wide = [len(cells) for i, cells in rows if i < body[0][0]][-1:]
    # A header settles it where as many rows are broken as are whole.
    width, count = max(widths.items(), key=lambda item: (item[1], item[0] in wide))
    if width < 2 or count < MOST * len(body) - 1:
        return None
    begin = _after_settings(rows, body, width)
    if begin is not None:
        return _layout([(i, line) for i, line in sample if i >= begin], delimiter)
    fit = [cells for _, cells in body if len(cells) == width]
    filled = [[cells[j] for cells in fit if cells[j].lower() not in BLANK] for j in range(width)]
    numbers = [bool(c) and sum(map(numeric, c)) >= MOST * len(c) for c in filled]
    first = body[0][0]
    before = [cells for i, cells in rows if i < first]
    if not any(numbers) or count < 0.5 * (len(rows) - len(before)) or len(before) > max(20, count):
        return None  # lines of another kind, among which some hold numbers
    said = [
        split(line.strip("#%/ \t"), delimiter) for i, line in sample if i in comments and i < first
    ]
    names = _header([*said[-ABOVE:], *before[-ABOVE:]], fit)
    score = count / len(rows) * sum(numbers)
    if names is None:
        # Without names every cell has to be a number: words would be those of printed lines.
        known = [
            n or (j == 0 and all(map(TIME.match, c)))
            for j, (n, c) in enumerate(zip(numbers, filled, strict=True))
            if c
        ]
        if wide and wide[0] > 1 and delimiter is not None:
            return None  # a header that does not fit
        return (
            (score, Layout(delimiter, [str(j) for j in range(len(known))], first))
            if all(known)
            else None
        )
    if not all(numbers) and not whole(names):
        lines = dict(sample)
        printed = sum(len(pairs(lines[i])) > min(1, width - 2) for i, _ in body)
        if printed > 0.5 * len(body):
            return None
    return score, Layout(delimiter, names, first)


def _after_settings(
    rows: list[tuple[int, list[str]]], body: list[tuple[int, list[str]]], width: int
) -> int | None:
    """The line of a header below rows of settings, as `lr,0.001`; None where nothing is above."""
    first = next(i for i, cells in body if len(cells) == width)
    above = [(i, cells) for i, cells in rows if i < first]
    if first == body[0][0] or len(above[-1][1]) != width:
        return None
    return None if any(map(is_number, above[-1][1])) else above[-1][0]


def _header(lines: list[list[str]], rows: list[list[str]]) -> list[str] | None:
    """Return the names of the columns: the last line of words before the first row; a comment, as
    numpy.savetxt writes it, where there is none."""
    width = len(rows[0])
    blank = [not any(cells[j] for cells in rows) for j in range(width)]
    lines = _levels([cells for cells in lines if not all(TYPE.match(c) for c in cells if c)], width)
    for cells in reversed(lines):
        if any(is_number(cell) for cell in cells) and not all(map(NUMBERED.match, cells)):
            continue
        wide = len(cells)
        if wide == width:
            # Between bars, the first and the last cell are nothing.
            named = columns(cells)
            return ["" if not cell and blank[j] else named[j] for j, cell in enumerate(cells)]
        if wide == width - 1 and blank[-1] and any(cells):
            return columns(cells)
        # pandas and R leave out the name of the index.
        if wide == width - 1 and wide > 1 and len({row[0] for row in rows}) == len(rows):
            return ["index", *columns(cells)]
    return None


def _levels(lines: list[list[str]], width: int) -> list[list[str]]:
    """The lines of a header, those of several levels as one: `acc, acc` above `train, test`."""
    while len(lines) > 1:
        above, last = lines[-2:]
        if len(above) != width or len(last) != width or above == last:
            break
        if any(map(is_number, above + last)):
            break
        named = [cell for cell in last if cell]
        gaps = any(a and not b for a, b in zip(above, last, strict=True))
        if not gaps and len(set(named)) == len(named):
            break
        joined = [f"{a} {b}".strip() for a, b in zip(above, last, strict=True)]
        lines = [*lines[:-2], joined]
    return lines
