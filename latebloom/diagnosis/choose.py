"""Which columns of a log are the training curve, the test curve and their steps."""

import itertools
import os
import shlex
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from latebloom.core.errors import InvalidInput

from .curves import MIN_RECORDS
from .logs.log import ROW, Log, Series
from .logs.names import Meaning, is_distance, is_value, kind_words, meaning, plain, words_of
from .logs.runs import refuse_several
from .logs.side_by_side import refuse_runs
from .steps import repeats, said_steps, steps_of, with_batches
from .superseded import restarts_of, without_superseded
from .units import TEST_LOSS, TRAIN_LOSS, plainly_accuracies

# Which kinds a pair may have, best first: an accuracy has natural thresholds.
PREFERRED = ("accuracy", "error", None, "loss")
# Where a log has both, the test curve is the one that was not used to choose anything.
ROLES = ("test", "val")


@dataclass(frozen=True)
class Choice:
    """The curves to diagnose.

    - `train`, `test`, `norm`: the columns; `norm` may be None.
    - `series`: their steps and values, by name.
    - `steps`: the columns of the steps of train and test.
    - `guessed`: whether the columns were chosen from their names.
    - `notes`: what was chosen and assumed.
    - `of_records`: whether the steps are only the numbers of the records.
    """

    train: str
    test: str
    norm: str | None
    series: dict[str, Series]
    steps: tuple[str | None, str | None]
    guessed: bool
    notes: tuple[str, ...]
    of_records: bool

    @property
    def options(self) -> str:
        """The options of the command that name these columns."""
        steps = [step for step in dict.fromkeys(self.steps) if step is not None]
        text = f"--train {_quoted(self.train)} --test {_quoted(self.test)}"
        return text + (f" --step {_quoted(','.join(steps))}" if steps else "")


def _quoted(name: str) -> str:
    if "'" in name and not set(name) & set('"$`\\'):
        return f'"{name}"'
    return shlex.quote(name)


def choose(
    log: Log,
    train: str | None = None,
    test: str | None = None,
    step: str | None = None,
    norm: str | None = None,
) -> Choice:
    """Return the curves that are named, or that the names of the columns show.

    **Arguments:**

    - `log`: from `read_log`.
    - `train`, `test`, `norm`: columns; None for the first two: guessed.
    - `step`: the column of the steps; two, separated by a comma, if train and test have their own;
      `row` counts the records; None: the first that is called like one, else the records.

    **Raises:** `InvalidInput` for columns that do not exist, that cannot be guessed, or that hold
    the records of several runs.

    >>> log = Log.of("x", {"step": [0, 9], "train_acc": [0.1, 1.0], "val_acc": [0.1, 0.1]})
    >>> choose(log).options
    '--train train_acc --test val_acc --step step'
    """
    notes = list(log.notes)
    guessed = train is None or test is None
    train, test = _split_columns(log, train, test, notes)
    if guessed:
        log = refuse_runs(log, (train, test))
        train, test = _guess(log, train, test)
    assert train is not None
    assert test is not None
    train, test = _of_role(log, train, ("train",)), _of_role(log, test, ROLES)
    if train == test:
        raise InvalidInput(
            f"{log.source}: train and test are both '{train}'; name two columns of "
            f"{', '.join(log.names)}"
        )
    third = None if norm is None else log.known(norm)
    names = (train, test) if third is None else (train, test, third)
    log = with_batches(log) if step is None else log
    steps = steps_of(log, step, names)
    series = {}
    later = {
        name: restarts_of(log, name, column) for name, column in zip(names, steps, strict=True)
    }
    for name, column in zip(names, steps, strict=True):
        series[name] = without_superseded(log, name, column, later, notes)
        refuse_several(log, name, column, series[name])
        notes += _said_gaps(log, name, column)
    if step is None and repeats(log, names, steps):
        notes.append(
            f"'{steps[0]}' is the same in many records, which are counted instead (--step "
            f"{steps[0]})"
        )
        steps = tuple(None for _ in steps)
        series = {name: log.series(name, None) for name in names}
    elif step is None:
        notes += said_steps(log, names[:2], steps[:2])
    if steps[:2] == (None, None):
        series |= _of_records(log, names[:2])
    pair = (steps[0], steps[1])
    rows = any(
        k in (None, ROW) and k not in log.columns and log.columns[n].steps is None
        for k, n in zip(pair, (train, test), strict=True)
    )
    choice = Choice(train, test, third, series, pair, guessed, tuple(notes), rows)
    if not guessed:
        return choice
    note = f"columns guessed from their names: {choice.options}; name others if that is wrong"
    return replace(choice, notes=(note, *notes))


def _of_records(log: Log, names: tuple[str, ...]) -> dict[str, Series]:
    """The curves over the numbers of the records of both: rows of train and of test that take
    turns are one record each."""
    columns = [log.columns[name] for name in names]
    if any(c.steps is not None for c in columns) or len({len(c.cells) for c in columns}) > 1:
        return {}
    logged = [log.numbers(name)[1] for name in names]
    if (logged[0] & logged[1]).any():
        return {}
    count, seen = np.full(len(logged[0]), -1), [True, True]
    at = -1
    for row in np.flatnonzero(logged[0] | logged[1]):
        now = [bool(one[row]) for one in logged]
        if any(a and b for a, b in zip(now, seen, strict=True)):
            at, seen = at + 1, [False, False]
        seen = [a or b for a, b in zip(now, seen, strict=True)]
        count[row] = at
    return {
        name: (count[one].astype(float), log.numbers(name)[0][one])
        for name, one in zip(names, logged, strict=True)
    }


def _said_gaps(log: Log, name: str, step: str | None) -> list[str]:
    """One sentence on a curve with fewer values than there are steps."""
    if log.columns[name].steps is not None:
        return []
    short = len(log.columns[name].cells)
    rows = [len(c.cells) for c in log.columns.values() if c.steps is None]
    own = None if step is None else log.columns.get(step)
    long = max(rows) if own is None else len(own.cells)
    if short == long:
        return []
    every = round(long / short)
    return [f"'{name}' has {short} values for {long} records: read as one of every {every}"]


def _split_columns(
    log: Log, train: str | None, test: str | None, notes: list[str]
) -> tuple[str | None, str | None]:
    """A column named for both, taken from the rows of train and of test, if a column says which."""
    if train is None or train != test:
        return train, test
    parts = [name for name in log.names if name.startswith(f"{log.known(train)}[")]
    first = [name for name in parts if meaning(name).role == "train"]
    second = [name for role in ROLES for name in parts if meaning(name).role == role]
    if not first or not second:
        return train, test
    notes.append(f"'{train}' is {first[0]} for train and {second[0]} for test")
    return first[0], second[0]


def _of_role(log: Log, name: str, roles: tuple[str, ...]) -> str:
    """The column that a name means, of several with this last part the one of the role."""
    ends = [n for n in log.names if plain(n.rpartition("/")[2]) == plain(name)]
    mine = [n for n in ends if meaning(n).role in roles]
    return mine[0] if name not in log.columns and len(mine) == 1 else log.known(name)


def _curves(log: Log) -> list[str]:
    """The columns that may be a curve to diagnose: not those of a single record, as sums at the end
    of a log, where there are others, and not those that mix train and test."""
    mixed = {name.partition("[")[0] for name in log.names if "[" in name}
    found = [
        n for n in log.names if n not in mixed and not meaning(n).ignored and log.is_numeric(n)
    ]
    long = [n for n in found if np.count_nonzero(log.numbers(n)[1]) >= MIN_RECORDS]
    return long or found


def _guess(log: Log, train: str | None, test: str | None) -> tuple[str, str]:
    """Return the best pair of columns; those that are given are kept."""
    curves = _curves(log)
    firsts = [log.known(train)] if train is not None else [n for n in curves if _is_train(n)]
    seconds = [log.known(test)] if test is not None else [n for n in curves if _is_test(n)]
    if train is None:
        # Where training curves are called so, `accuracy` alone is of the test, unless it has one.
        tested = {meaning(name).kind for name in seconds}
        trained = [n for n in firsts if meaning(n).role == "train" or meaning(n).kind in tested]
        firsts = trained if any(meaning(n).role == "train" for n in firsts) else firsts
    if train is None and test is None and bool(firsts) != bool(seconds):
        # The other curve of the same quantity, where there is but one, in whatever language.
        other = _other(firsts or seconds, curves)
        firsts, seconds = (firsts or other, seconds or other)
    if test is None:
        seconds = seconds + _beside(firsts, seconds, curves)
    pairs = [(a, b) for a in firsts for b in seconds if a != b]
    ranked = sorted(pairs, key=lambda pair: _rank(log, *pair))
    if ranked:
        _refuse_tie(log, ranked)
        return ranked[0]
    plain = _without_names(log, curves)
    if plain is not None and train is None and test is None:
        return plain
    for name in log.names:  # plainly meant, and no numbers: say where
        if not firsts and meaning(name).role == "train" and meaning(name).kind:
            log.numbers(name)
    perhaps = None
    if train is None and test is None and (found := _by_contrast(log, curves)) is not None:
        if found[2]:
            return found[:2]
        perhaps = found[:2]
    missing = "training" if not firsts else "test"
    raise InvalidInput(
        f"{log.source}: no column is plainly the {missing} curve; {_asked(log, perhaps)}"
    )


def _asked(log: Log, perhaps: tuple[str, str] | None) -> str:
    """What to give, and the command for two columns that may be meant."""
    text = f"diagnose needs --train and --test, columns of this log: {', '.join(log.names)}"
    if perhaps is None:
        return text
    options = f"--train {_quoted(perhaps[0])} --test {_quoted(perhaps[1])}"
    if all(meaning(name).kind == "loss" and not is_distance(name) for name in perhaps):
        options += f" --train-threshold {TRAIN_LOSS:.2g} --test-threshold {TEST_LOSS:.2g}"
    return text + proposal(log, options)


def proposal(log: Log, options: str) -> str:
    """Return the end of a sentence with a command that may be meant, if the log is one file.

    **Arguments:**

    - `log`: from `read_log`.
    - `options`: of the command.
    """
    places = [log.source] if os.path.exists(log.source) else log.source.split(", ")
    if not all(map(os.path.exists, places)):
        return ""
    return f"; perhaps: latebloom diagnose {' '.join(map(_quoted, places))} {options}"


def _by_contrast(log: Log, curves: list[str]) -> tuple[str, str, bool] | None:
    """Two curves of one quantity whose names differ in one word, in whatever language, and whether
    that word is a `v`; the higher accuracy is the training curve."""
    ranked = []
    values = {name: log.series(name, None)[1] for name in curves}
    # What counts on in whole numbers is a step in another language.
    curves = [n for n, v in values.items() if (v != np.round(v)).any() or (np.diff(v) <= 0).any()]
    for a, b in itertools.combinations(curves, 2):
        x, y = set(words_of(a)), set(words_of(b))
        kind, differ = meaning(a).kind, x ^ y
        alone = len(curves) == 2 and kind is None
        numbered = all(word.isdigit() for word in differ)  # validation_0, validation_1
        if kind != meaning(b).kind or (
            meaning(a).role == meaning(b).role is not None and not numbered
        ):
            continue
        if len(x - y) > 1 or len(y - x) > 1 or not (x & y or alone):
            continue
        v, w = values[a], values[b]
        if kind is None and not plainly_accuracies([max(v, w, key=np.nanmean)]):
            continue
        if sure := "v" in differ and differ <= {"v", "t"}:
            first = "v" not in x
        else:
            first = (np.nanmean(v) >= np.nanmean(w)) == (kind in (None, "accuracy"))
        pair = (a, b) if first else (b, a)
        ranked.append((PREFERRED.index(kind), not sure, len(x | y), len(ranked), pair))
    if not ranked:
        return None
    _, unsure, *_, pair = min(ranked)
    return (*pair, not unsure)


def _beside(firsts: list[str], seconds: list[str], curves: list[str]) -> list[str]:
    """The curves without a set beside one of train, where no other of their kind is of test:
    `train_accuracy` and `accuracy`, as fastai prints them."""
    taken = {meaning(name).kind for name in seconds} | {None}
    taken |= {"accuracy"} if "error" in taken else set()
    trained = [meaning(name) for name in firsts if meaning(name).role == "train"]
    known = [(s.kind, set(s.stem) - kind_words()) for s in trained if s.kind not in taken]
    bare = [(name, meaning(name)) for name in curves if meaning(name).role is None]
    return [
        name
        for name, said in bare
        if any(said.kind == kind and stem <= set(said.stem) for kind, stem in known)
    ]


def _other(found: list[str], curves: list[str]) -> list[str]:
    """The one curve beside those that are found that has the words of one of them, if it is one."""
    stems = [set(meaning(name).stem) - kind_words() for name in found]
    beside = [n for n in curves if n not in found and meaning(n).role is None]
    same = [n for n in beside if any(stem and stem <= set(meaning(n).stem) for stem in stems)]
    return same if len(same) == 1 else []


def _is_train(name: str) -> bool:
    said = meaning(name)
    return said.role == "train" or (said.role is None and said.kind is not None)


def _is_test(name: str) -> bool:
    return meaning(name).role in ROLES


def _rank(log: Log, train: str, test: str) -> tuple:
    """The smaller, the better a pair fits."""
    a, b = meaning(train), meaning(test)
    kinds = _place(a) + _place(b)
    return (
        a.kind != b.kind if "loss" not in (a.kind, b.kind) else False,
        kinds,
        is_distance(train) + is_distance(test),
        _stem(a) != _stem(b),
        a.rank + b.rank,
        a.role is None,
        ROLES.index(b.role) if b.role in ROLES else len(ROLES),
        len(a.stem) + len(b.stem),
        log.names.index(train),
        log.names.index(test),
    )


def _place(said: Meaning) -> int:
    """The place of a kind; a quantity that nobody knows is the last."""
    return len(PREFERRED) if said.kind is None and said.stem else PREFERRED.index(said.kind)


def _refuse_tie(log: Log, ranked: list[tuple[str, str]]) -> None:
    """Raise `InvalidInput` if another pair is of another quantity or run and fits as well.

    It does where the rank is the same, and where both pairs are curves of one kind with words
    beyond it that only they have: `acc_train_wd1` and `acc_train_wd0.1`.
    """
    best, first = ranked[0], _rank(log, *ranked[0])[:-2]
    stems, beyond = [_stem(meaning(name)) for name in best], _beyond(best)
    for other in ranked[1:]:
        rank, more = _rank(log, *other), _beyond(other)
        tie = rank[:-2] == first
        both = bool(beyond and more and beyond != more and rank[:2] == first[:2])
        if [_stem(meaning(name)) for name in other] == stems or not (tie or both):
            continue
        (a, b), (c, d) = best, other
        raise InvalidInput(
            f"{log.source}: '{a}' with '{b}' or '{c}' with '{d}'? {_asked(log, best)}"
        )


def _beyond(pair: tuple[str, str]) -> frozenset[str]:
    """The words of a pair beyond its kind and sets, if both curves have the same; else none."""
    first, second = (frozenset(meaning(name).stem) - kind_words() for name in pair)
    return first if first == second else frozenset()


def _stem(said: Meaning) -> tuple[str, ...]:
    return tuple(sorted(said.stem))


def _without_names(log: Log, curves: Iterable[str]) -> tuple[str, str] | None:
    """The two curves of a table without names, or of two files of one curve each."""
    bare = [n for n in curves if n.isdigit() or is_value(n.rpartition(":")[2])]
    if bare and bare[0].isdigit():
        k = log.numbers(bare[0])[0]
        whole = np.isfinite(k).all() and (k == np.round(k)).all()
        bare = bare[1:] if whole and np.count_nonzero(np.diff(k) > 0) > len(k) / 2 else bare
    return (bare[0], bare[1]) if len(bare) == 2 else None
