r"""Recovery of one truth: what its dual certificate implies, where the null space property fails.

A property of the support is about all sign patterns on it; a run needs only those of its own truth.
Let $X_S^\top\nu = \mathrm{sign}(a^*_S)$, $\|X_{\bar S}^\top\nu\|_\infty \le \rho < 1$ and $u = a -
a^*$. Then $\|a\|_1 \ge \|a^*\|_1 + \langle\nu, Xu\rangle + (1-\rho)\|u_{\bar S}\|_1$, and $X_Su_S =
Xu - X_{\bar S}u_{\bar S}$ bounds what is on the support.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.null_space import NullSpaceConstants, sign_constants
from latebloom.theory.facts import Facts, Point

from .contexts import sparse_recovery
from .finding import INEQUALITY, Assumption
from .law import Law
from .measures import largest, ratio


@dataclass(frozen=True, eq=False)
class Certified:
    """A sparse recovery and the constants of the signs of its truth.

    **Fields:**

    - `facts`, `truth`: the facts of the experiment and its ground truth.
    - `signs`: the constants of the sign pattern, None if it has no certificate.
    - `size`: number of entries in the support.
    - `on`, `off`: the least singular value of X on the support, the longest column off it.
    """

    facts: Facts
    truth: np.ndarray
    signs: NullSpaceConstants | None
    size: int
    on: float
    off: float


@lru_cache(maxsize=8)
def _certified(experiment: Experiment) -> Certified:
    f, truth = sparse_recovery(experiment)
    X, support = experiment.vector_data.X, np.flatnonzero(truth)
    signs = sign_constants(X, support, np.sign(truth[support]))
    values = np.linalg.svd(X[:, support], compute_uv=False)
    longest = np.linalg.norm(np.delete(X, support, axis=1), axis=0).max(initial=0.0)
    least = float(values[-1]) if support.size <= X.shape[0] else 0.0
    return Certified(f, truth, signs, support.size, least, float(longest))


def _certificate_exists(c: Certified) -> list[Assumption]:
    what = "dual certificate of the signs of a*: rho"
    if c.signs is None:
        return [Assumption(what, "fails", 1.0, "< 1: a* is not the only sparse solution")]
    return [Assumption.of(what, True, c.signs.rho, "< 1")]


def error_bound(c: Certified, excess: float, seen: float) -> float:
    r"""Return the bound of $\|a - a^*\|_1$ from $\|a\|_1 - \|a^*\|_1$ and $\|X(a - a^*)\|$."""
    assert c.signs is not None
    outside = (excess + c.signs.tau * seen) / (1 - c.signs.rho)
    if not c.size:
        return outside
    root = math.sqrt(c.size) / c.on
    return outside * (1 + root * c.off) + root * seen


def _error_over_bound(c: Certified, steps: np.ndarray, points: Point) -> list[float]:
    size, found = float(np.abs(c.truth).sum()), []
    for a in points:
        away = a - c.truth
        seen = float(np.linalg.norm(c.facts.data.operator.forward(away)))
        # The norms are known to rounding, and so is the bound.
        excess = float(np.abs(a).sum() - np.abs(c.truth).sum()) + 1e-14 * size
        found.append(ratio(float(np.abs(away).sum()), error_bound(c, excess, seen)))
    return found


DUAL_CERTIFICATE = (
    Law(
        name="error by the dual certificate",
        statement="||(a - a*) off S||_1 <= (||a||_1 - ||a*||_1 + tau ||X(a - a*)||)/(1 - rho), and "
        "on S <= sqrt(s) (||X(a - a*)|| + max ||X_j|| ||(a - a*) off S||_1)/sigma_min(X_S)",
        source="derived here from convexity; needs the signs of a* only",
        symbols=("X", "a*", "rho", "tau"),
        status="ours",
        context=_certified,
        hypotheses=_certificate_exists,
        promise=INEQUALITY,
        measure=largest(_error_over_bound),
    ),
)
