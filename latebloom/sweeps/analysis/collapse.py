r"""Whether the error curves of a sweep are one curve of the rescaled time."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import xarray as xr

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput

from .data import factor

POINTS = 200  # the shape of a grokking curve is its plateau and its drop: far fewer would do


@dataclass(frozen=True)
class Collapse:
    r"""How well curves fall on one: their scatter around the mean curve over the mean's own range.

    **Fields:**

    - `scale`: the rate that multiplies the step.
    - `score`: 0 if all curves are one function of rate times step.
    - `unscaled`: the same of the curves as functions of the step; NaN if they do not overlap.
    - `low`, `high`: the range of log10(rate times step) that all curves have.
    - `curves`, `left_out`: cells with a curve, and without.
    """

    scale: str
    score: float
    unscaled: float
    low: float
    high: float
    curves: int
    left_out: int

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready: scores that are not finite as None."""
        return {k: None if v != v or v == np.inf else v for k, v in asdict(self).items()}


def collapse(
    ds: xr.Dataset,
    scale: str | None = "alpha*beta",
    variable: str = "test_error",
    points: int = POINTS,
) -> Collapse:
    r"""Return how well the error curves fall on one function of $\log(\alpha\beta t)$.

    $\langle \mathrm{std}_i\, y_i(x) \rangle_x / \mathrm{std}_x \langle y_i(x) \rangle_i$ with
    $y_i = \log_{10}$ of the error of cell i, interpolated linearly in $x = \log_{10}(\alpha\beta
    t)$ on a grid over the range that all curves share.

    **Arguments:**

    - `ds`: the results of a sweep, with trajectories. Every cell is a curve, so that the scatter
      between seeds counts too; select one seed, `ds.sel(seed=0)`, to leave it out.
    - `scale`: the rate, a product of numeric coordinates or variables; None: 1.
    - `variable`: `test_error` or `train_error`.
    - `points`: of the grid.

    **Returns:** a `Collapse`; its score is inf if the mean curve is flat and the curves are not,
    NaN if nothing changes in the shared range.

    **Raises:** `InvalidInput` without trajectories, for a rate that is not in the sweep, and if
    fewer than two curves have a shared range.

    Source: data collapse, Bhattacharjee and Seno, J. Phys. A 34 (2001), here with the scatter over
    the range; the scaled time is that of the law t2 ~ 1/(alpha beta) of arXiv 2506.05718.

    >>> from latebloom.sweeps.analysis.collapse import collapse
    >>> beta = xr.DataArray([1e-3, 1e-2], dims="beta", coords={"beta": [1e-3, 1e-2]})
    >>> step = xr.DataArray(np.geomspace(1, 1e5, 50), dims="record")
    >>> curves = {
    ...     "trajectory_step": step + 0 * beta,
    ...     "trajectory_test_error": 1 / (1 + beta * step),
    ... }
    >>> found = collapse(xr.Dataset(curves), "beta")
    >>> found.score < 0.001 < 0.3 < found.unscaled
    True
    """
    check.integer("points", points, low=2)
    name = f"trajectory_{variable}"
    if "trajectory_step" not in ds or name not in ds:
        raise InvalidInput(
            f"the sweep has no trajectories of '{variable}': sweep again with trajectories"
        )
    rate = _rate(ds, scale)
    steps, errors = ds["trajectory_step"], ds[name]
    parts = xr.broadcast(steps, errors, rate)
    x, y, rates = (part.transpose(..., "record").values for part in parts)
    x, y, rates = (part.reshape(-1, part.shape[-1]) for part in (x, y, rates))
    curves = []
    for step, error, speed in zip(x, y, rates[:, 0], strict=True):
        # Step 0 and an exact zero have no logarithm.
        seen = (step > 0) & (error > 0) & np.isfinite(error)
        if seen.sum() > 1 and np.isfinite(speed):
            curves.append((np.log10(speed), np.log10(step[seen]), np.log10(error[seen])))
    if len(curves) < 2:
        raise InvalidInput(
            f"{len(curves)} of {len(x)} cells have a curve: a collapse needs two; sweep again with "
            "trajectories"
        )
    scaled = [(shift + step, error) for shift, step, error in curves]
    low, high = _shared(scaled)
    if not low < high:
        raise InvalidInput(
            f"the curves share no range of {scale or 'step'} times step: they begin at up to "
            f"10^{low:.3g}, one ends at 10^{high:.3g}; lengthen the horizon or select nearer values"
        )
    return Collapse(
        scale or "1",
        _score(scaled, points),
        _score([(step, error) for _, step, error in curves], points),
        low,
        high,
        len(curves),
        len(x) - len(curves),
    )


Curve = tuple[np.ndarray, np.ndarray]


def _rate(ds: xr.Dataset, scale: str | None) -> xr.DataArray:
    """Return the product of the named factors, NaN where it is not positive."""
    rate = xr.DataArray(1.0)
    for name in (part.strip() for part in scale.split("*")) if scale else ():
        rate = rate * factor(ds, name)
    return rate.where(rate > 0)


def _shared(curves: list[Curve]) -> tuple[float, float]:
    """Return the range that all curves have."""
    return max(float(x[0]) for x, _ in curves), min(float(x[-1]) for x, _ in curves)


def _score(curves: list[Curve], points: int) -> float:
    low, high = _shared(curves)
    if not low < high:
        return np.nan
    grid = np.linspace(low, high, points)
    values = np.array([np.interp(grid, x, y) for x, y in curves])
    scatter, spread = float(values.std(axis=0).mean()), float(values.mean(axis=0).std())
    # Equal curves differ by the rounding of log10, of order 1e-15.
    if spread < 1e-12:
        return np.nan if scatter < 1e-12 else np.inf
    return scatter / spread
