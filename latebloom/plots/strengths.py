"""Colours of regularization strengths, on a logarithmic scale."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, LogNorm, to_hex
from matplotlib.figure import Figure

from .style import SUPERSCRIPT

# Readable in print and for colour-blind readers; its yellow end is lost on white paper.
COLOURS = ListedColormap(colormaps["viridis"](np.linspace(0.0, 0.88, 256)))


class Strengths:
    """The colours of some regularization strengths, darkest for the smallest.

    **Arguments:**

    - `values`: the strengths $\beta$, positive.
    """

    def __init__(self, values: Iterable[float]) -> None:
        self.values = sorted(set(values))
        low, high = self.values[0], self.values[-1]
        self.map = ScalarMappable(LogNorm(low, high if high > low else 10 * low), COLOURS)

    def colour(self, value: float) -> str:
        """Return the colour of one of them."""
        return to_hex(self.map.to_rgba(np.array([value]))[0])

    def bar(self, figure: Figure, axes: Sequence[Axes]) -> None:
        """Draw the scale beside the axes, with a mark at every strength."""
        bar = figure.colorbar(self.map, ax=list(axes), label=r"$\beta$", pad=0.02)
        bar.ax.minorticks_off()
        bar.set_ticks(self.values, labels=[number(value) for value in self.values])


def number(value: float) -> str:
    """Return a number as plain text, in powers of ten.

    >>> number(5e-9), number(1e-3), number(12.0)
    ('5·10⁻⁹', '10⁻³', '1.2·10')
    """
    mantissa, exponent = f"{value:.2e}".split("e")
    digits = mantissa.rstrip("0").rstrip(".")
    power = int(exponent)
    if power == 0:
        return digits
    tens = "10" if power == 1 else f"10{str(power).translate(SUPERSCRIPT)}"
    return tens if digits == "1" else f"{digits}·{tens}"
