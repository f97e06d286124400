"""Coverage: t1 and t2 as predicted against every update computed, on instances as users have them.

The margins of the brackets were chosen on Gaussian designs at common step sizes, long before these
families were written; all families here are held out.
"""

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import latebloom as lb
from latebloom.theory.intervals import FirstPassages, first_passages
from latebloom.theory.lower_bound import least_t2

from .timing import Row
from .user_instances import DESIGNS, Stepped, completion, posed, sensing, vector_problem

# Every update is computed up to here; the delay that the paper predicts is at most a third of it.
STEPS, LONGEST = 30_000, 4.0
SHAPES = ((20, 12), (30, 15), (24, 26))  # n, N
MATRIX_SHAPES = ((5, 4), (6, 6))
SEED = 2026
VECTOR_METHODS = (lb.ProximalGradient, lb.Subgradient, lb.ProjectedSubgradient)


class Score(NamedTuple):
    """How many statements of one kind were made, and how many of them hold."""

    said: int = 0
    right: int = 0

    def plus(self, right: bool) -> "Score":
        """Return the score with one more."""
        return Score(self.said + 1, self.right + right)


class Case(NamedTuple):
    """What was predicted of a run, and the run."""

    family: str
    passages: FirstPassages
    least: int | None
    run: lb.Run


Batch = list[tuple[str, lb.Experiment]]  # names of families, and experiments of one shape


def experiments(method: type[Stepped], each: int, seed: int) -> Iterator[Batch]:
    """Yield `each` experiments of every family and shape, on vectors."""
    for n, N in SHAPES:
        batch = []
        for k, (name, design) in enumerate(DESIGNS.items()):
            for i in range(each):
                rng = np.random.default_rng([seed, k, n, i])
                e = posed(rng, vector_problem(rng, design, n, N), method, LONGEST)
                batch.append((name, e.with_(steps=STEPS)))
        yield batch


def matrix_experiments(method: type[Stepped], each: int, seed: int) -> Iterator[Batch]:
    """Yield `each` experiments of every family and shape, on matrices."""
    for n1, n2 in MATRIX_SHAPES:
        for names in (("completion",), tuple(DESIGNS)):
            batch = []
            for k, name in enumerate(names):
                for i in range(each):
                    rng = np.random.default_rng([seed, k, n1, i, len(names)])
                    own = name == "completion"
                    drawn = completion(rng, n1, n2) if own else sensing(rng, DESIGNS[name], n1, n2)
                    batch.append((name, posed(rng, drawn, method, LONGEST).with_(steps=STEPS)))
            yield batch


def cases(batches: Iterator[Batch]) -> Iterator[Case]:
    """Yield predictions and runs, every update of which is computed."""
    for batch in batches:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whatever is odd about them, t1 and t2 are predicted
            runs = lb.simulate_batch([e for _, e in batch])
            for (family, e), run in zip(batch, runs, strict=True):
                yield Case(family, first_passages(e), least_t2(e), run)


def judge(case: Case) -> Iterator[tuple[str, bool]]:
    """Yield each kind of statement that a prediction made of a run, and whether it holds."""
    phases = case.run.phases
    for name, said, seen in (
        ("t1", case.passages.t1, phases.t1.step),
        ("t2", case.passages.t2, phases.t2.step),
    ):
        assert said is not None
        assert said.low is not None
        if seen is not None:
            yield f"{name} is given", said.high is not None
        if said.high is None:
            yield f"{name}, not before", seen is None or seen >= said.low
        elif said.low <= STEPS:  # else the run ends before
            inside = said.low <= seen <= said.high if seen is not None else said.high > STEPS
            yield f"{name}, {said.kind}", inside
        elif seen is not None:
            yield f"{name}, {said.kind}", False
    if case.least is not None and phases.t2.step is not None:
        yield "t2, proved not before", case.least <= phases.t2.step


def scores(found: Iterator[Case]) -> tuple[dict[str, dict[str, Score]], list[float], list[str]]:
    """Return the scores by family and statement, the relative widths of the brackets of t2, and
    what was wrong."""
    table: dict[str, dict[str, Score]] = {}
    widths, wrong = [], []
    for case in found:
        row, said = table.setdefault(case.family, {}), case.passages
        for what, right in judge(case):
            row[what] = row.get(what, Score()).plus(right)
            if not right and not what.endswith("given"):
                seen = case.run.phases
                wrong.append(
                    f"{case.family}: {what}: t1 {said.t1}, t2 {said.t2}, at least {case.least}; "
                    f"run {seen.t1}, {seen.t2}; {case.run.experiment.method}"
                )
        if said.t2 is not None and said.t2.kind == "bracketed" and said.t2.high is not None:
            widths.append((said.t2.high - (said.t2.low or 0)) / said.t2.high)
    return table, widths, wrong


def measure(out: Path, per_shape: int = 2) -> list[Row]:
    """Return the coverage by method and statement."""
    rows, document = [], {}
    for batches, kind in ((experiments, "vectors"), (matrix_experiments, "matrices")):
        for method in VECTOR_METHODS:
            each = per_shape if kind == "vectors" else max(1, per_shape // 2)
            table, widths, wrong = scores(cases(batches(method, each, SEED)))
            title = f"{kind}, {method.__name__}"
            document[title] = {"families": table, "wrong": wrong}
            for what in sorted({what for row in table.values() for what in row}):
                counted = [row.get(what, Score()) for row in table.values()]
                said, right = (sum(s[i] for s in counted) for i in (0, 1))
                least = min((s.right / s.said, f) for f, r in table.items() if (s := r.get(what)))
                detail = f"{right} of {said}; least {least[0]:.0%}, {least[1]}"
                if what == "t2, bracketed":
                    detail += f"; median width {np.median(widths):.2%} of t2"
                share = 100 * right / said
                target = "" if what.endswith("given") else ">= 99 %"
                met = not target or share >= 99
                rows.append(Row(f"{title}: {what}", share, "%", target, bool(met), detail))
    (out / "predictions.json").write_text(json.dumps(document, indent=2) + "\n")
    return rows
