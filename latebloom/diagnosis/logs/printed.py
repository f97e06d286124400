"""Lines that a program printed: `epoch 12 | train acc 97.1%`, `step=3, val_loss: 0.5`."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import eq

import numpy as np

from .cells import is_number
from .log import Column, Log
from .names import is_step, is_value, meaning, role_of, words_of
from .records import flat
from .source import Source

# All patterns take time in proportion to the line, however long: nothing is tried in two ways.
NUMBER = (
    r"[-+]?(?:\d{1,3}(?:[,_]\d{3})++(?:\.\d++)?|\d++(?:\.\d*+)?(?:e[-+]?\d++)?"
    r"|\.\d++(?:e[-+]?\d++)?|nan|inf)"
)
# Signs that scripts such as Devanagari and Thai write above and below their letters.
SIGNS = "\u0300-\u036f\u064b-\u0652\u0900-\u0963\u0980-\u0dff\u0e31-\u0e4e"
WORD = rf"[^\W\d][\w{SIGNS}@./'-]{{0,200}}+"
# 1.2k and 3M.
TIMES = {None: 1.0, "k": 1e3, "K": 1e3, "M": 1e6}
# What may stand between a name and its number: any marks but those that end a clause.
BETWEEN = r"(?:[^\w\n.,;+-]|-(?=[\s>])){1,24}+"
# A name of up to three words, marks or spaces, a number: 97.1%, 9812/10000, [3].
PAIR = re.compile(
    rf"(?P<name>{WORD}(?:[ ]++{WORD}){{0,2}})[\"']?(?:[ ]?\((?P<set>[a-z][^()\d]{{0,60}}+)\))?"
    rf"{BETWEEN}(?P<number>{NUMBER})(?P<times>(?-i:[kKM])\b)?(?!\w|\.\d|:\d|,\d{{3}}|-\d|\s?%\|)"
    r"(?P<percent>\s?%)?(?:\s*+/\s*+(?P<of>\d++))?",
    re.IGNORECASE,
)
# Several names before as many numbers: Train / Test accuracy: 0.98 / 0.10, acc (train, test).
LISTED = r"[^\W\d]{1,40}+(?:\s*+[/,]\s*+[^\W\d]{1,40}+){1,4}+"
VALUES = rf"{NUMBER}\s?%?(?:\s*+[/,]\s*+{NUMBER}\s?%?){{1,4}}+"
LISTS = re.compile(
    rf"(?:\b([^\W\d]{{1,40}}+)\s*+\(({LISTED})\)|\b({LISTED})(?:\s++([^\W\d]{{1,40}}+))?)"
    rf"\s*+[:=]?\s*+\(?({VALUES})\)?",
    re.IGNORECASE,
)
# Labels of a metric, as Prometheus writes them: accuracy{set="train"} 0.5.
LABELS = re.compile(r"(?<=\w)\{([^{}]{1,200})\}")
LABEL = re.compile(r'\w++="([^"\d][^"]{0,60}+)"')
# A line of nothing but names and numbers, whatever the names are.
ONLY = re.compile(rf"^\s*+(?:{WORD}[:=]{NUMBER}[\s,;]*+)++$", re.IGNORECASE)
# xgboost and CatBoost begin a line with the number of the round: "[3]\t", "3:\t".
# clu does so after the place in the program that wrote the line.
ROUND = re.compile(r"^\s*[\[(]?\s*(\d+)(?:/\d+)?[\]):|]?\s+(?=[A-Za-z])")
# A number above what was measured then, as YAML writes a mapping by step.
ALONE = re.compile(r"^[\"']?(\d+)[\"']?:\s*$")
# The place in a program that wrote a line, as absl and glog tell it.
PLACE = re.compile(
    r"^.{0,60}\b[\w/-]++\.(?:py|cpp|cc|cu|go|jl|rs|js|ts|java)(?:\(\d++\)|:\s*+\d++)[\]:]?\s*+"
)
# A line of a box: | name | 0.5 |.
BOX = re.compile(
    r"^\s*+\|\s*+([A-Za-z][\w./@-]*+(?:[ ]++[\w./@-]++)*+)\s*+\|\s*+([-+.\w]*+)\s*+\|\s*+$"
)
ROUND_NAME, EPOCH = "iteration", "epoch"
# A counter of batches after a number; one of epochs.
OF, EPOCHS = re.compile(r" ++\[\s*+\d++/"), re.compile(r"/\d++\)")
# A number that ends a sentence on something: Accuracy on the test set after epoch 3: 97.1 %
NAMELESS = re.compile(rf"\s*+:\s*+({NUMBER}\s?%?)\s*+$", re.IGNORECASE)
# What a percentage or a fraction is of: 97.1% correct.
UNIT = re.compile(r"\s*+(?:=\s*+[\d.]++\s?%)?\s*+\(?([A-Za-z]++)")
# Between the cells of a table that a program prints.
CELLS = re.compile(r"[ \t]*\|[ \t]*|\t+|[ ]{2,}")
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


def pairs(line: str) -> list[tuple[str, float]]:
    """Return the names and numbers in a line.

    A free word for a set of examples holds for the names after it: `val: loss 0.5 acc 0.9`.

    >>> pairs("epoch 12 | train acc 97.1% | val: loss=0.5, acc: 0.25")
    [('epoch', 12.0), ('train_acc', 0.971), ('val/loss', 0.5), ('val/acc', 0.25)]
    >>> pairs("Train Epoch: 3 [640/60000 (1%)]  Loss: 2.25")
    [('Epoch', 3.0), ('train/Loss', 2.25)]
    >>> pairs("iter 1.5k: train accuracy 0.75")
    [('iter', 1500.0), ('train_accuracy', 0.75)]
    """
    return _scan(line, None)[0]


def _scan(line: str, role: str | None) -> tuple[list[tuple[str, float]], str | None]:
    """The names and numbers in a line, and the set of examples at its end: `role` before it."""
    found: list[tuple[str, float]] = []
    end = 0
    line = LISTS.sub(_one_by_one, LABELS.sub(_labelled, PLACE.sub("", line)))
    first = ROUND.match(line)
    if first:
        found.append((ROUND_NAME, float(first[1])))
    kind = None
    for match in PAIR.finditer(line):
        before = line[end : match.start()]
        role, kind = _free_role(before) or role, _only_kind(before) or kind
        end = match.end()
        words, set_of = _name(match["name"])
        role = set_of or role
        name = "_".join(words)
        value = float(match["number"].replace(",", "").replace("_", "")) * TIMES[match["times"]]
        own = _free_role(match["set"] or "")  # Epoch(train) [3], accuracy (test): 0.5
        if own and is_step(name):
            role = own
        elif own and meaning(name).role is None:
            name = f"{own}_{name}"
        known = meaning(name)
        told = known.role or set_of
        if kind and not known.kind and not known.ignored and (told or is_value(name)):
            # Accuracy: train 0.9, test 0.1
            name = f"{told}_{kind}" if told else kind
            known = meaning(name)
        if "#" in line[match.end("name") : match.start("number")] and not is_step(name):
            role = known.role or role  # Train net output #0: accuracy
            continue
        if known.role and not known.kind and not known.stem:
            # A counter, `Test: [10/97]`; timm prints the epoch, `Train: 3 [  0/1251 (  0%)]`.
            before = match[0][: match.start("number") - match.start()].rstrip()
            if before.endswith("["):
                role = known.role
                continue
            if OF.match(line, match.end("number")) or (
                before.endswith("(") and EPOCHS.match(line, match.end("number"))
            ):
                role = known.role
                found.append((EPOCH, value))
                continue
        if (match["percent"] or match["of"]) and known.kind is None:
            unit = UNIT.match(line, match.end())
            if unit and meaning(unit[1]).kind == "accuracy":
                name = f"{name}_{unit[1]}"
                known = meaning(name)
        if match["percent"]:
            value = round(value / 100, 12)
        elif match["of"] and known.kind in ("accuracy", "error") and float(match["of"]) > 0:
            value /= float(match["of"])
        if role and known.role is None and not known.ignored:
            name = f"{role}/{name}"
        elif len(words) > 1 and known.role is not None:
            role = known.role  # train loss 0.5 acc 0.9
        found.append((name, value))
    if (last := NAMELESS.match(line, end)) and (kind := _only_kind(line)):
        value = float(last[1].rstrip(" %"))
        value = round(value / 100, 12) if last[1].endswith("%") else value
        found.append((f"{role}_{kind}" if role else kind, value))
    return found, _free_role(line[end:]) or role


def _one_by_one(match: re.Match[str]) -> str:
    """Names and numbers in pairs, where as many sets of examples, or kinds of curves, stand before
    as many numbers."""
    first, names, more, last, numbers = match.groups()
    names, numbers = re.split(r"\s*[/,]\s*", names or more), re.split(r"\s*[/,]\s*", numbers)
    said = [meaning(name) for name in names]
    if len(names) != len(numbers) or not (all(s.role for s in said) or all(s.kind for s in said)):
        return match[0]
    named = ["_".join(filter(None, (last and name, first, last or name))) for name in names]
    if first and all(s.role for s in said):
        named = [f"{name}_{first}" for name in names]
    return ", ".join(f"{name}: {x}" for name, x in zip(named, numbers, strict=True))


def _labelled(match: re.Match[str]) -> str:
    found = LABEL.findall(match[1])
    return "".join(f"_{value}" for value in found) if found else match[0]


def _only_kind(line: str) -> str | None:
    """The one word of a line that tells what is measured; None if there are none or several."""
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", line) if meaning(word).kind}
    return words.pop() if len(words) == 1 else None


def _free_role(text: str) -> str | None:
    roles = [role for word in re.findall(r"[^\W\d_]+", text) if (role := role_of(word))]
    return roles[-1] if roles else None


def _name(text: str) -> tuple[list[str], str | None]:
    """The words of a name from the first to the last that is known, and a set of examples that
    stands before a step: `Train Epoch`."""
    words = [word.strip("'./-") for word in text.split()]
    words = [word for word in words if word]
    known = [i for i, word in enumerate(words) if _is_known(word)]
    if not known:
        return words or ["_"], None
    first = meaning(words[known[0]])
    role = first.role
    if len(known) == 1 and role and not first.kind and known[0] < len(words) - 1:
        return words[-1:], role  # train phase 3
    words = words[known[0] : known[-1] + 1]
    if len(words) > 1 and is_step(words[-1]) and role:
        return words[-1:], role
    return words, None


def _is_known(word: str) -> bool:
    said = meaning(word)
    return said.role is not None or said.kind is not None or said.ignored


def _numbers(lines: list[str]) -> Iterator[Numbers]:
    """The steps and the other numbers of each line: the steps of the lines before where it names
    none, and the set of examples of the line before where it names neither."""
    steps: dict[str, float] = {}
    role: str | None = None
    section: str | None = None
    for i, line in enumerate(lines):
        if (alone := ALONE.match(line)) is not None:
            steps = steps | {ROUND_NAME: float(alone[1])}
            continue
        record = _json_pairs(line)
        named, now = ([], None) if record else _scan(line, None)
        found = dict(record or named)
        own = {name: value for name, value in found.items() if is_step(name)}
        if own and not now and section and len(own) < len(named):
            found, role = dict(_scan(line, section)[0]), section
        elif own or now or record:
            role = now
        elif role:
            found = dict(_scan(line, role)[0])
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
    found = [pair for pair in _scan(line[:start], None)[0] if is_step(pair[0])]
    for name, value in flat(record).items():
        try:
            found.append((name, float(value)))
        except (TypeError, ValueError):
            continue
    return found


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
    rows = _told_apart(lines, [row for row in numbers if row[2]])
    records = _merged(rows)
    counts = Counter(name for _, row in records for name in row)
    # In the order in which they are printed.
    often = {name for name, n in counts.most_common(MOST_COLUMNS) if n >= LEAST}
    names = [name for name in counts if name in often]
    curves = [name for name in names if not is_step(name)]
    known = any(_is_known(word) for name in curves for word in words_of(name))
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
