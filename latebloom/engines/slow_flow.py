r"""The flow in slow time that nuclear-norm regularized least squares follows.

With the rate $\alpha\beta$ and slow time $s = \alpha\beta t$, proximal gradient
$Z_{t+1} = A_t - \alpha\nabla g(A_t)$, $A_t = S_{\alpha\beta}(Z_t)$ ($S_\mu$ soft-thresholds
singular values) is the explicit Euler method, with steps of length alpha beta, for

$$ \frac{dZ}{ds} = -\frac{Z - A}{\mu} - \frac{\alpha\nabla g(A)}{\alpha\beta}, \quad A = S_\mu(Z),
\quad \mu = \alpha\beta. $$

Its stationary points are those of proximal gradient, to the last digit; and where the rank of A
changes a singular value of Z passes mu smoothly, so that an implicit integrator needs no events.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latebloom.core import schedules
from latebloom.core.lazy import linalg
from latebloom.experiment.experiment import Experiment
from latebloom.methods import ProjectedSubgradient
from latebloom.problems.operators import Entries

# Tolerances of the integration, for data of size 1: t2 comes out to 1e-6..1e-4 of itself, as far
# from the steps as the flow itself; ten times looser saves only a third of the decompositions.
RTOL = 1e-6
ATOL = 1e-8
# The first step of the integrator in units of mu, the time in which the flow forgets its start.
FIRST_STEP = 1e-3

# mu is not taken below this fraction of ||a_hat||: it costs a relative error of about mu in t2, and
# smaller values make the integrator resolve faster transients for nothing.
LEAST_MU = 1e-5
# Nor beta below this fraction of sigma_max ||a_hat||, which also stands for the projected method's
# beta -> 0: floors are proportional to beta, and such small ones are below INTEGRATION.
LEAST_BETA = 1e-6


@dataclass
class Flow:
    r"""The right-hand side, for data divided by their size.

    **Arguments:**

    - `gradient`: A to $X^\top(XA - y)$.
    - `curvature`: (n1 n2, k) to $X^\top X$ times each column.
    - `gain`: what multiplies the gradient, $1/\beta$.
    - `mu`: the threshold of the singular values.
    - `shape`: (n1, n2).

    **Fields:** `decompositions` counts the SVDs.
    """

    gradient: Callable[[np.ndarray], np.ndarray]
    curvature: Callable[[np.ndarray], np.ndarray]
    gain: float
    mu: float
    shape: tuple[int, ...]
    decompositions: int = field(default=0, init=False)

    @property
    def first_step(self) -> float:
        """The first step of the integrator."""
        return FIRST_STEP * self.mu

    def unknown(self, z: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n1 n2"]:
        r"""Return $A = S_\mu(Z)$."""
        self.decompositions += 1
        U, s, Vt = np.linalg.svd(z.reshape(self.shape), full_matrices=False)
        return (U * np.maximum(s - self.mu, 0.0)) @ Vt

    def velocity(self, s: float, z: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return dZ/ds, flattened."""
        A = self.unknown(z)
        return -(z - A.reshape(-1)) / self.mu - self.gain * self.gradient(A).reshape(-1)

    def jacobian(self, s: float, z: Float[np.ndarray, " n"]) -> "Jacobian":
        r"""Return $-(I - S')/\mu - X^\top X S'/\beta$ with S' the derivative of the
        thresholding."""
        self.decompositions += 1
        basis, image = threshold_derivative(z.reshape(self.shape), self.mu)
        image = image / self.mu - self.gain * self.curvature(image)
        return Jacobian(1.0 / self.mu, image, basis, basis.T @ image)


def units(experiment: Experiment) -> tuple[float, float, float]:
    """Return alpha, alpha beta, and the length ||a_hat|| by which lengths are divided."""
    assert experiment.penalty is not None
    alpha = schedules.initial(experiment.method.alpha)
    beta = schedules.initial(experiment.penalty.terms[0].beta)
    return alpha, alpha * beta, float(np.linalg.norm(experiment.data.a_hat))


def flow_of(experiment: Experiment) -> Flow:
    """Return the flow of an experiment, in which lengths are divided by that of `units`."""
    data, X = experiment.data, experiment.data.operator
    alpha, rate, scale = units(experiment)
    y, mu = data.y_star / scale, max(rate / scale, LEAST_MU)
    if not isinstance(experiment.method, ProjectedSubgradient):
        beta = max(rate / (alpha * scale), LEAST_BETA * data.sigma_max)

        curvature = X.normal_times
        if not isinstance(X, Entries):
            curvature = X.normal_times(np.eye(math.prod(data.shape))).__matmul__
        return Flow(lambda A: X.adjoint(X.forward(A) - y), curvature, 1.0 / beta, mu, data.shape)
    # X^+ X in the place of X^T X: the flow on the interpolators does not depend on it, and no
    # direction takes longer than another to reach them.
    values, Q = linalg.eigh(X.normal_times(np.eye(math.prod(data.shape))))
    Q = Q[:, values > len(values) * np.finfo(float).eps * values[-1]]
    return Flow(
        lambda A: X.correction(X.forward(A) - y, data.inverse),
        lambda columns: Q @ (Q.T @ columns),
        1.0 / LEAST_BETA,
        mu,
        data.shape,
    )


def threshold_derivative(
    Z: Float[np.ndarray, "n1 n2"], mu: float
) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "n k"]]:
    r"""Return an orthonormal basis B of what the derivative $S'$ of $S_\mu$ at Z does not send to
    0, and its image: $S' = (S'B)B^\top$ on row-major flattened matrices.

    In the bases of the singular vectors, $dZ = U D V^\top$, with f the thresholded values,
    $dA_{ij} = p_{ij} D_{ij} + q_{ij} D_{ji}$, $p, q = \frac12\left(\frac{f_i - f_j}{s_i - s_j} \pm
    \frac{f_i + f_j}{s_i + s_j}\right)$, and a singular value beyond the smaller dimension is zero.
    """
    (n1, n2), m = Z.shape, min(Z.shape)
    U, values, Vt = np.linalg.svd(Z)
    s = np.zeros(max(n1, n2))
    s[:m] = values
    f = np.maximum(s - mu, 0.0)
    i, j = np.nonzero(((s > mu)[:, None] | (s > mu))[:n1, :n2])
    # f is piecewise linear: only between a value above mu and one below is there a quotient to
    # take, and there its denominator is the larger.
    both = (s > mu)[i] & (s > mu)[j]
    difference = np.where(both, 1.0, (f[i] - f[j]) / np.where(both, 1.0, s[i] - s[j]))
    p, q = (0.5 * (difference + sign * (f[i] + f[j]) / (s[i] + s[j])) for sign in (1.0, -1.0))

    def outer(i: Int[np.ndarray, " k"], j: Int[np.ndarray, " k"]) -> Float[np.ndarray, "n k"]:
        return (U[:, None, i] * Vt.T[None, :, j]).reshape(n1 * n2, -1)

    basis = outer(i, j)
    # Beyond the smaller dimension q is zero, and any index will do.
    return basis, p * basis + q * outer(np.minimum(j, n1 - 1), np.minimum(i, n2 - 1))


class Jacobian(NamedTuple):
    r"""The matrix $-\lambda I + C B^\top$, B with k orthonormal columns; k is small at low rank."""

    damping: float  # lambda
    image: Float[np.ndarray, "n k"]  # C
    basis: Float[np.ndarray, "n k"]  # B
    core: Float[np.ndarray, "k k"]  # B^T C

    def dense(self) -> Float[np.ndarray, "n n"]:
        """Return the matrix."""
        J = self.image @ self.basis.T
        J[np.diag_indices_from(J)] -= self.damping
        return J

    def newton(self, c: float) -> Callable[[np.ndarray], np.ndarray]:
        r"""Return the function that solves $(I - cJ)x = b$, with one k x k factorization.

        With $\kappa = 1 + c\lambda$ and $y = B^\top x$: $\kappa x = b + cCy$, hence
        $(\kappa I - cB^\top C)y = B^\top b$.
        """
        kappa = 1.0 + c * self.damping
        matrix = -c * self.core
        matrix[np.diag_indices_from(matrix)] += kappa
        factors = linalg.lu_factor(matrix, overwrite_a=True, check_finite=False)

        def solve(b: np.ndarray) -> np.ndarray:
            y = linalg.lu_solve(factors, self.basis.T @ b, check_finite=False)
            return (b + c * (self.image @ y)) / kappa

        return solve


@dataclass(frozen=True)
class Stretch:
    """One step of the integrator: from s = begin to end, with Z and A in between."""

    flow: Flow
    begin: float
    end: float
    before: Float[np.ndarray, " n"]
    after: Float[np.ndarray, " n"]
    inside: Callable[[float], np.ndarray]

    def unknown(self, s: float) -> Float[np.ndarray, "n1 n2"]:
        """Return A at slow time s."""
        return self.flow.unknown(self.after if s >= self.end else self.inside(s))


class Failed(Exception):
    """The integrator gave up; the message says where and why."""


def stretches(
    flow: Flow, z: Float[np.ndarray, " n"], length: float, rtol: float = RTOL, atol: float = ATOL
) -> Iterator[Stretch]:
    """Integrate from s = 0, step by step.

    **Arguments:**

    - `flow`: what to follow.
    - `z`: where it starts, Z flattened.
    - `length`: of the interval in slow time.
    - `rtol`, `atol`: tolerances of the integrator.

    **Raises:** `Failed` where the integrator does not converge.
    """
    from .low_rank_bdf import LowRankBDF  # SciPy's integrators take long to import

    solver = LowRankBDF(flow, z, length, rtol, atol)
    while solver.status == "running":
        begin, before = float(solver.t), solver.y
        message = solver.step()
        if solver.status == "failed":
            raise Failed(message)
        yield Stretch(flow, begin, float(solver.t), before, solver.y, solver.dense_output())
