"""Two-layer diagonal networks: exact laws of one step, and a lower bound for equal layers."""

from functools import partial
from itertools import pairwise

import numpy as np

from latebloom.core import schedules
from latebloom.experiment.experiment import Experiment
from latebloom.methods import GradientDescent, Subgradient
from latebloom.models import Hadamard
from latebloom.penalties import L2
from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run

from .contexts import any_least_squares
from .finding import IDENTITY, Assumption, Measurement, Promise
from .law import Law, Measure, NotCovered, Undecided

STEPS = 200  # updates compared with the identities


class Layers:
    """The layers of an experiment with the Hadamard model, in the symbols of appendix F."""

    def __init__(self, experiment: Experiment, alpha: float, beta: float) -> None:
        self.alpha, self.beta = alpha, beta
        self.start = np.asarray(experiment.start)
        self.data = experiment.vector_data

    def gradient(self, a: np.ndarray) -> np.ndarray:
        """Return G(a)."""
        return self.data.X.T @ (self.data.X @ a - self.data.y_star)

    def path(self, steps: int) -> np.ndarray:
        """Return the layers of `steps` updates by equation 118, shape (T, L, n)."""
        layers, out = self.start, [self.start]
        for _ in range(steps):
            G = self.gradient(layers.prod(axis=0))
            others = [np.delete(layers, i, axis=0).prod(axis=0) for i in range(len(layers))]
            layers = (1 - self.alpha * self.beta) * layers - self.alpha * np.array(others) * G
            out.append(layers)
        return np.array(out)


def _layers(experiment: Experiment) -> Layers:
    data, model, method = any_least_squares(experiment), experiment.model, experiment.method
    if isinstance(data, MatrixLeastSquares) or not isinstance(model, Hadamard):
        raise NotCovered("it is about products of vectors (model Hadamard)")
    if not isinstance(method, GradientDescent | Subgradient):
        raise NotCovered("it is about gradient descent")
    alpha = schedules.constant(method.alpha)
    terms = experiment.penalty.terms if experiment.penalty else ()
    if any(not isinstance(term, L2) for term in terms):
        raise NotCovered("it is about no penalty, or L2 on the factors")
    betas = [schedules.constant(term.beta) for term in terms]
    if alpha is None or None in betas:
        raise NotCovered("it needs a constant alpha and beta")
    return Layers(experiment, alpha, float(sum(b for b in betas if b is not None)))


def _two_layers(experiment: Experiment) -> Layers:
    f = _layers(experiment)
    if len(f.start) != 2:
        raise NotCovered(f"it is about two layers, and there are {len(f.start)}")
    return f


def _identity(which: str) -> Measure:
    def measure(run: Run, f: Layers) -> Measurement:
        path = f.path(min(STEPS, run.experiment.steps))
        shrink, alpha, worst = 1 - f.alpha * f.beta, f.alpha, 0.0
        for A, B in pairwise(path):
            a, c = A[0] * A[1], A[0] ** 2 + A[1] ** 2
            G = f.gradient(a)
            if which == "a":
                left = B[0] * B[1]
                right = shrink**2 * a - alpha * shrink * c * G + alpha**2 * a * G**2
            elif which == "c":
                left = B[0] ** 2 + B[1] ** 2
                right = shrink**2 * c - 4 * alpha * shrink * a * G + alpha**2 * c * G**2
            else:
                left = B[0] ** 2 - B[1] ** 2
                right = (shrink**2 - alpha**2 * G**2) * (A[0] ** 2 - A[1] ** 2)
            scale = np.abs(B[0] ** 2) + np.abs(B[1] ** 2)
            worst = max(worst, float((np.abs(left - right) / np.where(scale > 0, scale, 1)).max()))
        return Measurement(worst, f"over {len(path) - 1} steps")

    return measure


def _equal(f: Layers) -> list[Assumption]:
    spread, known = float(np.abs(f.start - f.start[0]).max()), f.data.a_star is not None
    depth = len(f.start)
    positive = depth % 2 == 0 or bool((f.start[0] >= 0).all())
    return [
        Assumption.of("difference of the layers at the start", spread == 0, spread, "0"),
        Assumption.of("depth", positive, depth, "even, or a start that is not negative"),
        Assumption.of("ground truth", known, float(known), "known"),
    ]


def _negative_part(f: Layers) -> Promise:
    """The error is at least the fraction of the truth in its negative entries."""
    truth = f.data.a_star
    if truth is None:
        raise NotCovered("it needs the ground truth a_star")
    least = float(np.linalg.norm(np.minimum(truth, 0.0)) / np.linalg.norm(truth))
    return Promise("least test error of the records", low=least)


def _least_error(run: Run, f: Layers) -> Measurement:
    if len(f.start) % 2 and (run.trajectory["a"].values < 0).any():
        raise Undecided("a step was so long that an entry crossed zero: the flow would not")
    return Measurement(float(run.trajectory["test_error"].min()))


SYMBOLS = ("X", "y*", "alpha", "beta", "A(0)")
_identity_law = partial(Law, symbols=SYMBOLS, context=_two_layers, promise=IDENTITY)
DEPTH = (
    _identity_law(
        name="product of two layers",
        statement="a(t+1) = (1 - alpha beta)^2 a - alpha (1 - alpha beta) c G + alpha^2 a G^2",
        source="arXiv 2506.05718, equation 119",
        status="as printed",
        measure=_identity("a"),
    ),
    _identity_law(
        name="squares of two layers",
        statement="c(t+1) = (1 - alpha beta)^2 c - 4 alpha (1 - alpha beta) a G + alpha^2 c G^2, "
        "c = A_1^2 + A_2^2",
        source="arXiv 2506.05718, equation 120",
        status="as printed",
        measure=_identity("c"),
    ),
    _identity_law(
        name="difference of two layers",
        statement="A_1^2 - A_2^2 is multiplied by (1 - alpha beta)^2 - alpha^2 G^2: conserved as "
        "alpha goes to 0",
        source="derived here; the conserved quantity of arXiv 2506.05718, appendix F, per step",
        status="ours",
        measure=_identity("difference"),
    ),
    Law(
        name="equal layers",
        statement="layers that start equal stay equal: a >= 0 for even depth, so that the error is "
        "at least ||a*_-||/||a*||",
        source="derived here from equation 118 of arXiv 2506.05718; explains its Figure 9",
        symbols=(*SYMBOLS, "a*"),
        status="ours",
        context=_layers,
        hypotheses=_equal,
        promise=_negative_part,
        measure=_least_error,
    ),
)
