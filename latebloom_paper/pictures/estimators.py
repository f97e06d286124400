"""Linear estimators: losses and accuracies beside the law, and the delay against its formulas."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.laws import accuracy
from latebloom.plots import style as st


class LossCurves(NamedTuple):
    r"""One run and the law of it.

    **Fields:**

    - `ratio`: $\lambda$, unknowns per example.
    - `step`: recorded steps, shape (R,).
    - `train`, `test`: losses of the run, shape (R,); `train_law`, `test_law`: those of the law.
    """

    ratio: float
    step: Float[np.ndarray, " R"]
    train: Float[np.ndarray, " R"]
    test: Float[np.ndarray, " R"]
    train_law: Float[np.ndarray, " R"]
    test_law: Float[np.ndarray, " R"]


def plot_estimators(
    curves: Sequence[LossCurves],
    cut: float,
    delays: Mapping[float, tuple[float, float, float]],
    exact: Callable[[float], float],
    closed: Callable[[float], float],
) -> Figure:
    r"""Return a picture of three panels: losses, accuracies, delays.

    **Arguments:**

    - `curves`: the runs to show.
    - `cut`: $\epsilon$ of the accuracy.
    - `delays`: $\lambda$ -> median, least and largest over seeds.
    - `exact`, `closed`: the delay by the expectations and by the closed form.

    Source: the layout of arXiv 2310.16441, Figure 1.
    """
    with st.new_figure(12.0, 4.2) as figure:
        left, middle, right = figure.subplots(1, 3)
        colours = colormaps["viridis"](np.linspace(0.0, 0.8, len(curves)))
        for c, colour in zip(curves, colours, strict=True):
            later = c.step > 0
            x, label = c.step[later], f"λ = {c.ratio:g}"
            for loss, law, dash in ((c.train, c.train_law, "--"), (c.test, c.test_law, "-")):
                named = label if dash == "-" else None
                left.plot(x, loss[later], dash, color=colour, label=named)
                left.plot(x, law[later], color=st.MARK, lw=0.8, zorder=3)
                middle.plot(x, accuracy(loss[later], cut), dash, color=colour)
                middle.plot(x, accuracy(law[later], cut), color=st.MARK, lw=0.8, zorder=3)
        left.axhline(cut / 4, color=st.OFF, ls=":", lw=1)
        left.set(xscale="log", yscale="log", ylim=(1e-8, 3), xlabel="step", ylabel="loss")
        lines = [Line2D([], [], color="0.3", ls=dash) for dash in ("--", "-")]
        handles, labels = left.get_legend_handles_labels()
        lines.append(Line2D([], [], color=st.MARK, lw=0.8))
        left.legend(handles + lines, [*labels, "training", "test", "the law"], loc="lower left")
        middle.axhline(0.95, color=st.OFF, ls=":", lw=1)
        middle.set(xscale="log", xlabel="step", ylabel=f"fraction of squared errors below {cut:g}")
        ratio = np.linspace(min(delays), max(delays), 60)
        right.plot(ratio, [exact(r) for r in ratio], color=st.MARK, label="expectation (8)")
        right.plot(ratio, [closed(r) for r in ratio], "--", color=st.OFF, label="closed form (12)")
        values = np.array([delays[r] for r in delays])
        spread = np.abs(values[:, 1:] - values[:, :1]).T
        right.errorbar(
            list(delays), values[:, 0], spread, fmt="o", color=st.TEST, label="measured", capsize=2
        )
        right.set(yscale="log", xlabel="λ, unknowns per example", ylabel="$t_2 - t_1$ (steps)")
        right.legend()
    return figure
