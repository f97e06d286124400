"""Brackets of t2 along the flow of networks: do they hold it, and how wide are they."""

import json
import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

import latebloom as lb

from .flow_problems import LEAST_STEPS, Draw, Reference, drawn, references
from .timing import Row

# Margins are chosen on the problems of one seed and reported on those of the other.
CALIBRATION, REPORT = 19, 29
PROBLEMS = {CALIBRATION: 300, REPORT: 150}
# Words of a note that tell why there is no bracket.
CAUSES = {
    "the updates leave the flow (edge of stability)": "edge of stability",
    "kinks: more gradients than steps": "more gradients than steps",
    "two integrations disagree": "two integrations disagree",
    "the error changes slowly": "the error changes slowly",
    "one example decides": "one example more or less decides",
    "momentum": "the momentum has a memory",
    "passed at the end": "not clearly before the end",
}


class Case(NamedTuple):
    """What the engine says of a problem.

    - `reference`: the problem, stepped.
    - `low`, `high`: the bracket, `high` is None if there is none.
    - `notes`: of the run.
    - `gradients`, `seconds`: what it took, in CPU time.
    """

    reference: Reference
    low: int | None
    high: int | None
    notes: tuple[str, ...]
    gradients: int
    seconds: float

    @property
    def inside(self) -> bool:
        """Whether the bracket holds the step."""
        step = math.ceil(self.reference.t2)
        return self.high is not None and (self.low or 0) <= step <= self.high

    @property
    def width(self) -> float:
        """The width as a part of t2."""
        return ((self.high or 0) - (self.low or 0)) / self.reference.t2

    @property
    def off(self) -> float:
        """How far the middle is off, as a part of t2."""
        return abs(0.5 * ((self.high or 0) + (self.low or 0)) / self.reference.t2 - 1)

    @property
    def cause(self) -> str:
        """Why there is no bracket."""
        text = " ".join(self.notes)
        return next((cause for cause, words in CAUSES.items() if words in text), "other")


def case(reference: Reference, draw: Draw) -> Case:
    """Return what the engine says of a problem."""
    began = time.process_time()
    run = lb.simulate(reference.experiment(draw), engine="slow")
    t2, words = run.phases.t2, run.notes[0].split(" with ")[-1].split(" gradients")[0]
    gradients = int(words.replace(",", "")) if words[:1].isdigit() else 0
    spent = time.process_time() - began
    return Case(reference, t2.low, t2.high, run.notes, gradients, spent)


def coverage(what: str, found: list[Case]) -> list[Row]:
    """Return how many brackets hold the step, their width, and what is undecided."""
    known = [c for c in found if c.high is not None]
    if not known:
        return [Row(f"{what}: brackets", 0, "", "", True, f"of {len(found)}, all undecided")]
    share = float(100 * np.mean([c.inside for c in known]))
    width = float(100 * np.median([c.width for c in known]))
    off = [c.off for c in known]
    detail = f"of {len(known)}; middle off by {np.median(off):.3%} (median), {max(off):.2%} (most)"
    open_ = [c for c in found if c.high is None]
    causes = ", ".join(
        f"{cause}: {sum(c.cause == cause for c in open_)}" for cause in {c.cause for c in open_}
    )
    part = 100 * len(open_) / len(found)
    return [
        Row(f"{what}: brackets with t2 inside", share, "%", ">= 95", share >= 95, detail),
        Row(f"{what}: median width of a bracket", width, "% of t2", "<= 1", width <= 1, ""),
        Row(f"{what}: undecided", part, "%", "", True, f"of {len(found)}; {causes}"),
    ]


def measure(
    out: Path,
    seed: int = REPORT,
    name: str = "flow",
    draw: Draw = drawn,
    count: int | None = None,
    least: int = LEAST_STEPS,
) -> list[Row]:
    """Return coverage and width over random problems; what is kept in `out` is not done again."""
    kept = out / f"{name}-brackets-{seed}.jsonl"
    kept.touch()
    lines = [json.loads(line) for line in kept.read_text().splitlines()]
    found = [
        Case(Reference.of(one), low, high, tuple(notes), gradients, seconds)
        for one, low, high, notes, gradients, seconds in lines
    ]
    done = {c.reference.i for c in found}
    problems = out / f"{name}-problems-{seed}.jsonl"
    for reference in references(problems, seed, count or PROBLEMS[seed], draw, least):
        if reference.i not in done:
            found.append(case(reference, draw))
            with kept.open("a") as file:
                file.write(json.dumps([reference._asdict(), *found[-1][1:]]) + "\n")
    rows = coverage("all", found)
    for kind in sorted({c.reference.kind for c in found}):
        rows += coverage(kind, [c for c in found if c.reference.kind == kind])[:1]
    return rows
