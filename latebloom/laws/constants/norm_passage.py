"""One run between memorization and generalization, and how fast its squared norm falls."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

RATES = (0.05, 20.0, 600)  # of settling, in units of eta lambda: steps of a hundredth


class Passage(NamedTuple):
    r"""One run between memorization and generalization.

    **Fields:**

    - `eta`, `decay`, `seed`: learning rate, weight decay, seed of split and start.
    - `t1`, `t2`: the records at which they were seen; None if not.
    - `step`, `V`: all records, and $\|\theta\|^2$ there.
    """

    eta: float
    decay: float
    seed: int
    t1: int | None
    t2: int | None
    step: Float[np.ndarray, " R"]
    V: Float[np.ndarray, " R"]

    @property
    def delayed(self) -> bool:
        """Whether both times were seen, and apart."""
        return self.t1 is not None and self.t2 is not None and self.t2 > self.t1

    @property
    def delay(self) -> float:
        """t2 - t1; NaN unless `delayed`."""
        return float(self.t2 - self.t1) if self.delayed else float("nan")  # pyright: ignore

    def at(self, step: int | None) -> float:
        """Return V at the record `step`; NaN for None."""
        return float("nan") if step is None else float(self.V[np.searchsorted(self.step, step)])

    @property
    def log_ratio(self) -> float:
        """log(V(t1)/V(t2))."""
        return float(np.log(self.at(self.t1) / self.at(self.t2)))

    @property
    def rate(self) -> float:
        """The rate at which V falls between t1 and t2, in units of eta lambda."""
        return self.log_ratio / (self.eta * self.decay * self.delay)


def settling_rate(p: Passage) -> float:
    r"""Return r of the curve $V = A e^{-rt} + C$ nearest to V from t1 to the end, over eta lambda.

    A and C, not below 0, by least squares for each r of a fine grid: the source's fit, which takes
    for the rate what V does above the level where it settles.
    """
    late = p.step >= (p.t1 or 0)
    x, V = p.eta * p.decay * (p.step[late] - p.step[late][0]), p.V[late]
    best = (np.inf, np.nan)
    for r in np.geomspace(*RATES):
        columns = np.column_stack([np.exp(-r * x), np.ones_like(x)])
        fit = np.linalg.lstsq(columns, V)[0]
        if fit.min() < 0:
            continue
        away = float(np.sum((columns @ fit - V) ** 2))
        best = min(best, (away, float(r)))
    return best[1]
