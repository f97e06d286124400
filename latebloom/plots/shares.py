"""Times over a swept quantity, with the share of instances that can generalize at all."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from . import style as st
from .curves import right_axis


class Share(NamedTuple):
    """What is drawn at one value: the times of the instances that generalize, and their share."""

    value: float
    times: Sequence[float]
    share: float


def draw_shares(axes: Axes, points: Sequence[Share]) -> list[Artist]:
    """Draw the times (dots, their median as a line) and the share of instances (right axis)."""
    x = [p.value for p in points]
    every = [(p.value, time) for p in points for time in p.times]
    dots = axes.plot(*np.array(every or [(np.nan, np.nan)]).T, ".", color=st.TEST, alpha=0.4)
    median = [float(np.median(p.times)) if len(p.times) else np.nan for p in points]
    line = axes.plot(x, median, "o-", color=st.TEST, label="median $t_2$")
    axes.set_yscale("log")
    right = right_axis(axes)
    share = [p.share for p in points]
    shares = right.plot(x, share, "s--", color=st.NORM, ms=4, label="share recovered")
    right.set(ylim=(-0.02, 1.05), ylabel="share that can be recovered")
    dots[0].set_label("instances")
    return [*dots, *line, *shares]
