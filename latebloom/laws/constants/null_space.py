r"""Null space constants of X relative to one support, by convex programs.

By duality $\langle\sigma, u_S\rangle \le \rho\|u_{\bar S}\|_1 + \tau\|Xu\|_2$ for all u if and only
if some $\nu$ has $X_S^\top\nu = \sigma$, $\|X_{\bar S}^\top\nu\|_\infty \le \rho$ and $\|\nu\|_2
\le \tau$. So the constants of a support are the largest, over the sign patterns $\sigma \in
\{\pm1\}^s$, of two small convex programs, and the vectors $\nu$ prove them.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.problems.base import compact_svd
from latebloom.theory.recoverability import least_dual_norm

from .margins import least_distance

# 2^(s-1) programs of some milliseconds each: half a minute.
MOST = 12
# HiGHS is exact to 1e-7; what the vectors prove is computed from them.
MARGIN = 1e-6


@dataclass(frozen=True)
class NullSpaceConstants:
    r"""Proved constants of the robust null space property relative to a support S.

    $\|u_S\|_1 \le \rho\|u_{\bar S}\|_1 + \tau\|Xu\|_2$ for all u.

    **Fields:**

    - `rho`, `tau`: the constants.
    - `least_rho`: the stable null space constant, the least rho that any tau can go with: the
      largest $\|u_S\|_1/\|u_{\bar S}\|_1$ on the kernel of X.
    """

    rho: float
    tau: float
    least_rho: float


def null_space_constants(
    X: Float[np.ndarray, "N n"], support: np.ndarray, rho: float | None = None
) -> NullSpaceConstants | None:
    r"""Return the constants of the robust null space property relative to a support.

    **Arguments:**

    - `X`: the design matrix, shape (N, n).
    - `support`: the indices of S.
    - `rho`: the rho to find the least tau for; halfway between the least one and 1 if left out,
      where neither $(1+\rho)/(1-\rho)$ nor tau is needlessly large.

    **Returns:** the constants, or None where no rho < 1 exists: the property fails.

    **Raises:** `Unsupported` for supports of more than 12 entries: the number of programs doubles
    with each; `InvalidInput` for a rho below the least one, or not below 1.

    Source: arXiv 2506.05718, definitions 3.2 (C.37) and C.35; Foucart and Rauhut, A Mathematical
    Introduction to Compressive Sensing (2013), chapter 4.

    >>> X = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    >>> null_space_constants(X, np.array([0])).least_rho
    0.333...
    """
    X = check.real_array("X", X, 2)
    support = np.asarray(support, dtype=int)
    if support.size > MOST:
        raise Unsupported(
            f"s = {support.size}: the null space property of a support takes 2^(s-1) programs, "
            f"offered up to s = {MOST}; ask whether this instance is recoverable instead"
        )
    if not support.size:
        return NullSpaceConstants(0.0, 0.0, 0.0)
    patterns = itertools.product((1.0, -1.0), repeat=support.size - 1)
    return _constants(X, support, [np.array((1.0, *rest)) for rest in patterns], rho)


def sign_constants(
    X: Float[np.ndarray, "N n"], support: np.ndarray, signs: Float[np.ndarray, " s"]
) -> NullSpaceConstants | None:
    r"""Return the constants of one sign pattern on the support, as one truth needs them.

    Some $\nu$ has $X_S^\top\nu$ = `signs`, $\|X_{\bar S}^\top\nu\|_\infty \le$ `rho` and norm
    `tau`; None where no rho < 1 exists, and a vector with these signs is not the only one of least
    l1 norm.

    >>> X = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
    >>> sign_constants(X, np.array([0]), np.array([1.0])).least_rho
    0.333...
    """
    if not len(support):
        return NullSpaceConstants(0.0, 0.0, 0.0)
    return _constants(X, np.asarray(support, dtype=int), [np.asarray(signs)], None)


def _constants(
    X: np.ndarray, support: np.ndarray, patterns: list[np.ndarray], rho: float | None
) -> NullSpaceConstants | None:
    """Return constants that are valid for all the sign patterns, or None."""
    off = np.ones(X.shape[1], dtype=bool)
    off[support] = False
    on = compact_svd(X[:, support])
    if on.s.size < support.size:
        return None  # a vector on the support alone lies in the kernel
    free = np.linalg.svd(on.U.T)[2][on.s.size :].T  # directions that keep X_S^T nu
    A, B = X[:, off].T, X[:, off].T @ free
    bases = [on.U @ ((on.Vt @ pattern) / on.s) for pattern in patterns]
    least = 0.0
    for base in bases:
        found = least_dual_norm(A @ base, B)
        least = max(least, 1.0 if found is None else found)
        if not least < 1 - MARGIN:
            return None
    goal = 0.5 * (1 + least) if rho is None else rho
    if not least <= goal < 1:
        raise InvalidInput(f"rho = {goal:g}: must be at least {least:.6g} and below 1")
    tau, proved = 0.0, 0.0
    for base in bases:
        nu = base + free @ _shortest(A @ base, B, goal)
        proved = max(proved, float(np.abs(A @ nu).max(initial=0.0)))
        tau = max(tau, float(np.linalg.norm(nu)))
    # The constants are those that the vectors prove, not the requested ones.
    return NullSpaceConstants(proved, tau, least) if proved < 1 else None


def _shortest(inner: np.ndarray, free: np.ndarray, rho: float) -> np.ndarray:
    """Return the shortest z with |inner + free z| <= rho, or the nearest that was found."""
    G, h = np.vstack([free, -free]), np.concatenate([-rho - inner, inner - rho])
    if not free.shape[1] or (h <= 0).all():
        return np.zeros(free.shape[1])
    found = least_distance(G, h)
    return np.zeros(free.shape[1]) if found is None else found[0]
