"""Rescaling: why the norm of the parameters cannot measure generalization."""

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from latebloom.core.progress import Progress
from latebloom.laws.constants import (
    least_scale,
    least_squared_norm,
    rescale,
    scales_of_norm,
    squared_norm,
)
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import Statistic, exactly

STUDY = STUDIES["rescaling"]
ACTIVATIONS: dict[str, tuple[int, Callable[[np.ndarray], np.ndarray]]] = {
    "ReLU": (1, lambda x: np.maximum(x, 0.0)),
    "square": (2, np.square),
}
INPUTS, WIDTH = 5, 60  # enough features to learn the teacher, few enough for an instant
TRAIN, TEST = 100, 2000
# By how much the norm is made to grow on both sides of its minimum: then one layer has all but a
# millionth of its square.
GROWTH = 1e3
NOISE = 0.3  # on the training targets: without, the square network would learn its teacher exactly
DECAY = 1e-6  # of the ridge regression, relative: well posed, and far below the test error
SEEDS = 20  # networks with each activation that the claims are decided on; the picture has seed 0


def network(name: str, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Return A and B of a trained network, test inputs and test targets.

    The teacher has three hidden units; its training targets are noisy. The student's first layer
    is random, its second the ridge regression on the training set: trained exactly.
    """
    L, phi = ACTIVATIONS[name]
    rng = np.random.default_rng([seed, L])
    A_star, B_star = rng.standard_normal((3, INPUTS)), rng.standard_normal((1, 3))
    x = rng.standard_normal((TRAIN + TEST, INPUTS))
    y = predictions(A_star, B_star, phi, x)
    y[:TRAIN] += NOISE * y.std() * rng.standard_normal((TRAIN, 1))
    A = rng.standard_normal((WIDTH, INPUTS))
    features = phi(x[:TRAIN] @ A.T)
    K = features @ features.T
    ridge = DECAY * np.trace(K) / TRAIN * np.eye(TRAIN)
    B = (features.T @ np.linalg.solve(K + ridge, y[:TRAIN])).T
    return A, B, x[TRAIN:], y[TRAIN:]


def predictions(
    A: Float[np.ndarray, "m n"],
    B: Float[np.ndarray, "k m"],
    phi: Callable[[np.ndarray], np.ndarray],
    x: Float[np.ndarray, "N n"],
) -> Float[np.ndarray, "N k"]:
    r"""Return $B\phi(Ax)$ for every row of x.

    **Arguments:**

    - `A`, `B`: the weights of the two layers.
    - `phi`: the activation.
    - `x`: N inputs.
    """
    return phi(x @ A.T) @ B.T


def rescaled(name: str, scale: Float[np.ndarray, " K"], seed: int = 0) -> "pictures.Rescaled":
    """Return what the scales do to the trained network with this activation."""
    L, phi = ACTIVATIONS[name]
    A, B, x, y = network(name, seed)
    a, b = float(np.sum(A**2)), float(np.sum(B**2))
    base = predictions(A, B, phi, x)
    norm, moved, error = [], [], []
    for value in scale:
        A_, B_ = rescale(A, B, float(value), L)
        now = predictions(A_, B_, phi, x)
        norm.append(np.sqrt(np.sum(A_**2) + np.sum(B_**2)))
        moved.append(np.abs(now - base).max() / np.abs(base).max())
        error.append(np.linalg.norm(now - y) / np.linalg.norm(y))
    law = np.sqrt([squared_norm(a, b, L, float(value)) for value in scale])
    least = (least_scale(a, b, L), least_squared_norm(a, b, L) ** 0.5)
    return pictures.Rescaled(scale, np.array(norm), law, least, np.array(moved), np.array(error))


def measured(points: int, progress: Progress) -> dict[str, float]:
    """Return the worst case over all networks of what the claims are about, by claim.

    **Arguments:**

    - `points`: of the grid of lambda.
    """
    worst = {claim.id: 0.0 for claim in STUDY.claims}
    for k in range(SEEDS * len(ACTIVATIONS)):
        name, seed = list(ACTIVATIONS)[k % len(ACTIVATIONS)], k // len(ACTIVATIONS)
        for claim, value in of_network(name, seed, points).items():
            worst[claim] = max(worst[claim], value)
        progress(k + 1, SEEDS * len(ACTIVATIONS))
    return worst


def of_network(name: str, seed: int, points: int) -> dict[str, float]:
    """Return the same for one network."""
    from scipy.optimize import minimize_scalar

    L, _ = ACTIVATIONS[name]
    A, B, *_ = network(name, seed)

    def squared(scale: float) -> float:
        one, two = rescale(A, B, scale, L)
        return float(np.sum(one**2) + np.sum(two**2))

    def slope(scale: float) -> float:
        return math.log(squared(scale * 1.01) / squared(scale / 1.01)) / (2 * math.log(1.01))

    a, b = float(np.sum(A**2)), float(np.sum(B**2))
    low, high = scales_of_norm(a, b, L, GROWTH)
    at = least_scale(a, b, L)
    r = rescaled(name, np.geomspace(low, high, points), seed)
    found: Any = minimize_scalar(
        lambda s: math.log(squared(math.exp(s))),
        bounds=(math.log(low), math.log(high)),
        method="bounded",
        options={"xatol": 1e-10},
    )
    inner = r.norm[1:-1]
    return {
        "rescaling.function": float(r.moved.max()),
        "rescaling.minimum": abs(math.exp(float(found.x)) / at - 1),
        "rescaling.one": float(np.sum((inner < r.norm[:-2]) & (inner < r.norm[2:]))),
        "rescaling.value": abs(squared(at) / least_squared_norm(a, b, L) - 1),
        "rescaling.diverges": max(abs(slope(low) + 2 * L), abs(slope(high) - 2)),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Rescale ReLU and square networks: the norm grows a thousandfold, nothing else moves."""
    points = STUDY.at(workspace.quick).settings["points"]
    rows, shown = [], {}
    for name, (L, _) in ACTIVATIONS.items():
        A, B, *_ = network(name)
        a, b = float(np.sum(A**2)), float(np.sum(B**2))
        low, high = scales_of_norm(a, b, L, GROWTH)
        r = rescaled(name, np.geomspace(low, high, points))
        # Multiplication by a power of two is exact: there even the rounding is the same.
        exact = rescaled(name, 2.0 ** np.arange(-8, 9))
        best = int(np.argmin(r.norm))
        spread = float(r.error.max() - r.error.min()) / float(r.error[0])
        step = f"the grid has a step of {(high / low) ** (1 / (points - 1)) - 1:.1%}"
        at = f"{name} (L = {L})"
        rows += [
            Comparison(f"{at}: lambda_0", r.least[0], float(r.scale[best]), step),
            Comparison(f"{at}: least norm", r.least[1], float(r.norm[best])),
            Comparison(f"{at}: norm / least norm, small lambda", None, r.norm[0] / r.least[1]),
            Comparison(f"{at}: norm / least norm, large lambda", None, r.norm[-1] / r.least[1]),
            Comparison(f"{at}: largest |norm/law - 1|", None, np.abs(r.norm / r.law - 1).max()),
            Comparison(f"{at}: largest change of a prediction", None, r.moved.max()),
            Comparison(f"{at}: the same, lambda = 2^-8..2^8", 0.0, exact.moved.max()),
            Comparison(f"{at}: relative test error", None, float(r.error[0])),
            Comparison(f"{at}: its relative change over all lambda", None, spread),
        ]
        shown[f"{name}, L = {L}"] = r
    rows = [replace(row, ours=None if row.ours is None else float(row.ours)) for row in rows]
    settings = {"seeds": SEEDS, "points": points, "sizes": [INPUTS, WIDTH, TRAIN, TEST]}
    worst = workspace.table("rescaling", settings, lambda progress: measured(points, progress))
    evidence: dict[str, Statistic] = {
        claim: exactly(value, SEEDS * len(ACTIVATIONS)) for claim, value in worst.items()
    }
    return STUDY.reproduction(rows, pictures.plot_rescaling(shown), evidence)
