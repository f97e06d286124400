"""The blog post's opening curve: addition mod 97 under weight decay."""

import math
from collections.abc import Sequence
from dataclasses import replace

from latebloom.experiment import Drawn, Every, Experiment
from latebloom.methods import Adam
from latebloom.models import TokenPair
from latebloom.penalties import L2, On
from latebloom.problems import ModularArithmetic
from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Reproduction
from latebloom_paper.book.statistic import Statistic, median
from latebloom_paper.book.workspace import Workspace

from .blog_curve import compare, distance, features
from .families import CURVES, SEEDED, lateness, present

# Twelve: the interval of a median needs six, and t2 scatters by a factor of two.
SEEDS, FEW = tuple(range(12)), (0, 1, 2)
# Half as long again as the published curve: by its end one seed in five has not generalized.
STEPS = 15_000
# Perfect on all examples, as the published markers are: no error of 5,646 test examples.
PERFECT = (1e-9, 1e-9)
SOURCE = "the post, what is grokking"
NEAREST = "settings nearest to the curve"
STATED = "settings as the post states them (published size only)"


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
        steps=11_000,  # the published curve ends at 10,000; four of five seeds are there by then
        thresholds=PERFECT,
        name=f"blog-fig1 seed={seed}",
    )


def stated(seed: int = 0) -> Experiment:
    """Return the setting as the post states it: one table, the Hadamard product, 1e-6."""
    base = blog_fig1(seed)
    assert isinstance(base.model, TokenPair)
    # beta ||theta||^2, our L2 having a factor 1/2.
    return base.with_(
        penalty=On(L2(2e-6), "all"),
        model=replace(base.model, tables=1, combine="hadamard"),
        name=f"blog-fig1 as stated seed={seed}",
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


def sweep(base: Experiment, seeds: Sequence[int]) -> Sweep:
    """Return the runs of an experiment with several seeds, one at a time."""
    zipped = [dict.fromkeys(SEEDED, seeds)]
    name = base.name.partition(" seed=")[0]
    return Sweep(base, zip=zipped, trajectories=CURVES, batch=1, name=name)


def evidence(runs: Sequence[Run], as_stated: Sequence[Run] = ()) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `runs`: of any size.
    - `as_stated`: of the published size, with the post's settings.
    """
    found: dict[str, Statistic | None] = {}
    late = lateness(runs)
    found["blog-fig1.late"] = median(late) if late else None
    falls = [fall for fall in map(_fall, runs) if fall is not None]
    found["blog-fig1.falls"] = median(falls) if falls else None
    if as_stated:
        seen = [features(run) for run in as_stated]
        for what in ("t1", "t2"):
            times = [own[what] for own in seen]
            found[f"blog-fig1.{what}"] = median([math.inf if t is None else t for t in times])
        norms = [run.trajectory["l2_norm"].values for run in as_stated]
        found["blog-fig1.rises"] = median([float(norm.max() / norm[0]) for norm in norms])
    return present(found)


def _fall(run: Run) -> float | None:
    """Return the largest norm up to t2 over that at t2, None without t2."""
    t2 = run.phases.t2.high
    if t2 is None:
        return None
    norm = run.trajectory["l2_norm"].values[run.trajectory["step"].values <= t2]
    return float(norm.max() / norm[-1])


def reproduce(workspace: Workspace, seeds: Sequence[int] | None = None) -> Reproduction:
    """Train with several seeds, compare with what is read off the picture, and draw the runs."""
    from latebloom_paper.pictures.published import plot_published

    seeds = workspace.of(FEW, SEEDS) if seeds is None else seeds
    base = small(seeds[0]) if workspace.quick else blog_fig1(seeds[0]).with_(steps=STEPS)
    name = f"addition mod {31 if workspace.quick else 97} under weight decay"
    runs = [
        replace(run, experiment=run.experiment.with_(name=f"{name}, seed {seed}"))
        for run, seed in zip(workspace.runs(sweep(base, seeds)), seeds, strict=True)
    ]
    settings = [base]
    if workspace.quick:
        found = evidence(runs)
        notes = [
            "quick: addition mod 31 with 50 times the stated strength and 5 times the learning "
            "rate; t1, t2 and the sevenfold rise are of the published size: --full decides them",
            "t1 and t2: first record, every 20th step, with at most 1% of errors",
        ]
    else:
        settings.append(stated(seeds[0]).with_(steps=STEPS))
        found = evidence(runs, list(workspace.runs(sweep(settings[-1], seeds))))
        far = ", ".join(f"{distance(features(run)):.2f}" for run in runs)
        notes = [
            f"mean |log(ours / published)| per seed: {far}",
            "t1 and t2: first record, every tenth step, without an error",
        ]
    return Reproduction(
        "blog-fig1",
        name.capitalize(),
        tuple(compare(runs, published=not workspace.quick)),
        plot_published(runs),
        (*notes, NOTE),
        evidence=found,
        settings=tuple(settings),
        seeds=f"{seeds[0]} to {seeds[-1]}, each of split and start; the picture shows all",
    )


NOTE = (
    "The post writes one shared table, biases, the Hadamard product and 1e-6 times the squared "
    "norm of all parameters; the public code has two tables, the product of 8 x 8 matrices, no "
    "biases and norms without the square. Neither gives the published curve. Of the conventions "
    "tried (latebloom run blog-fig1-search) two tables, their sum and biases come nearest, at "
    "twelve times the stated strength (at eight times with the first seed, but then four of five "
    "seeds come later than the curve ends); t1 is later than published."
)
