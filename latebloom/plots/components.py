"""The components of the predictor against the step: the support in colour, the rest in grey."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from latebloom.runs.run import Run

from . import style as st
from .curves import draw_legend, log_steps, set_step_axis, shown

# More lines than this are a grey block on paper and megabytes in a file; the largest are drawn.
MAX_ON = 40
MAX_OFF = 200


def draw_components(axes: Axes, run: Run) -> None:
    """Draw the components; those on the support of the truth in colour, the others thin and grey.

    At most `MAX_ON` and `MAX_OFF` of them, the largest; the panel says so when some are left out.
    """
    a = shown(run.trajectory["a"].to_numpy())
    a_star = run.experiment.data.a_star
    on = np.flatnonzero(a_star) if a_star is not None else np.zeros(0, dtype=int)
    off = np.setdiff1d(np.arange(a.shape[1]), on)
    size = np.nanmax(np.abs(a), axis=0, initial=0.0, where=np.isfinite(a))
    drawn_on = on[np.argsort(-size[on], kind="stable")[:MAX_ON]]
    drawn_off = off[np.argsort(-size[off], kind="stable")[:MAX_OFF]]
    x = log_steps(run)
    curves = [np.column_stack([x, a[:, i]]) for i in drawn_off]
    name = "off the support" if a_star is not None else "components"
    grey = LineCollection(
        curves, colors=st.OFF, linewidths=0.5, alpha=0.6, label=_count(name, drawn_off, off)
    )
    grey.set_rasterized(len(curves) > 20)  # as paths they would be nine tenths of an .svg
    axes.add_collection(grey)
    for rank, i in enumerate(drawn_on):
        assert a_star is not None
        label = _count("on the support", drawn_on, on) if rank == 0 else None
        (line,) = axes.plot(x, a[:, i], lw=1.4, label=label, gid=f"component-{i}")
        # The target of the component, at the right edge.
        edge = {"transform": axes.get_yaxis_transform(), "clip_on": False, "ms": 5, "mec": "none"}
        axes.plot([1], [a_star[i]], "<", color=line.get_color(), gid=f"truth-{i}", **edge)
    set_step_axis(axes, run)
    axes.autoscale(axis="y")
    axes.autoscale_view(scalex=False)
    axes.set_ylabel("components $a_i$")
    draw_legend(axes, axes.get_legend_handles_labels()[0])


def _count(name: str, drawn: np.ndarray, of: np.ndarray) -> str:
    if len(drawn) == len(of):
        return f"{name} ({len(of)})"
    return f"{name} ({len(of)}, the largest {len(drawn)} drawn)"
