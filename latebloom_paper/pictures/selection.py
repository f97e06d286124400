"""Choosing what to observe: error curves coloured by the fraction tau, and what depends on it."""

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.plots import COLOURS
from latebloom.plots import style as st

from .panels import KINDS, quartiles

TAU = r"fraction $\tau$ of entries chosen by coherence"
Points = Mapping[str, tuple[np.ndarray, np.ndarray]]


def plot_selection_curves(ds: xr.Dataset, last: float) -> Figure:
    """Return the errors of one run for each tau against the step, on a linear axis.

    **Arguments:**

    - `ds`: over `tau`, with the trajectories of both errors.
    - `last`: the last step to show.

    Source: arXiv 2506.05718, Figures 8 and 23 (b).
    """
    with st.new_figure(6.8, 4.2) as figure:
        axes = figure.subplots()
        bar = _draw_curves(axes, ds)
        axes.set(xlim=(0, last), xlabel="step", ylabel="relative error")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value / 1e6:g}")
        axes.set_xlabel("step (millions)")
        figure.legend(handles=_kinds(), loc="outside upper center", ncols=2)
        figure.colorbar(bar, ax=axes, label=TAU)
    return figure


def plot_selection(ds: xr.Dataset, times: Points, errors: Points, needed: Points) -> Figure:
    """Return the curves over tau on a logarithmic axis, and what depends on tau.

    **Arguments:**

    - `ds`: over `tau`, with the trajectories of both errors.
    - `times`, `errors`, `needed`: name -> (tau, values over instance and tau): steps, errors, and
      numbers of entries. Medians are drawn with the quartiles; infinite ones are gaps.

    Source: arXiv 2506.05718, Figure 23.
    """
    with st.new_figure(9.0, 6.6) as figure:
        grid = figure.subplots(2, 2)
        bar = _draw_curves(grid[0, 0], ds)
        last = float(np.nanmax(ds["trajectory_step"].values))
        grid[0, 0].set(xscale="log", xlim=(1, last), xlabel="step + 1", ylabel="relative error")
        grid[0, 0].legend(handles=_kinds(), loc="center left")
        figure.colorbar(bar, ax=grid[0, 0], label=r"$\tau$")
        panels = (
            (grid[0, 1], times, "step", True),
            (grid[1, 0], errors, "relative error", True),
            (grid[1, 1], needed, "entries needed (of 100)", False),
        )
        for axes, points, label, log in panels:
            _draw_points(axes, points)
            axes.set(xlabel=TAU, ylabel=label)
            if log:
                axes.set_yscale("log")
            axes.legend()
        for letter, axes in zip("abcd", grid.flat, strict=True):
            axes.set_title(f"({letter})")
    return figure


def _draw_curves(axes: Axes, ds: xr.Dataset) -> ScalarMappable:
    """Draw both errors of every run; return the scale of the colours."""
    colours = ScalarMappable(Normalize(0, 1), COLOURS)
    for tau in ds["tau"].values:
        cell = ds.sel(tau=tau)
        steps = cell["trajectory_step"].values
        colour = to_hex(colours.to_rgba(np.array([tau]))[0])
        for name, (_, dash) in KINDS.items():
            error = cell[f"trajectory_{name}"].values
            shown = np.where(error > 0, error, np.nan)
            axes.plot(steps + 1, shown, dash, color=colour, lw=1.2, gid=f"{name} {tau:g}")
    axes.set_yscale("log")
    return colours


def _kinds() -> list[Line2D]:
    return [Line2D([], [], color=st.MARK, ls=dash, label=text) for text, dash in KINDS.values()]


def _draw_points(axes: Axes, points: Points) -> None:
    """Draw medians over instances, and the quartiles as bands."""
    for i, (name, (tau, values)) in enumerate(points.items()):
        colour = (st.TRAIN, st.TEST, st.NORM, st.RATIO)[i % 4]
        low, middle, high = quartiles(values)
        seen = [np.where(np.isfinite(part), part, np.nan) for part in (low, middle, high)]
        axes.plot(tau, seen[1], "os^D"[i % 4], ls="-", color=colour, label=name)
        axes.fill_between(tau, seen[0], seen[2], color=colour, alpha=0.2, lw=0)
