"""What the name of a column says: steps, train or test, accuracy or loss, a run or a split."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

# The names of a program that trains are data.
TABLE = Path(__file__).with_name("names.toml")
# An evaluation on the training set is of the training set: eval_train_accuracy.
WEAK = (" eval ", " evaluation ", " evaluate ")
# Every line of a printed log has the same names: what they say is worked out once. The bound is for
# logs whose names differ from line to line.
remembered = lru_cache(maxsize=1024)


# Letters that Unicode does not take apart.
LETTERS = str.maketrans({"æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss"})


@cache
def known() -> dict[str, Any]:
    """Return the table of names."""
    return tomllib.loads(folded(TABLE.read_text(encoding="utf-8")))


def folded(text: str) -> str:
    """Return a text without accents and signs: `précision` is `precision`."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text.translate(LETTERS))
    return "".join(letter for letter in parts if unicodedata.category(letter)[0] != "M")


def plain(name: str) -> str:
    """Return a name in one form, whatever its case and separators: `Train Acc` is `train_acc`."""
    return re.sub(r"[\W_]+", "_", folded(name).lower()).strip("_")


def words_of(name: str) -> list[str]:
    """Return the words of a name, in lower case, in the singular, `train_acc` as two.

    >>> words_of("val/Acc@1"), words_of("evalLosses"), words_of("trainacc")
    (['val', 'acc1'], ['eval', 'loss'], ['train', 'acc'])
    """
    # acc@1, acc_1 and top-1 are acc1 and top1; the number of another word is a word.
    joined = re.sub(r"(?<=[A-Za-z])[@_-]([15])(?![0-9])", r"\1", folded(name))
    found: list[str] = []
    for token in re.findall(r"[A-Za-z]+[0-9]*|[^\W\d_A-Za-z]+|[0-9]+", joined):
        camel = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", token).lower()
        whole = token.lower() in _vocabulary()  # mIoU
        for word in [token.lower()] if whole else camel.split():
            found += _parts(word)
    return found


@remembered
def _parts(word: str) -> tuple[str, ...]:
    vocabulary = _vocabulary()
    if word in known()["short"]:
        return tuple(known()["short"][word].split())
    for candidate in (word, word.rstrip("0123456789"), *map(word.removesuffix, ("s", "es"))):
        if candidate in vocabulary:
            return (candidate,)
    if word.endswith("time"):  # elapsedtime, walltime
        return ("time",)
    for role in _role_words():  # trainacc, testloss, and both in other order
        before, after = word.removesuffix(role), word.removeprefix(role)
        for end in (after, after.removeprefix("s")):  # and compounds: træningsnøjagtighed
            if end not in ("", word) and (rest := _parts(end))[0] in kind_words():
                return (role, *rest)
        if before != word and before in kind_words():
            return (before, role)
    return (word,)


@cache
def _vocabulary() -> frozenset[str]:
    table = known()
    lists = [table["steps"], table["epochs"], *table["roles"].values(), *table["groups"].values()]
    lists += table["kinds"].values()
    lists += table["ignored"].values()
    return frozenset(word for names in lists for name in names for word in name.split())


@cache
def _role_words() -> tuple[str, ...]:
    every = [word for words in known()["roles"].values() for word in words]
    return tuple(sorted((w for w in every if len(w) > 2 or not w.isascii()), key=len, reverse=True))


@cache
def kind_words() -> frozenset[str]:
    """Return the words that stand for a kind of curve."""
    return frozenset(word for words in known()["kinds"].values() for word in words)


@dataclass(frozen=True)
class Meaning:
    """What the name of a column says.

    - `role`: `train`, `test`, `val`, or None.
    - `kind`: `accuracy`, `error`, `loss`, or None; `rank` is smaller for the usual names.
    - `stem`: the other words: two curves of one quantity share them.
    - `ignored`: whether it is something else than a curve to diagnose, as a learning rate.
    - `clock`: whether it is a time or a state of the machine.
    """

    role: str | None
    kind: str | None
    rank: int
    stem: tuple[str, ...]
    ignored: bool
    clock: bool


@cache
def meaning(name: str) -> Meaning:
    """Return what the name of a column says.

    >>> meaning("val/acc_epoch").role, meaning("val/acc_epoch").kind
    ('val', 'accuracy')
    """
    table = known()
    words = words_of(re.sub(r" \(column \d+\)$", "", name))
    joined = f" {' '.join(words)} "
    roles = [
        (joined.index(f" {w} "), role)
        for role, ws in table["roles"].items()
        for w in ws
        if f" {w} " in joined
    ]
    named = [role for role in roles if not joined.startswith(WEAK, role[0])] or roles
    kinds, rank = _kinds(words, joined)
    role_words = {w for ws in table["roles"].values() for w in ws}
    skip = role_words | set(table["ignored"]["averages"])
    clock = bool(set(words) & set(table["ignored"]["clocks"]))
    return Meaning(
        role=min(named)[1] if named else None,
        kind=kinds.pop() if len(kinds) == 1 else None,
        rank=rank,
        stem=tuple(word for word in words if word not in skip),
        ignored=clock
        or any(f" {w} " in joined for w in table["ignored"]["others"])
        or is_step(name),
        clock=clock,
    )


def _kinds(words: list[str], joined: str) -> tuple[set[str], int]:
    """The kinds that words stand for, and how unusual the least usual of the names is."""
    table = known()["kinds"]
    if set(words) & set(table["loss_first"]):
        return {"loss"}, 0
    places = {
        kind: found
        for kind, names in table.items()
        if (found := [i for i, name in enumerate(names) if f" {name} " in joined])
    }
    rank = max((max(found) for found in places.values()), default=0)
    # The first five of "err top5" are of errors.
    firsts = [table["accuracy"].index(name) for name in ("top1", "top5")]
    if len(places) > 1 and set(places.get("accuracy", ())) <= set(firsts):
        places.pop("accuracy", None)
    return set(places), rank


def is_rate(name: str) -> bool:
    """Whether the name of an error plainly means the share of wrong examples.

    >>> is_rate("test_top1_err"), is_rate("error")
    (True, False)
    """
    return not set(words_of(name)).isdisjoint(known()["rates"])


def is_distance(name: str) -> bool:
    """Whether the name of a loss plainly means something else than a cross-entropy in nats.

    >>> is_distance("val_mse"), is_distance("val_loss")
    (True, False)
    """
    return not set(words_of(name)).isdisjoint(known()["distances"])


def guess_kind(name: str) -> str | None:
    """Return the kind that the words of a column's name stand for, or None.

    >>> guess_kind("val/acc_epoch"), guess_kind("evalLoss"), guess_kind("column 3")
    ('accuracy', 'loss', None)
    """
    return meaning(name).kind


@remembered
def step_rank(name: str) -> int | None:
    """Return the place of a name among those of steps, 0 the best; None if it is none of them."""
    steps = [*known()["steps"], *known()["epochs"]]
    words, last = words_of(name), words_of(re.split(r"[/.]", name)[-1])
    for form in (words, [w for w in words if w not in _role_words()], last):
        if " ".join(form) in steps:
            return steps.index(" ".join(form)) + len(steps) * (form != words)
    return None


def is_epoch(name: str) -> bool:
    """Whether a name is one of those of the number of epochs."""
    return " ".join(words_of(name.rpartition("/")[2])) in known()["epochs"]


def is_step(name: str) -> bool:
    """Whether a name is one of those of steps."""
    return step_rank(name) is not None


def group(name: str) -> str | None:
    """Return what a column of words tells apart: `run`, `split` or `tag`; None for others.

    >>> group("seed"), group("Split"), group("metricName")
    ('run', 'split', 'tag')
    """
    words = " ".join(words_of(name))
    for what in ("split", "tag", "run"):
        if words in known()["groups"][what]:
            return what
    return None


def is_value(name: str) -> bool:
    """Whether a name is that of the numbers in a table with one row per curve and step."""
    return " ".join(words_of(name)) in known()["groups"]["value"]


def role_of(word: str) -> str | None:
    """Return `train`, `test` or `val` for a word that names a set of examples.

    >>> role_of("validation"), role_of("Train"), role_of("both")
    ('val', 'train', None)
    """
    return meaning(word).role
