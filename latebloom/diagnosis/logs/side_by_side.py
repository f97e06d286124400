"""Several runs side by side: columns whose names differ by the run only.

`seed0/train_acc` and `seed1/train_acc`, as JSON with a key for each run gives them, or
`train_acc_seed0` and `train_acc_seed1`, as tables with a column for each.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from latebloom.core.errors import InvalidInput

from .log import Log
from .names import group, is_value, meaning

# The name by which --where and --by choose among them.
RUN = "run"
# More labels than this are no runs.
MOST_RUNS = 1000
# Labels that a message lists.
SHOWN = 6
# What separates the parts of a name: a path, a file and a column, a run and a curve of W&B.
PARTS = re.compile(r"/|:| - ")
# seed0, run_3, fold-1.
NUMBERED = re.compile(r"(?<![A-Za-z])([A-Za-z]+)[ _.=-]?(\d+)(?![A-Za-z0-9])")
LAST = re.compile(r"^(.*[A-Za-z)])[ _.-](\d+)$")

Named = tuple[str, str]  # the run, and the name of the column without it


def runs_of(log: Log) -> dict[str, dict[str, str]]:
    """Return the columns of each run, as new name -> name in the log; empty for a single run.

    Columns that belong to none, as one of steps that all share, belong to each.

    **Arguments:**

    - `log`: any log.

    >>> log = Log.of(
    ...     "x",
    ...     {"step": [0], "a/acc": [0.1], "a/val_acc": [0.1], "b/acc": [0.1], "b/val_acc": [0.2]},
    ... )
    >>> runs_of(log)["b"]
    {'step': 'step', 'acc': 'b/acc', 'val_acc': 'b/val_acc'}
    """
    return _split({name: name for name in log.names})


def _split(columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    for way in _ways(columns):
        named = {name: way(name) for name in columns}
        labels = dict.fromkeys(found[0] for found in named.values() if found is not None)
        rests = {
            label: [found[1] for found in named.values() if found and found[0] == label]
            for label in labels
        }
        full = [label for label, rest in rests.items() if whole(rest)]
        # Beside the name of a quantity stand those of others, however unknown.
        runs = [label for label in full if not _is_curve(label)]
        kinds = [frozenset(meaning(rest).kind for rest in rests[label]) for label in runs]
        if any(meaning(label).kind for label in full) or len({*kinds}) == len(kinds):
            continue
        if not 1 < len({*map(_told, runs)}) <= MOST_RUNS or not _many(way, runs):
            continue
        found: dict[str, dict[str, str]] = {}
        for run in runs:
            own = {}
            for name, known in columns.items():
                one = named[name]
                if one is None or one[0] not in runs:
                    own[name] = known
                elif one[0] == run:
                    own[one[1]] = known
            deeper = _split(own)
            found |= {f"{run}/{label}": inner for label, inner in deeper.items()} or {run: own}
        return found
    return {}


def _ways(columns: Iterable[str]) -> list[Callable[[str], Named | None]]:
    """The ways in which names may tell runs apart, the plainest first."""
    depth = max((len(PARTS.findall(name)) for name in columns), default=0)
    return [_by_word, *(_by_part(i) for i in range(min(depth + 1, 8)) if depth), _by_number]


def _by_word(name: str) -> Named | None:
    for match in NUMBERED.finditer(name):
        if group(match[1]) == RUN:
            rest = name[: match.start()].rstrip("/_ .:-") + name[match.end() :]
            return match[0], rest.strip("/_ .:-")
    return None


def _by_part(i: int) -> Callable[[str], Named | None]:
    def way(name: str) -> Named | None:
        marks = list(PARTS.finditer(name))
        if i > len(marks) or not marks:
            return None
        begin = marks[i - 1].end() if i else 0
        end = marks[i].start() if i < len(marks) else len(name)
        rest = name[marks[i].end() :] if i < len(marks) else ""
        before = name[: marks[i - 1].start()] if i else ""
        return name[begin:end], "/".join(filter(None, (before, rest)))

    return way


def _by_number(name: str) -> Named | None:
    match = LAST.match(name)
    return (match[2], match[1]) if match else None


def _many(way: Callable[[str], Named | None], runs: list[str]) -> bool:
    """Whether labels may be runs; numbers at the end of names only if they count on: the 1 and 5 of
    the first and the first five do not."""
    if way is not _by_number:
        return True
    count = sorted(map(int, runs))
    return count[0] in (0, 1) and count == list(range(count[0], count[0] + len(count)))


def _is_curve(label: str) -> bool:
    """Whether a label is that of a quantity or a set of examples, and not of a run."""
    said = meaning(label)
    if any(map(str.isdigit, label)):
        return said.kind is not None
    return bool(said.kind or said.ignored or is_value(label) or not said.stem)


def _told(label: str) -> tuple[str, ...]:
    """What tells a label from others: its words and numbers, but not those of averages."""
    return (*meaning(label).stem, *re.findall(r"\d+", label))


def whole(names: list[str]) -> bool:
    """Whether there is a curve for train and one for test among names."""
    said = [meaning(name) for name in names]
    test = any(one.role in ("test", "val") and not one.ignored for one in said)
    return test and any(
        one.role == "train" or (one.role is None and one.kind is not None)
        for one in said
        if not one.ignored
    )


def of_run(log: Log, label: str) -> Log:
    """Return the columns of one run, by their names without it.

    **Raises:** `InvalidInput` for a run that is not in the log.
    """
    runs = runs_of(log)
    label = label.strip()
    if label not in runs:
        raise InvalidInput(f"{log.source}: no run is called {label}; the runs are {listed(runs)}")
    return replace(
        log, columns={new: log.columns[old] for new, old in runs[label].items()}, _read={}
    )


def _option(label: str) -> str:
    where = f"{RUN}={label}"
    return f"--where '{where}'" if set(where) & set(" ()[]|&;'\"") else f"--where {where}"


def listed(runs: Iterable[str]) -> str:
    """Return the first names of many."""
    names = list(runs)
    more = f", ... ({len(names):,} runs)" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def refuse_runs(log: Log, chosen: Iterable[str | None]) -> Log:
    """Return the columns of the one run that holds the curves that are named, by their own names.

    **Arguments:**

    - `log`: any log; one of a single run is returned as it is.
    - `chosen`: columns that are named, None among them.

    **Raises:** `InvalidInput`, with the runs and how to choose, where that is not one run.
    """
    runs = runs_of(log)
    if not runs:
        return log
    names = {log.known(name) for name in chosen if name is not None}
    shared = set.intersection(*(set(columns.values()) for columns in runs.values()))
    names -= shared
    found = [columns for columns in runs.values() if names <= set(columns.values())]
    if names and len(found) == 1:
        keep = set(found[0].values())
        return replace(log, columns={n: c for n, c in log.columns.items() if n in keep}, _read={})
    raise InvalidInput(
        f"{log.source}: holds {len(runs)} runs ({listed(runs)}); add {_option(next(iter(runs)))} "
        f"for one of them, --by {RUN} for all, or name two columns with --train and --test"
    )
