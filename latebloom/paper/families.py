"""Families of networks: run together, and compared over seeds and over strengths."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from latebloom.experiment import Experiment
from latebloom.progress import Progress
from latebloom.run import Run

from .reproduction import completed

K = TypeVar("K")
V = TypeVar("V")
# Step or None where it was not seen, one per seed, by strength.
Times = Mapping[float, Sequence[float | None]]


def run_groups(
    groups: Sequence[Sequence[Experiment]], progress: Progress, together: bool = True
) -> list[list[Run]]:
    """Return the runs of groups of experiments; those of a group have one shape.

    **Arguments:**

    - `groups`: the experiments.
    - `progress`: sees the steps done of all runs.
    - `together`: whether the runs of a group advance at once, as they do on an accelerator in any
      case. On a CPU it halves the time of networks so small that calls cost more than products,
      and larger ones gain nothing.

    **Raises:** `KeyboardInterrupt` after Ctrl-C: half a family compares with nothing.
    """
    import jax  # it takes a second to load

    from latebloom.simulate import simulate_batch

    together = together or jax.default_backend() != "cpu"
    total = sum(e.steps for group in groups for e in group)
    done = 0

    def train(batch: Sequence[Experiment]) -> list[Run]:
        nonlocal done

        def moved(step: int, last: int, note: str = "") -> None:
            progress(done + step * len(batch), total, note)

        runs = [completed(run) for run in simulate_batch(batch, progress=moved)]
        done += sum(e.steps for e in batch)
        progress(done, total)
        return runs

    batches = [[group] if together else [[e] for e in group] for group in groups]
    return [[run for batch in split for run in train(batch)] for split in batches]


def shared_out(keys: Sequence[K], runs: Sequence[V]) -> dict[K, list[V]]:
    """Return runs by key, equally many in a row for each.

    >>> shared_out(["weak", "strong"], [1, 2, 3, 4])
    {'weak': [1, 2], 'strong': [3, 4]}
    """
    count = len(runs) // len(keys)
    return {key: list(runs[i * count : (i + 1) * count]) for i, key in enumerate(keys)}


def over_seeds(values: Sequence[float | None]) -> tuple[float | None, str]:
    """Return the median over seeds and a sentence with the range; None counts as infinite.

    >>> over_seeds([300.0, None, 100.0])
    (300.0, 'median of 3 seeds, from 100 to 300; 1 not by the end')
    """
    seen = [v for v in values if v is not None]
    median = float(np.median([math.inf if v is None else v for v in values]))
    words = f"median of {len(values)} seeds" if len(values) > 1 else "1 seed"
    if len(seen) > 1:
        words += f", from {min(seen):.4g} to {max(seen):.4g}"
    missing = len(values) - len(seen)
    if missing:
        words += f"; {missing} not by the end"
    return (median if math.isfinite(median) else None), words


def inversions(times: Times) -> tuple[int, int]:
    """Return in how many pairs of one seed the stronger penalty came later, and of how many.

    A time that was not seen is later than one that was; pairs of two such say nothing.

    >>> inversions({1e-4: [50.0], 1e-5: [90.0], 1e-6: [70.0], 1e-7: [None]})
    (1, 6)
    """
    later = pairs = 0
    betas = sorted(times)
    for i, weak in enumerate(betas):
        for strong in betas[i + 1 :]:
            for slow, fast in zip(times[weak], times[strong], strict=True):
                if slow is None and fast is None:
                    continue
                pairs += 1
                later += (math.inf if fast is None else fast) > (math.inf if slow is None else slow)
    return later, pairs


class After(NamedTuple):
    """What a norm does once the network has generalized.

    - `rise`: its value at the end over its least value since t2; 1 if it ends at its least.
    - `low`: the step of the least value.
    - `accuracy`: the least test accuracy from there on.
    """

    rise: float
    low: int
    accuracy: float


def after_t2(run: Run, norm: str = "l2_norm") -> After | None:
    """Return what the norm does after t2, or None if the run did not generalize."""
    t2 = run.phases.t2.high
    if t2 is None:
        return None
    steps = run.trajectory["step"].to_numpy()
    since = steps >= t2
    values = run.trajectory[norm].to_numpy()[since]
    low = int(np.argmin(values))
    error = run.trajectory["test_error"].to_numpy()[since][low:]
    return After(float(values[-1] / values[low]), int(steps[since][low]), 1 - float(np.max(error)))
