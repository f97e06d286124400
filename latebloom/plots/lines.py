"""Lines over a swept quantity, such as an error against the number of measurements."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from latebloom.core import checks as check

from . import style as st

MARKERS = "osD^v"
COLOURS = (st.TRAIN, st.TEST, st.NORM, st.MARK)
# More markers than this run into each other.
MANY = 40


def plot_lines(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    xlabel: str,
    ylabel: str,
    floor: float | None = None,
    log: str = "",
) -> Figure:
    """Return a picture with one line per label, colours and markers both distinct.

    Lines of more than 40 points have no markers.

    **Arguments:**

    - `lines`: label -> points (x, y).
    - `xlabel`, `ylabel`: what the axes show.
    - `floor`: a value to mark with a dashed line.
    - `log`: which axes are logarithmic: `x`, `y`, `xy`, or none if it is empty.

    **Raises:** `InvalidInput` for another `log`.

    >>> figure = plot_lines({"L = 1": [(10, 0.15), (20, 0.14)]}, "N", "error")
    >>> figure.axes[0].get_xlabel()
    'N'
    """
    if log:
        check.one_of("log", log, ("x", "y", "xy"))
    with st.new_figure(6.4, 4.4) as figure:
        axes = figure.subplots()
        axes.set(**{f"{name}scale": "log" for name in log})
        for i, (label, points) in enumerate(lines.items()):
            x, y = zip(*points, strict=True)
            colour = COLOURS[i % len(COLOURS)]
            marker = MARKERS[i % len(MARKERS)] if len(x) <= MANY else None
            axes.plot(x, y, marker=marker, color=colour, label=label)
        if floor is not None:
            axes.axhline(floor, ls="--", lw=1, color="0.4", label=f"floor {floor:.3g}")
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.legend()
    return figure
