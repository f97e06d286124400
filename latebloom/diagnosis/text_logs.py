"""Logs written as text: CSV, JSON, JSON lines."""

import csv
import json
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput

from .log import Table

# What Python says of broken JSON, of numbers too long and of lists too deep.
BROKEN = (ValueError, RecursionError)


def read_text(path: Path) -> str:
    """Return the text of a file.

    **Raises:** `InvalidInput` if it cannot be read, is no text, or is empty.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")  # Excel begins its files with a mark
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{path}: is no text in UTF-8; save the log as UTF-8") from None
    if not text.strip():
        raise InvalidInput(f"{path}: is empty; a log needs a header and records")
    return text


def read_csv(path: Path) -> Table:
    r"""Return a table of which the first line names the columns; `,`, `;` or a tab between cells.

    Lightning's CSVLogger leaves the cells empty that a row does not log. A last line that is
    shorter than the header, which a run killed while it wrote leaves behind, is left out, and said.

    **Raises:** `InvalidInput` for a file without a header, or lines of different lengths.
    """
    text = read_text(path)
    lines = text.splitlines()
    empty = next(i for i, line in enumerate(lines) if line.strip())  # before the header
    head = lines[empty]
    separator = max(",;\t", key=head.count)
    try:
        rows = list(csv.reader(lines[empty:], delimiter=separator))
    except csv.Error as error:
        raise InvalidInput(f"{path}: is no CSV ({error})") from None
    names = [name.strip() for name in rows[0]]
    names[0] = names[0].lstrip("# ")  # numpy.savetxt writes its header as a comment
    if all(_is_number(name) for name in names if name):
        raise InvalidInput(f"{path}: the first line, {head[:40]!r}, names no columns; add a header")
    # pandas leaves the name of its index empty.
    names = [name or f"column {i + 1}" for i, name in enumerate(names)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{path}: two columns are called '{twice[0]}'; rename one")
    notes: list[str] = []
    body: list[list[str]] = []
    first = empty + 2  # the line of the first row
    for number, row in enumerate(rows[1:], start=first):
        row = row or [""] * len(names)  # an empty line: kept, for the numbers of the others
        if len(row) == len(names):
            body.append(row)
        elif number == empty + len(rows) and len(row) < len(names):
            notes.append(f"the last line of {path.name} is not complete: left out")
        else:
            raise InvalidInput(
                f"{path}, line {number}: has {len(row)} cells, and the header {len(names)}; "
                "mend that line"
            )
    cells = list(zip(*body, strict=True)) or [()] * len(names)
    return Table(str(path), dict(zip(names, cells, strict=True)), first, tuple(notes))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def read_json(path: Path) -> Table:
    """Return a table from JSON lines or from one JSON document.

    The document is a list of records, a dictionary of columns (the `history` of Keras), or has its
    records under `log_history` (`trainer_state.json` of Hugging Face). Records may be nested:
    ``{"val": {"acc": 1}}`` is the column `val/acc`.

    **Raises:** `InvalidInput` for what is no JSON, or no log.
    """
    text = read_text(path)
    try:
        document = json.loads(text)
    except BROKEN:
        return _from_records(path, *_lines(path, text))
    if isinstance(document, dict) and isinstance(document.get("log_history"), list):
        document = document["log_history"]
    if isinstance(document, dict) and document:
        flat = _flat(document)
        lengths = {len(v) if isinstance(v, list) else -1 for v in flat.values()}
        if len(lengths) > 1:
            raise InvalidInput(
                f"{path}: is no log: a document needs columns of one length, or a list of records"
            )
        if lengths != {-1}:
            return Table(str(path), flat)
        document = [document]  # one record, as in JSON lines with one line
    if not isinstance(document, list):
        raise InvalidInput(f"{path}: is no log; give a list of records, as [{{'step': 1, ...}}]")
    return _from_records(path, [(i + 1, record) for i, record in enumerate(document)], ())


def _lines(path: Path, text: str) -> tuple[list[tuple[int, Any]], tuple[str, ...]]:
    """The records of JSON lines with the numbers of their lines, and what was left out."""
    lines = [(i, line) for i, line in enumerate(text.splitlines(), 1) if line.strip()]
    records = []
    for i, line in lines:
        try:
            records.append((i, json.loads(line)))
        except BROKEN as error:
            # A run that was killed leaves half a line behind; the first one would be the format.
            if (i, line) == lines[-1] and records:
                return records, (f"the last line of {path.name} is not complete: left out",)
            why = getattr(error, "msg", error)
            raise InvalidInput(
                f"{path}, line {i}: is no JSON ({why}); give one record per line"
            ) from None
    return records, ()


def _from_records(path: Path, records: list[tuple[int, Any]], notes: tuple[str, ...]) -> Table:
    rows = []
    for number, record in records:
        if not isinstance(record, dict):
            raise InvalidInput(
                f"{path}, record {number}: is no record ({str(record)[:40]!r}); each must be like "
                '{"step": 1, "train_acc": 0.5}'
            )
        rows.append(_flat(record))
    names = dict.fromkeys(name for row in rows for name in row)
    return Table(str(path), {name: [row.get(name) for row in rows] for name in names}, 1, notes)


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}/")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
