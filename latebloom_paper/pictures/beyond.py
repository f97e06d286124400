"""The pictures of the questions beyond the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from latebloom.plots import style as st

from .panel import Line, Panel, lines_of, plot_panels
from .strips import COLOURS, MARKERS, Values, colours_of

PAIR = (9.4, 3.9)


def plot_signed_depth(
    errors: Mapping[str, np.ndarray], negative: np.ndarray, measurements: Sequence[int]
) -> Figure:
    """Return the least error against the norm of the negative entries, and their ratio.

    **Arguments:**

    - `errors`: what the runs are -> least absolute errors, shape (len(measurements), instances).
    - `negative`: the norm of the negative entries of each a*.
    - `measurements`: the numbers N; dots on the left are of the last one, rows of the first.
    """
    able = negative > 0
    ends = np.array([negative[able].min() / 2, negative.max() * 2])
    points = [Line(ends, ends, "equal", st.OFF, style={"lw": 1})]
    for i, (name, values) in enumerate(errors.items()):
        own = {"mfc": "none" if i % 2 else COLOURS[i], "ms": 4}
        least = values[-1][able]
        points.append(Line(negative[able], least, name, COLOURS[i], MARKERS[i], style=own))
    left = Panel(
        points,
        log="xy",
        xlabel="norm of the negative entries of $a^*$",
        ylabel="least absolute error",
        title=f"N = {measurements[-1]}",
    )
    right = Panel(
        strips={name: values[0][able] / negative[able] for name, values in errors.items()},
        line=1.0,
        log="x",
        xlabel="least error / norm of the negative entries",
        title=f"N = {measurements[0]}",
    )
    return plot_panels([left, right], PAIR, legend=6)


def plot_depth_and_l1(
    measurements: Sequence[int], shares: Mapping[str, np.ndarray], times: Mapping[str, np.ndarray]
) -> Figure:
    """Return the share of recovered instances over N by depth, and t2 where N is largest.

    **Arguments:**

    - `measurements`: the numbers N.
    - `shares`: what the runs are, beginning with their depth -> the share of instances recovered at
      each N; the first is that of depth 1.
    - `times`: what they are -> t2 of each instance at the last N, infinite if there is none.
    """
    first, *others = shares
    colours = {first: "#000000"}
    panels = []
    for depth in (2, 3):
        own = [name for name in others if name.startswith(f"depth {depth}")]
        colours |= colours_of(own)
        panels.append(
            Panel(
                lines_of(
                    {name: (measurements, shares[name]) for name in (first, *own)}, True, colours
                ),
                ticks=measurements,
                xlabel="number of measurements N" if depth == 3 else "",
                ylabel="share recovered",
                ylim=(-0.04, 1.04),
                title=f"depth 1 and {depth}",
            )
        )
    right = Panel(
        strips=times,
        colours=colours,
        log="x",
        xlabel="$t_2$ (steps); at the edge: not by the end",
        title=f"N = {measurements[-1]}",
    )
    return plot_panels([*panels, right], (10.4, 5.6), "AC;BC", width_ratios=(1, 1.15))


def plot_debiasing(
    steps: np.ndarray, curves: Mapping[str, Sequence[float]], ratios: Mapping[str, np.ndarray]
) -> Figure:
    """Return test errors over time, and the floors over that with constant alpha and beta.

    **Arguments:**

    - `steps`: of the records.
    - `curves`: kind of run -> median test error at each record.
    - `ratios`: kind -> floor of each instance over the constant one.
    """
    colours = colours_of([*curves, *(name for name in ratios if name not in curves)])
    names = {name: f"{name}\n(median {np.nanmedian(v):.2g})" for name, v in ratios.items()}
    right = Panel(
        strips={names[name]: values for name, values in ratios.items()},
        colours={names[name]: colours[name] for name in ratios},
        line=1.0,
        log="x",
        xlabel="floor / floor with constant alpha and beta",
    )
    return plot_panels([_curves(steps, curves, colours), right], PAIR)


def plot_late_penalty(
    steps: np.ndarray, curves: Mapping[str, np.ndarray], ratios: Mapping[str, np.ndarray]
) -> Figure:
    """Return test errors over time, and how long generalization takes once the penalty acts.

    **Arguments:**

    - `steps`: of the records.
    - `curves`: when the penalty acts -> median test error at each record.
    - `ratios`: when -> t2 less the time without the penalty, over the usual delay, by instance.
    """
    colours = colours_of(list(curves))
    every = np.concatenate([values[np.isfinite(values)] for values in ratios.values()])
    right = Panel(
        strips=ratios,
        colours=colours,
        line=1.0,
        xlim=(min(0.95, every.min() - 0.01), max(1.05, every.max() + 0.01)),
        xlabel="$t_2$ less the time without penalty / usual delay $t_2-t_1$",
    )
    named = {f"penalty {name}": values for name, values in curves.items()}
    own = {f"penalty {name}": colour for name, colour in colours.items()}
    return plot_panels([_curves(steps, named, own, "lower left"), right], PAIR)


def _curves(
    steps: np.ndarray,
    curves: Mapping[str, Values],
    colours: Mapping[str, str],
    legend: str = "best",
) -> Panel:
    """Return the panel of median test errors over time."""
    return Panel(
        lines_of({name: (steps + 1.0, values) for name, values in curves.items()}, False, colours),
        log="xy",
        xlabel="step + 1",
        ylabel="median test error",
        legend=legend,
    )


def plot_noise(
    curves: Mapping[str, tuple[Values, Values]],
    lines: Mapping[str, tuple[Values, Values]],
    oracles: Mapping[str, float],
) -> Figure:
    """Return test errors over time with a weak penalty, and final errors over the strength.

    **Arguments:**

    - `curves`: noise -> (step + 1, median test error).
    - `lines`: noise -> (beta, median final error).
    - `oracles`: noise -> the error of least squares on the true support.
    """
    colours = colours_of(list(lines))
    left = Panel(
        lines_of(curves, False, colours),
        log="xy",
        xlim=(1, 1e8),
        xlabel="step + 1",
        ylabel="median test error",
        title=r"weak penalty, $\beta$ = 10⁻⁶",
    )
    right = Panel(
        lines_of(lines, True, colours),
        across=[(value, {"color": colours[name], "ls": ":"}) for name, value in oracles.items()],
        log="xy",
        xlabel=r"$\beta$",
        title="in the end (dotted: true support known)",
    )
    return plot_panels([right, left], (9.4, 4.2), "BA", legend=6, sharey=True)


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
    kinds = (
        (r"$\sqrt{n}\,t_2\alpha\beta$", 0.97),
        (r"$t_2\alpha\beta/\|\hat a-a^*\|_\infty$", 1.03),
    )
    panels = []
    for name, (x, *prefactors) in swept.items():
        lines = []
        both = zip(kinds, prefactors, COLOURS, MARKERS, strict=False)
        for (label, shift), values, colour, marker in both:
            at = np.broadcast_to(x[:, None] * shift, values.shape)
            faint = {"alpha": 0.25, "ms": 4}
            lines.append(Line(at.ravel(), values.ravel(), None, colour, ".", style=faint))
            lines.append(Line(x * shift, np.nanmedian(values, axis=1), label, colour, f"{marker}-"))
        words = " and ".join(f"{k:.2f}" for k in exponents[name])
        panels.append(Panel(lines, log="xy", ticks=x, xlabel=name, title=f"exponents {words}"))
    panels[0] = replace(panels[0], ylabel="prefactor of the delay")
    return plot_panels(panels, (10.0, 3.8), legend=2, sharey=True)
