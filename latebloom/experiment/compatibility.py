"""Whether the parts of an experiment fit together, and which parts stand in for those left out."""

from typing import Any, NamedTuple

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, Unsupported, shown
from latebloom.methods import Adam, Method, Optimizer, Subgradient
from latebloom.models import MLP, Linear, Model, Network, TokenPair
from latebloom.penalties import Nuclear, OfNetwork, On, Penalty, Sobolev, Term
from latebloom.problems import LeastSquares, Problem, Supervised

from .initialization import Drawn, Gaussian
from .record import Every, LogSpaced

MEASURES = ("probability", "loss")
PRECISIONS = ("mixed", "float32", "float64")
TINY, HUGE = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)


def defaults(problem: Problem) -> dict[str, Any]:
    """Return what an experiment on the problem takes for the fields that are left out."""
    if isinstance(problem, LeastSquares):
        return {
            "method": Subgradient(alpha=0.1),  # the paper's method and alpha
            "model": Linear(),
            "init": 1e-6,  # the paper's small initialization
            "steps": 10**6,  # ten times the delay at the paper's alpha beta = 1e-6
            "thresholds": (1e-3, 1e-3),  # the published figure's, see the docs on 1e-4
            "record": LogSpaced(),
        }
    classes = isinstance(problem, Supervised) and problem.classification
    tokens = isinstance(problem, Supervised) and problem.tokens is not None
    return {
        "method": Adam(alpha=1e-3),  # the blog post's
        "model": TokenPair() if tokens else MLP(),
        "init": Drawn(),
        "steps": 10_000,  # the published curve's
        # Error rates of 1 percent; or an error of a tenth, 1 percent of the variance.
        "thresholds": (0.01, 0.01) if classes else (0.1, 0.1),
        "record": Every(10),  # the public code's
        # float32 as everybody trains; the loss in float64, where float32 stops the learning
        # (arXiv 2501.04697).
        "precision": "mixed",
    }


class Parts(NamedTuple):
    """The parts of an experiment that have to fit together."""

    problem: Problem
    model: Model | Network
    penalty: Penalty | None
    method: Method
    init: float | Gaussian | Drawn | np.ndarray
    precision: str | None
    measure: str | None

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the penalty."""
        return self.penalty.terms if self.penalty else ()


# `init`, and of a network the parameters by name.
Start = tuple[float | Gaussian | Drawn | np.ndarray, dict[str, np.ndarray] | None]


def require(parts: Parts) -> Start:
    """Return the initial state; raise `InvalidInput` or `Unsupported` if the parts do not fit
    together."""
    if isinstance(parts.problem, Supervised):
        return _require_network(parts, parts.problem)
    assert isinstance(parts.problem, LeastSquares)
    return _require_least_squares(parts, parts.problem)


def _require_least_squares(parts: Parts, problem: LeastSquares) -> Start:
    model, unknown, init = parts.model, problem.shape, parts.init
    if not isinstance(model, Model):
        raise InvalidInput(
            f"model {type(model).__name__}: is a network, and {type(problem).__name__} "
            "is linear; use Linear, or a product such as Hadamard or MatrixProduct"
        )
    if parts.measure is not None:
        raise InvalidInput(
            f"measure = {shown(parts.measure)}: is for networks; errors of least squares are "
            "relative, leave it out"
        )
    if parts.precision is not None:
        raise InvalidInput(
            f"precision = {shown(parts.precision)}: is for networks; least squares are always "
            "computed in float64, leave it out"
        )
    if isinstance(init, Drawn):
        raise InvalidInput("init = Drawn: is for networks; use a number, an array or Gaussian")
    if isinstance(init, list | tuple) or hasattr(init, "__array__"):
        array, shape = check.real_array("init", init), model.shape(unknown)
        if array.shape != shape:
            raise InvalidInput(
                f"init has shape {array.shape}: the parameters of {type(model).__name__} "
                f"have shape {shape}"
            )
        init = array
    elif not isinstance(init, Gaussian):
        check.real("init", init)
    check.size("init", init.zeta if isinstance(init, Gaussian) else init)
    parts.method.require(parts.penalty, model)
    _require_shapes(parts.terms, model, unknown)
    problem.validate()
    return init, None


def _require_shapes(terms: tuple[Term, ...], model: Model, unknown: tuple[int, ...]) -> None:
    """Raise if the model or the penalty is made for unknowns of another shape."""
    model.shape(unknown)
    for term in terms:
        name = type(term).__name__
        if isinstance(term, On | Sobolev):
            raise InvalidInput(
                f"penalty {name}: is for networks; use L1, L2, Euclidean, or Nuclear on matrices"
            )
        if term.of_matrices and len(unknown) != 2:
            raise InvalidInput(
                f"penalty {name} acts on matrices, but the unknown has shape {unknown}: use "
                "L1, L2 or Euclidean, or a matrix problem such as MatrixCompletion"
            )
        full = isinstance(term, Nuclear) and term.null == "full"
        if full and np.any(model.used(unknown) != 1):
            raise InvalidInput(
                "Nuclear.null = 'full': needs factors of one square shape, here they are "
                "padded with zeros; use null = 'minimal'"
            )


def _require_network(parts: Parts, problem: Supervised) -> Start:
    model, method, penalty, init = parts.model, parts.method, parts.penalty, parts.init
    if not isinstance(model, Network):
        raise InvalidInput(
            f"model {type(model).__name__}: is for least squares, and "
            f"{type(problem).__name__} needs a network: MLP, TokenPair, Transformer or Custom"
        )
    if not isinstance(method, Optimizer):
        raise Unsupported(
            f"method {type(method).__name__}: is for least squares; networks are trained with "
            "Adam, SGD or Optax"
        )
    if not isinstance(init, Drawn):
        raise InvalidInput(
            f"init = {shown(init)}: networks start from their own law; use Drawn(seed=0, scale=1.0)"
        )
    check.one_of("precision", str(parts.precision), PRECISIONS)
    if parts.measure is not None:
        check.one_of("measure", parts.measure, MEASURES)
    problem.validate()
    if parts.measure == "probability" and problem.loss == "mse":
        raise InvalidInput(
            "measure = 'probability': outputs under the squared loss are no probabilities; use "
            "measure = 'loss'"
        )
    model.require(problem)
    drawn = model.start(problem, init.seed, init.scale)
    start = dict(sorted(drawn.items()))  # the order in which JAX goes through a dictionary
    acts = OfNetwork(penalty, {name: array.ndim for name, array in start.items()})
    if method.coupling == "proximal" and (reason := acts.no_prox()):
        raise Unsupported(f"coupling = 'proximal': {reason}")
    _require_range(parts)
    for term in parts.terms:
        if isinstance(term, Sobolev):
            if method.coupling != "coupled":
                raise Unsupported(
                    f"coupling = {method.coupling!r}: Sobolev is part of the loss; use 'coupled'"
                )
            _require_sobolev(term, problem, model)
    return init, start


def _require_range(parts: Parts) -> None:
    """Raise if a constant becomes 0 or infinite in the type of the parameters."""
    if parts.precision == "float64":
        return
    strengths = [(f"{type(term).__name__}.beta", term.beta) for term in parts.terms]
    for name, value in [("alpha", parts.method.alpha), *strengths]:
        if isinstance(value, int | float) and value != 0 and not TINY <= value <= HUGE:
            raise InvalidInput(
                f"{name} = {value:g}: float32 has {TINY:.2g} to {HUGE:.2g}; use precision = "
                "'float64'"
            )


def _require_sobolev(term: Sobolev, problem: Supervised, model: Network) -> None:
    if problem.jacobian is None:
        raise Unsupported(
            f"penalty Sobolev: {type(problem).__name__} does not know the derivatives of its "
            "teacher; use TeacherStudent"
        )
    if term.order < 2:
        return
    whose = "model" if not model.smooth else "teacher"
    if not model.smooth or not getattr(problem, "smooth", True):
        raise Unsupported(
            f"Sobolev.order = 2: the Hessian of the {whose} is zero wherever it exists, as of "
            "every ReLU or linear network, so that a penalty on it teaches nothing; use order = 1, "
            "or a smooth activation such as tanh in the model and in the teacher"
        )
    if problem.hessian is None:
        raise Unsupported("Sobolev.order = 2: the teacher's Hessian is not known; use order = 1")
