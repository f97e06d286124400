"""Lines over a swept quantity, such as an error against the number of measurements."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from . import style as st

MARKERS = "osD^v"
COLOURS = (st.TRAIN, st.TEST, st.NORM, st.MARK)


def plot_lines(
    lines: Mapping[str, Sequence[tuple[float, float]]],
    xlabel: str,
    ylabel: str,
    floor: float | None = None,
) -> Figure:
    """Return a picture with one line per label, markers and colours both distinct.

    **Arguments:**

    - `lines`: label -> points (x, y).
    - `xlabel`, `ylabel`: what the axes show.
    - `floor`: a value to mark with a dashed line.

    >>> figure = plot_lines({"L = 1": [(10, 0.15), (20, 0.14)]}, "N", "error")
    >>> figure.axes[0].get_xlabel()
    'N'
    """
    with st.new_figure(6.4, 4.4) as figure:
        axes = figure.subplots()
        for i, (label, points) in enumerate(lines.items()):
            x, y = zip(*points, strict=True)
            colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
            axes.plot(x, y, marker=marker, color=colour, label=label)
        if floor is not None:
            axes.axhline(floor, ls="--", lw=1, color="0.4", label=f"floor {floor:.3g}")
        axes.set(xlabel=xlabel, ylabel=ylabel)
        axes.legend()
    return figure
