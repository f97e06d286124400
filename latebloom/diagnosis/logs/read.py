"""From a path to a log: the content decides how it is read, not the name."""

import itertools
import json
import os
import re
import tempfile
from pathlib import Path

from latebloom.core.errors import InvalidInput, shortened

from .binary import read_npy, read_npz, read_parquet
from .delimited import read_delimited
from .documents import read_document, read_json_lines, read_lists
from .event_files import MARK, read_events
from .folder import read_folder
from .layout import SAMPLE
from .log import Log
from .long import spread
from .markup import plain_text
from .matlab import read_matlab
from .names import meaning
from .pairs import NUMBER, pairs
from .printed import in_boxes, read_printed
from .sheets import read_sqlite, read_workbook
from .side_by_side import whole
from .source import HEAD, STDIN, WORKBOOK, Source, as_text, formats, open_source

# The first record of an event file says so.
EVENTS = b"brain.Event:"
# Tables that are printed draw their lines with these.
BARRED = frozenset("│┃║¦┆┊")
BARS = dict.fromkeys(map(ord, BARRED), "|")
# A list below its name.
LISTS = re.compile(r"[\w\"'][ ]*[:=][ ]*\[[^\[\]]{20}")
SPACES = re.compile(r"[ \t]{2,}")
# A number before its name, at the end of a clause.
NAME = r"[A-Za-z-]{1,40}(?:[ ](?!and\b)[A-Za-z-]{1,40}){0,2}"
TURNED = re.compile(
    rf"(?<![\w.,])({NUMBER}[ ]?%?)[ ](?:(?:on|for|in)[ ](?:the[ ])?)?"
    rf"({NAME})(?=\s*(?:[,;|)]|$|and\b))",
    re.IGNORECASE,
)
# What colours a terminal and moves its cursor.
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\b]")


def read_log(path: str | Path) -> Log:
    """Read the log of a run, whatever wrote it.

    **Arguments:**

    - `path`: a file, a folder, or `-` for standard input. CSV with any delimiter, JSON, JSON lines,
      what a program printed, .npz, .npy, Parquet, event files of TensorBoard, the folder of an
      MLflow run; packed or not. The content decides, not the suffix.

    **Returns:** a `Log`; `names` are its columns.

    **Raises:** `InvalidInput`, in one line, for what holds no curves, with what was found.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "log"
    >>> _ = file.write_text("step;train_acc;val_acc\\n0;0.1;0.1\\n10;1.0;0.1\\n")
    >>> read_log(file).names
    ['step', 'train_acc', 'val_acc']
    """
    if str(path) != STDIN:
        place = Path(path)
        # Questions to os.path: those of Path raise for a name that is too long.
        if not os.path.exists(place):
            raise InvalidInput(f"{shortened(str(path))}: does not exist; give the path of a log")
        if os.path.isdir(place):
            return spread(read_folder(place, read_log))
        if _holds_events(place):
            return read_events(place, [place])
    return spread(_read(open_source(path)))


def _holds_events(path: Path) -> bool:
    if MARK in path.name and path.suffix not in (".gz", ".bz2", ".xz", ".zst", ".zip"):
        return True
    if not path.is_file():
        return False  # what is read from a pipe is gone
    try:
        with path.open("rb") as file:
            return EVENTS in file.read(64)
    except OSError:
        return False  # said when it is opened again


def _read(source: Source) -> Log:
    known = formats()["read"]
    if source.starts(known["zip"]):
        return read_workbook(source) if WORKBOOK.encode() in source.data else read_npz(source)
    if source.starts(known["npy"]):
        return read_npy(source)
    if source.starts(known["parquet"]):
        return read_parquet(source)
    if source.starts(known["matlab"]):
        return read_matlab(source)
    if source.starts(known["sqlite"]):
        return read_sqlite(source)
    if EVENTS in source.data[:64]:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / MARK
            file.write_bytes(source.data)
            return read_events(Path(source.name), [file])
    return _read_text(source, as_text(source))


def _read_text(source: Source, text: str) -> Log:
    if "\x1b" in text or "\b" in text:
        text = ESCAPES.sub("", text)
    text = plain_text(text)
    begin = text.lstrip()[:1]
    if begin == "{" and '"nbformat"' in text:
        printed = printed_in_notebook(text)
        if printed is not None:
            return _read_text(source, printed)
    if begin in ("{", "[", "d", "O"):
        log = read_document(source, text)
        if log is not None:
            return messages_of(source, log)
    lines = text.translate(BARS).splitlines() if set(text[:HEAD]) & BARRED else text.splitlines()
    if begin == "{":
        log = read_json_lines(source, lines)
        if log is not None:
            return messages_of(source, log)
    if in_boxes(lines) and (log := read_printed(source, lines)) is not None:
        return log
    printed = sum(bool(pairs(line)) for line in lines[:SAMPLE]) > 0.5 * len(lines[:SAMPLE])
    readers = [read_delimited, read_lists, read_spaced]
    if LISTS.search(text[:HEAD]):
        readers.insert(0, readers.pop(1))
    try:
        log = next(filter(None, (read(source, lines) for read in readers)), None)
    except InvalidInput:
        log = read_printed(source, lines) if printed else None
        if log is None:
            raise
    if log is None:
        found = filter(None, (read(source, lines) for read in (read_printed, read_turned)))
        logs = list(itertools.islice(found, 1))
        logs += found if logs and not whole(logs[0].names) else []
        log = next((one for one in logs if whole(one.names)), next(iter(logs), None))
    if log is None:
        raise source.refuse(_nothing_in(text, lines))
    return log


def read_spaced(source: Source, lines: list[str]) -> Log | None:
    """Return the table in lines whose cells stand two or more spaces apart, or None."""
    spaced = [SPACES.sub("\t", line.strip()) for line in lines]
    return read_delimited(source, spaced) if any("\t" in line for line in spaced) else None


def read_turned(source: Source, lines: list[str]) -> Log | None:
    """Return the curves in printed lines that name a number after it: `97.1% train accuracy`."""
    return read_printed(source, [TURNED.sub(r"\2: \1", line) for line in lines])


def messages_of(source: Source, log: Log) -> Log:
    """Return the curves in the lines that a collector of logs keeps in JSON, one in a record; the
    log as it is where its own columns hold curves, or no lines."""
    if any(meaning(name).kind is not None for name in log.names):
        return log
    for column in log.columns.values():
        lines = [cell.strip() for cell in column.cells.tolist() if isinstance(cell, str)]
        found = read_printed(source, lines) if column.steps is None and lines else None
        if found is not None and any(meaning(name).kind is not None for name in found.names):
            return found
    return log


def printed_in_notebook(text: str) -> str | None:
    """Return what the cells of a Jupyter notebook have printed, or None if it is none."""
    try:
        cells = json.loads(text)["cells"]
        outputs = [out for cell in cells for out in cell.get("outputs", ())]
        pages = ["".join(out.get("data", {}).get("text/html", ())) for out in outputs]
        if tables := [page for page in pages if "<td" in page]:
            return max(tables, key=len)
        return "\n".join("".join(out.get("text", ())) for out in outputs) or None
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None


def _nothing_in(text: str, lines: list[str]) -> str:
    """What to say of a text without curves."""
    if text.lstrip()[:1] in ("{", "["):
        try:
            json.loads(text)
        except (ValueError, RecursionError) as error:
            return f"is no JSON ({error}) and no other log; give the whole file"
    first = next((line.strip() for line in lines if line.strip()), "")
    shown = first[:60].encode("unicode_escape").decode("ascii")
    return (
        f"no curves found in {len(lines):,} lines of text, of which the first is '{shown}'; give a "
        "table with names, JSON lines, or lines such as 'epoch 3 train_acc 0.9 val_acc 0.1'"
    )
