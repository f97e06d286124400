"""What the penalty does alone: steps along its subgradient where the data do not pull."""

import math
from itertools import pairwise
from typing import Any

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, largest_beta, regularized

from .common import records
from .law import Assumption, Law, Measurement, Promise, register

LONGEST = 20_000  # updates followed at most
OVERWHELMING = 10.0  # how the statement's "much larger" is read


def _sign(experiment: Experiment) -> Facts | str:
    found = regularized(experiment)
    if isinstance(found, str):
        return found
    if found.h != "l1" or not found.explicit:
        return "it is about the subgradient method with L1 on vectors"
    return found


def _unseen(f: Facts) -> Any:
    """Return which coordinates no measurement sees."""
    return np.logical_not(f.experiment.vector_data.X.any(axis=0))


def _some_unseen(f: Facts) -> list[Assumption]:
    count = int(_unseen(f).sum())
    return [Assumption.of("zero columns of X", count > 0, count, ">= 1: coordinates with G = 0")]


def _box(f: Facts) -> Promise:
    return Promise("largest |a_i| afterwards / (alpha beta)", high=1.0, tolerance=1e-9)


def _trapped(run: Run, f: Facts) -> Measurement | str:
    unseen, step = _unseen(f), f.alpha * f.beta
    # From floor(|a_i|/step) + 1 on; when the ratio is an integer this is one step late, not early.
    wait = int(np.floor(np.abs(f.start[unseen]).max() / step)) + 1
    if wait > LONGEST:
        return f"the coordinates reach zero after {wait:,} steps, more than are followed"
    path = f.path(f.start, wait + 50)[wait:, unseen]
    return Measurement(float(np.abs(path).max()) / step, f"over 50 steps from {wait:,} on")


def _any(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if found.a_star is None or found.a_star.ndim != 1:
        return "it is about vectors with a ground truth a_star"
    return found


def _nothing(f: Facts) -> list[Assumption]:
    return []


def _none(f: Facts) -> Promise:
    return Promise("signs that differ", high=0.0, tolerance=0.0)


def _signs(run: Run, f: Facts) -> Measurement | str:
    found = records(run)
    if isinstance(found, str):
        return found
    assert f.a_star is not None
    a = found[1]
    larger = np.abs(a) > np.abs(f.a_star)
    differ = larger & (np.sign(a - f.a_star) != np.sign(a))
    return Measurement(float(differ.sum()), f"among {int(larger.sum()):,} entries")


def _overwhelmed(f: Facts) -> list[Assumption]:
    G = float(np.linalg.norm(f.gradient(f.start)))
    ratio = f.beta * f.pull / G if G else math.inf
    what, needed = "beta sup||H||/||G(a(0))||", f">= {OVERWHELMING:g}, 'much larger'"
    start = float(np.linalg.norm(f.residual(f.start)) / np.linalg.norm(f.data.y_star))
    goal = f.experiment.thresholds[0]
    return [
        Assumption.of(what, ratio >= OVERWHELMING, ratio, needed),
        Assumption.of("train error at the start", start > goal, start, f"> {goal:g}"),
    ]


def _never(f: Facts) -> Promise:
    return Promise("memorizes (1: yes)", high=0.0, tolerance=0.0)


def _memorizes(run: Run, f: Facts) -> Measurement:
    return Measurement(float(run.phases.t1.high is not None))


def _beyond(f: Facts) -> list[Assumption]:
    top = largest_beta(f)
    return [Assumption.of("beta", f.beta >= top, f.beta, f">= ||X^T y*||_dual = {top:.4g}")]


def _zero(f: Facts) -> Promise:
    return Promise("relative train error of the limit", 1.0, 1.0)


def _limit_error(run: Run, f: Facts) -> Measurement | str:
    if f.end is None:
        return "the limit could not be certified"
    if f.end.radius > 0:
        return "the method keeps moving about its limit"
    return Measurement(f.end.train_error)


def _nuclear(experiment: Experiment) -> Facts | str:
    found = regularized(experiment)
    if isinstance(found, str):
        return found
    if not isinstance(found.data, MatrixLeastSquares) or not found.explicit:
        return "it is about the subgradient method with Nuclear on matrices"
    return found


def _no_pull(f: Facts) -> list[Assumption]:
    G = float(np.linalg.norm(f.gradient(f.start)))
    size = 1e-12 * max(1.0, float(np.linalg.norm(f.data.y_star)))
    return [Assumption.of("||G(A(0))||", size >= G, G, "0: the data do not pull")]


def _values(f: Facts) -> Promise:
    return Promise("largest difference / (alpha beta)", high=1e-8, tolerance=0.0)


def _shrinks(run: Run, f: Facts) -> Measurement:
    """Follow the steps as long as nothing pulls: the singular values move by alpha beta."""
    path = f.path(f.start, min(500, run.experiment.steps))
    step, worst, count = f.alpha * f.beta, 0.0, 0
    size = 1e-12 * max(1.0, float(np.linalg.norm(f.data.y_star)))
    for A, B in pairwise(path):
        if float(np.linalg.norm(f.gradient(A))) > size:
            break
        before = np.linalg.svd(A, compute_uv=False)
        rank = before > 1e-12 * before[0]  # H leaves the kernel of A alone
        expected = np.sort(np.where(rank, np.abs(before - step), before))[::-1]
        found = np.linalg.svd(B, compute_uv=False)
        worst, count = max(worst, float(np.abs(found - expected).max()) / step), count + 1
    return Measurement(worst, f"over {count} steps without a pull of the data")


register(
    Law(
        name="signs alone",
        statement="where no measurement sees a coordinate, |a_i| <= alpha beta for all t > "
        "floor(|a_i(0)|/(alpha beta)): trapped in a box",
        source="arXiv 2506.05718, lemmas C.30 and C.31, read as 'trapped'",
        symbols=("X", "alpha", "beta", "a(0)"),
        status="corrected",
        erratum="E-17",
        know=_sign,
        assume=_some_unseen,
        foretell=_box,
        measure=_trapped,
    ),
    Law(
        name="sign of the error",
        statement="|a| > |a*| implies sign(a - a*) = sign(a), entry by entry",
        source="arXiv 2506.05718, lemma C.32",
        symbols=("a*",),
        status="as printed",
        know=_any,
        assume=_nothing,
        foretell=_none,
        measure=_signs,
    ),
    Law(
        name="over-regularization, lemma",
        statement="beta sup||H|| much larger than ||G(a(0))||: the data are never fitted",
        source="arXiv 2506.05718, lemma C.33",
        symbols=("X", "y*", "beta", "a(0)"),
        status="as printed",
        know=regularized,
        assume=_overwhelmed,
        foretell=_never,
        measure=_memorizes,
    ),
    Law(
        name="over-regularization",
        statement="beta >= ||X^T y*||_inf (of a matrix: the spectral norm): the minimizer of f is "
        "0, and the train error ends at 1",
        source="the optimality condition of f at 0; makes lemma C.33 of arXiv 2506.05718 sharp",
        symbols=("X", "y*", "beta"),
        status="ours",
        know=regularized,
        assume=_beyond,
        foretell=_zero,
        measure=_limit_error,
    ),
    Law(
        name="singular values alone",
        statement="where the data do not pull, sigma_i(A(t+1)) = |sigma_i(A(t)) - alpha beta| for "
        "sigma_i(A(t)) > 0",
        source="arXiv 2506.05718, lemma C.42",
        symbols=("X", "y*", "alpha", "beta", "A(0)"),
        status="as printed",
        erratum="E-16",
        know=_nuclear,
        assume=_no_pull,
        foretell=_values,
        measure=_shrinks,
    ),
)
