"""How the delay depends on the learning rate and on the regularization strength."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from latebloom.core.errors import InvalidInput
from latebloom.runs import Run
from latebloom.sweeps import Scaling, fit_scaling

from .reproduction import Comparison
from .statistic import Statistic

DRAWS = 2000  # the ends of a 95% interval are then known to a few percent of its length


# Not `fit_scaling`, as below: its exponents are the same, but its bootstrap is over seeds, and the
# recorded intervals would be others.
def fit_exponents(
    alpha: Sequence[float],
    beta: Sequence[float],
    delay: Sequence[float],
    draws: int = DRAWS,
    seed: int = 0,
) -> tuple[Statistic, Statistic] | None:
    r"""Return a and b of the least squares fit $\mathrm{delay} \propto \alpha^{-a}\beta^{-b}$.

    The intervals are of a bootstrap over the runs: the spread between seeds and what the power law
    leaves unexplained are both in it. None if the runs do not determine both exponents.

    **Arguments:**

    - `alpha`, `beta`, `delay`: one per run, positive.
    - `draws`, `seed`: of the bootstrap.

    >>> grid = [(a, b, 3 / (a * b**0.5)) for a in (1e-3, 1e-2) for b in (1e-6, 1e-5, 1e-4)]
    >>> a, b = fit_exponents(*zip(*grid))
    >>> round(a.value, 6), round(b.value, 6)
    (1.0, 0.5)
    """
    log = np.log(np.array([alpha, beta, delay], dtype=float).T)
    design = np.column_stack([-log[:, :2], np.ones(len(log))])
    if not len(log) or np.linalg.matrix_rank(design) < 3:
        return None
    fit = np.linalg.lstsq(design, log[:, 2])[0]
    rng = np.random.default_rng(seed)
    chosen = rng.integers(len(log), size=(draws, len(log)))
    # A draw of one learning rate, or of one strength, says nothing about its exponent.
    chosen = chosen[np.linalg.matrix_rank(design[chosen]) == 3]
    drawn = (np.linalg.pinv(design[chosen]) @ log[chosen, 2][..., None])[:, :2, 0]
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    one, two = (Statistic(float(fit[k]), float(low[k]), float(high[k]), len(log)) for k in (0, 1))
    return one, two


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
