"""Line pictures as SVG text: fast enough to redraw on every change, and easy to test.

Text has the colour of the page (`currentColor`), so that the pictures fit a dark page as well.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

import numpy as np

# Characters are about so many font sizes wide.
CHARACTER = 0.55
FONT = 12
# Pixels: where a polyline may differ from the curve.
TOLERANCE = 0.4
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True)
class Scale:
    """Numbers to pixels.

    - `low`, `high`: the range of the numbers; of a logarithmic scale both positive.
    - `start`, `end`: where they are, in pixels.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, values: float | np.ndarray) -> np.ndarray:
        """Return the pixels of the values, clipped to the range; NaN where there are none.

        >>> Scale(1, 100, 0, 50, log=True).at(np.array([1.0, 10.0, 1000.0])).tolist()
        [0.0, 25.0, 50.0]
        """
        v = np.asarray(values, dtype=float)
        low, high = self.low, self.high
        if self.log:
            v = np.log10(np.where(v > 0, v, np.nan))
            low, high = math.log10(low), math.log10(high)
        share = np.clip((v - low) / ((high - low) or 1.0), 0.0, 1.0)
        return np.asarray(self.start + share * (self.end - self.start))

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Return at most about `most` values with their labels.

        >>> Scale(1, 1e6, 0, 1, log=True).ticks(4)
        [(1.0, '1'), (100.0, '100'), (10000.0, '10⁴'), (1000000.0, '10⁶')]
        >>> Scale(0, 1, 0, 1).ticks(5)
        [(0.0, '0'), (0.2, '0.2'), (0.4, '0.4'), (0.6, '0.6'), (0.8, '0.8'), (1.0, '1')]
        """
        if self.log:
            first = math.ceil(math.log10(self.low) - 1e-9)
            last = math.floor(math.log10(self.high) + 1e-9)
            step = max(1, math.ceil((last - first) / most))
            return [(10.0**k, power(k)) for k in range(first, last + 1, step)]
        span = (self.high - self.low) or 1.0
        step = 10.0 ** math.floor(math.log10(span / most))
        step *= next(k for k in (1, 2, 5, 10) if span / (k * step) <= most + 1e-9)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(round(k * step, 12), f"{k * step:.6g}") for k in range(first, last + 1)]


def power(k: int) -> str:
    """Return a power of ten as text.

    >>> power(2), power(-5)
    ('100', '10⁻⁵')
    """
    return f"{10.0**k:g}" if -2 < k < 4 else f"10{str(k).translate(SUPERSCRIPT)}"


def points(x: np.ndarray, y: np.ndarray) -> list[str]:
    """Return the runs of finite points as texts for `polyline`, without points that a straight
    line comes near enough to."""
    found = []
    finite = np.isfinite(x) & np.isfinite(y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(int)))
    for start, end in edges.reshape(-1, 2):
        kept = _kept(x[start:end], y[start:end])
        pairs = zip(x[start:end][kept], y[start:end][kept], strict=True)
        found.append(" ".join(f"{a:.1f},{b:.1f}" for a, b in pairs))
    return found


def _kept(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return where the points are that are needed (Douglas and Peucker)."""
    keep = np.zeros(len(x), dtype=bool)
    keep[[0, -1]] = True
    open_ = [(0, len(x) - 1)]
    while open_:
        first, last = open_.pop()
        if last - first < 2:
            continue
        width = x[last] - x[first]
        inner = slice(first + 1, last)
        line = y[first] + (x[inner] - x[first]) * ((y[last] - y[first]) / width if width else 0.0)
        off = np.abs(y[inner] - line)
        far = int(np.argmax(off))
        if off[far] > TOLERANCE:
            middle = first + 1 + far
            keep[middle] = True
            open_ += [(first, middle), (middle, last)]
    return np.flatnonzero(keep)


@dataclass
class Panel:
    """A picture with two axes, to which lines, bands and texts are added.

    - `width`, `height`: in pixels of its view box.
    - `x`, `y`: ranges, (low, high); `log_x`, `log_y`: whether these axes are logarithmic.
    - `label_x`, `label_y`: below and above the axes.
    """

    width: int
    height: int
    x: tuple[float, float]
    y: tuple[float, float]
    label_x: str = ""
    label_y: str = ""
    log_x: bool = True
    log_y: bool = True
    top: int = 46
    left: int = 46
    parts: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        right, bottom = 14, 40 if self.label_x else 24
        self.ends = (self.left, self.width - right, self.top, self.height - bottom)
        left, right, top, bottom = self.ends
        self.across = Scale(*self.x, left, right, self.log_x)
        self.up = Scale(*self.y, bottom, top, self.log_y)
        self._draw_axes()

    def _draw_axes(self) -> None:
        left, right, top, bottom = self.ends
        for value, label in self.across.ticks(max(2, self.width // 75)):
            x = float(self.across.at(value))
            self._rule(x, x, top, bottom)
            self.text(x, bottom + 16, label, "middle")
        for value, label in self.up.ticks(5):
            y = float(self.up.at(value))
            self._rule(left, right, y, y)
            self.text(left - 6, y + 4, label, "end")
        self.parts.append(
            f'<path d="M{left},{top}V{bottom}H{right}" fill="none" stroke="currentColor" '
            'stroke-opacity="0.5"/>'
        )
        self.text(left, top - 30, self.label_y, "start")
        self.text(right, self.height - 6, self.label_x, "end")

    def _rule(self, x1: float, x2: float, y1: float, y2: float) -> None:
        self.parts.append(
            f'<path d="M{x1:.1f},{y1:.1f}L{x2:.1f},{y2:.1f}" stroke="currentColor" '
            'stroke-opacity="0.12"/>'
        )

    def line(
        self, x: np.ndarray, y: np.ndarray, colour: str, dash: str = "", width: float = 1.8
    ) -> None:
        """Add a curve.

        **Arguments:**

        - `x`, `y`: (T,) in the units of the axes.
        - `colour`, `dash`, `width`: of the stroke; dash as in SVG, such as "6 3".
        """
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        for run in points(self.across.at(x), self.up.at(y)):
            self.parts.append(
                f'<polyline points="{run}" fill="none" stroke="{colour}" '
                f'stroke-width="{width}"{dashed}/>'
            )

    def level(self, value: float, colour: str) -> None:
        """Add a dotted line across at a value of the y axis."""
        left, right, _, _ = self.ends
        y = float(self.up.at(value))
        self.parts.append(
            f'<path d="M{left},{y:.1f}H{right}" stroke="{colour}" stroke-dasharray="2 3"/>'
        )

    def band(self, low: float, high: float, colour: str) -> float:
        """Mark where a time lies; return the middle, in pixels."""
        _, _, top, bottom = self.ends
        x1, x2 = float(self.across.at(low)), float(self.across.at(high))
        if x2 - x1 > 2:
            self.parts.append(
                f'<rect x="{x1:.1f}" y="{top}" width="{x2 - x1:.1f}" height="{bottom - top}" '
                f'fill="{colour}" fill-opacity="0.25"/>'
            )
        middle = (x1 + x2) / 2
        self.parts.append(
            f'<path d="M{middle:.1f},{top}V{bottom}" stroke="{colour}" stroke-width="1.4" '
            'stroke-dasharray="4 2"/>'
        )
        return middle

    def arrow(self, x1: float, x2: float, y: float, label: str) -> None:
        """Add an arrow to the right, with its label if there is room.

        **Arguments:**

        - `x1`, `x2`, `y`: where, in pixels.
        - `label`: what stands above it.
        """
        if x2 - x1 < 12:
            return
        self.parts.append(
            f'<path d="M{x1 + 3:.1f},{y:.1f}H{x2 - 3:.1f}m-6,-4l6,4l-6,4" fill="none" '
            'stroke="currentColor" stroke-width="1.4"/>'
        )
        if wide(label) < x2 - x1 - 8:
            self.text((x1 + x2) / 2, y - 5, label, "middle")

    def text(self, x: float, y: float, words: str, anchor: str, colour: str = "") -> None:
        """Add text.

        **Arguments:**

        - `x`, `y`: where, in pixels; `anchor` says of what: start, middle or end of the text.
        - `words`: plain text; nothing is drawn of none.
        - `colour`: that of the page if left out.
        """
        if words:
            fill = f' style="fill:{colour}"' if colour else ""
            self.parts.append(
                f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{fill}>{escape(words)}</text>'
            )

    def legend(self, entries: Sequence[tuple[str, str, str]]) -> None:
        """Add (colour, dash, label) of the curves, to the right above the axes."""
        x = float(self.ends[1])
        y = self.top - 30
        for colour, dash, label in reversed(entries):
            x -= wide(label)
            self.text(x, y, label, "start")
            x -= 26
            dashed = f' stroke-dasharray="{dash}"' if dash else ""
            self.parts.append(
                f'<path d="M{x:.1f},{y - 4}h20" stroke="{colour}" stroke-width="2"{dashed}/>'
            )
            x -= 12

    def svg(self, alt: str, kind: str = "") -> str:
        """Return the picture.

        **Arguments:**

        - `alt`: what it shows, for those who cannot see it.
        - `kind`: its CSS class.
        """
        return (
            f'<svg class="{kind}" viewBox="0 0 {self.width} {self.height}" role="img" '
            f'aria-label="{escape(alt)}" font-size="{FONT}" fill="currentColor" '
            f'xmlns="http://www.w3.org/2000/svg">{"".join(self.parts)}</svg>'
        )


def wide(words: str) -> float:
    """Return about how many pixels a text takes."""
    return CHARACTER * FONT * len(words)
