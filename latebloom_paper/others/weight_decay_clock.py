r"""The weight-decay clock, after Kim: what data do not fix decays in $(1-m)/(\eta\lambda)$ steps.

In the kernel of X a penalty $\frac\lambda2\|\theta\|^2$ is all that acts, so that the part $\xi$ of
the parameters there follows $\xi_{k+1} = (1 + m - \eta\lambda)\xi_k - m\xi_{k-1}$. For
$\eta\lambda \ll (1 - m)^2$ it is below $\epsilon$ after
$\frac{1-m}{\eta\lambda}\log(\|\xi_0\|/\epsilon)$ steps.
"""

import itertools
import math
from typing import Any

import numpy as np

from latebloom.core.line_fit import fit_line
from latebloom.experiment import At, Drawn, Experiment, LogSpaced
from latebloom.methods import SGD
from latebloom.models import MLP
from latebloom.penalties import L2
from latebloom.problems import LinearData
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace

from .one_hot import one_hot
from .verdicts import interval, judged, verdict_note

STUDY = STUDIES["weight-decay-clock"]
CLOSE, FAR = 0.1, 0.25  # of the slope in a network from 1
LIMIT = 0.03  # of the law from the recursion, where it is said to be its limit
WEAK = 0.02  # eta lambda over (1 - m)^2 that counts as far below 1
AROUND = 3  # steps about the one that the recursion gives


def recursion(rate: float, momentum: float, left: float, coupled: bool = True) -> int:
    r"""Return the first step with $|\xi_k| \le$ `left` $|\xi_0|$, from the recursion in the kernel.

    **Arguments:**

    - `rate`: $\eta\lambda$; `momentum`: m; `left`: what is left at the end.
    - `coupled`: whether the penalty is in the gradient; if not, $\xi_k = (1-\eta\lambda)^k\xi_0$.

    >>> recursion(1e-3, 0.0, 0.01) == math.ceil(math.log(0.01) / math.log(1 - 1e-3))
    True
    """
    m = momentum if coupled else 0.0
    last, now, k = 1.0, 1.0, 0
    while abs(now) > left:
        last, now, k = now, (1 + m - rate) * now - m * last, k + 1
    return k


def clock(rate: float, momentum: float) -> float:
    r"""Return $(1-m)/(\eta\lambda)$ in steps.

    >>> clock(1e-4, 0.9)
    1000.0
    """
    return round((1 - momentum) / rate, 9)


def least_squares(case: dict[str, Any]) -> dict[str, Any]:
    """Return the step at which the kernel part of a run has shrunk, and that of the recursion.

    **Arguments:** `case`: `rate`, `momentum`, `coupling`, and the settings of the study.
    """
    from latebloom.simulate import simulate

    rng = np.random.default_rng(0)
    n, N = case["features"], case["examples"]
    X = np.linalg.qr(rng.standard_normal((n, N)))[0].T
    truth, start = X.T @ rng.standard_normal(N), rng.standard_normal(n)
    steps = recursion(case["rate"], case["momentum"], case["left"], case["coupling"] == "coupled")
    near = tuple(range(max(0, steps - AROUND), steps + AROUND + 1))
    experiment = Experiment(
        LinearData(X, X @ truth, truth),
        L2(case["rate"] / case["eta"]),
        SGD(case["eta"], momentum=case["momentum"], coupling=case["coupling"]),
        init=start,
        steps=near[-1],
        thresholds=(0.5, 0.5),
        record=At(near),
    )
    a = simulate(experiment, engine="step").trajectory["a"].sel(step=list(near)).to_numpy()
    parts = np.linalg.norm(a - (a @ X.T) @ X, axis=1) / np.linalg.norm(start - X.T @ (X @ start))
    below = np.flatnonzero(parts <= case["left"] * (1 + 1e-9))
    first = near[int(below[0])] if below.size and below[0] > 0 else None
    return {"measured": first, "recursion": steps}


def network(case: dict[str, Any]) -> dict[str, Any]:
    """Return t1 and t2 of a run on addition; None for what was not reached.

    **Arguments:** `case`: `eta`, `lambda`, `momentum`, `coupling`, `seed`, and the settings.
    """
    from latebloom.simulate import simulate

    run = simulate(addition(case), engine="step")
    return {"t1": run.phases.t1.high, "t2": run.phases.t2.high}


def addition(case: dict[str, Any]) -> Experiment:
    """Return the run of a case, see `network`."""
    c, m = case["half"], case["momentum"]
    time = clock(case["eta"] * case["lambda"], m if case["coupling"] == "coupled" else 0.0)
    return Experiment(
        one_hot(case["p"], case["train_fraction"], case["seed"]),
        L2(case["lambda"] / c),  # the loss of the source is c times the mean square
        SGD(case["eta"] * c, momentum=m, coupling=case["coupling"]),
        model=MLP(widths=(case["width"],), activation="square", law="uniform"),
        init=Drawn(seed=case["seed"], scale=case["scale"]),
        steps=math.ceil(case["clocks"] * time),
        thresholds=(0.01, 0.1),
        precision="float64",
        record=LogSpaced(60),
    )


def reproduce(workspace: Workspace) -> Reproduction:
    r"""Count steps in the kernel of least squares, and the steps to t2 of a network over a grid.

    The verdict, fixed beforehand: reproduced if every count of least squares is that of the
    recursion, the law is within 3% of it wherever $\eta\lambda \le 0.02(1-m)^2$, and the slope of
    log t2 in the logarithm of the clock is within 0.1 of 1 (median over seeds); with corrections
    if that slope is within 0.25.
    """
    s = STUDY.at(workspace.quick).settings
    rows, linear = _linear(workspace, s)
    exact = all(found["measured"] == found["recursion"] for _, found in linear)
    worst = _law_off(s, linear)
    more, cases, times = _grid(workspace, s)
    slopes = [fit_line(*np.log(_points(cases, times, seed))).slope for seed in range(s["seeds"])]
    slope = float(np.median(slopes))
    verdict = judged(exact and worst <= LIMIT and abs(slope - 1) <= CLOSE, abs(slope - 1) <= FAR)
    why = (
        f"least squares: {sum(f['measured'] == f['recursion'] for _, f in linear)} of "
        f"{len(linear)} counts to the step, law within {worst:.1%}; network: slope {slope:.3f}"
    )
    seen = _points(cases, times)
    figure = pictures.plot_against(
        {
            "kernel of least squares": pictures.Against(
                "log(start/end) (1 - m)/(ηλ)",
                "step",
                {
                    f"m = {m:g}": (
                        [_law(s, c) for c, _ in linear if c["momentum"] == m],
                        [f["measured"] for c, f in linear if c["momentum"] == m],
                    )
                    for m in s["linear"]["momentum"]
                },
                1.0,
                "law",
            ),
            f"addition mod {s['p']}": pictures.Against(
                "(1 - m)/(ηλ)",
                "$t_2$",
                {
                    f"m = {m:g}": tuple(_points(cases, times, momentum=m))  # pyright: ignore
                    for m in s["momentum"]
                },
                float(np.exp(np.mean(np.log(seen[1] / seen[0])))),
                "slope 1",
            ),
        }
    )
    return STUDY.at(workspace.quick).reproduction(
        [*rows, *more, *_outside(workspace, s)], figure, {}, verdict=verdict_note(verdict, why)
    )


def _law(s: dict[str, Any], case: dict[str, Any]) -> float:
    return clock(case["rate"], case["momentum"]) * math.log(1 / s["left"])


def _law_off(s: dict[str, Any], linear: list[tuple[dict[str, Any], dict[str, Any]]]) -> float:
    """Return the largest distance of the law from the recursion where it should be small."""
    return max(
        abs(_law(s, case) / found["recursion"] - 1)
        for case, found in linear
        if case["rate"] <= WEAK * (1 - case["momentum"]) ** 2
    )


def _linear(workspace: Workspace, s: dict[str, Any]) -> tuple[list[Comparison], list[Any]]:
    """Return the rows of least squares, and (case, what was found) with the penalty inside."""
    own = s["linear"]
    fixed = {key: s[key] for key in ("features", "examples", "left")} | {"eta": own["eta"]}
    cases = [
        {"rate": rate, "momentum": m, "coupling": coupling} | fixed
        for coupling in ("coupled", "decoupled")
        for rate, m in itertools.product(own["rates"], own["momentum"])
        if coupling == "coupled" or rate == own["rates"][1]
    ]
    found = workspace.tables("least squares", cases, least_squares)
    rows = []
    for case, one in zip(cases, found, strict=True):
        inside = case["coupling"] == "coupled"
        law, because = _law(s, case) if inside else None, ""
        what = f"least squares, m = {case['momentum']:g}, eta lambda = {case['rate']:g}"
        what += "" if inside else ", decay outside of the momentum"
        why = f"recursion {one['recursion']:,}"
        if inside:
            part = case["rate"] / (1 - case["momentum"]) ** 2
            because = f"eta lambda/(1 - m)^2 = {part:.2g} is not far below 1"
        rows.append(Comparison(f"{what}: steps", law, one["measured"], why, because))
    return rows, list(zip(cases, found, strict=True))[: len(own["rates"]) * len(own["momentum"])]


def _network_cases(s: dict[str, Any], grid: dict[str, Any], coupling: str) -> list[dict[str, Any]]:
    fixed = ("p", "train_fraction", "width", "scale", "half", "clocks")
    return [
        {"eta": eta, "lambda": decay, "momentum": m, "coupling": coupling, "seed": seed}
        | {key: s[key] for key in fixed}
        for eta, decay, m in itertools.product(grid["eta"], grid["lambda"], grid["momentum"])
        for seed in range(s["seeds"])
    ]


def _points(
    cases: list[dict[str, Any]],
    times: list[dict[str, Any]],
    seed: int | None = None,
    momentum: float | None = None,
) -> np.ndarray:
    """Return the clocks and t2 of the runs that generalized, shape (2, runs)."""
    return np.array(
        [
            (clock(c["eta"] * c["lambda"], c["momentum"]), found["t2"])
            for c, found in zip(cases, times, strict=True)
            if found["t2"] is not None
            and (seed is None or c["seed"] == seed)
            and (momentum is None or c["momentum"] == momentum)
        ]
    ).reshape(-1, 2).T  # fmt: skip


def _grid(
    workspace: Workspace, s: dict[str, Any]
) -> tuple[list[Comparison], list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the rows of the network, its cases, and their times."""
    cases = _network_cases(s, s, "coupled")
    times = workspace.tables("addition", cases, network)
    x, y = _points(cases, times)
    line = fit_line(np.log(x), np.log(y))
    why = f"{interval(line)}; {len(y)} of {len(cases)} runs generalize"
    rows = [
        Comparison(
            "network: slope of log t2 in log((1 - m)/(eta lambda))",
            STUDY.readings["slope"],
            line.slope,
            why,
        )
    ]
    kept = [c for c, found in zip(cases, times, strict=True) if found["t2"] is not None]
    design = np.log([[1 / c["eta"], 1 / c["lambda"], 1 - c["momentum"], math.e] for c in kept])
    exponents = np.linalg.lstsq(design, np.log(y))[0]
    for name, value in zip(("1/eta", "1/lambda", "1 - m"), exponents, strict=False):
        what, because = f"network: exponent of t2 in {name}", "s2 of a network depends on beta"
        rows.append(Comparison(what, 1.0, float(value), because=because))
    ends = f"from {np.min(y / x):.2f} to {np.max(y / x):.2f}"
    rows.append(
        Comparison("network: t2 eta lambda/(1 - m), median", None, float(np.median(y / x)), ends)
    )
    return rows, cases, times


def _outside(workspace: Workspace, s: dict[str, Any]) -> list[Comparison]:
    """Return t2 eta lambda with the decay outside of the momentum, by momentum."""
    own = s["outside"]
    grid = {"eta": [own["eta"]], "lambda": [own["lambda"]], "momentum": own["momentum"]}
    cases = _network_cases(s | {"seeds": 1}, grid, "decoupled")
    times = workspace.tables("addition, decay outside", cases, network)
    rows = []
    for case, found in zip(cases, times, strict=True):
        rate = case["eta"] * case["lambda"]
        what = f"network, decay outside of the momentum, m = {case['momentum']:g}: t2 eta lambda"
        value = None if found["t2"] is None else found["t2"] * rate
        rows.append(Comparison(what, None, value, "1 - m has no part in it: derived here"))
    return rows
