r"""Runs and tangent kernels of the spectral theory of grokking, after Pracher et al.

With the squared loss $\frac{\mathcal N}{2}\|\sigma\|^2$, $\sigma = f - y$, a network whose outputs
are homogeneous of degree D in its parameters, and $\lambda_n = \lambda/\mathcal N$,

$$\dot\sigma = -(K + D\lambda_n)\sigma - D\lambda_n y, \qquad K = JJ^T,$$

so that a fixed kernel leaves the residual $-D\lambda_n(K + D\lambda_n)^{-1}y$. In a direction u of
the task it makes $\Lambda = u^T K u$ grow, at the rate $\lambda_n$: generalization comes after a
number of updates proportional to $1/(\eta\lambda)$.
"""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.experiment import Drawn, Every, Experiment
from latebloom.methods import SGD
from latebloom.models import MLP
from latebloom.penalties import L2

from .one_hot import by_difference

LEVEL = 0.1  # wrong answers that count as fitted and as generalized
BEGIN = 0.9  # wrong answers where generalization begins: the source's 10 percent
DEGREE = 2  # of homogeneity: two layers
# Of conjugate gradients for the ridge solution.
RTOL, ITERATIONS = 1e-6, 3000
# What the labels have, and what they do not: multiples of the two residues.
TASK, OTHER = (1, 1), (1, 3)


def instance(case: dict[str, Any], steps: int) -> Experiment:
    """Return a run of the source's perceptron.

    **Arguments:** `case`: `eta`, `lambda` and the settings of the study; `steps`: its updates.
    """
    return Experiment(
        by_difference(case["p"], case["differences"]),
        L2(case["lambda"]),
        SGD(case["eta"]),
        model=MLP(widths=(case["width"],), law="fan_in"),
        init=Drawn(seed=case["seed"], scale=math.sqrt(2)),  # He's: twice the variance
        steps=steps,
        thresholds=(LEVEL, LEVEL),
        record=Every(case["every"]),
    )


def horizon(case: dict[str, Any]) -> int:
    """Return the number of updates of a case.

    >>> horizon({"slow": 6.0, "eta": 10.0, "lambda": 1e-3, "updates": 24000, "every": 100})
    600
    """
    last = min(case["updates"], case["slow"] / (case["eta"] * case["lambda"]))
    return case["every"] * math.ceil(last / case["every"] - 1e-9)


def measured(case: dict[str, Any]) -> dict[str, Any]:
    """Return what a run did: first records with 10 and 90 % test accuracy, and its outcome."""
    from latebloom.simulate import simulate

    curves = simulate(instance(case, horizon(case)), engine="step").trajectory
    steps = curves["step"].to_numpy()
    train, test = (curves[f"{side}_error"].to_numpy() for side in ("train", "test"))

    def first(values: np.ndarray, level: float) -> int | None:
        below = np.flatnonzero(values <= level)
        return int(steps[below[0]]) if below.size else None

    fit, end = first(train, LEVEL), float(train[-1])
    if end < LEVEL:
        outcome = "grokking" if test[-1] < LEVEL else "memorization"
    else:
        outcome = "no fitting" if fit is None else "forgetting"
    return {"s10": first(test, BEGIN), "s90": first(test, LEVEL), "fit": fit, "outcome": outcome}


# The tangent kernel -------------------------------------------------------------------------------


def directions(case: dict[str, Any], inputs: np.ndarray, of: tuple[int, int]) -> np.ndarray:
    r"""Return $\cos(2\pi k(ia + jb - c)/p)$ for k = 1 ... (p - 1)/2, normalized.

    **Arguments:** `inputs`: one-hot pairs (a, b), shape (N, 2 p); `of`: (i, j).

    **Returns:** shape (k, N, p).
    """
    p = case["p"]
    a, b = np.argmax(inputs.reshape(len(inputs), 2, p), axis=2).T
    angle = 2 * np.pi * ((of[0] * a + of[1] * b)[:, None] - np.arange(p)) / p
    u = np.cos(np.arange(1, (p + 1) // 2)[:, None, None] * angle)
    return u / np.linalg.norm(u, axis=(1, 2), keepdims=True)


def kernel(case: dict[str, Any]) -> dict[str, Any]:
    """Return the kernel along a run: at the fit, half-way, at 90 % test accuracy, and at the end.

    **Returns:** `steps`, and a list over them of each key of `looked_at`.
    """
    from latebloom.simulate import simulate

    seen = measured(case)
    fit, late = seen["fit"], seen["s90"]
    assert fit is not None
    assert late is not None
    steps = [fit, (fit + late) // 2, late, horizon(case)]
    runs = [simulate(instance(case, step), engine="step") for step in steps]
    rows = [looked_at(case, run.experiment, dict(run.params)) for run in runs]
    return {"steps": steps} | {key: [row[key] for row in rows] for key in rows[0]}


def looked_at(
    case: dict[str, Any], experiment: Experiment, params: Mapping[str, np.ndarray]
) -> dict[str, float]:
    r"""Return what the kernel is at one moment.

    **Returns:** `task` and `other`, the mean over k of $\mathcal N u_k^T K u_k$; `expressed`, the
    mean of $u_k^T f/u_k^T y$, and `gain`, that of $\Lambda/(\Lambda + 2\lambda_n)$; `off`, the
    relative distance of the residual from the ridge solution of the kernel.
    """
    import jax
    import jax.numpy as jnp
    from jax.scipy.sparse.linalg import cg

    side = experiment.supervised.train
    with double_precision():
        theta = {k: jnp.asarray(v, float) for k, v in params.items()}
        f = partial(experiment.network.apply, inputs=jnp.asarray(side.inputs, float))
        out, pull = jax.vjp(f, theta)
        y = jnp.eye(case["p"])[side.targets]
        decay = DEGREE * case["lambda"] * out.size / 2
        solution = cg(
            lambda v: jax.jvp(f, (theta,), pull(v))[1] + decay * v,
            -decay * y, tol=RTOL, maxiter=ITERATIONS,
        )[0]  # fmt: skip
        residual = out - y
        strengths, shares = {}, np.zeros(0)
        for key, of in (("task", TASK), ("other", OTHER)):
            u = jnp.asarray(directions(case, side.inputs, of))
            pulled = [pull(one)[0].values() for one in u]
            strengths[key] = np.array([sum(float((g**2).sum()) for g in own) for own in pulled])
            if key == "task":
                shares = np.asarray((u * out).sum((1, 2)) / (u * y).sum((1, 2)))
        off = float(jnp.linalg.norm(residual - solution) / jnp.linalg.norm(residual))
    means = {key: float(each.mean()) * 2 / out.size for key, each in strengths.items()}
    gain = strengths["task"] / (strengths["task"] + decay)
    return means | {"expressed": float(shares.mean()), "gain": float(gain.mean()), "off": off}
