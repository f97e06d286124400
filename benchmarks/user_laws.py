"""Laws, floors and lower bounds on instances as users have them: what of ours is violated."""

import json
import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

import latebloom as lb

from .predictions import VECTOR_METHODS
from .timing import Row
from .user_instances import DESIGNS, completion, posed, sensing, vector_problem

# Every update is computed up to here; the delay that the paper predicts is at most about as long.
STEPS, LONGEST = 4000, 3.5
VECTORS, MATRICES = 150, 40
SEED = 51337  # four laws were mended after a look at 31337


class Case(NamedTuple):
    """The laws of ours that a run violates, how many hold, and the floors that it goes below."""

    violated: tuple[str, ...]
    holds: int
    lower_bound: bool  # of t2: whether it was compared
    floors: int  # that are above 0
    below: int


def experiments(matrices: bool) -> Iterator[lb.Experiment]:
    """Yield experiments of all designs and methods."""
    for i in range(MATRICES if matrices else VECTORS):
        rng = np.random.default_rng([SEED + matrices, i])
        design = list(DESIGNS.values())[i % len(DESIGNS)]
        method = VECTOR_METHODS[i // len(DESIGNS) % len(VECTOR_METHODS)]
        if not matrices:
            problem = vector_problem(rng, design, 20, 12)
        else:
            problem = completion(rng, 5, 4) if i % 4 == 0 else sensing(rng, design, 5, 4)
        yield posed(rng, problem, method, LONGEST).with_(steps=STEPS)


def judged(experiment: lb.Experiment) -> Case:
    """Return what a run violates; the floors are compared with a run that begins at its limit."""
    [run] = lb.simulate_batch([experiment])
    report = lb.check(run)
    end, floors, least = lb.limit(experiment), [], {}
    if end is not None:
        [resting] = lb.simulate_batch([experiment.with_(init=np.asarray(end.a))])
        pairs = (("train", end.train_floor), ("test", end.test_floor))
        floors = [(which, floor) for which, floor in pairs if floor]
        least = {which: float(resting.trajectory[f"{which}_error"].min()) for which, _ in floors}
    return Case(
        tuple(found.law for found in report.failures),
        sum(str(found.verdict) == "holds" for found in report.covered),
        str(report["lower bound of t2"].verdict) == "holds",
        len(floors),
        sum(least[which] < floor * (1 - 1e-9) for which, floor in floors),
    )


def measure(out: Path) -> list[Row]:
    """Return how many statements are violated, on vectors and on matrices."""
    rows, document = [], {}
    for matrices, kind in ((False, "vectors"), (True, "matrices")):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # whatever is odd about them, the laws must hold
            found = [judged(experiment) for experiment in experiments(matrices)]
        wrong = Counter(law for case in found for law in case.violated)
        document[kind] = wrong
        below = sum(case.below for case in found)
        detail = (
            f"{len(found)} runs; {sum(case.holds for case in found)} findings hold, violated "
            f"{dict(wrong)}; lower bounds of t2 compared {sum(case.lower_bound for case in found)}"
        )
        count = wrong.total()
        rows.append(Row(f"{kind}: laws of ours violated", count, "", "0", count == 0, detail))
        detail = f"of {sum(case.floors for case in found)} floors above 0"
        rows.append(Row(f"{kind}: floors violated", below, "", "0", below == 0, detail))
    (out / "user_laws.json").write_text(json.dumps(document, indent=1) + "\n")
    return rows
