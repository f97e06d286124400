"""Lines that a program printed: `epoch 12 | train acc 97.1%`, `step=3, val_loss: 0.5`."""

import json
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np

from .log import Column, Log
from .names import Meaning, is_step, meaning, role_of, words_of
from .records import flat
from .source import Source

# All patterns take time in proportion to the line, however long: nothing is tried in two ways.
NUMBER = (
    r"[-+]?(?:\d{1,3}(?:[,_]\d{3})++(?:\.\d++)?|\d++(?:\.\d*+)?(?:e[-+]?\d++)?"
    r"|\.\d++(?:e[-+]?\d++)?|nan|inf)"
)
WORD = r"[^\W\d][\w@./'-]{0,200}+"
# 1.2k and 3M.
TIMES = {None: 1.0, "k": 1e3, "K": 1e3, "M": 1e6}
# A name of up to three words, a mark or a space, a number: 97.1%, 9812/10000, [3].
PAIR = re.compile(
    rf"(?P<name>{WORD}(?:[ ]++{WORD}){{0,2}})[\"']?(?:[ ]?\((?P<set>[a-z][^()\d]{{0,60}}+)\))?"
    rf"(?:\s*+[:=：]\s*+|\s++|(?=\[))[\"'\[(#]?\s*+"
    rf"(?P<number>{NUMBER})(?P<times>(?-i:[kKM])\b)?(?!\w|\.\d|:\d|,\d{{3}})(?P<percent>\s?%)?(?:\s*+/\s*+(?P<of>\d++))?",
    re.IGNORECASE,
)
# Two sets in one pair of values: Train / Test accuracy: 0.98 / 0.10.
SETS = r"\b([a-z]{1,40}+)\s*+/\s*+([a-z]{1,40}+)"
VALUES = rf"[:=]\s*+({NUMBER}\s?%?)\s*+/\s*+({NUMBER}\s?%?)"
BOTH = re.compile(rf"{SETS}\s++([a-z]{{1,40}}+)\s*+{VALUES}", re.IGNORECASE)
BOTH_AFTER = re.compile(rf"\b([a-z]{{1,40}}+)\s*+\({SETS}\)\s*+{VALUES}", re.IGNORECASE)
# A line of nothing but names and numbers, whatever the names are.
ONLY = re.compile(rf"^\s*+(?:{WORD}[:=]{NUMBER}[\s,;]*+)++$", re.IGNORECASE)
# xgboost and CatBoost begin a line with the number of the round: "[3]\t", "3:\t".
# clu does so after the place in the program that wrote the line.
ROUND = re.compile(r"^\s*(?:\[(\d+)\]|(\d+):)\s+(?=[A-Za-z])")
# A number above what was measured then, as YAML writes a mapping by step.
ALONE = re.compile(r"^[\"']?(\d+)[\"']?:\s*$")
# The place in a program that wrote a line, as absl and glog tell it.
PLACE = re.compile(r"^.{0,60}\b[\w-]++\.(?:py|cpp|cc|cu|go|jl):\d++\]\s*+")
# A line of a box: | name | 0.5 |.
BOX = re.compile(
    r"^\s*+\|\s*+([A-Za-z][\w./@-]*+(?:[ ]++[\w./@-]++)*+)\s*+\|\s*+([-+.\w]*+)\s*+\|\s*+$"
)
ROUND_NAME, EPOCH = "iteration", "epoch"
# A counter of batches after a number; one of epochs.
OF, EPOCHS = re.compile(r" ++\[\s*+\d++/"), re.compile(r"/\d++\)")
# What a percentage or a fraction is of: 97.1% correct.
UNIT = re.compile(r"\s*+(?:=\s*+[\d.]++\s?%)?\s*+\(?([A-Za-z]++)")
# A name that stands in fewer lines is a setting, not a curve.
LEAST = 2
# Names that are printed more often come first; more would be no log.
MOST_COLUMNS = 200


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
    line = BOTH.sub(r"\1_\3: \4, \2_\3: \5", PLACE.sub("", line))
    line = BOTH_AFTER.sub(r"\2_\1: \4, \3_\1: \5", line)
    first = ROUND.match(line)
    if first:
        found.append((ROUND_NAME, float(first[1] or first[2])))
    for match in PAIR.finditer(line):
        role = _free_role(line[end : match.start()]) or role
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
    return found, _free_role(line[end:]) or role


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
        return words[-1:] or ["_"], None
    words = words[known[0] : known[-1] + 1]
    if len(words) > 1 and is_step(words[-1]) and role_of(words[0]):
        return words[-1:], role_of(words[0])
    return words, None


def _is_known(word: str) -> bool:
    said = meaning(word)
    return said.role is not None or said.kind is not None or said.ignored


def _measures(said: Meaning) -> bool:
    """Whether a name is plainly that of a measurement."""
    return bool(said.kind or said.ignored or (said.role and not said.stem))


def _records(lines: list[str]) -> Iterator[tuple[int, dict[str, float]]]:
    """The numbers of each line, with the steps of the lines before where it names none, and the set
    of examples of the line before where it names neither."""
    steps: dict[str, float] = {}
    role: str | None = None
    section: str | None = None
    for i, line in enumerate(lines):
        if (alone := ALONE.match(line)) is not None:
            steps[ROUND_NAME] = float(alone[1])
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
        steps |= own
        if len(own) < len(found):
            yield i, steps | found


def in_boxes(lines: list[str]) -> bool:
    """Whether most lines are those of boxes."""
    first = [line for line in lines[:MOST_COLUMNS] if any(map(str.isalnum, line))]
    return sum(BOX.match(line) is not None for line in first) > 0.5 * len(first)


def _boxes(lines: list[str]) -> list[str]:
    """The lines with those of each box as one: OpenAI's baselines print a name and a number in
    each, below the name of their group."""
    found: list[str] = []
    group, inside = "", False
    for line in lines:
        match = BOX.match(line)
        if match is None:
            found.append(line)
            group, inside = "", False
        elif not match[2]:
            group = match[1].rstrip("/") + "/"
        else:
            grouped = group and line.split("|")[1].startswith("   ")
            text = f"{group if grouped else ''}{match[1].replace(' ', '_')}={match[2]}"
            found[-1:] = [f"{found[-1]} {text}"] if inside else [*found[-1:], text]
            inside = True
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


def read_printed(source: Source, lines: list[str]) -> Log | None:
    """Return the curves in the lines that a program printed, or None if there are none.

    **Arguments:**

    - `source`: for messages.
    - `lines`: of the text.
    """
    rows = list(_records(_boxes(lines)))
    counts = Counter(name for _, row in rows for name in row)
    # In the order in which they are printed.
    often = {name for name, n in counts.most_common(MOST_COLUMNS) if n >= LEAST}
    names = [name for name in counts if name in often]
    curves = [name for name in names if not is_step(name)]
    known = any(_is_known(word) for name in curves for word in words_of(name))
    if not curves or not (known or all(ONLY.match(line) for line in lines if line.strip())):
        return None
    # The numbers of the rows are the steps where there are no others: only measurements count.
    said = [name for name in curves if _measures(meaning(name))] or curves
    kept = [(i, row) for i, row in rows if any(name in row for name in said)]
    columns = {
        name: Column(np.array([row.get(name, np.nan) for _, row in kept]), True)
        if not any(row.get(name) != row.get(name) for _, row in kept)
        else Column(np.array([row.get(name) for _, row in kept], dtype=object))
        for name in names
    }
    note = f"{source.short} holds printed lines; found in them: {', '.join(names)}"
    return Log(source.name, columns, (*source.notes, note), [i + 1 for i, _ in kept])
