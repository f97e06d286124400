"""The search for the conventions behind the blog post's opening curve."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from latebloom.experiment import Experiment
from latebloom.methods import Adam
from latebloom.models import TokenPair
from latebloom.penalties import L2, Euclidean, Frobenius, On, Penalty
from latebloom.runs import Run
from latebloom.sweeps import Sweep
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.workspace import Workspace

from .blog_curve import PUBLISHED, distance, features
from .blog_fig1 import blog_fig1
from .families import CURVES

# h = ||theta||^2 has the gradient 2 beta theta, as L2(2 beta); weight decay beta the gradient
# beta theta, as L2(beta).
SQUARED, DECAY = On(L2(2e-6), "all"), On(L2(1e-6), "all")
PLAIN = Frobenius(1e-6)


def squared(times: float) -> Penalty:
    """Return the squared norm of all parameters at so many times the stated strength."""
    return On(L2(2e-6 * times), "all")


def variant(penalty: Penalty = SQUARED, batch: int | None = None, **model: Any) -> Experiment:
    """Return the preset with other conventions, the Hadamard product if no other is named."""
    base = blog_fig1()
    assert isinstance(base.model, TokenPair)
    assert isinstance(base.method, Adam)
    return base.with_(
        penalty=penalty,
        method=replace(base.method, batch=batch),
        model=replace(base.model, **{"combine": "hadamard", **model}),
        steps=11_000,
    )


def variants() -> dict[str, Experiment]:
    """Return the conventions tried, by name: tables, combination, biases, laws, batches, norms."""
    shipped = {"combine": "matrix_product", "biases": False, "batch": 2048}
    return {
        "two tables, Hadamard, biases, full batch, squared": variant(),
        "the same, weight decay": variant(DECAY),
        "one table": variant(tables=1),
        "one table, weight decay": variant(DECAY, tables=1),
        "one table by N(0, 1/97)": variant(tables=1, table_law="fan_in"),
        "one table by N(0, 1/97), weight decay": variant(DECAY, tables=1, table_law="fan_in"),
        "two tables by N(0, 1/97), weight decay": variant(DECAY, table_law="fan_in"),
        "no biases": variant(biases=False),
        "no biases, weight decay": variant(DECAY, biases=False),
        "one table, no biases": variant(tables=1, biases=False),
        "one table, no biases, weight decay": variant(DECAY, tables=1, biases=False),
        "all uniform, weight decay": variant(DECAY, law="uniform"),
        "all but tables N(0, 1/inputs), weight decay": variant(DECAY, law="fan_in"),
        "product of 8 x 8 matrices, weight decay": variant(DECAY, combine="matrix_product"),
        "concatenated, weight decay": variant(DECAY, combine="concat"),
        "sum, weight decay": variant(DECAY, combine="sum"),
        "sum, twice the strength": variant(squared(2), combine="sum"),
        "sum, 4 times": variant(squared(4), combine="sum"),
        "sum, 8 times": variant(squared(8), combine="sum"),
        "sum, 12 times: the preset": variant(squared(12), combine="sum"),
        "sum, 8 times, no biases": variant(squared(8), combine="sum", biases=False),
        "sum, 8 times, all but tables N(0, 1/inputs)": variant(
            squared(8), combine="sum", law="fan_in"
        ),
        "sum, 4 times, one table": variant(squared(4), combine="sum", tables=1),
        "concatenated, 8 times": variant(squared(8), combine="concat"),
        "batches of 2048, weight decay": variant(DECAY, batch=2048),
        "one table, batches of 512": variant(tables=1, batch=512),
        "norm of each matrix": variant(PLAIN),
        "norm of all weights": variant(Euclidean(1e-6)),
        "the public code: 8 x 8, no biases, 2048, norm of each": variant(PLAIN, **shipped),
        "the public code with the squared norm": variant(L2(2e-6), **shipped),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Train every variant once and say how far each is from the published curve."""
    from latebloom_paper.pictures.published import plot_published

    runs: list[Run] = []
    for name, experiment in variants().items():
        (run,) = workspace.runs(Sweep(experiment, trajectories=CURVES, name=name)).flat
        runs.append(replace(run, experiment=experiment.with_(name=name)))
    rows = [row for run in runs for row in table(run)]
    best = min(runs, key=lambda run: distance(features(run)))
    notes = (
        "distance: mean |log(ours / published)| over the nine features, at most 1 each",
        f"nearest: {best.experiment.name}",
        "one seed each; latebloom reproduce blog-fig1 trains the preset with five",
    )
    title = "Conventions tried for the blog post's curve"
    return Reproduction("blog-fig1-search", title, tuple(rows), plot_published([best]), notes)


def table(run: Run, shown: Sequence[str] = ("t1", "t2", "largest l2 norm")) -> list[Comparison]:
    """Return the rows of one variant."""
    found, name = features(run), run.experiment.name
    rows = [Comparison(f"{name}: {what}", PUBLISHED[what], found[what]) for what in shown]
    return [*rows, Comparison(f"{name}: distance", None, distance(found))]
