"""Where a run ends: the point a method converges to, its errors, and the proof."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core import schedules
from latebloom.core.brief import brief, brief_html
from latebloom.core.errors import InvalidInput, NotCovered, Unsupported
from latebloom.engines.jump import solve
from latebloom.engines.slow_passages import chatter_radius
from latebloom.engines.threads import few_threads
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.given import Given, experiment_of
from latebloom.methods import FISTA, Optimizer, ProjectedSubgradient, ProximalGradient, Subgradient
from latebloom.models import Linear
from latebloom.penalties import Nuclear, Penalty, Strengths
from latebloom.problems import LeastSquares, MatrixLeastSquares, VectorLeastSquares

from .certificates import Certificate, constant_strengths, lasso_certificate
from .chatter import chatter
from .nuclear_limit import nuclear_certificate, solve_regularized, unique_minimizer
from .trap import matrix_ball, vector_ball

# A point counts as the optimum if six digits are proved, relative to beta; or if what is left is
# rounding: at beta = 1e-12 the gradient itself has no six digits left.
PROVED = 1e-6
ROUNDING = 64 * np.finfo(float).eps
# A chattering run may dip below the least error of a sample of 512 steps: in 10^5 steps to 0.33 of
# it with 12 components, and to anything with few, as it passes through zero. So a quarter of it is
# the estimate of the least from MANY components on, and 0 below. `trap` has a proof.
DIP = 0.25
MANY = 10
# Minimizing with the nuclear norm takes seconds at 50 x 50 and grows with the cube of the size.
MAX_UNKNOWNS = 2500


@dataclass(frozen=True, eq=False)
class Limit:
    """The end of a run as the number of steps goes to infinity.

    **Fields:**

    - `a`: the point the iterates converge to, or about which they keep moving, of the shape of the
      unknown.
    - `train_error`, `test_error`: relative errors in the end (root mean square for a method that
      keeps moving; with the nuclear norm those of the point it moves about); the test error is
      None without a ground truth.
    - `train_floor`, `test_floor`: what the errors stay above in the end, proved: the errors
      themselves for a method that converges, else what they are in a ball that the iterates do not
      leave, see `latebloom.theory.trap`; 0 where that is too large.
    - `train_least`, `test_least`: estimates of the least errors met in the end, no proof: the same
      for a method that converges, else a quarter of the least of a sample; with the nuclear norm
      the errors less what `radius` may take away.
    - `radius`: root mean square distance ||a_t - a|| in the end, 0 for a method that converges;
      with the nuclear norm twice the largest one expected, from measurements.
    - `minimizer`: what the objective is least at; `trap`: the radius of a ball about it that the
      iterates do not leave, and outside of which every step leads nearer to it: 0 for a method that
      converges, infinite without a proof.
    - `certificate`: proves that `a` minimizes what defines it.
    """

    a: Float[np.ndarray, "..."]
    train_error: float
    test_error: float | None
    train_floor: float
    test_floor: float | None
    train_least: float
    test_least: float | None
    radius: float
    certificate: Certificate
    minimizer: Float[np.ndarray, "..."]
    trap: float
    __repr__ = brief
    _repr_html_ = brief_html


def limit(experiment: Given, start: Float[np.ndarray, " n"] | None = None) -> Limit | None:
    r"""Return the point that the method converges to, or None where it is not known.

    - no penalty: $\hat a + P_{\mathrm{null}} a_0$; the projected method with L2 ends in $\hat a$;
    - L2: $(X^\top X + \beta_2 I)^{-1} X^\top y^*$;
    - L1 (+ L2): the limit of proximal gradient, by the event-driven engine, proved by its duality
      gap; for `Subgradient` the mean point about which it chatters, see `latebloom.theory.chatter`;
    - Nuclear on a matrix: the minimizer, proved by its duality gap, where it is proved unique.

    None for nonlinear models, schedules, other penalties, unstable step sizes, the projected
    method with a norm, X = 0, matrices of more than 2,500 entries, and where the certificate does
    not prove the point.

    **Arguments:**

    - `experiment`: the spec, or what stands for one (a name, a file, a run); its horizon does not
      matter.
    - `start`: a point that its run of proximal gradient comes to, shape (n,): from there the limit
      is nearer than from the initial one; it is proved all the same.

    **Returns:** a `Limit`, or None.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery(n=20, s=2, N=10)
    >>> end = limit(lb.Experiment(problem, lb.L2(1e-3), lb.GradientDescent(0.1)))
    >>> end.certificate.proves()
    True
    """
    return _limit(experiment_of(experiment, "limit"), start)


@few_threads
def _limit(experiment: Experiment, start: Float[np.ndarray, " n"] | None) -> Limit | None:
    """Return the limit of an experiment."""
    if start is not None:
        start = check.real_array("start", start)
        if start.shape != experiment.start.shape:
            raise InvalidInput(
                f"start has shape {start.shape}: must be {experiment.start.shape}, that of the "
                "parameters"
            )
    if isinstance(experiment.data, MatrixLeastSquares):
        return _nuclear_limit(experiment, experiment.data)
    try:
        alpha, beta = constants(experiment)
    except NotCovered:
        return None
    data, method, penalty = experiment.vector_data, experiment.method, experiment.penalty
    if beta.l1 == 0:
        a = smooth_limit(experiment, beta)
        penalty = None if isinstance(method, ProjectedSubgradient) else penalty
    elif isinstance(method, Subgradient):
        return _chattering(data, experiment.penalty, alpha, beta)
    elif isinstance(method, ProximalGradient | FISTA):
        # The limit of FISTA is that of the plain method, which is stable for larger steps.
        start = experiment.start if start is None else start
        a = solve(data, penalty, alpha=alpha, start=start)
    else:
        return None
    certificate = lasso_certificate(data, penalty, a)
    return _converged(data, a, certificate) if _proved(data, certificate) else None


def constants(experiment: Experiment) -> tuple[float, Strengths]:
    """Return alpha and the strengths, or raise `NotCovered` where the laws do not apply."""
    if not isinstance(experiment.data, VectorLeastSquares):
        raise NotCovered("the laws for vectors do not apply: the unknown is a matrix")
    return _constants(experiment, constant_strengths)


def nuclear_strength(experiment: Experiment) -> tuple[float, float]:
    """Return alpha and the strength of the nuclear norm, or raise `NotCovered`."""
    return _constants(experiment, _constant_nuclear)


T = TypeVar("T")


def _constants(experiment: Experiment, read: Callable[[Penalty | None], T]) -> tuple[float, T]:
    """Return alpha and what is read of the penalty, or raise `NotCovered`."""
    if type(experiment.model) is not Linear:
        name = type(experiment.model).__name__
        raise NotCovered(f"the laws need the linear model: with {name} the objective is not convex")
    if isinstance(experiment.method, Optimizer):
        name = type(experiment.method).__name__
        raise NotCovered(f"the laws are about steps along the gradient, and {name} takes others")
    if why := experiment.method.without_laws():
        raise NotCovered(why)
    alpha = schedules.constant(experiment.method.alpha)
    if alpha is None:
        raise NotCovered(f"alpha = {experiment.method.alpha!r}: the laws need a constant step size")
    try:
        beta = read(experiment.penalty)
    except Unsupported as error:
        raise NotCovered(str(error)) from error
    if experiment.data.sigma_max == 0:
        raise NotCovered("X = 0: the data do not depend on the parameters")
    if why := experiment.unstable():
        raise NotCovered(why)
    return alpha, beta


def _constant_nuclear(penalty: Penalty | None) -> float:
    terms = penalty.terms if penalty else ()
    beta = schedules.constant(terms[0].beta) if len(terms) == 1 else None
    if not terms or type(terms[0]) is not Nuclear or not beta:
        raise Unsupported(
            "on matrices the laws need the penalty Nuclear, alone, with a constant beta > 0"
        )
    return beta


def smooth_limit(experiment: Experiment, beta: Strengths) -> Float[np.ndarray, " n"]:
    """Return the limit in closed form where there is no l1 term."""
    if beta.l2 == 0:
        return experiment.vector_data.nearest_fit(experiment.start)
    return experiment.vector_data.svd.Vt.T @ fitted(experiment, beta)


def fitted(experiment: Experiment, beta: Strengths) -> Float[np.ndarray, " r"]:
    """Return the row space coordinates of the least squares (or ridge) solution."""
    U, s, _ = experiment.vector_data.svd
    l2 = 0.0 if isinstance(experiment.method, ProjectedSubgradient) else beta.l2
    return s / (s**2 + l2) * (U.T @ experiment.data.y_star)


def _proved(data: VectorLeastSquares, certificate: Certificate) -> bool:
    """Whether the certificate says optimum, to six digits or to rounding."""
    rounding = ROUNDING * float(np.abs(data.X.T @ data.y_star).max())
    return bool(certificate.proves(PROVED) or certificate.kkt <= rounding)


def _converged(data: LeastSquares, a: Float[np.ndarray, "..."], certificate: Certificate) -> Limit:
    """Return the limit of a method that converges to a."""
    train, test = relative_errors(data, a)
    return Limit(a, train, test, train, test, train, test, 0.0, certificate, a, 0.0)


def relative_errors(data: LeastSquares, a: Float[np.ndarray, "..."]) -> tuple[float, float | None]:
    """Return the relative training and test error of parameters, None without a truth."""
    rest = data.operator.forward(a) - data.y_star
    train = float(np.linalg.norm(rest) / np.linalg.norm(data.y_star))
    if data.a_star is None:
        return train, None
    return train, float(np.linalg.norm(a - data.a_star) / np.linalg.norm(data.a_star))


def _nuclear_limit(experiment: Experiment, data: MatrixLeastSquares) -> Limit | None:
    """Return the limit of a method with the nuclear norm."""
    if isinstance(experiment.method, ProjectedSubgradient) or np.prod(data.shape) > MAX_UNKNOWNS:
        return None
    X, y, shape = data.operator, data.y_star, (data.shape[0], data.shape[1])
    try:
        alpha, beta = nuclear_strength(experiment)
        A = solve_regularized(X, y, beta, shape)
        certificate = nuclear_certificate(X, y, beta, A)
        if not certificate.proves(PROVED) or not unique_minimizer(X, y, beta, A):
            return None
    except (NotCovered, Unsupported):  # no law, or more measurements than can be decomposed
        return None
    end = _converged(data, A, certificate)
    if not isinstance(experiment.method, Subgradient):
        return end
    radius = 2 * chatter_radius(experiment)  # runs at their limit were up to 1.2 times that away
    trap = matrix_ball(data, alpha, beta, A)
    train, test = errors_within(data, A, trap)
    train_least, test_least = errors_within(data, A, radius)
    return replace(
        end,
        train_floor=train,
        test_floor=test,
        train_least=train_least,
        test_least=test_least,
        radius=radius,
        trap=trap,
    )


def errors_within(
    data: LeastSquares, a: Float[np.ndarray, "..."], radius: float
) -> tuple[float, float | None]:
    """Return the least relative errors that a point at most `radius` away from a may have."""
    rest = data.operator.forward(a) - data.y_star
    moved = radius * float(np.sqrt(data.sigma_max))
    train = float(np.linalg.norm(rest)) - moved
    if isinstance(data, VectorLeastSquares):  # what lies outside the range of X stays
        U, y = data.svd.U, data.y_star
        inside = float(np.linalg.norm(U.T @ rest))
        outside = float(np.linalg.norm(y - U @ (U.T @ y)))
        outside = outside if outside > ROUNDING * float(np.linalg.norm(y)) else 0.0
        train = float(np.hypot(outside, max(0.0, inside - moved)))
    train = max(0.0, train) / float(np.linalg.norm(data.y_star))
    if data.a_star is None:
        return train, None
    test = float(np.linalg.norm(a - data.a_star)) - radius
    return train, max(0.0, test) / float(np.linalg.norm(data.a_star))


def _chattering(
    data: VectorLeastSquares, penalty: Penalty | None, alpha: float, beta: Strengths
) -> Limit | None:
    """Return the limit of the subgradient method with l1."""
    state = chatter(data, alpha, beta)
    if not _proved(data, state.certificate):
        return None
    # Beyond the width of the Huber function the objective is linear: the mean point is the only
    # one if X tells these entries apart.
    moving = np.abs(state.mean) > alpha * beta.l1 * (1 - 1e-9)
    if moving.any() and np.linalg.matrix_rank(data.X[:, moving]) < int(moving.sum()):
        return None
    minimizer = solve(data, penalty, start=state.mean)
    proved = _proved(data, lasso_certificate(data, penalty, minimizer))
    trap = vector_ball(data, alpha, beta, minimizer) if proved else np.inf
    floors = errors_within(data, minimizer, trap)
    train, train_least = np.array(state.residual) / np.linalg.norm(data.y_star)
    train_least = DIP * float(train_least) if data.y_star.size >= MANY else 0.0
    test = least = None
    if state.error is not None and data.a_star is not None:
        test, least = (float(e) for e in np.array(state.error) / np.linalg.norm(data.a_star))
        least = DIP * least if data.a_star.size >= MANY else 0.0
    ends = float(train), test, *floors, train_least, least
    return Limit(state.mean, *ends, state.radius, state.certificate, minimizer, trap)
