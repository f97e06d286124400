"""The quantities of an experiment that the laws of least squares use, computed once."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Float

from latebloom.core.errors import InvalidInput, NotCovered
from latebloom.core.interrupts import check as check_signals
from latebloom.experiment.experiment import Experiment
from latebloom.methods import (
    FISTA,
    GradientDescent,
    Oracle,
    ProjectedSubgradient,
    Step,
    Subgradient,
)
from latebloom.penalties import L1, Nuclear, Strengths
from latebloom.problems import LeastSquares, MatrixLeastSquares
from latebloom.problems.operators import Entries
from latebloom.problems.svd import compact_svd

from .fit_time import fit_time
from .limits import Limit, constants, limit, nuclear_strength

# A vector or a matrix. Plain, because checking shapes takes longer than the steps of a path.
Point = np.ndarray
# A singular value below this fraction of the largest is rounding.
RANK = 1e-12
STUCK = (
    "the slowest direction of the row space contracts by less than rounding per step: a larger "
    "alpha, or X without nearly dependent rows, is needed"
)
NOT_LEAST_SQUARES = "it is about least squares; the experiment trains a network"


@dataclass(frozen=True, eq=False)
class Facts:
    r"""An experiment of least squares with the linear model, in the symbols of the paper.

    **Fields:**

    - `experiment`, `alpha`: the spec and its step size.
    - `h`: `l1`, `nuclear` or `none`, the norm in the penalty.
    - `beta`: its strength; `ridge`: that of $\frac12\|a\|_2^2$.
    """

    experiment: Experiment
    alpha: float
    h: str
    beta: float
    ridge: float

    @property
    def data(self) -> LeastSquares:
        """The problem."""
        return self.experiment.data

    @property
    def explicit(self) -> bool:
        """Whether the update is a step along a subgradient at the point itself."""
        return isinstance(self.experiment.method, Subgradient | GradientDescent)

    @property
    def projected(self) -> bool:
        """Whether every iterate interpolates the data."""
        return isinstance(self.experiment.method, ProjectedSubgradient)

    @cached_property
    def start(self) -> Point:
        """The initial point."""
        return np.asarray(self.experiment.start)

    @cached_property
    def inverse(self) -> np.ndarray:
        """What the pseudo-inverse of X needs."""
        return self.data.inverse

    @cached_property
    def sigma(self) -> Float[np.ndarray, " r"]:
        r"""The non-zero eigenvalues of $X^\top X$, the largest first."""
        data = self.data
        if isinstance(data, MatrixLeastSquares):
            X = data.operator
            if isinstance(X, Entries):
                return np.ones(int(X.mask.sum()))
            values = np.linalg.eigvalsh(X.gram())[::-1]  # pyright: ignore
            return values[values > RANK * values[0]]
        return self.experiment.vector_data.svd.s**2

    @cached_property
    def rho(self) -> float:
        r"""The contraction per step in the row space, $\max_k |1 - \alpha\sigma_k|$."""
        return 0.0 if self.projected else float(np.abs(1 - self.alpha * self.sigma).max())

    @cached_property
    def rho_printed(self) -> float:
        r"""$\|I - \alpha X^\top X\|_{2\to2}$, which is 1 or more where X has a kernel."""
        kernel = self.start.size > self.sigma.size
        return max(self.rho, 1.0) if kernel else self.rho

    @cached_property
    def fitted(self) -> Point:
        r"""The least squares solution of least norm, $\hat a$."""
        return self.data.a_hat

    @cached_property
    def near(self) -> Point:
        r"""The least squares solution nearest to the start, $\hat a + P_{\mathrm{null}} a_0$."""
        return self.data.nearest_fit(self.start)

    @cached_property
    def a_star(self) -> Point | None:
        """The ground truth."""
        return self.data.a_star

    @property
    def truth(self) -> Point:
        """The ground truth, where it is known."""
        return self.data.truth

    @cached_property
    def noise(self) -> Point | None:
        r"""$\xi = y^* - Xa^*$; zero where it is rounding."""
        if self.a_star is None:
            return None
        xi = self.data.y_star - self.data.operator.forward(self.a_star)
        xi = self.data.operator.observed(xi)
        small = np.linalg.norm(xi) <= 1e-14 * np.linalg.norm(self.data.y_star)
        return np.zeros_like(xi) if small else xi

    @cached_property
    def subgradient_bound(self) -> float:
        r"""$\sup\|H\|_2$ over all subgradients: $\sqrt n$, of matrices $\sqrt{\min(n_1, n_2)}$."""
        return float(np.sqrt(min(self.start.shape) if self.h == "nuclear" else self.start.size))

    @property
    def step_bound(self) -> float:
        r"""$\alpha\beta\sup\|H\|$, how far the penalty moves the iterate in one step at most."""
        return self.alpha * self.beta * self.subgradient_bound

    @cached_property
    def radius(self) -> float:
        r"""$2\alpha\beta\sup\|H\|/(1 - \rho)$, the distance to least squares from t1 on."""
        return 2 * self.step_bound / (1 - self.rho)

    @cached_property
    def t1(self) -> int:
        """The step of equation 78 with the range's rho: the row space is then within `radius`."""
        return fit_time(self.start, self.row(self.start - self.fitted), self.rho, self.step_bound)

    @cached_property
    def delay(self) -> float | None:
        r"""$\|\hat a - a^*\|/(\alpha\beta)$ in the dual norm, with the solution nearest to the
        start; None without a ground truth."""
        if self.a_star is None:
            return None
        return self.dual_norm(self.near - self.a_star) / (self.alpha * self.beta)

    @cached_property
    def plateau(self) -> float:
        r"""The relative train error right after t1, where the row space balances the penalty:
        $\|(X^\top)^\dagger(\beta H + \beta_2\hat a)\|/\|y^*\|$, with what least squares cannot
        fit."""
        data, near, inside = self.data, self.near, 0.0
        if isinstance(data, MatrixLeastSquares):
            X = data.operator
            outside = data.y_star - X.forward(near)
            if not self.projected:
                U, _, Vt = compact_svd(near)
                seen = X.forward(U @ Vt)
                seen = seen if isinstance(X, Entries) else data.inverse @ seen
                inside = self.beta * float(np.linalg.norm(seen))
        else:
            U, s, Vt = self.experiment.vector_data.svd
            outside = data.y_star - U @ (U.T @ data.y_star)
            if not self.projected:
                force = self.beta * np.sign(near) + self.ridge * near
                inside = float(np.linalg.norm((Vt @ force) / s))
        together = math.hypot(inside, float(np.linalg.norm(outside)))
        return together / float(np.linalg.norm(data.y_star))

    @cached_property
    def end(self) -> Limit | None:
        """The point the method converges to, if that is proved."""
        return limit(self.experiment)

    def row(self, a: Point) -> Point:
        """Return the part of a in the row space of X."""
        X = self.data.operator
        return np.asarray(X.correction(X.forward(a), self.inverse))

    def residual(self, a: Point) -> Point:
        """Return Xa - y*."""
        return np.asarray(self.data.operator.forward(a)) - self.data.y_star

    def gradient(self, a: Point) -> Point:
        r"""Return $X^\top(Xa - y^*)$."""
        return np.asarray(self.data.operator.adjoint(self.residual(a)))

    def loss(self, a: Point) -> float:
        r"""Return $g(a) = \frac12\|Xa - y^*\|^2$."""
        return 0.5 * float((self.residual(a) ** 2).sum())

    def norm(self, a: Point) -> float:
        """Return h(a) of the norm in the penalty, 0 without one."""
        if self.h == "none":
            return 0.0
        return float(np.linalg.norm(a, "nuc") if self.h == "nuclear" else np.abs(a).sum())

    def dual_norm(self, a: Point) -> float:
        """Return the dual of the norm in the penalty, by default that of l1."""
        return float(np.linalg.norm(a, 2) if self.h == "nuclear" else np.abs(a).max())

    def subgradient(self, a: Point) -> Point:
        """Return the element H(a) that the method takes, without beta."""
        if self.h == "none":
            return np.zeros_like(a)
        # Of the norm alone: an l2 term besides is not part of H.
        norm = Nuclear(1.0) if self.h == "nuclear" else L1(1.0)
        return np.asarray(norm.subgradient(a))

    def objective(self, a: Point) -> float:
        r"""Return $g + \beta h + \frac{\beta_2}2\|a\|^2$."""
        return self.loss(a) + self.beta * self.norm(a) + 0.5 * self.ridge * float((a**2).sum())

    def path(self, a: Point, steps: int) -> Float[np.ndarray, "T ..."]:
        """Return the iterates of `steps` updates from a, a itself first, in plain NumPy."""
        X, experiment = self.data.operator, self.experiment
        oracle = Oracle(
            gradient=self.gradient,
            project=lambda x: x - X.correction(self.residual(x), self.inverse),
        )
        memory = experiment.method.start(a)
        out = np.empty((steps + 1, *a.shape))
        out[0], penalty = a, experiment.penalty
        beta = None if penalty is None else penalty.strength(0, np.int64(-1))
        alpha = np.float64(self.alpha)
        for t in range(steps):
            check_signals()
            step = Step(oracle, penalty, alpha, beta, np.int64(t))
            a, memory = experiment.method.update(a, memory, step)
            out[t + 1] = a
        return out


@lru_cache(maxsize=8)  # every law needs those of the same experiment
def facts(experiment: Experiment) -> Facts:
    """Return the facts, or raise `NotCovered` for an experiment that the laws are not about."""
    if not isinstance(experiment.problem, LeastSquares):
        raise NotCovered(NOT_LEAST_SQUARES)
    matrix = isinstance(experiment.data, MatrixLeastSquares)
    alpha, beta = nuclear_strength(experiment) if matrix else constants(experiment)
    if isinstance(experiment.method, FISTA):
        raise NotCovered("it does not cover a method with momentum (FISTA)")
    if isinstance(beta, Strengths):
        found = Facts(experiment, alpha, "l1" if beta.l1 > 0 else "none", beta.l1, beta.l2)
    else:
        found = Facts(experiment, alpha, "nuclear", beta, 0.0)
    try:
        _ = found.sigma, found.inverse
    except InvalidInput as error:  # more measurements than can be decomposed
        raise NotCovered(str(error)) from error
    if found.rho >= 1:
        raise NotCovered(STUCK)
    return found


def regularized(experiment: Experiment) -> Facts:
    """Return the facts with l1 or the nuclear norm alone, for a method that does not project."""
    found = facts(experiment)
    if found.h == "none":
        raise NotCovered("it needs the penalty L1 (of a matrix: Nuclear), and there is none")
    if found.ridge > 0:
        raise NotCovered("it needs L1 alone, and there is L2 besides")
    if found.projected:
        raise NotCovered(
            "it is about methods that take a step along the gradient of g, and this one projects"
        )
    return found


def regularized_with_truth(experiment: Experiment) -> Facts:
    """Return the facts of an experiment as in `regularized`, with a ground truth."""
    found = regularized(experiment)
    if found.a_star is None:
        raise NotCovered("it needs the ground truth (a_star, of a matrix A_star)")
    return found


def largest_beta(f: Facts) -> float:
    r"""Return $\|X^\top y^*\|$ in the dual norm: from there on the minimizer of f is 0."""
    return f.dual_norm(np.asarray(f.data.operator.adjoint(f.data.y_star)))
