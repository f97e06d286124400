"""Several runs side by side: their times, and which of them generalized sooner."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.passage import Passage

from .result import Diagnosis

HEADER = ("run", "verdict", "t1 (memorized)", "t2 (generalized)", "(t2 - t1)/t1")
# With more runs the pairs are no longer listed one by one.
LISTED = 6


@dataclass(frozen=True)
class Diagnoses(Mapping[str, Diagnosis]):
    """The diagnoses of several runs by name, in order; `found[0]` is that of the first.

    - `found`: the diagnoses.
    - `failed`: why other runs have none.
    """

    found: Mapping[str, Diagnosis]
    failed: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, key: str | int) -> Diagnosis:
        if isinstance(key, int) and -len(self.found) <= key < len(self.found):
            return list(self.found.values())[key]
        if key in self.failed:
            raise InvalidInput(f"{key} has no diagnosis: {self.failed[str(key)]}")
        if key not in self.found:
            raise KeyError(f"no run {key!r}{nearest(str(key), list(self.found))}")
        return self.found[str(key)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of each run."""
        return {name: str(one.verdict) for name, one in self.found.items()}

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The cells of a table with the header `HEADER`."""
        rows = []
        for name, one in self.found.items():
            times = (one.t1.words, one.t2.words)
            ratio = "unknown" if one.delay is None else one.delay.ratio_cell
            rows.append((name, str(one.verdict), *times, ratio))
        return rows + [(name, "no answer", "", "", "") for name in self.failed]

    @property
    def sentences(self) -> list[str]:
        """Which run generalized sooner, as far as the logs show it; why some have no answer."""
        said = [_order(self.found)] if len(self.found) > 1 else []
        return said + [f"{name}: {why}" for name, why in self.failed.items()]

    def __repr__(self) -> str:
        lines = [HEADER, *self.rows]
        widths = [max(len(row[i]) for row in lines) for i in range(len(HEADER))]
        text = [
            "  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in lines
        ]
        return "\n".join((f"Diagnoses of {len(lines) - 1} runs", *text, *self.sentences))

    def _repr_html_(self) -> str:
        cells = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in self.rows]
        head = "".join(f"<th>{escape(name)}</th>" for name in HEADER)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        said = "".join(f"<p>{escape(text)}</p>" for text in self.sentences)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{said}"

    def to_dict(self) -> dict[str, Any]:
        """All runs, JSON-ready."""
        runs = [{"run": name, **one.to_dict()} for name, one in self.found.items()]
        failed = [{"run": name, "error": why} for name, why in self.failed.items()]
        return {
            "runs": runs + failed,
            "sooner": _order(self.found) if len(self.found) > 1 else None,
        }


def diagnoses_of(runs: Mapping[str, Callable[[], Diagnosis]]) -> Diagnoses:
    """Return the diagnosis of each run, or why it has none.

    **Arguments:**

    - `runs`: what gives the diagnoses, by name.

    **Raises:** `InvalidInput` if no run has one: that of the first.
    """
    found, failed = {}, {}
    for name, run in runs.items():
        try:
            found[name] = run()
        except InvalidInput as error:
            failed[name] = str(error)
    if failed and not found:
        raise InvalidInput(next(iter(failed.values())))
    return Diagnoses(found, failed)


def _interval(one: Diagnosis) -> tuple[float, float]:
    """The step t2 lies in, in the unit of the log; infinite where it was not reached."""
    t2: Passage = one.phases.t2
    low = math.inf if t2.low is None else t2.low * one.unit
    return low, math.inf if t2.high is None else t2.high * one.unit


def _order(found: Mapping[str, Diagnosis]) -> str:
    """One sentence: the order of the runs by t2, where their intervals do not overlap."""
    rows = [name for name, one in found.items() if one.delay and one.delay.of_records]
    if 0 < len(rows) < len(found):
        many = "have" if len(rows) > 1 else "has"
        why = (
            f"{_listed(rows)} {many} no steps, and record numbers cannot be compared with the "
            "steps of the other runs"
        )
        return f"which generalizes first is not known: {why}"
    known = {name: _interval(one) for name, one in found.items()}
    reached = sorted(
        (n for n, (_, high) in known.items() if high < math.inf), key=known.__getitem__
    )
    if not reached:
        return "no run has generalized by the end of its log: which does sooner is not known"
    first = min(reached, key=lambda name: known[name][1])
    rest = [name for name in known if name != first]
    later = [name for name in rest if known[name][0] > known[first][1]]
    open_ = [name for name in rest if name not in later]
    near = [name for name in open_ if known[name][1] < math.inf]
    same = all(known[name] == known[first] for name in near)
    why = "their t2 lie between the same two records" if same else "their intervals of t2 overlap"
    why = why if near else "a log ends before that"
    if not later:
        return (
            f"which of {_listed([first, *(near or open_)])} generalizes first is not known: {why}"
        )
    shown = [n if known[n][1] < math.inf else f"{n} (not by the end of its log)" for n in later]
    text = f"{first} generalizes before {_listed(shown)}"
    return text + (f"; whether before {_listed(open_)} is not known: {why}" if open_ else "")


def _listed(names: list[str]) -> str:
    names = [*names[:LISTED], f"{len(names) - LISTED} more"] if len(names) > LISTED + 1 else names
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
