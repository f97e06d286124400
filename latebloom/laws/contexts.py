"""What many laws use of an experiment, or why they are not about it."""

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.penalties import L2, Strengths
from latebloom.problems import LeastSquares, VectorLeastSquares
from latebloom.theory.facts import NOT_LEAST_SQUARES, Facts, facts
from latebloom.theory.limits import constants

from .finding import Assumption
from .law import NotCovered


def any_least_squares(experiment: Experiment) -> LeastSquares:
    """Return the problem of an experiment of least squares, with any model and method."""
    if not isinstance(experiment.problem, LeastSquares):
        raise NotCovered(NOT_LEAST_SQUARES)
    return experiment.data


def explicit(experiment: Experiment) -> Facts:
    """Return the facts of least squares with updates along a subgradient at the iterate."""
    f = facts(experiment)
    if not f.explicit:
        raise NotCovered("it is about the explicit update (Subgradient, GradientDescent)")
    return f


def linear_regression(
    experiment: Experiment,
) -> tuple[VectorLeastSquares, np.ndarray, float, Strengths]:
    """Return data, ground truth, step size and regularization strengths of linear regression."""
    data = experiment.problem
    if not isinstance(data, VectorLeastSquares):
        raise NotCovered("it is about linear regression with a vector of unknowns")
    if data.a_star is None:
        raise NotCovered("it needs the ground truth a*")
    return data, data.a_star, *constants(experiment)


def weight_decay(experiment: Experiment) -> L2:
    """Return the penalty of an experiment whose only penalty is L2."""
    terms = experiment.penalty.terms if experiment.penalty else ()
    if len(terms) != 1 or not isinstance(terms[0], L2):
        raise NotCovered("it is about weight decay: the penalty L2, alone")
    return terms[0]


def small_steps(f: Facts) -> list[Assumption]:
    r"""Return the hypotheses on alpha and beta of theorems C.29 and C.40."""
    top = float(f.sigma[0])
    cap = top / f.subgradient_bound
    return [
        Assumption.of("alpha", f.alpha < 2 / top, f.alpha, f"< 2/sigma_max = {2 / top:.4g}"),
        Assumption.of("beta", f.beta < cap, f.beta, f"< sigma_max(X^T X)/sup||H|| = {cap:.4g}"),
    ]
