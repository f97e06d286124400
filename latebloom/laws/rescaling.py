r"""Why the l2 norm cannot measure generalization: the same function at every norm.

A two-layer network $B\,\phi(Ax)$ without biases, $\phi$ positively L-homogeneous, is the same
function for $(\lambda A, \lambda^{-L}B)$; its squared norm is $w(\lambda) = a\lambda^2 +
b\lambda^{-2L}$ with a single minimum.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.rescaling import least_squared_norm, rescale, squared_norm
from latebloom.models import MLP
from latebloom.problems import LeastSquares
from latebloom.runs.run import Run

from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided

# Degrees of the homogeneous activations.
DEGREES = {"relu": 1, "square": 2, "identity": 1}
# Both sides of the least norm, three decades each: powers of these leave 6 digits to spare.
SCALES = tuple(10.0 ** np.linspace(-3, 3, 13))
FIRST, SECOND = "layers.0.weight", "layers.1.weight"


@dataclass(frozen=True, eq=False)
class TwoLayers:
    """A two-layer network and the degree of its activation, None if it is not homogeneous."""

    model: MLP
    degree: int | None


def _two_layers(experiment: Experiment) -> TwoLayers:
    if isinstance(experiment.problem, LeastSquares):
        raise NotCovered("it is about networks")
    model = experiment.network
    if not isinstance(model, MLP) or len(model.widths) != 1:
        raise NotCovered("it is about perceptrons with one hidden layer (MLP)")
    return TwoLayers(model, DEGREES.get(model.activation))


def _homogeneous(t: TwoLayers) -> list[Assumption]:
    biases, degree = t.model.biases, float(t.degree or 0)
    return [
        Assumption.of("degree of the activation", t.degree is not None, degree, "homogeneous"),
        Assumption.of("biases", not biases, float(biases), "none"),
    ]


def _layers(run: Run) -> tuple[np.ndarray, np.ndarray]:
    assert isinstance(run.params, dict)
    A, B = (np.asarray(run.params[name], dtype=float) for name in (FIRST, SECOND))
    if not (np.isfinite(A).all() and np.isfinite(B).all() and A.any() and B.any()):
        raise Undecided("the run ends without finite weights, or with a layer that is zero")
    return A, B


def _same_function(run: Run, t: TwoLayers) -> Measurement:
    A, B = _layers(run)
    assert t.degree is not None
    inputs = np.asarray(run.experiment.supervised.test.inputs, dtype=float)
    base = t.model.apply({FIRST: A, SECOND: B}, inputs)
    worst = 0.0
    for scale in SCALES:
        first, second = rescale(A, B, scale, t.degree)
        moved = t.model.apply({FIRST: first, SECOND: second}, inputs)
        worst = max(worst, float(np.abs(moved - base).max() / np.abs(base).max()))
    return Measurement(worst, f"over {len(SCALES)} scales, 10^-3 to 10^3, on the test inputs")


def _norms(run: Run, t: TwoLayers) -> Measurement:
    A, B = _layers(run)
    assert t.degree is not None
    a, b = float((A**2).sum()), float((B**2).sum())
    least, worst = least_squared_norm(a, b, t.degree), 0.0
    for scale in SCALES:
        first, second = rescale(A, B, scale, t.degree)
        norm = float((first**2).sum() + (second**2).sum())
        law = squared_norm(a, b, t.degree, scale)
        worst = max(worst, abs(norm / law - 1), max(0.0, 1 - norm / least))
    why = f"the trained network has {(a + b) / least:.3g} times the least squared norm"
    return Measurement(worst, why)


BLOG = "the blog of arXiv 2506.05718"
_rescaling_law = partial(
    Law,
    symbols=("A", "B", "degree of the activation"),
    status="as printed",
    context=_two_layers,
    hypotheses=_homogeneous,
    promise=Promise("largest relative difference", high=1e-10, tolerance=0.0),
)
RESCALING = (
    _rescaling_law(
        name="rescaling of two layers",
        statement="(lambda A, B/lambda^L) is the same function for every lambda > 0",
        source=f"{BLOG}, why the l2 norm cannot be the measure",
        measure=_same_function,
    ),
    _rescaling_law(
        name="norm under rescaling",
        statement="||(lambda A, B/lambda^L)||^2 = a lambda^2 + b lambda^(-2L) >= (L^(1/(L+1)) + "
        "L^(-L/(L+1))) (a^L b)^(1/(L+1))",
        source=f"{BLOG}, its lemma on the norm of rescaled weights",
        measure=_norms,
    ),
)
