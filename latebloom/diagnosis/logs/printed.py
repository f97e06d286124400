"""Lines that a program printed, as records: `epoch 12 | train acc 97.1%`, `step=3, acc: 0.5`."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import eq

import numpy as np

from .cells import is_number
from .log import Column, Log
from .names import is_step, meaning, words_of
from .pairs import NUMBER, ROUND_NAME, WORD, Percent, is_known, scan
from .records import flat
from .side_by_side import whole
from .source import Source

# A line of nothing but names and numbers, whatever the names are.
ONLY = re.compile(rf"^\s*+(?:{WORD}[:=]{NUMBER}[\s,;]*+)++$", re.IGNORECASE)
# A number above what was measured then, as YAML writes a mapping by step.
ALONE = re.compile(r"^[\"']?(\d+)[\"']?:\s*$")
# A line of a box: | name | 0.5 |.
BOX = re.compile(
    r"^\s*+\|\s*+([A-Za-z][\w./@-]*+(?:[ ]++[\w./@-]++)*+)\s*+\|\s*+([-+.\w]*+)\s*+\|\s*+$"
)
# Between the cells of a table that a program prints.
CELLS = re.compile(r"[ \t]*\|[ \t]*|\t+|[ ]{2,}")
# acc@1 and acc_1 are acc1.
TOP = re.compile(r"(?<=[a-z])[@_-]([15])(?!\d)")
# A name that stands in fewer lines is a setting, not a curve.
LEAST = 2
# Lines of one kind are so often as those of the most frequent one, and of so many kinds.
OFTEN, MOST_KINDS = 0.3, 6
# So many lines with the same unknown names are a log.
MIN_ALIKE = 10
# Names that are printed more often come first; more would be no log.
MOST_COLUMNS = 200

# The number of a line, its steps and its other numbers by their names.
Numbers = tuple[int, dict[str, float], dict[str, float]]


def _numbers(lines: list[str]) -> Iterator[Numbers]:
    """The steps and the other numbers of each line: the steps of the lines before where it names
    none, and the set of examples of the line before where it names neither."""
    steps: dict[str, float] = {}
    role: str | None = None
    section: str | None = None
    spelled: dict[str, str] = {}  # Epoch and epoch, acc1 and Acc@1 are one
    for i, line in enumerate(lines):
        if (alone := ALONE.match(line)) is not None:
            steps = steps | {ROUND_NAME: float(alone[1])}
            continue
        record = _json_pairs(line)
        named, now = ([], None) if record else scan(line, None)
        found = dict(record or named)
        own = {name: value for name, value in found.items() if is_step(name)}
        if own and not now and section and len(own) < len(named):
            found, role = dict(scan(line, section)[0]), section
        elif own or now or record:
            role = now
        elif role:
            found = dict(scan(line, role)[0])
        found = {spelled.setdefault(TOP.sub(r"\1", n.lower()), n): x for n, x in found.items()}
        own = {name: value for name, value in found.items() if is_step(name)}
        # A line of words, `Evaluation ...`, is the heading of the next one.
        section = now if now and not named else None
        steps = steps | own
        yield i, steps, {name: value for name, value in found.items() if name not in own}


def _merged(rows: Iterable[Numbers]) -> list[tuple[int, dict[str, float]]]:
    """The records: lines that follow each other, with the same steps, and no name twice."""
    found: list[tuple[int, dict[str, float]]] = []
    for i, steps, row in rows:
        if not row:
            continue
        last = found[-1][1] if found else {}
        apart = any(name in last for name in row) or any(
            last.get(name, value) != value for name, value in steps.items()
        )
        if found and not apart:
            last |= steps | row
        else:
            found.append((i, steps | row))
    return found


def _results(rows: Iterable[Numbers]) -> Iterator[Numbers]:
    """The rows, those of one evaluation as one: of the lines that it prints, the last counts."""
    above: Numbers | None = None
    for i, steps, row in rows:
        if above is not None and steps and steps == above[1] and row:
            ends = {name.rpartition("/")[2]: value for name, value in above[2].items()}
            if row.keys() <= above[2].keys() and all(map(_of_test, row)):
                above = (above[0], steps, above[2] | row)
                continue
            if row.items() <= ends.items():
                continue  # the result again, without saying of which set
        if above is not None:
            yield above
        above = (i, steps, row) if row and all(map(_of_test, row)) else None
        if above is None:
            yield i, steps, row
    if above is not None:
        yield above


def _of_test(name: str) -> bool:
    said = meaning(name)
    return said.role in ("test", "val") or (said.ignored and said.role is None)


def in_boxes(lines: list[str]) -> bool:
    """Whether most lines are those of boxes."""
    first = [line for line in lines[:MOST_COLUMNS] if any(map(str.isalnum, line))]
    return sum(BOX.match(line) is not None for line in first) > 0.5 * len(first)


def _with_names(lines: list[str]) -> list[str]:
    """The lines, those of small tables with the name of its column before each number, and those
    of a box of names and numbers as one."""
    found: list[str] = []
    names: list[str] = []
    group, inside = "", False
    for line in lines:
        if box := BOX.match(line):
            if not box[2]:
                group = box[1].rstrip("/") + "/"
                continue
            grouped = group if line.split("|")[1].startswith("   ") else ""
            text = f"{grouped}{box[1].replace(' ', '_')}={box[2]}"
            found[-1:] = [f"{found[-1]} {text}"] if inside else [*found[-1:], text]
            inside = True
            continue
        group, inside = "", False
        cells = [cell.strip() for cell in CELLS.split(line.strip().strip("|").strip())]
        words = [cell for cell in cells if cell and not is_number(cell)]
        if len(words) == len(cells) > 1 and not any(map(str.isdigit, line)):
            names = [cell.replace(" ", "_") for cell in cells]
        elif names and len(cells) == len(names) and len(words) <= (words[:1] == cells[:1]):
            pairs = zip(names, cells, strict=True)
            line = " ".join([*words, *(f"{n}={cell}" for n, cell in pairs if cell not in words)])
        elif any(map(str.isalnum, line)):
            names = []
        found.append(line)
    return found


def _json_pairs(line: str) -> list[tuple[str, float]] | None:
    """The numbers of a record in JSON at the end of a line, as fairseq prints it."""
    start = line.find('{"')
    if start < 0 or not line.rstrip().endswith("}"):
        return None
    try:
        record = json.loads(line[start:])
    except (ValueError, RecursionError):
        return None
    found = [pair for pair in scan(line[:start], None)[0] if is_step(pair[0])]
    for name, value in flat(record).items():
        try:
            found.append((name, float(value)))
        except (TypeError, ValueError):
            continue
    return found


def _in_pairs(records: list[tuple[int, dict[str, float]]]) -> list[tuple[int, dict[str, float]]]:
    """The records, two for nearly every step as one: a bar for train and one for test, whose lines
    are alike."""
    found: dict[tuple[float, ...], list[tuple[int, dict[str, float]]]] = {}
    for i, row in records:
        key = tuple(value for name, value in row.items() if is_step(name))
        found.setdefault(key, []).append((i, row))
    if () in found or sum(len(rows) == 2 for rows in found.values()) < 0.9 * len(found):
        return records
    return [
        (
            rows[0][0],
            {f"later_{n}": x for n, x in rows[-1][1].items() if not is_step(n)} | rows[0][1],
        )
        for rows in found.values()
    ]


def _with_steps_below(rows: list[Numbers]) -> list[Numbers]:
    """The rows with the steps of the line below, where each record ends with its step."""
    measured = [i for i, (_, _, row) in enumerate(rows) if any(meaning(name).kind for name in row)]
    if not measured or rows[measured[0]][1] or rows[measured[-1]][1] == rows[-1][1]:
        return rows
    found, below, inside = [], rows[-1][1], True
    for i, steps, row in reversed(rows):
        if not row and not inside:
            below = steps  # of several lines of steps, the last one knows all
        inside = not row
        found.append((i, below, row))
    return found[::-1]


def _told_apart(lines: list[str], rows: list[Numbers]) -> list[Numbers]:
    """The rows with names of their own for what lines of different kinds call the same.

    `[T] acc=0.9` and `[V] acc=0.1` give `T_acc` and `V_acc`: a line is told by its words before the
    name. They count where no set of examples is named, and where the kinds of lines take turns.
    """
    places: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for r, (i, steps, row) in enumerate(rows):
        for name in row:
            if (said := meaning(name)).kind and not said.ignored:
                start = lines[i].find(re.split(r"[/_]", name)[-1])
                words = re.findall(r"[^\W\d_]+", lines[i][: max(start, 0)])
                named = {w for n in (*row, *steps) for w in re.split(r"[/_]", n)}
                own = [w for w in words if w not in named]
                places.setdefault(name, []).append((r, tuple(dict.fromkeys(own))))
    whole = any(meaning(name).role in ("test", "val") for name in places)
    renamed: dict[tuple[int, str], str] = {}
    for name, found in places.items():
        counts = Counter(words for _, words in found)
        kinds = [w for w, n in counts.items() if n >= OFTEN * max(counts.values())]
        p = len(kinds)
        if not 2 <= p <= MOST_KINDS:
            continue
        order = [words for _, words in found if words in kinds]
        turns = sum(map(eq, order, order[p:])) >= 0.9 * len(order[p:])
        shared = set.intersection(*map(set, kinds))
        own = {w: [x for x in w if x not in shared] for w in kinds}
        for n in (1, 2):
            label = {w: "_".join(words[:n]) for w, words in own.items()}
            if len(set(label.values())) == p:
                break
        if (whole and not turns) or len(set(label.values())) < p:
            continue
        for r, words in found:
            if label.get(words):
                renamed[r, name] = f"{label[words]}_{name}"
    return [
        (i, steps, {renamed.get((r, name), name): x for name, x in row.items()})
        for r, (i, steps, row) in enumerate(rows)
    ]


def _alike(lines: list[str], rows: list[Numbers]) -> bool:
    """Whether names that nobody knows are those of curves: lines of nothing but names and numbers,
    or nearly all with the same ones."""
    full = [line for line in lines if line.strip()]
    same = Counter(tuple(row) for _, _, row in rows).most_common(1)
    return all(map(ONLY.match, full)) or (
        same[0][1] >= max(MIN_ALIKE, 0.9 * len(full)) and len(same[0][0]) > 1
    )


def read_printed(source: Source, lines: list[str]) -> Log | None:
    """Return the curves in the lines that a program printed, or None if there are none.

    **Arguments:**

    - `source`: for messages.
    - `lines`: of the text.
    """
    lines = _with_names(lines)
    numbers = _with_steps_below(list(_numbers(lines)))
    rows = _told_apart(lines, list(_results(row for row in numbers if row[2])))
    records = _merged(rows)
    if not whole([name for _, row in records[:MOST_COLUMNS] for name in row]):
        records = _in_pairs(records)
    counts = Counter(name for _, row in records for name in row)
    shares = Counter(
        name for _, row in records for name, x in row.items() if isinstance(x, Percent)
    )
    # A sum at the end leaves out the sign: Final Train: 100.00
    records = [
        (
            i,
            {
                n: x / 100
                if shares[n] > counts[n] / 2 and x > 1 and not isinstance(x, Percent)
                else x
                for n, x in row.items()
            },
        )
        for i, row in (records if shares else ())
    ] or records
    # In the order in which they are printed.
    often = {name for name, n in counts.most_common(MOST_COLUMNS) if n >= LEAST}
    names = [name for name in counts if name in often]
    curves = [name for name in names if not is_step(name)]
    known = any(is_known(word) for name in curves for word in words_of(name))
    if not curves or not (known or _alike(lines, rows)):
        return None
    columns = {
        name: Column(np.array([row.get(name, np.nan) for _, row in records]), True)
        if not any(row.get(name) != row.get(name) for _, row in records)
        else Column(np.array([row.get(name) for _, row in records], dtype=object))
        for name in names
    }
    note = f"{source.short} holds printed lines; found in them: {', '.join(names)}"
    return Log(source.name, columns, (*source.notes, note), [i + 1 for i, _ in records])
