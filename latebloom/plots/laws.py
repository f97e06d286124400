"""The picture of the law t2 ~ 1/(alpha beta), in the layout of the paper's Figure 4."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from latebloom.core.errors import InvalidInput

from . import style as st
from .curves import right_axis

# Above this alpha beta, t2 comes while the data are still being fitted, and leaves the law.
SLOW = 1e-5


def plot_law(rows: Sequence[Mapping[str, Any]], error: str = "final test error") -> Figure:
    r"""Return the picture of t2 against $\alpha\beta$ with the line $c/(\alpha\beta)$.

    **Arguments:**

    - `rows`: one mapping per run with `alpha`, `beta` and `t2` (None if not reached); optionally
      `low` and `high` of a bracketed t2, `predicted` (a delay, drawn as stars) and `error` (the
      test error in the end, on the right axis).
    - `error`: what that error is called.

    **Raises:** `InvalidInput` if no row has a t2 of at least 1.

    Source: arXiv 2506.05718, Figure 4.

    >>> figure = plot_law([{"alpha": 0.1, "beta": 1e-5, "t2": 100_000}])
    >>> figure.axes[0].get_xscale()
    'log'
    """
    rate = np.array([row["alpha"] * row["beta"] for row in rows], dtype=float)
    t2 = _numbers(rows, "t2")
    if not (t2 >= 1).any():  # also when all are NaN
        raise InvalidInput("no row has a t2 of at least 1: there is no law to draw")
    with st.new_figure(6.4, 4.4) as figure:
        axes = figure.subplots()
        lines = [axes.plot(rate, t2, "o", color=st.TEST, label="$t_2$ measured")[0]]
        low, high = _numbers(rows, "low"), _numbers(rows, "high")
        if np.isfinite(low).any():
            axes.vlines(rate, np.maximum(low, 1), high, color=st.TEST, lw=1)
        predicted = _numbers(rows, "predicted")
        if np.isfinite(predicted).any():
            lines += axes.plot(rate, predicted, "*", color=st.TRAIN, ms=8, label="delay predicted")
        slow = (t2 >= 1) & (rate <= SLOW)
        constant = float(np.median((t2 * rate)[slow if slow.any() else t2 >= 1]))
        x = np.geomspace(rate.min(), rate.max(), 2)
        label = rf"{constant:.3g}$/(\alpha\beta)$"
        lines += axes.plot(x, constant / x, "--", color=st.MARK, lw=1, label=label, zorder=1)
        axes.set(xscale="log", yscale="log", xlabel=r"$\alpha\beta$", ylabel="$t_2$ (steps)")
        ends = _numbers(rows, "error")
        if np.isfinite(ends).any():
            right = right_axis(axes)
            lines += right.plot(rate, ends, "s", color=st.NORM, ms=4, label=error)
            right.set(yscale="log", ylabel=error)
            low, high = np.nanmin(ends), np.nanmax(ends)
            if 0 < high < 10 * low:  # nearly constant should look so
                right.set_ylim(low / 10, high * 10)
        where = rf" where $\alpha\beta \leq$ {SLOW:g}" if slow.any() else ""
        axes.set_title(rf"$t_2\,\alpha\beta$ = {constant:.3g} (median{where})")
        figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))
    return figure


def _numbers(rows: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """Return a column, NaN where it has no number."""
    return np.array([row.get(key) for row in rows], dtype=float)
