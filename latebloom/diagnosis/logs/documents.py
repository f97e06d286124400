"""JSON: lines of records, or one document with records or columns at any depth."""

import ast
import json
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .cells import is_number
from .log import Column, Log
from .names import meaning
from .records import NAMES, SHORT, VALUES, column_of, flat, from_records, short_list
from .side_by_side import MOST_RUNS
from .source import Source

# What Python says of broken JSON, of numbers too long and of lists too deep.
BROKEN = (ValueError, RecursionError)
# What print(dict) writes; a defaultdict has its factory before it. Only literals are read.
LITERAL = re.compile(
    r"^\s*+(?:(?:defaultdict|OrderedDict)\((?:<[^>]*>,)?)?\s*+([\[{].*[\]}])\s*+\)?\s*+$", re.S
)
# Python takes a hundred times the memory of a literal to read it.
MOST_LITERAL = 8 * 2**20
# Keys of a curve that has its own steps: Sacred, and scripts like it.
STEPS = ("steps", "step", "x")
# Keys of the names and of the rows of a table.
TABLE = (("columns", "header", "fields", "names"), ("data", "rows"))
# Keys that count, as in {"epoch_0": {...}, "epoch_1": {...}}.
NUMBERED = re.compile(r"^([a-z _-]*?)(\d+)$", re.IGNORECASE)
# A list below its name, as Python, TOML, YAML and NumPy write it: train_acc = [0.1, 0.2]
LIST = re.compile(
    r"""^[^\w\n]*+(\w[\w/.@-]*+(?:[ ]++[\w/.@-]++)*+)["']?\s*+[:=]\s*+"""
    r"""(?:np\.|torch\.)?(?:array\(|tensor\()?\[([^\[\]]*+)\]""",
    re.M,
)
# The triples of TensorBoard's download.
TRIPLE = ("wall time", "step", "value")
# Seconds since 1970, and no step: in 1973.
WALL = 1e8


def read_document(source: Source, text: str) -> Log | None:
    """Return the log in one JSON document, or None if the text is no such document.

    The curves are looked for at any depth: lists of records (`log_history` of Hugging Face), lists
    of numbers (`History.history` of Keras), curves with steps of their own (Sacred). Records may be
    nested: ``{"val": {"acc": 1}}`` is the column `val/acc`.

    **Raises:** `InvalidInput` for a document without a curve.
    """
    try:
        document = json.loads(text)
    except BROKEN:
        document = _literal(text)
        if document is None:
            return None
    try:
        columns = columns_of(document)
    except RecursionError:
        raise source.refuse("is JSON nested too deep to be a log") from None
    if not columns:
        raise source.refuse(
            f"is JSON without a log ({_shape(document)}); give a list of records, as "
            "[{'step': 1, 'train_acc': 0.5}, ...], or of columns, as {'train_acc': [0.5, ...]}"
        )
    return Log(source.name, columns, source.notes)


def _literal(text: str) -> Any:
    """The dictionary or list that Python printed, or None."""
    match = LITERAL.match(text) if len(text) <= MOST_LITERAL else None
    try:
        return match and ast.literal_eval(match[1])
    except (*BROKEN, SyntaxError, TypeError, MemoryError):
        return None


def columns_of(document: Any) -> dict[str, Column]:
    """Return the curves at any depth of dictionaries and lists, named by their paths."""
    found = _Found()
    _search(document, "", found)
    long = {name: c for name, c in found.columns.items() if len(c.cells) > 1}
    return _short(long or found.columns)


def read_json_lines(source: Source, lines: list[str]) -> Log | None:
    """Return the log in JSON lines, one record each, or None if the first line is no record.

    **Raises:** `InvalidInput` for a line that is no record.
    """
    numbered = [(i, line) for i, line in enumerate(lines, 1) if line.strip()]
    records: list[tuple[int, dict[str, Any]]] = []
    notes = list(source.notes)
    others = [line for _, line in numbered if line.lstrip()[:1] not in ("{", "[")]
    if others:
        notes.append(f"{len(others)} lines of {source.short} are no records: left out")
        numbered = [(i, line) for i, line in numbered if line.lstrip()[:1] in ("{", "[")]
    for i, line in numbered:
        try:
            record = json.loads(line)
        except BROKEN as error:
            if not records:
                return None
            # A run that was killed leaves half a line behind.
            if (i, line) == numbered[-1]:
                notes.append(f"the last line of {source.short} is not complete: left out")
                break
            why = getattr(error, "msg", error)
            raise source.refuse(f"line {i}: is no JSON ({why}); give one record per line") from None
        if not isinstance(record, dict):
            if not records:
                return None
            raise source.refuse(
                f"line {i}: is no record ({str(record)[:40]!r}); each must be like "
                '{"step": 1, "train_acc": 0.5}'
            )
        records.append((i, record))
    table = from_records([record for _, record in records])
    return Log(source.name, table, tuple(notes), [i for i, _ in records])


def read_lists(source: Source, lines: list[str]) -> Log | None:
    """Return the curves in lines of one list each, `train_acc = [0.1, 0.2]` or `train_acc,0.1,0.2`,
    or the one in lines of one number each; None if there are fewer."""
    columns: dict[str, Column] = {}
    single = [line for line in lines if line.strip() and not line.startswith("#")]
    if len(single) > SHORT and all(map(is_number, single)):
        return Log(source.name, {"value": column_of(single)}, source.notes)
    lists = [(m[1], *re.split(r"[,\s]+", m[2])) for m in LIST.finditer("\n".join(lines))]
    for name, *cells in (*lists, *(re.split(r"[,;\t]", line) for line in lines)):
        cells = [cell for cell in cells if cell.strip()]
        if len(cells) > SHORT and not is_number(name) and all(map(is_number, cells)):
            columns[name.strip()] = column_of(cells)
    return Log(source.name, columns, source.notes) if len(columns) > 1 else None


@dataclass
class _Found:
    """The columns of a document by their path."""

    columns: dict[str, Column] = field(default_factory=dict)

    def add(self, path: str, columns: dict[str, Column]) -> None:
        """Keep the columns found at a path."""
        for name, column in columns.items():
            self.columns[f"{path}/{name}" if path and name else path or name or "value"] = column


def _search(node: Any, path: str, found: _Found) -> None:
    """Collect the curves below a node of the document."""
    if isinstance(node, list) and node:
        if all(isinstance(x, dict) for x in node):
            if all(_holds_lists(x) and not _measures(x) for x in node):
                for i, curve in enumerate(node):  # one record per curve, as plotly writes them
                    name = next((str(curve[key]) for key in NAMES if key in curve), str(i))
                    _search(curve, f"{path}/{name}" if path else name, found)
            else:
                found.add(path, from_records(node))
        elif _plain(node):
            found.add(path, {"" if path else "0": column_of(node)})
        elif all(isinstance(x, list) and _plain(x) for x in node):
            found.add(path, _from_lists(node, bool(path)))
        else:  # a list of the records of each run
            for i, part in enumerate(node[:MOST_RUNS]):
                _search(part, f"{path}/{i}" if path else str(i), found)
    elif isinstance(node, str) and node[:1] in ("{", "["):  # JSON within JSON
        try:
            _search(json.loads(node), path, found)
        except BROKEN:
            return
    elif isinstance(node, dict):
        table = _table(node)
        if table is not None:
            found.add(path, table)
            return
        single = {k: v for k, v in node.items() if not isinstance(v, dict | list)}
        if not path and len(single) == len(node) and node:
            found.add(path, from_records([node]))  # one record, as JSON lines of one line
        for key, value in node.items():
            below = f"{path}/{key}" if path else str(key)
            _search(value, below, found)


def _plain(cells: list[Any]) -> bool:
    """Whether a list holds numbers, words or nothing, with a number among them."""
    kinds = (int, float, str, type(None))
    return all(isinstance(x, kinds) for x in cells) and bool(cells)


def _table(node: dict[str, Any]) -> dict[str, Column] | None:
    """The columns of a dictionary that is a curve or a table by itself, or None.

    A curve with steps of its own; the table of names and rows that pandas writes (`split`); records
    or values by their number: ``{"0": {"acc": 0.1}, "100": {"acc": 0.2}}``.
    """
    steps = next((node[k] for k in STEPS if isinstance(node.get(k), list)), None)
    values = next((node[k] for k in VALUES if isinstance(node.get(k), list)), None)
    if steps and values and len(steps) == len(values):
        try:
            return {"": Column(column_of(values).cells, steps=np.array(steps, dtype=np.float64))}
        except (TypeError, ValueError):
            return None
    names, rows = (
        next((node[k] for k in keys if isinstance(node.get(k), list)), []) for keys in TABLE
    )
    if names and rows and all(isinstance(x, list) and len(x) == len(names) for x in rows):
        cells = zip(*rows, strict=True)
        return {str(n): column_of(c) for n, c in zip(names, cells, strict=True)}
    numbered = [NUMBERED.match(key) for key in node]
    if len(node) > 1 and all(numbered) and len({key[1] for key in numbered if key}) == 1:
        cells = list(node.values())
        if all(isinstance(cell, dict) and not _holds_lists(cell) for cell in cells):
            keys = {"step": column_of([float(key[2]) for key in numbered if key])}
            return keys | from_records(cells)
        if _plain(cells):
            return {"": column_of(cells)}
    return None


def _holds_lists(node: dict[str, Any]) -> bool:
    """Whether a record holds whole curves."""
    return any(
        (isinstance(value, list) and not short_list(value))
        or (isinstance(value, dict) and _holds_lists(value))
        for value in node.values()
    )


def _measures(record: dict[str, Any]) -> bool:
    """Whether a record holds the value of a curve at one step."""
    return any(
        isinstance(value, int | float) and meaning(name).kind is not None
        for name, value in flat(record).items()
    )


def _from_lists(rows: list[list[Any]], named: bool) -> dict[str, Column]:
    """The columns in a list of lists: pairs of step and value under a name, the triples of
    TensorBoard, rows of a table, or curves below each other."""
    widths = {len(row) for row in rows}
    if len(widths) == 1 and len(rows) > max(widths):
        columns = [column_of(cells) for cells in zip(*rows, strict=True)]
        if len(columns) == 2 and named and all(c.cells.dtype.kind == "f" for c in columns):
            return {"": Column(columns[1].cells, steps=columns[0].cells)}
        wall = columns[0].cells.dtype.kind == "f" and columns[0].cells[0] > WALL
        names = TRIPLE if len(columns) == 3 and wall else map(str, range(len(columns)))
        return dict(zip(names, columns, strict=True))
    return {str(i): column_of(row) for i, row in enumerate(rows)}


def _short(columns: dict[str, Column]) -> dict[str, Column]:
    """The columns by their names without the path that all of them share."""
    parts = [name.split("/") for name in columns]
    shared = 0
    while all(len(p) > shared + 1 for p in parts) and len({p[shared] for p in parts}) == 1:
        shared += 1
    return {"/".join(p[shared:]): c for p, c in zip(parts, columns.values(), strict=True)}


def _shape(document: Any) -> str:
    if isinstance(document, dict):
        return f"keys {', '.join(list(map(str, document))[:6])}" if document else "an empty object"
    if isinstance(document, list):
        return f"a list of {len(document)}"
    return f"{str(document)[:40]!r}"
