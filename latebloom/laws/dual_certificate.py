r"""Recovery of one truth: what its dual certificate forces, where the null space property fails.

A property of the support asks for all sign patterns on it; a run needs only those of its own truth.
Let $X_S^\top\nu = \mathrm{sign}(a^*_S)$, $\|X_{\bar S}^\top\nu\|_\infty \le \rho < 1$ and $u = a -
a^*$. Then $\|a\|_1 \ge \|a^*\|_1 + \langle\nu, Xu\rangle + (1-\rho)\|u_{\bar S}\|_1$, and $X_Su_S =
Xu - X_{\bar S}u_{\bar S}$ bounds what is on the support.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.null_space import sign_constants
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts

from .common import records
from .law import Assumption, Law, Measurement, Promise, register


@dataclass(frozen=True, eq=False)
class Certified:
    """The facts of a sparse recovery, and the constants of the truth's own signs."""

    facts: Facts
    rho: float | None
    tau: float
    support: np.ndarray
    on: float  # the least singular value of X_S
    off: float  # the longest column off the support


@lru_cache(maxsize=8)
def _certified(experiment: Experiment) -> Certified | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if found.a_star is None or found.a_star.ndim != 1:
        return "it is about sparse recovery: vectors with a ground truth a_star"
    X, support = experiment.vector_data.X, np.flatnonzero(found.a_star)
    constants = sign_constants(X, support, np.sign(found.a_star[support]))
    values = np.linalg.svd(X[:, support], compute_uv=False)
    rest = np.delete(X, support, axis=1)
    longest = float(np.linalg.norm(rest, axis=0).max(initial=0.0))
    least = float(values[-1]) if support.size <= X.shape[0] else 0.0
    if constants is None:
        return Certified(found, None, 0.0, support, least, longest)
    return Certified(found, constants.rho, constants.tau, support, least, longest)


def _assume(c: Certified) -> list[Assumption]:
    what = "dual certificate of the signs of a*: rho"
    if c.rho is None:
        return [Assumption(what, "fails", 1.0, "< 1: a* is not the only sparse solution")]
    return [Assumption.of(what, True, c.rho, "< 1")]


def _one(c: Certified) -> Promise:
    return Promise("largest left side / right side", high=1.0)


def error_bound(c: Certified, excess: float, seen: float) -> float:
    r"""Return the bound of $\|a - a^*\|_1$ from $\|a\|_1 - \|a^*\|_1$ and $\|X(a - a^*)\|$."""
    assert c.rho is not None
    outside = (excess + c.tau * seen) / (1 - c.rho)
    if not c.support.size:
        return outside
    root = math.sqrt(c.support.size) / c.on
    return outside * (1 + root * c.off) + root * seen


def _along_the_run(run: Run, c: Certified) -> Measurement | str:
    found = records(run)
    if isinstance(found, str):
        return found
    truth = c.facts.a_star
    assert truth is not None
    worst = (-math.inf, 0)
    for step, a in zip(*found, strict=True):
        seen = float(np.linalg.norm(c.facts.data.operator.forward(a - truth)))
        excess = float(np.abs(a).sum() - np.abs(truth).sum())
        # The norms are known to rounding: so is the bound.
        right = error_bound(c, excess + 1e-14 * float(np.abs(truth).sum()), seen)
        left = float(np.abs(a - truth).sum())
        worst = max(worst, (left / right if right > 0 else math.inf, int(step)))
    return Measurement(worst[0], f"at step {worst[1]:,}")


register(
    Law(
        name="error by the dual certificate",
        statement="||(a - a*) off S||_1 <= (||a||_1 - ||a*||_1 + tau ||X(a - a*)||)/(1 - rho), and "
        "on S <= sqrt(s) (||X(a - a*)|| + max ||X_j|| ||(a - a*) off S||_1)/sigma_min(X_S)",
        source="derived here from convexity; needs the signs of a* only",
        symbols=("X", "a*", "rho", "tau"),
        status="ours",
        know=_certified,
        assume=_assume,
        foretell=_one,
        measure=_along_the_run,
    )
)
