"""The penalty alone: steps along its subgradient where the gradient of the loss is zero."""

import math
from itertools import pairwise

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, largest_beta, regularized

from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided
from .measures import first_updates, records

LONGEST = 20_000  # updates followed at most
OVERWHELMING = 10.0  # how the statement's "much larger" is read


def _l1_subgradients(experiment: Experiment) -> Facts:
    f = regularized(experiment)
    if f.h != "l1" or not f.explicit:
        raise NotCovered("it is about the subgradient method with L1 on vectors")
    return f


def _unseen(f: Facts) -> np.ndarray:
    """Return which coordinates no measurement depends on."""
    return np.asarray(~f.experiment.vector_data.X.any(axis=0))


def _some_unseen(f: Facts) -> list[Assumption]:
    count = int(_unseen(f).sum())
    return [Assumption.of("zero columns of X", count > 0, count, ">= 1: coordinates with G = 0")]


def _trapped(run: Run, f: Facts) -> Measurement:
    unseen, step = _unseen(f), f.alpha * f.beta
    # From floor(|a_i|/step) + 1 on; when the ratio is an integer this is one step late, not early.
    wait = int(np.floor(np.abs(f.start[unseen]).max() / step)) + 1
    if wait > LONGEST:
        raise Undecided(f"the coordinates reach zero after {wait:,} steps, more than are followed")
    path = f.path(f.start, wait + 50)[wait:, unseen]
    return Measurement(float(np.abs(path).max()) / step, f"over 50 steps from {wait:,} on")


def _vectors_with_truth(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if f.a_star is None or f.a_star.ndim != 1:
        raise NotCovered("it is about vectors with a ground truth a_star")
    return f


def _signs_that_differ(run: Run, f: Facts) -> Measurement:
    _, a = records(run)
    larger = np.abs(a) > np.abs(f.truth)
    differ = larger & (np.sign(a - f.truth) != np.sign(a))
    return Measurement(float(differ.sum()), f"among {int(larger.sum()):,} entries")


def _overwhelmed(f: Facts) -> list[Assumption]:
    G = float(np.linalg.norm(f.gradient(f.start)))
    ratio = f.beta * f.subgradient_bound / G if G else math.inf
    what, needed = "beta sup||H||/||G(a(0))||", f">= {OVERWHELMING:g}, 'much larger'"
    start = float(np.linalg.norm(f.residual(f.start)) / np.linalg.norm(f.data.y_star))
    goal = f.experiment.thresholds[0]
    return [
        Assumption.of(what, ratio >= OVERWHELMING, ratio, needed),
        Assumption.of("train error at the start", start > goal, start, f"> {goal:g}"),
    ]


def _beyond(f: Facts) -> list[Assumption]:
    top = largest_beta(f)
    return [Assumption.of("beta", f.beta >= top, f.beta, f">= ||X^T y*||_dual = {top:.4g}")]


def _limit_error(run: Run, f: Facts) -> Measurement:
    if f.end is None:
        raise Undecided("the limit could not be certified")
    if f.end.radius > 0:
        raise Undecided("the method keeps moving about its limit")
    return Measurement(f.end.train_error)


def _nuclear_subgradients(experiment: Experiment) -> Facts:
    f = regularized(experiment)
    if not isinstance(f.data, MatrixLeastSquares) or not f.explicit:
        raise NotCovered("it is about the subgradient method with Nuclear on matrices")
    return f


def _rounding(f: Facts) -> float:
    """Return the norm below which a gradient of the loss is rounding."""
    return 1e-12 * max(1.0, float(np.linalg.norm(f.data.y_star)))


def _no_gradient(f: Facts) -> list[Assumption]:
    G = float(np.linalg.norm(f.gradient(f.start)))
    return [Assumption.of("||G(A(0))||", _rounding(f) >= G, G, "0: the loss has no gradient")]


def _shrinks(run: Run, f: Facts) -> Measurement:
    """Follow the updates while the gradient of the loss is zero."""
    step, differences = f.alpha * f.beta, []
    for A, B in pairwise(first_updates(run, f, 500)):
        if float(np.linalg.norm(f.gradient(A))) > _rounding(f):
            break
        before = np.linalg.svd(A, compute_uv=False)
        rank = before > 1e-12 * before[0]  # H does not change the kernel of A
        expected = np.sort(np.where(rank, np.abs(before - step), before))[::-1]
        found = np.linalg.svd(B, compute_uv=False)
        differences.append(float(np.abs(found - expected).max()) / step)
    why = f"over {len(differences)} steps without a gradient of the loss"
    return Measurement(max(differences, default=0.0), why)


DYNAMICS = (
    Law(
        name="signs alone",
        statement="where no measurement sees a coordinate, |a_i| <= alpha beta for all t > "
        "floor(|a_i(0)|/(alpha beta)): trapped in a box",
        source="arXiv 2506.05718, lemmas C.30 and C.31, read as 'trapped'",
        symbols=("X", "alpha", "beta", "a(0)"),
        status="corrected",
        erratum="E-17",
        context=_l1_subgradients,
        hypotheses=_some_unseen,
        promise=Promise("largest |a_i| afterwards / (alpha beta)", high=1.0, tolerance=1e-9),
        measure=_trapped,
    ),
    Law(
        name="sign of the error",
        statement="|a| > |a*| implies sign(a - a*) = sign(a), entry by entry",
        source="arXiv 2506.05718, lemma C.32",
        symbols=("a*",),
        status="as printed",
        context=_vectors_with_truth,
        promise=Promise("signs that differ", high=0.0, tolerance=0.0),
        measure=_signs_that_differ,
    ),
    Law(
        name="over-regularization, lemma",
        statement="beta sup||H|| much larger than ||G(a(0))||: the data are never fitted",
        source="arXiv 2506.05718, lemma C.33",
        symbols=("X", "y*", "beta", "a(0)"),
        status="as printed",
        context=regularized,
        hypotheses=_overwhelmed,
        promise=Promise("memorizes (1: yes)", high=0.0, tolerance=0.0),
        measure=lambda run, _: Measurement(float(run.phases.t1.high is not None)),
    ),
    Law(
        name="over-regularization",
        statement="beta >= ||X^T y*||_inf (of a matrix: the spectral norm): the minimizer of f is "
        "0, and the train error ends at 1",
        source="the optimality condition of f at 0; makes lemma C.33 of arXiv 2506.05718 sharp",
        symbols=("X", "y*", "beta"),
        status="ours",
        context=regularized,
        hypotheses=_beyond,
        promise=Promise("relative train error of the limit", 1.0, 1.0),
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
        context=_nuclear_subgradients,
        hypotheses=_no_gradient,
        promise=Promise("largest difference / (alpha beta)", high=1e-8, tolerance=0.0),
        measure=_shrinks,
    ),
)
