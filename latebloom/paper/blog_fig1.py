"""The blog post's opening curve: addition mod 97 under weight decay."""

from collections.abc import Sequence

import numpy as np

from latebloom.experiment import Experiment
from latebloom.initialization import Drawn
from latebloom.methods import Adam
from latebloom.models import TokenPair
from latebloom.penalties import L2, On
from latebloom.problems import ModularArithmetic
from latebloom.progress import Progress
from latebloom.record import Every
from latebloom.run import Run

from .catalogue import READ_OFF, Preset, register
from .families import run_groups
from .reproduction import Comparison, Reproduction

SEEDS = (0, 1, 2, 3, 4)
# Perfect on all examples, as the published markers are: no error of 5,646 test examples.
PERFECT = (1e-9, 1e-9)
PUBLISHED = {
    "t1": 533.0,
    "t2": 9146.0,
    "l2 norm at step 0": 13.0,
    "largest l2 norm": 93.0,
    "step of the largest l2 norm": 2150.0,
    "l2 norm at step 6,000": 82.0,
    "l2 norm at t2": 58.0,
    "l2 norm at step 10,000": 50.0,
    "largest test loss": 41.0,
}


def blog_fig1(seed: int = 0) -> Experiment:
    """Return the setting nearest to the published curve; one seed for split and start."""
    return Experiment(
        ModularArithmetic(p=97, train_fraction=0.4, seed=seed),
        # beta ||theta||^2 on all parameters, our L2 having a factor 1/2: beta = 1.2e-5, twelve
        # times the stated strength, with which this model does not generalize by step 11,000. The
        # first seed comes nearer to the curve with 8e-6, but four of five have not generalized by
        # step 10,000 then.
        penalty=On(L2(2.4e-5), "all"),
        method=Adam(1e-3),
        model=TokenPair(width=64, tables=2, combine="sum", hidden=(64,), biases=True),
        init=Drawn(seed),
        steps=11_000,  # the published curve ends at 10,000; the slowest of five seeds needs 10,920
        thresholds=PERFECT,
        name=f"blog-fig1 seed={seed}",
    )


def small(seed: int = 0) -> Experiment:
    """Return the same on addition mod 31: alpha beta and the data fraction are larger."""
    return blog_fig1(seed).with_(
        problem=ModularArithmetic(p=31, train_fraction=0.6, seed=seed),
        penalty=On(L2(1e-4), "all"),
        method=Adam(5e-3),
        steps=5_000,
        thresholds=(0.01, 0.01),
        record=Every(20),
    )


def features(run: Run) -> dict[str, float | None]:
    """Return what is read off the published curve, from a run; None for what did not happen."""
    steps, norm = run.trajectory["step"].values, run.trajectory["l2_norm"].values
    t2 = run.phases.t2.high

    def at(step: int | None) -> float | None:
        if step is None or step > steps[-1]:
            return None
        return float(norm[np.searchsorted(steps, step)])

    top = int(norm.argmax())
    return {
        "t1": run.phases.t1.high,
        "t2": t2,
        "l2 norm at step 0": float(norm[0]),
        "largest l2 norm": float(norm[top]),
        "step of the largest l2 norm": float(steps[top]),
        "l2 norm at step 6,000": at(6_000),
        "l2 norm at t2": at(t2),
        "l2 norm at step 10,000": at(10_000),
        "largest test loss": float(run.trajectory["test_loss"].max()),
    }


def distance(found: dict[str, float | None]) -> float:
    """Return how far a run is from the published curve: the mean |log(ours/published)|.

    What did not happen counts as a factor of e.
    """
    logs = [
        1.0 if found[name] is None else min(1.0, abs(float(np.log(found[name] / value))))  # pyright: ignore
        for name, value in PUBLISHED.items()
    ]
    return float(np.mean(logs))


def compare(runs: Sequence[Run]) -> list[Comparison]:
    """Return the published values beside the medians over runs, with their ranges."""
    rows = []
    found = [features(run) for run in runs]
    for name, published in PUBLISHED.items():
        seen = [values[name] for values in found]
        known = [value for value in seen if value is not None]
        missing = len(seen) - len(known)
        median = None
        if missing * 2 < len(seen):  # what did not happen by the end is beyond every other value
            median = float(np.median([np.inf if v is None else v for v in seen]))
        span = f"{min(known):.4g} to {max(known):.4g}" if known else "never"
        why = f"median of {len(seen)} seeds, {span}"
        rows.append(Comparison(name, published, median, why + f", {missing} not" * bool(missing)))
    return rows


def reproduce(progress: Progress, seeds: Sequence[int] = SEEDS) -> Reproduction:
    """Train with several seeds, compare with what is read off the picture, and draw the runs."""
    from latebloom.plots.published import plot_published

    (runs,) = run_groups([[blog_fig1(seed) for seed in seeds]], progress, together=False)
    rows = compare(runs)
    far = [distance(features(run)) for run in runs]
    notes = (
        f"mean |log(ours / published)| per seed: {', '.join(f'{value:.2f}' for value in far)}",
        "t1 and t2: first record, every tenth step, without an error",
        NOTE,
    )
    title = "Addition mod 97 under weight decay"
    return Reproduction("blog-fig1", title, tuple(rows), plot_published(runs), notes)


NOTE = (
    "The post writes one shared table, biases, the Hadamard product and 1e-6 times the squared "
    "norm of all parameters; the public code has two tables, the product of 8 x 8 matrices, no "
    "biases and norms without the square. Neither gives the published curve. Of the conventions "
    "tried (latebloom run blog-fig1-search) two tables, their sum and biases come nearest, at "
    "twelve times the stated strength (at eight times with the first seed, but then four of five "
    "seeds come later than the curve ends); t1 is later than published."
)
register(
    Preset(
        "blog-fig1",
        "grokking of addition mod 97 under weight decay",
        blog_fig1,
        small=small,
        published=PUBLISHED,
        source=READ_OFF,
        note=NOTE,
        reproduce=reproduce,
    )
)
