r"""How the delay depends on the learning rate and on the strength of the penalty."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from latebloom.run import Run

from .reproduction import Comparison

DRAWS = 2000  # the ends of a 95% interval are then known to a few percent of its length


class Delay(NamedTuple):
    """One run: its learning rate, its strength, and t2 - t1, None if it was not seen."""

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


def delay_of(run: Run, alpha: float, beta: float) -> Delay:
    """Return the delay of a run, between the records at which t1 and t2 were seen."""
    t1, t2 = run.phases.t1.high, run.phases.t2.high
    steps = None if t1 is None or t2 is None or t2 <= t1 else float(t2 - t1)
    return Delay(alpha, beta, steps)


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
    return Exponents(
        float(fit[0]),
        float(fit[1]),
        (float(low[0]), float(high[0])),
        (float(low[1]), float(high[1])),
        len(seen),
        len(delays) - len(seen),
    )


def exponent_rows(name: str, delays: Sequence[Delay]) -> list[Comparison]:
    """Return the two exponents as rows; the delay of least squares has 1 and 1."""
    fit = fit_exponents(delays)
    rows = []
    for k, symbol in enumerate(("alpha", "beta")):
        what = f"{name}: delay ~ 1/{symbol}^k, k"
        if fit is None:
            rows.append(Comparison(what, None, None, "too few runs generalized to fit"))
            continue
        low, high = (fit.a_interval, fit.b_interval)[k]
        value = (fit.a, fit.b)[k]
        why = f"95% interval {low:.2f} to {high:.2f}; {fit.used} runs"
        why += f", {fit.censored} left out: t1 or t2 not seen, or no delay" if fit.censored else ""
        rows.append(Comparison(what, None, value, why))
    return rows
