"""One number per instance, in rows; and lines over a swept quantity on the same page."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latebloom.plots import style as st

# Okabe and Ito's palette in the order of the style, and markers that tell lines apart in print.
COLOURS = (st.TRAIN, st.TEST, st.RATIO, st.NORM, "#E69F00", "#56B4E9", st.OFF, "#000000")
MARKERS = "osD^v<>p"
DASHES = ("-", "--", "-.", ":")
WIDTH = 0.5  # of a row of dots

Values = Sequence[float] | np.ndarray
Line = tuple[Values, Values]


def colours_of(labels: Sequence[str]) -> dict[str, str]:
    """Return a colour for each label, in the order of the palette.

    >>> colours_of(["depth 1", "depth 2"])
    {'depth 1': '#0072B2', 'depth 2': '#D55E00'}
    """
    return {label: COLOURS[i % len(COLOURS)] for i, label in enumerate(labels)}


def draw_strips(
    axes: Axes,
    rows: Mapping[str, Values],
    line: float | None = None,
    log: bool = False,
    colours: Mapping[str, str] | None = None,
) -> None:
    """Draw a row of dots for each label, the first one on top, its median as a bar.

    **Arguments:**

    - `axes`: where.
    - `rows`: label -> one value per instance. What was never seen (infinite) stands at the right
      edge as a triangle, with the number of instances, zeros on a logarithmic axis at the left one;
      what is not a number is left out.
    - `line`: a value to mark with a dashed line.
    - `log`: whether the axis is logarithmic.
    - `colours`: label -> colour; without, in the order of the palette.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_strips(axes, {"depth 1": [1.0, 2.0], "depth 2": [0.5, float("inf")]})
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['depth 1', 'depth 2']
    """
    colours = colours or colours_of(list(rows))
    if log:
        axes.set_xscale("log")
    edge = axes.get_yaxis_transform()
    for i, (label, values) in enumerate(rows.items()):
        known = np.asarray(values, dtype=float)
        known = known[~np.isnan(known)]
        never = np.isposinf(known)
        seen = ~never & ((known > 0) | (not log))
        y = i + WIDTH * (np.arange(known.size) / max(known.size - 1, 1) - 0.5)
        axes.plot(known[seen], y[seen], ".", color=colours[label], alpha=0.6)
        for beyond, marker, x, side in (
            (never, ">", 1.0, "left"),
            (~seen & ~never, "<", 0.0, "right"),
        ):
            if beyond.any():
                axes.plot(x, i, marker, color=colours[label], transform=edge, clip_on=False)
                text = f"  {int(beyond.sum())}  "
                axes.text(x, i, text, transform=edge, ha=side, va="center", color=st.MARK)
        middle = float(np.median(known)) if known.size else np.nan
        if np.isfinite(middle) and (middle > 0 or not log):
            axes.vlines(middle, i - WIDTH / 2, i + WIDTH / 2, color=st.MARK, lw=2, zorder=3)
    if line is not None:
        axes.axvline(line, ls="--", lw=1, color=st.MARK, zorder=1)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(False, axis="y")


def draw_range(axes: Axes, x: np.ndarray, values: np.ndarray, colour: str, **line: Any) -> None:
    """Draw the median over instances as a line, and from the least to the largest as a band.

    **Arguments:**

    - `axes`, `x`: where, shape (k,).
    - `values`: shape (instances, k).
    - `colour`, `line`: of the line.
    """
    axes.plot(x, np.median(values, axis=0), color=colour, **line)
    axes.fill_between(x, values.min(axis=0), values.max(axis=0), color=colour, alpha=0.2, lw=0)


def draw_lines(
    axes: Axes,
    lines: Mapping[str, Line],
    marks: bool = True,
    colours: Mapping[str, str] | None = None,
) -> None:
    """Draw lines, told apart by colour and marker or dash; what is not finite is a gap.

    **Arguments:**

    - `axes`: where.
    - `lines`: label -> (x, y).
    - `marks`: whether the points are marked; curves of many points are not, but dashed.
    - `colours`: label -> colour; without, in the order of the palette.

    >>> from matplotlib.figure import Figure
    >>> axes = Figure().subplots()
    >>> draw_lines(axes, {"N = 10": ([1, 2], [3, 4]), "N = 20": ([1, 2], [2, float("inf")])})
    >>> len(axes.lines)
    2
    """
    colours = colours or colours_of(list(lines))
    for i, (label, (x, y)) in enumerate(lines.items()):
        y = np.asarray(y, dtype=float)
        axes.plot(
            np.asarray(x, dtype=float),
            np.where(np.isfinite(y), y, np.nan),
            ls="-" if marks else DASHES[i % len(DASHES)],
            marker=MARKERS[i % len(MARKERS)] if marks else None,
            color=colours[label],
            label=label,
            ms=4,
            lw=1.3,
        )
