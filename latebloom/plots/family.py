"""Error curves of a family of runs that differ in one number, coloured by it."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure

from latebloom._errors import InvalidInput
from latebloom.phases import Passage
from latebloom.run import Run

from . import style as st
from .curves import log_steps, shown
from .shares import Share, draw_shares
from .style import label_powers

COLOURS = "viridis"  # readable in print and for colour-blind readers

Family = Sequence[tuple[float, Run]]


def plot_family(runs: Family, name: str, shares: Sequence[Share] = ()) -> Figure:
    """Return the training and the test errors of the runs against step + 1.

    **Arguments:**

    - `runs`: pairs (value, run); the colour is the value. Dots mark t1 and t2.
    - `name`: what the value is, in mathtext.
    - `shares`: if given, a third panel with the t2 of many instances at each value and the share
      of them that can be recovered.

    **Raises:** `InvalidInput` for an empty family.

    Source: arXiv 2506.05718, Figures 8 and 23.
    """
    if not runs:
        raise InvalidInput("runs = []: a family needs at least one run")
    values = [value for value, _ in runs]
    low, high = min(values), max(values)
    colours = ScalarMappable(Normalize(low, high if high > low else low + 1), COLOURS)
    with st.style():
        figure = Figure(figsize=(12.6 if shares else 9.0, 3.8))
        train, test, *rest = figure.subplots(1, 3 if shares else 2)
        last = max(run.last_step for _, run in runs)
        for value, run in sorted(runs, key=lambda pair: pair[0]):
            colour = to_hex(colours.to_rgba(np.array([value]))[0])
            _draw(train, run, "train_error", run.phases.t1, colour)
            _draw(test, run, "test_error", run.phases.t2, colour)
        for axes, title in ((train, "training error, $t_1$"), (test, "test error, $t_2$")):
            axes.set(xscale="log", yscale="log", xlabel="step + 1", title=title)
            axes.set_xlim(1, max(last + 1.0, 10.0))
            label_powers(axes.xaxis)
            label_powers(axes.yaxis)
        train.set_ylabel("relative error")
        figure.colorbar(colours, ax=[train, test], label=name)
        for axes in rest:
            handles = draw_shares(axes, shares)
            axes.set(xlabel=name, ylabel="$t_2$ (steps)", title="many instances")
            label_powers(axes.yaxis)
            figure.legend(handles=handles, loc="outside lower right", ncols=len(handles))
    return figure


def _draw(axes: Axes, run: Run, variable: str, passage: Passage, colour: str) -> None:
    error = shown(run.trajectory[variable].to_numpy())
    axes.plot(log_steps(run), np.where(error > 0, error, np.nan), color=colour, lw=1.2)
    if passage.low is not None and passage.high is not None:
        at = 0.5 * (passage.low + passage.high)
        height = np.interp(at, run.trajectory["step"].to_numpy(), error)
        axes.plot([at + 1], [height], "o", color=colour, ms=4, mec="white", mew=0.5)
