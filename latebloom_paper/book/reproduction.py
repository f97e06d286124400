"""A figure regenerated: its picture, and every published value beside ours."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

import numpy as np

from latebloom.experiment import Experiment

from .statistic import Statistic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from latebloom.runs import Run

# Values read off a printed logarithmic axis are good to about a tenth.
READ_OFF_ACCURACY = 0.1


@dataclass(frozen=True)
class Comparison:
    """One published value and ours.

    **Fields:**

    - `quantity`: what it is.
    - `published`: the published value, None if there is none.
    - `ours`: our value, None (also for one that is not finite) if it does not exist, such as a t2
      that is never reached.
    - `why`: what our value is, in more words.
    - `because`: what explains a difference beyond the accuracy of a printed axis.
    - `draws`: where the published value is of one unseeded draw, the range of ours.
    """

    quantity: str
    published: float | None
    ours: float | None
    why: str = ""
    because: str = ""
    draws: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.ours is not None and not math.isfinite(self.ours):
            object.__setattr__(self, "ours", None)

    @property
    def difference(self) -> float | None:
        """Return ours / published - 1, or None where that has no meaning."""
        if self.ours is None or not self.published:
            return None
        return self.ours / self.published - 1

    @property
    def agrees(self) -> bool | None:
        """Return whether the values agree within the accuracy of a printed axis."""
        if self.published is None:
            return None
        if self.difference is None:
            return self.ours == self.published
        return abs(self.difference) <= READ_OFF_ACCURACY

    @property
    def drawn(self) -> bool:
        """Return whether the published value is in the range of our draws."""
        if self.draws is None or self.published is None:
            return False
        return self.draws[0] <= self.published <= self.draws[1]

    @property
    def reason(self) -> str:
        """What explains the difference, if there is one to explain."""
        return self.because if self.agrees is False else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the row, JSON-ready."""
        own = {"quantity": self.quantity, "published": self.published, "ours": self.ours}
        own = {**own, "difference": self.difference, "agrees": self.agrees, "drawn": self.drawn}
        return {**own, "why": self.why, "because": self.reason}


@dataclass(frozen=True, eq=False)
class Reproduction:
    """A regenerated figure, or another study.

    **Fields:**

    - `name`, `title`: what it is.
    - `rows`: the published values beside ours.
    - `figure`: the picture.
    - `notes`: sentences that a reader must know.
    - `evidence`: the statistics that decide the claims of the study, by the id of the claim; of a
      corrected claim also under its id and ` corrected`.
    - `settings`: the experiments it is made of, one for each kind.
    - `seeds`: in words.
    """

    name: str
    title: str
    rows: tuple[Comparison, ...]
    figure: "Figure"
    notes: tuple[str, ...] = ()
    evidence: Mapping[str, Statistic] = field(default_factory=dict)
    settings: tuple[Experiment, ...] = ()
    seeds: str = ""

    @property
    def verdict(self) -> str:
        """What the comparison came to, in words."""
        return compared(self.rows)


def compared(rows: Sequence[Comparison]) -> str:
    """Return what a comparison came to: which fraction agrees, and whether the rest is explained.

    >>> compared([Comparison("t2", 100.0, 103.0), Comparison("t1", 10.0, 30.0, because="noise")])
    'reproduced in part: 1 of 2 values within 10%, the others explained'
    >>> compared([one_draw("t2", 4.0, [1.0, 3.0, 9.0], "another draw")])
    'reproduced in part: 0 of 1 values within 10%, 1 in the range of our draws'
    """
    published = [row for row in rows if row.published is not None]
    if not published:
        return "no values were published"
    off = [row for row in published if not row.agrees]
    tolerance = f"within {READ_OFF_ACCURACY:.0%}"
    if not off:
        return f"reproduced: {len(published)} of {len(published)} values {tolerance}"
    inside = len(published) - len(off)
    left = [row for row in off if not row.drawn]
    silent = [row.quantity for row in left if not row.because]
    parts = [f"{inside} of {len(published)} values {tolerance}"]
    if len(left) < len(off):
        parts.append(f"{len(off) - len(left)} in the range of our draws")
    if left:
        parts.append(f"not explained: {', '.join(silent)}" if silent else "the others explained")
    head = "reproduced in part" if 2 * len(left) <= len(published) else "not reproduced"
    return f"{head}: {', '.join(parts)}"


def footnotes(reasons: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return reasons of which those that come again are marks, and what the marks stand for.

    >>> footnotes(["noise", "", "another truth", "noise"])
    (['see (a)', '', 'another truth', 'see (a)'], ['(a) noise'])
    """
    again = dict.fromkeys(r for r in reasons if r and reasons.count(r) > 1)  # in their order
    marks = {reason: f"({ascii_lowercase[k]})" for k, reason in enumerate(again)}
    shown = [f"see {marks[reason]}" if reason in marks else reason for reason in reasons]
    return shown, [f"{mark} {reason}" for reason, mark in marks.items()]


def one_draw(
    quantity: str, published: float, values: Sequence[float] | np.ndarray, because: str
) -> Comparison:
    """Return the published value of one random draw beside the median and the range of ours.

    **Arguments:**

    - `quantity`, `published`: what it is, and the published value.
    - `values`: ours, shape (draws,).
    - `because`: why one draw differs from another.

    >>> one_draw("t2", 4.0, [1.0, 3.0, 9.0], "another draw").why
    'median of 3, 1 to 9'
    """
    values = np.asarray(values, dtype=float)
    low, high = float(values.min()), float(values.max())
    why = f"median of {values.size}, {low:.3g} to {high:.3g}"
    if not low <= published <= high:  # no draw of ours explains it
        why, because = f"{why}; the published value is outside", ""
    return Comparison(quantity, published, float(np.median(values)), why, because, (low, high))


def over_seeds(values: Sequence[float | None], of: str = "seed") -> tuple[float | None, str]:
    """Return the median over seeds and a sentence with the range; None counts as infinite.

    **Arguments:**

    - `values`: one per seed, or of whatever else.
    - `of`: what one of them is.

    >>> over_seeds([300.0, None, 100.0])
    (300.0, 'median of 3 seeds, from 100 to 300; 1 not by the end')
    """
    seen = [v for v in values if v is not None]
    median = float(np.median([math.inf if v is None else v for v in values]))
    words = f"median of {len(values)} {of}s" if len(values) > 1 else f"1 {of}"
    if len(seen) > 1:
        words += f", from {min(seen):.4g} to {max(seen):.4g}"
    missing = len(values) - len(seen)
    if missing:
        words += f"; {missing} not by the end"
    return (median if math.isfinite(median) else None), words


def completed(run: "Run") -> "Run":
    """Return the run, or pass Ctrl-C on: half a figure compares with nothing."""
    if run.interrupted:
        raise KeyboardInterrupt
    return run


def median_between(run: "Run", name: str, low: float, high: float) -> float:
    """Return the median of an observable over the records with low <= step <= high.

    **Arguments:**

    - `run`, `name`: the run and the observable.
    - `low`, `high`: steps.
    """
    steps = run.trajectory["step"].values
    inside = (steps >= low) & (steps <= high)
    return float(np.median(run.trajectory[name].values[inside]))


def negative_norm(a: Sequence[float] | np.ndarray) -> float:
    """Return the norm of the negative entries."""
    return float(np.linalg.norm(np.minimum(np.asarray(a), 0.0)))
