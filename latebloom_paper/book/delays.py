r"""How the delay depends on the learning rate and on the regularization strength."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from latebloom.core.errors import InvalidInput
from latebloom.runs import Run
from latebloom.sweeps import Scaling, fit_scaling

from .reproduction import Comparison
from .statistic import Statistic

DRAWS = 2000  # the ends of a 95% interval are then known to a few percent of its length


class Delay(NamedTuple):
    """One run: learning rate, regularization strength, and t2 - t1, None if it was not seen."""

    alpha: float
    beta: float
    steps: float | None


class Exponents(NamedTuple):
    r"""The fit $t_2 - t_1 \propto \alpha^{-a}\beta^{-b}$, with 95% intervals.

    - `used`, `censored`: runs that went in, and runs left out: t1 or t2 not seen, or no delay.
    """

    a: float
    b: float
    a_interval: tuple[float, float]
    b_interval: tuple[float, float]
    used: int
    censored: int


def fit_exponents(delays: Sequence[Delay], draws: int = DRAWS, seed: int = 0) -> Exponents | None:
    """Return the least squares fit of log(delay) in log(alpha) and log(beta).

    The intervals are of a bootstrap over the runs: the spread between seeds and what the power law
    leaves unexplained are both in it. None if the runs do not determine both exponents.

    >>> grid = [Delay(a, b, 3 / (a * b**0.5)) for a in (1e-3, 1e-2) for b in (1e-6, 1e-5, 1e-4)]
    >>> fit = fit_exponents(grid)
    >>> round(fit.a, 6), round(fit.b, 6)
    (1.0, 0.5)
    """
    seen = [(d.alpha, d.beta, d.steps) for d in delays if d.steps is not None]
    if not seen:
        return None
    log = np.log(np.array(seen, dtype=float))
    design = np.column_stack([-log[:, :2], np.ones(len(log))])
    if np.linalg.matrix_rank(design) < 3:
        return None
    fit = np.linalg.lstsq(design, log[:, 2])[0]
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(log), size=(draws, len(log)))
    # A draw of one learning rate, or of one strength, says nothing about its exponent.
    chosen = chosen[np.linalg.matrix_rank(design[chosen]) == 3]
    drawn = (np.linalg.pinv(design[chosen]) @ log[chosen, 2][..., None])[:, :2, 0]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    a, b = fit[:2].tolist()
    of_a, of_b = zip(low.tolist(), high.tolist(), strict=True)
    return Exponents(a, b, of_a, of_b, len(seen), len(delays) - len(seen))


def law_of(runs: Mapping[float, Mapping[float, Sequence[Run]]]) -> Scaling | None:
    """Return the power law of the delay that makes what was seen most likely.

    A run that had not generalized by its end counts as later than that; runs that generalized
    while they memorized have no delay and are left out.

    **Arguments:**

    - `runs`: by learning rate and strength, one per seed.

    **Returns:** the law, None if the runs do not determine it.
    """
    cells = [(a, b, own) for a, family in runs.items() for b, own in family.items()]
    dims = ("cell", "seed")
    phases = [[run.phases for run in own] for _, _, own in cells]
    bounds = np.array([[p.delay_bounds for p in own] for own in phases], dtype=float)
    kinds = {
        f"{name}_kind": (dims, np.array([[getattr(p, name).kind for p in own] for own in phases]))
        for name in ("t1", "t2")
    }
    exact = np.where(bounds[..., 0] == bounds[..., 1], bounds[..., 0], np.nan)
    found = {
        "delay": (dims, exact),
        "delay_low": (dims, bounds[..., 0]),
        "delay_high": (dims, bounds[..., 1]),
        "alpha": ("cell", [a for a, _, _ in cells]),
        "beta": ("cell", [b for _, b, _ in cells]),
    }
    try:
        return fit_scaling(xr.Dataset({**found, **kinds}), "delay")
    except InvalidInput:
        return None


def exponent(law: Scaling | None, factor: str) -> Statistic | None:
    """Return an exponent with its interval, None without a law or an interval."""
    if law is None or not np.isfinite(law.intervals[factor]).all():
        return None
    return Statistic(law.exponents[factor], *law.intervals[factor], law.used + law.censored)


def exponent_rows(name: str, law: Scaling | None) -> list[Comparison]:
    """Return the two exponents as rows; the delay of least squares has 1 and 1."""
    rows = []
    for factor in ("alpha", "beta"):
        what = f"{name}: delay ~ 1/{factor}^k, k"
        if law is None:
            rows.append(Comparison(what, None, None, "too few runs generalized to fit"))
            continue
        low, high = law.intervals[factor]
        why = f"95% interval {low:.2f} to {high:.2f}; {law.used} runs"
        why += f", {law.censored} more not by their end" if law.censored else ""
        why += f", {law.left_out} without a delay" if law.left_out else ""
        rows.append(Comparison(what, None, law.exponents[factor], why))
    return rows
