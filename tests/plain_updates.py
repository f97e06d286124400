"""The updates of every method in a few lines of NumPy, which share no code with the package."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

# --- Penalties in NumPy ---------------------------------------------------------------------------


class Plain(NamedTuple):
    """A penalty written down once more: a subgradient, and the proximal operator for a step."""

    subgradient: Callable[[np.ndarray], np.ndarray]
    prox: Callable[[np.ndarray, float], np.ndarray]


def soft(x: np.ndarray, threshold: float) -> np.ndarray:
    """Return the soft threshold by its three cases."""
    return np.where(x > threshold, x - threshold, np.where(x < -threshold, x + threshold, 0.0))


def plain_none() -> Plain:
    """Return no penalty."""
    return Plain(np.zeros_like, lambda x, step: x)


def plain_l1(beta: float) -> Plain:
    """Return beta ||x||_1."""
    return Plain(lambda x: beta * np.sign(x), lambda x, step: soft(x, step * beta))


def plain_l2(beta: float) -> Plain:
    """Return beta/2 ||x||^2."""
    return Plain(lambda x: beta * x, lambda x, step: x / (1 + step * beta))


def plain_elastic(l1: float, l2: float) -> Plain:
    """Return l1 ||x||_1 + l2/2 ||x||^2."""
    return Plain(
        lambda x: l1 * np.sign(x) + l2 * x, lambda x, step: soft(x, step * l1) / (1 + step * l2)
    )


def plain_nuclear(beta: float, shape: tuple[int, int]) -> Plain:
    """Return beta times the sum of singular values, on matrices written as vectors."""

    def on_singular_values(change: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
        U, s, Vt = np.linalg.svd(x.reshape(shape), full_matrices=False)
        return (U @ np.diag(change(s)) @ Vt).ravel()

    return Plain(
        lambda x: beta * on_singular_values(lambda s: 1.0 * (s > 1e-14 * s[0]), x),
        lambda x, step: on_singular_values(lambda s: soft(s, step * beta), x),
    )


def plain_norm(beta: float) -> Plain:
    """Return beta times the Euclidean norm, which is the Frobenius norm of one matrix."""
    return Plain(
        lambda x: beta * x / np.linalg.norm(x),
        lambda x, step: max(0.0, 1 - step * beta / np.linalg.norm(x)) * x,
    )


# --- Methods in NumPy -----------------------------------------------------------------------------

Iterates = list[np.ndarray]


def plain_subgradient(
    X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, h: Plain, steps: int
) -> Iterates:
    """Return a(0), ..., a(steps) of a <- a - alpha (X^T (X a - y) + beta H(a))."""
    out = [a]
    for _ in range(steps):
        a = a - alpha * (X.T @ (X @ a - y) + h.subgradient(a))
        out.append(a)
    return out


def plain_proximal(
    X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, h: Plain, steps: int
) -> Iterates:
    """Return a(0), ..., a(steps) of a <- prox(a - alpha X^T (X a - y))."""
    out = [a]
    for _ in range(steps):
        a = h.prox(a - alpha * X.T @ (X @ a - y), alpha)
        out.append(a)
    return out


def plain_fista(
    X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, h: Plain, steps: int
) -> Iterates:
    """Return the iterates of FISTA, equations 4.1 to 4.3 of Beck and Teboulle (2009)."""
    out, point, theta = [a], a, 1.0
    for _ in range(steps):
        before, a = a, h.prox(point - alpha * X.T @ (X @ point - y), alpha)
        theta_before, theta = theta, (1 + np.sqrt(1 + 4 * theta**2)) / 2
        point = a + (theta_before - 1) / theta * (a - before)
        out.append(a)
    return out


def plain_projected(
    X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, h: Plain, steps: int
) -> Iterates:
    """Return a(0), ..., a(steps): walk against beta H, then project on the least squares fits."""
    out = [a]
    for _ in range(steps):
        a = a - alpha * h.subgradient(a)
        a = a + np.linalg.lstsq(X, y - X @ a, rcond=1e-10)[0]
        out.append(a)
    return out


def plain_adam(
    X: np.ndarray, y: np.ndarray, a: np.ndarray, alpha: float, h: Plain, steps: int
) -> Iterates:
    """Return the iterates of Adam, algorithm 1 of Kingma and Ba (2015), on the whole objective."""
    out, m, v = [a], 0 * a, 0 * a
    for t in range(1, steps + 1):
        g = X.T @ (X @ a - y) + h.subgradient(a)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        a = a - alpha * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        out.append(a)
    return out


UPDATES: dict[str, Callable[..., Iterates]] = {
    "Subgradient": plain_subgradient,
    "GradientDescent": plain_subgradient,
    "ProximalGradient": plain_proximal,
    "FISTA": plain_fista,
    "ProjectedSubgradient": plain_projected,
    "Adam": plain_adam,
    "Optax": plain_adam,  # the one it stands for by default
    "SGD": plain_subgradient,
}
