"""Families of networks that differ in strength and seed: trained once, compared over both."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper.book import Workspace
from latebloom_paper.book.statistic import Statistic, fraction

# One run per seed, by strength.
Family = dict[float, list[Run]]


def family(workspace: Workspace, sweep: Sweep) -> Family:
    """Return the runs of a sweep whose first axis are the strengths and whose second the seeds."""
    (betas,) = sweep.axes[0].values.values()
    return {float(beta): list(own) for beta, own in zip(betas, workspace.runs(sweep), strict=True)}


def first_seed(runs: Family) -> list[tuple[float, Run]]:
    """Return what a picture shows: one run per strength."""
    return [(beta, own[0]) for beta, own in runs.items()]


class Timed(NamedTuple):
    """A time of one run.

    - `strength`: where the run stands in an order: beta, alpha, or their product.
    - `step`: the time; None if it was not seen.
    - `last`: until when it would have been seen.
    """

    strength: float
    step: float | None
    last: float


def until_t2(strength: float, run: Run) -> Timed:
    """Return when the run generalized."""
    return Timed(strength, run.phases.t2.high, run.last_step)


def between(strength: float, run: Run) -> Timed | None:
    """Return how long after memorizing the run generalized, None if it did not memorize."""
    t1, t2 = run.phases.t1.high, run.phases.t2.high
    if t1 is None:
        return None
    return Timed(strength, None if t2 is None else t2 - t1, run.last_step - t1)


def weaker_later(times: Sequence[Timed]) -> list[bool]:
    """Return of each pair of different strengths whether the weaker one is strictly later.

    A time that was not seen is later than all until the end of its run. Pairs that this does not
    order are left out.

    >>> weaker_later([Timed(1e-4, 50, 99), Timed(1e-5, 90, 99), Timed(1e-6, None, 99)])
    [True, True, True]
    >>> weaker_later([Timed(1e-4, 50, 99), Timed(1e-5, None, 40)])
    []
    """
    found = []
    for i, one in enumerate(times):
        for other in times[i + 1 :]:
            weak, strong = sorted((one, other), key=lambda time: time.strength)
            if math.isclose(weak.strength, strong.strength, rel_tol=1e-9):
                continue
            if strong.step is not None and (weak.step is not None or weak.last >= strong.step):
                found.append(weak.step is None or weak.step > strong.step)
            elif strong.step is None and weak.step is not None and strong.last >= weak.step:
                found.append(False)
    return found


def pairs(
    cells: Sequence[tuple[float, Sequence[Run]]],
    time: Callable[[float, Run], Timed | None] = between,
) -> list[bool]:
    """Return `weaker_later` of all pairs of runs of one seed.

    **Arguments:**

    - `cells`: (strength, one run per seed).
    - `time`: what is compared; None leaves a run out.
    """
    found: list[bool] = []
    for own in zip(*([(strength, run) for run in runs] for strength, runs in cells), strict=True):
        times = [time(strength, run) for strength, run in own]
        found += weaker_later([seen for seen in times if seen is not None])
    return found


def products(runs: Mapping[float, Family]) -> list[tuple[float, list[Run]]]:
    """Return (alpha beta, runs) of families by learning rate."""
    return [(alpha * beta, own) for alpha, family in runs.items() for beta, own in family.items()]


def across(runs: Mapping[float, Family]) -> list[bool]:
    """Return for families by learning rate whether the smaller alpha has the longer delay, over
    pairs of one strength and seed."""
    betas = next(iter(runs.values()))
    return [
        hit
        for beta in betas
        for hit in pairs([(alpha, family[beta]) for alpha, family in runs.items()])
    ]


def present(evidence: Mapping[str, Statistic | None]) -> dict[str, Statistic]:
    """Return the evidence without what the runs do not give."""
    return {name: found for name, found in evidence.items() if found is not None}


def fraction_of(hits: Sequence[bool]) -> Statistic | None:
    """Return the fraction, None without any."""
    return fraction(hits) if hits else None


def strongest(runs: Family) -> list[Run]:
    """Return the runs with the strongest penalty, one per seed."""
    return runs[max(runs)]


def weakest(runs: Family) -> list[Run]:
    """Return the runs with the weakest penalty under which most generalized, one per seed.

    A run that ends before it generalizes says nothing of how late it would have been.
    """

    def missing(beta: float) -> int:
        return sum(run.phases.t2.high is None for run in runs[beta])

    return runs[min(runs, key=lambda beta: (missing(beta), beta))]


def lateness(runs: Sequence[Run]) -> list[float]:
    """Return t2/t1 of every run that memorized, infinite where it has not generalized."""
    return [
        math.inf if run.phases.t2.high is None else run.phases.t2.high / max(run.phases.t1.high, 1)
        for run in runs
        if run.phases.t1.high is not None
    ]


class After(NamedTuple):
    """What a norm does once the network has generalized.

    - `rise`: its value at the end over its least value since t2; 1 if it ends at its least.
    - `fall`: its largest value between t1 and that least one, over the least.
    - `low`: the step of the least value.
    - `accuracy`: the least test accuracy from there on.
    """

    rise: float
    fall: float
    low: int
    accuracy: float


def after_t2(run: Run, norm: str = "l2_norm") -> After | None:
    """Return what the norm does after t2, or None if the run did not generalize."""
    t1, t2 = run.phases.t1.high, run.phases.t2.high
    if t2 is None:
        return None
    steps = run.trajectory["step"].to_numpy()
    values = run.trajectory[norm].to_numpy()
    since = np.flatnonzero(steps >= t2)
    low = int(since[np.argmin(values[since])])
    least = values[low]
    start = int(np.searchsorted(steps, t2 if t1 is None else min(t1, t2)))
    error = run.trajectory["test_error"].to_numpy()[low:]
    return After(
        float(values[-1] / least),
        float(values[start : low + 1].max() / least),
        int(steps[low]),
        1 - float(np.max(error)),
    )
