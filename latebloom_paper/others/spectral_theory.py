r"""The spectral theory of grokking, after Pracher et al.: decay, residuals and the tangent kernel.

With the squared loss $\frac{\mathcal N}{2}\|\sigma\|^2$, $\sigma = f - y$, a network whose outputs
are homogeneous of degree D in its parameters, and $\lambda_n = \lambda/\mathcal N$,

$$\dot\sigma = -(K + D\lambda_n)\sigma - D\lambda_n y, \qquad K = JJ^T,$$

so that a fixed kernel leaves the residual $-D\lambda_n(K + D\lambda_n)^{-1}y$. In a direction u of
the task it makes $\Lambda = u^T K u$ grow, at the rate $\lambda_n$: generalization comes after a
number of updates proportional to $1/(\eta\lambda)$.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from latebloom.core.line_fit import fit_line
from latebloom.experiment import Drawn, Every, Experiment
from latebloom.methods import SGD
from latebloom.models import MLP
from latebloom.penalties import L2
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace

from .one_hot import by_difference
from .verdicts import interval, judged, verdict_note

STUDY = STUDIES["spectral-theory"]
LEVEL = 0.1  # wrong answers that count as fitted and as generalized
BEGIN = 0.9  # wrong answers where generalization begins: the source's 10 percent
DEGREE = 2  # of homogeneity: two layers
CLOSE, FAR = 0.15, 0.3  # of the exponent from 1
NEAR, TWICE = 0.25, 1.0  # of the slow time of the boundary
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
    with jax.enable_x64(True):
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


# The study ----------------------------------------------------------------------------------------


def reproduce(workspace: Workspace) -> Reproduction:
    r"""Train over a grid of learning rates and decays; follow the kernel of one run.

    The verdict, fixed beforehand (after pilot runs that set the sizes): reproduced if the exponent
    of s10 in $1/(\eta\lambda)$ is within 0.15 of 1, the slow time at which runs of weak decay reach
    90% within a quarter of that of the source's boundary, the kernel grows in the directions of the
    task after the fit, and decays in others; with corrections if the exponent is within 0.3, that
    time within a factor of two, and the kernel grows more in the directions of the task.
    """
    study = STUDY.at(workspace.quick)
    s, read = study.settings, STUDY.readings
    names = ("p", "width", "differences", "updates", "every", "seed", "slow")
    fixed = {key: s[key] for key in names}
    grid = [{"eta": e, "lambda": d} | fixed for e, d in itertools.product(s["eta"], s["lambda"])]
    runs = workspace.tables("perceptrons", grid, measured)
    shown = [{"eta": c["eta"], "lambda": c["lambda"]} | fixed for c in s["shown"]]
    outcomes = workspace.tables("runs that are shown", shown, measured)
    (grown,) = workspace.tables("tangent kernel", [fixed | s["kernel"]], kernel)

    kept = [(c, r) for c, r in zip(grid, runs, strict=True) if r["outcome"] == "grokking"]
    x = np.array([1 / (c["eta"] * c["lambda"]) for c, _ in kept])
    begins = np.array([r["s10"] for _, r in kept], dtype=float)
    line = fit_line(np.log(x), np.log(begins))
    weak = [c["lambda"] <= s["weak"] for c, _ in kept]
    ends = np.array([r["s90"] for _, r in kept], dtype=float) / x
    time, published = float(np.median(ends[weak])), read["A"] * s["updates"]
    rows = [
        Comparison(
            "exponent of s10 in 1/(eta lambda)", 1.0, line.slope,
            f"{interval(line)}; {len(kept)} of {len(grid)} runs grok",
        ),
        *_one_decay(kept),
        Comparison(
            f"slow time eta lambda s90, median over lambda <= {s['weak']:g}", published, time,
            f"from {min(ends[weak]):.2f} to {max(ends[weak]):.2f}; the source: of its boundary",
        ),
        *_cutoff(grid, runs, read["cutoff"]),
        *_shown(s["shown"], outcomes, read["grokking"]),
        *_kernel(grown),
    ]  # fmt: skip
    task, other = (grown[key][2] / grown[key][0] for key in ("task", "other"))
    off, late = abs(line.slope - 1), abs(time / published - 1)
    verdict = judged(
        off <= CLOSE and late <= NEAR and task > 1 and other < 1,
        off <= FAR and late <= TWICE and task > max(1, other),
    )
    why = (
        f"exponent {line.slope:.2f}, slow time {time:.2f} for {published:.2f}, from fit to "
        f"generalization the kernel grows {task:.1f} times along the task, {other:.1f} times beside"
    )
    figure = pictures.plot_against(
        {
            "generalization begins": pictures.Against(
                "1/(ηλ)", "$s_{10}$",
                {
                    f"λ = {decay:g}": (
                        [v for v, (c, _) in zip(x, kept, strict=True) if c["lambda"] == decay],
                        [r["s10"] for c, r in kept if c["lambda"] == decay],
                    )
                    for decay in sorted({c["lambda"] for c, _ in kept})
                },
                float(np.exp(np.mean(np.log(begins / x)))), "slope 1",
            ),
            "tangent kernel": pictures.Against(
                "step", "$\\mathcal{N}\\, u^T K u$, mean over k",
                {
                    "directions of the task": (grown["steps"], grown["task"]),
                    "others": (grown["steps"], grown["other"]),
                },
            ),
        }
    )  # fmt: skip
    return study.reproduction(rows, figure, {}, verdict=verdict_note(verdict, why))


Kept = Sequence[tuple[dict[str, Any], dict[str, Any]]]


def _one_decay(kept: Kept) -> list[Comparison]:
    """Return the exponents of s10 in 1/eta at one decay, and in 1/lambda at one learning rate."""
    rows = []
    for name, other in (("eta", "lambda"), ("lambda", "eta")):
        slopes = []
        for value in {c[other] for c, _ in kept}:
            own = [(1 / c[name], r["s10"]) for c, r in kept if c[other] == value]
            if len(own) > 1:
                slopes.append(fit_line(*np.log(np.array(own, dtype=float)).T).slope)
        if slopes:
            why = f"{len(slopes)} lines, from {min(slopes):.2f} to {max(slopes):.2f}"
            what = f"exponent of s10 in 1/{name} at one {other}, median"
            rows.append(Comparison(what, 1.0, float(np.median(slopes)), why))
    return rows


def _cutoff(grid: Any, runs: Any, published: float) -> list[Comparison]:
    """Return the largest decay with which a run groks, if larger ones were tried."""
    decays = sorted({c["lambda"] for c in grid})
    groks = {c["lambda"] for c, r in zip(grid, runs, strict=True) if r["outcome"] == "grokking"}
    if not groks or max(groks) == decays[-1]:
        return []
    why = f"the next decay tried is {next(d for d in decays if d > max(groks)):g}"
    return [Comparison("largest lambda that groks", published, max(groks), why)]


def _shown(shown: Any, outcomes: Any, published: float) -> list[Comparison]:
    """Return whether the runs that the source shows end as it says."""
    rows = []
    for case, found in zip(shown, outcomes, strict=True):
        what = f"eta = {case['eta']:g}, lambda = {case['lambda']:g}: ends as {case['outcome']}"
        same = float(found["outcome"] == case["outcome"])
        rows.append(Comparison(what, 1.0, same, f"ours: {found['outcome']}"))
        if case["outcome"] == "grokking":
            rows.append(Comparison("its s90", published, found["s90"], "another start"))
    return rows


def _kernel(grown: dict[str, Any]) -> list[Comparison]:
    """Return what the kernel did after the fit."""
    fit, _, late, last = grown["steps"]
    rows = []
    for key, name in (("task", "directions of the task"), ("other", "directions beside the task")):
        value = grown[key][2] / grown[key][0]
        why = f"from step {fit:,} to step {late:,}; {grown[key][3] / grown[key][0]:.2f} at {last:,}"
        rows.append(Comparison(f"growth of u^T K u, {name}", None, value, why))
    for at, name in ((0, "the fit"), (2, "90 % test accuracy")):
        why = f"the theory of one mode: {grown['gain'][at]:.3f}"
        what = f"part of the task that the outputs have on training pairs, at {name}"
        rows.append(Comparison(what, None, grown["expressed"][at], why))
    why = "relative distance, at fit, half-way, 90 % and the end: "
    why += ", ".join(f"{x:.2f}" for x in grown["off"])
    rows.append(
        Comparison("residual off the ridge solution, at most", None, max(grown["off"]), why)
    )
    return rows
