"""How far inside their promises the runs stay, law by law."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from latebloom.plots import style as st

# By status of a law; violated printed statements are what the picture is about.
TONES = {"printed": st.TEST, "corrected": st.TRAIN, "as printed": st.RATIO, "ours": st.NORM}
LINEAR = 1e-3
DOTS = 30


def plot_slacks(laws: Mapping[str, tuple[str, np.ndarray]]) -> Figure:
    """Return one line of dots per law, the slack of each run (of many runs thirty quantiles), zero
    being the bound.

    **Arguments:**

    - `laws`: name -> status and slacks.

    >>> plot_slacks({"a law": ("printed", np.array([-0.5, 0.2]))}).axes[0].get_xscale()
    'symlog'
    """
    with st.new_figure(7.6, 0.21 * len(laws) + 1.3) as figure:
        axes = figure.subplots()
        for k, (status, slack) in enumerate(laws.values()):
            shown = np.clip(slack, -1e4, 1e4)
            if shown.size > DOTS:  # more would lie on one another
                shown = np.quantile(shown, np.linspace(0, 1, DOTS))
            axes.plot(shown, np.full(shown.size, k), "o", ms=3.5, alpha=0.6, color=TONES[status])
        axes.axvline(0, color=st.MARK, lw=1)
        axes.set_xscale("symlog", linthresh=LINEAR)
        axes.set_yticks(range(len(laws)), list(laws), fontsize=7)
        axes.set_ylim(len(laws) - 0.5, -0.5)
        axes.set_xlabel("slack, relative to the promise (negative: violated)")
        axes.set_xticks([-1e4, -1e2, -1, 0, 1, 1e2, 1e4])
        axes.minorticks_off()
        for status, tone in TONES.items():
            axes.plot([], [], "o", ms=4, color=tone, label=status)
        axes.legend(loc="lower right", fontsize=7)
    return figure
