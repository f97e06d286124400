"""The names and numbers in a line that a program printed: `epoch 12 | train acc 97.1%`."""

import re

from .names import is_step, is_value, meaning, plain, role_of

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
BETWEEN = r"(?:(?<=['\"]),|[^\w\n.,;+-]|-(?=[\s>])){1,24}+"
# A name of up to three words, marks or spaces, a number: 97.1%, 9812/10000, [3].
PAIR = re.compile(
    rf"(?P<name>{WORD}(?:[ ]++{WORD}){{0,2}})[\"']?(?:[ ]?\((?P<set>[a-z][^()\d]{{0,60}}+)\))?"
    rf"{BETWEEN}(?P<number>{NUMBER})(?P<times>(?-i:[kKM])\b)?(?!\w|\.\d|:\d|,\d{{3}}|-\d|\s?%\|)"
    r"(?P<percent>\s?%)?(?:\s*+/\s*+(?P<of>\d{1,3}(?:,\d{3})++|\d++))?",
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
# The value in a batch and the mean so far, as many loops print them: Loss 2.33 (2.26).
METER = re.compile(rf"(?<![\w.])({NUMBER})\s?\(\s*+({NUMBER})\s*+\)", re.IGNORECASE)
# Labels of a metric, as Prometheus writes them: accuracy{set="train"} 0.5.
LABELS = re.compile(r"(?<=\w)\{([^{}]{1,200})\}")
LABEL = re.compile(r'\w++="([^"\d][^"]{0,60}+)"')
# xgboost and CatBoost begin a line with the number of the round: "[3]\t", "3:\t".
# clu does so after the place in the program that wrote the line.
ROUND = re.compile(r"^\s*+(?:[\[(]\s*+)?(\d++)(?:/\d++)?[\]):|,]?\s++(?=[A-Za-z'\"])")
# The place in a program that wrote a line, as absl and glog tell it.
PLACE = re.compile(
    r"^.{0,60}\b[\w/-]++\.(?:py|cpp|cc|cu|go|jl|rs|js|ts|java)(?:\(\d++\)|:\s*+\d++)[\]:]?\s*+"
)
# A step after these is no part of a curve's name: validation loss at iteration 1000.
AT = ("at", "after", "on", "in", "of")
ROUND_NAME, EPOCH = "iteration", "epoch"
# A counter of batches after a number; one of epochs.
OF, EPOCHS = re.compile(r" ++\[\s*+\d++/"), re.compile(r"/\d++\)")
# A number at the word for what it counts: 12epoch.
COUNTED = re.compile(r"(?<![\w.,-])(\d++)(epoch|step|iter)(?=[:\s])")
# A number that ends a sentence on something: Accuracy on the test set after epoch 3: 97.1 %
NAMELESS = re.compile(rf"\s*+:\s*+({NUMBER}\s?%?)\s*+$", re.IGNORECASE)
# What a percentage or a fraction is of: 97.1% correct.
UNIT = re.compile(r"\s*+(?:=\s*+[\d.]++\s?%)?\s*+\(?([A-Za-z]++)")


class Percent(float):
    """A number that stood before a percent sign, divided by 100."""


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
    return scan(line, None)[0]


def scan(line: str, role: str | None) -> tuple[list[tuple[str, float]], str | None]:
    """Return the names and numbers in a line, and the set of examples at its end: `role` before it.

    **Arguments:**

    - `line`: of a text.
    - `role`: the set that holds for names without one; or None.
    """
    found: list[tuple[str, float]] = []
    end = 0
    line = LISTS.sub(_one_by_one, LABELS.sub(_labelled, PLACE.sub("", line)))
    line = COUNTED.sub(r"\2: \1 ", line)
    if len(METER.findall(line)) > 1:  # a single one may be a deviation
        line = METER.sub(r"\2", line)
    first = ROUND.match(line)
    if first:
        found.append((ROUND_NAME, float(first[1])))
    kind = None
    inherited: list[int] = []
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
            value = Percent(round(value / 100, 12))
        elif match["of"] and known.kind in ("accuracy", "error"):
            value /= float(match["of"].replace(",", "")) or 1
        if known.kind and known.role and len(words) > 1 and not role_of(words[0]):
            kind = _only_kind(words[0])  # acc train 0.9 val 0.1
        if role and known.role is None and not known.ignored:
            inherited += [len(found)] if known.kind else []
            name = f"{role}/{name}"
        elif len(words) > 1 and known.role is not None:
            role = known.role  # train loss 0.5 acc 0.9
        found.append((name, value))
    # Val steps: 2 loss: 0.1 val_loss: 0.9, where the first loss is not of the validation set.
    named = {plain(name) for i, (name, _) in enumerate(found) if i not in inherited}
    for i in inherited:
        if plain(found[i][0]) in named:
            found[i] = (found[i][0].partition("/")[2], found[i][1])
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
    known = [i for i, word in enumerate(words) if is_known(word)]
    if not known:
        return words or ["_"], None
    first = meaning(words[known[0]])
    role = first.role
    if len(known) == 1 and role and not first.kind and known[0] < len(words) - 1:
        return words[-1:], role  # train phase 3
    words = words[known[0] : known[-1] + 1]
    if len(words) > 1 and is_step(words[-1]) and (role or words[-2].lower() in AT):
        return words[-1:], role
    return words, None


def is_known(word: str) -> bool:
    """Whether a word tells what a number is."""
    said = meaning(word)
    return said.role is not None or said.kind is not None or said.ignored
