"""Components over time as a heat map, with those of the truth as a strip on top."""

import numpy as np
from matplotlib.colors import SymLogNorm
from matplotlib.figure import Figure

from latebloom.plots import style as st
from latebloom.runs import Run

# Diverging, white at zero, told apart by colour-blind readers.
COLOURS = "PuOr_r"


def plot_component_map(run: Run, shown: float) -> Figure:
    """Return the components (x) over step + 1 (y, downwards, logarithmic) as colours.

    **Arguments:**

    - `run`: of a problem in a vector with a known truth.
    - `shown`: components below are white.

    Source: arXiv 2506.05718, Figure 25.
    """
    a = run.trajectory["a"].to_numpy()
    a = np.where(np.abs(a) < shown, 0.0, a)
    steps = run.trajectory["step"].to_numpy() + 1.0
    truth = run.experiment.data.truth
    largest = float(max(np.abs(a).max(), np.abs(truth).max()))
    norm = SymLogNorm(shown, vmin=-largest, vmax=largest)
    x = np.arange(a.shape[1] + 1) - 0.5
    # Each record is a band up to the next one.
    edges = np.append(steps, steps[-1] * 1.05)
    with st.new_figure(7.0, 4.6) as figure:
        top, main = figure.subplots(2, 1, sharex=True, height_ratios=(1, 12))
        top.pcolormesh(x, [0, 1], truth[None], norm=norm, cmap=COLOURS)
        top.set_yticks([0.5], ["$a^*$"])
        image = main.pcolormesh(x, edges, a, norm=norm, cmap=COLOURS, rasterized=True)
        main.set(yscale="log", xlabel="component", ylabel="step + 1")
        main.invert_yaxis()
        for name in ("t1", "t2"):
            at = getattr(run.phases, name).high
            if at is not None:
                main.axhline(at + 1, color=st.MARK, lw=1, ls=":")
                main.text(
                    1.005, at + 1, f"${name[0]}_{name[1]}$", transform=main.get_yaxis_transform()
                )
        for axes in (top, main):
            axes.grid(False)
        figure.colorbar(image, ax=[top, main], label="component", pad=0.06)
    return figure
