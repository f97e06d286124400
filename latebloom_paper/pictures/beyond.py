"""The pictures of the questions beyond the figures."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from latebloom.plots import style as st

from .strips import COLOURS, MARKERS, Line, Values, colours_of, draw_lines, draw_strips


def plot_signed_depth(
    errors: Mapping[str, np.ndarray], negative: np.ndarray, measurements: Sequence[int]
) -> Figure:
    """Return the least error against the norm of the negative entries, and their ratio.

    **Arguments:**

    - `errors`: what the runs are -> least absolute errors, shape (len(measurements), instances).
    - `negative`: the norm of the negative entries of each a*.
    - `measurements`: the numbers N; dots on the left are of the last one, rows of the first.
    """
    with st.new_figure(9.4, 3.9) as figure:
        left, right = figure.subplots(1, 2)
        able = negative > 0
        ends = np.array([negative[able].min() / 2, negative.max() * 2])
        left.plot(ends, ends, color=st.OFF, lw=1, label="equal")
        for i, (name, values) in enumerate(errors.items()):
            own = {"color": COLOURS[i], "mfc": "none" if i % 2 else COLOURS[i], "ms": 4}
            left.plot(negative[able], values[-1][able], MARKERS[i], label=name, **own)
        left.set(xscale="log", yscale="log", xlabel="norm of the negative entries of $a^*$")
        left.set(ylabel="least absolute error", title=f"N = {measurements[-1]}")
        rows = {name: values[0][able] / negative[able] for name, values in errors.items()}
        draw_strips(right, rows, 1.0, log=True)
        right.set(xlabel="least error / norm of the negative entries")
        right.set_title(f"N = {measurements[0]}")
        figure.legend(handles=left.get_lines(), loc="outside lower center", ncols=6)
    return figure


def plot_depth_and_l1(
    measurements: Sequence[int],
    fractions: Mapping[str, np.ndarray],
    times: Mapping[str, np.ndarray],
) -> Figure:
    """Return the fraction of recovered instances over N by depth, and t2 where N is largest.

    **Arguments:**

    - `measurements`: the numbers N.
    - `fractions`: what the runs are, beginning with their depth -> the fraction of instances
      recovered at each N; the first is that of depth 1.
    - `times`: what they are -> t2 of each instance at the last N, infinite if there is none.
    """
    first, *others = fractions
    colours = {first: "#000000"}
    with st.new_figure(10.4, 5.6) as figure:
        grid = figure.add_gridspec(2, 2, width_ratios=(1, 1.15))
        left = [figure.add_subplot(grid[i, 0]) for i in (0, 1)]
        for axes, depth in zip(left, (2, 3), strict=True):
            own = [name for name in others if name.startswith(f"depth {depth}")]
            colours |= colours_of(own)
            lines = {name: (measurements, fractions[name]) for name in (first, *own)}
            draw_lines(axes, lines, colours=colours)
            axes.set(ylabel="fraction recovered", ylim=(-0.04, 1.04), title=f"depth 1 and {depth}")
            axes.set_xticks(measurements)
        left[-1].set_xlabel("number of measurements N")
        right = figure.add_subplot(grid[:, 1])
        draw_strips(right, times, log=True, colours=colours)
        right.set(
            xlabel="$t_2$ (steps); at the edge: not by the end", title=f"N = {measurements[-1]}"
        )
    return figure


def plot_curves_and_strips(
    steps: np.ndarray,
    curves: Mapping[str, Values],
    strips: Mapping[str, tuple[str, np.ndarray]],
    xlabel: str,
    log: bool = False,
    legend: str = "best",
) -> Figure:
    """Return test errors over time, and ratios to what is usual, one of them per instance.

    **Arguments:**

    - `steps`: of the records.
    - `curves`: what the runs are -> median test error at each record.
    - `strips`: label -> which of the runs (or another kind of runs), whose colour it has, and the
      ratio of each instance.
    - `xlabel`: what the ratio is.
    - `log`: whether its axis is logarithmic.
    - `legend`: the place of the legend.
    """
    colours = colours_of(list(dict.fromkeys([*curves, *(name for name, _ in strips.values())])))
    with st.new_figure(9.4, 3.9) as figure:
        left, right = figure.subplots(1, 2)
        lines = {name: (steps + 1.0, values) for name, values in curves.items()}
        draw_lines(left, lines, marks=False, colours=colours)
        left.set(xscale="log", yscale="log", xlabel="step + 1", ylabel="median test error")
        left.legend(loc=legend)
        rows = {label: values for label, (_, values) in strips.items()}
        own = {label: colours[name] for label, (name, _) in strips.items()}
        draw_strips(right, rows, 1.0, log=log, colours=own)
        if not log:
            every = np.concatenate([values[np.isfinite(values)] for values in rows.values()])
            right.set_xlim(min(0.95, every.min() - 0.01), max(1.05, every.max() + 0.01))
        right.set_xlabel(xlabel)
    return figure


def plot_noise(
    curves: Mapping[str, Line], lines: Mapping[str, Line], oracles: Mapping[str, float]
) -> Figure:
    """Return test errors over time with a weak penalty, and final errors over the strength.

    **Arguments:**

    - `curves`: noise -> (step + 1, median test error).
    - `lines`: noise -> (beta, median final error).
    - `oracles`: noise -> the error of least squares on the true support.
    """
    colours = colours_of(list(lines))
    with st.new_figure(9.4, 4.2) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        draw_lines(left, curves, marks=False, colours=colours)
        draw_lines(right, lines, colours=colours)
        for name, value in oracles.items():
            right.axhline(value, color=colours[name], ls=":", lw=1, zorder=1)
        left.set(xscale="log", yscale="log", xlabel="step + 1", ylabel="median test error")
        left.set(xlim=(1, 1e8), title=r"weak penalty, $\beta$ = 10⁻⁶")
        right.set(xscale="log", xlabel=r"$\beta$", title="in the end (dotted: true support known)")
        figure.legend(handles=right.get_lines()[: len(lines)], loc="outside lower center", ncols=6)
    return figure


def plot_prefactor(
    swept: Mapping[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    exponents: Mapping[str, tuple[float, float]],
) -> Figure:
    """Return the prefactor over each swept quantity, a dot per instance, medians as lines.

    **Arguments:**

    - `swept`: what is swept -> its values, and the prefactor over the size of an entry and over the
      paper's constant, shape (values, instances); NaN: does not generalize.
    - `exponents`: what is swept -> median exponents of the two prefactors.
    """
    with st.new_figure(10.0, 3.8) as figure:
        grid = figure.subplots(1, len(swept), sharey=True)
        kinds = (
            (r"$\sqrt{n}\,t_2\alpha\beta$", 0.97),
            (r"$t_2\alpha\beta/\|\hat a-a^*\|_\infty$", 1.03),
        )
        for axes, (name, (x, *prefactors)) in zip(grid, swept.items(), strict=True):
            both = zip(kinds, prefactors, COLOURS, MARKERS, strict=False)
            for (label, shift), values, colour, marker in both:
                at = np.broadcast_to(x[:, None] * shift, values.shape)
                axes.plot(at, values, ".", color=colour, alpha=0.25, ms=4)
                middle = np.nanmedian(values, axis=1)
                axes.plot(x * shift, middle, marker=marker, color=colour, label=label)
            both_exponents = " and ".join(f"{k:.2f}" for k in exponents[name])
            axes.set(xscale="log", yscale="log", xlabel=name, title=f"exponents {both_exponents}")
            axes.set_xticks(x, [f"{value:g}" for value in x])
            axes.minorticks_off()
        grid[0].set_ylabel("prefactor of the delay")
        handles = [line for line in grid[0].get_lines() if not line.get_label().startswith("_")]
        figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure
