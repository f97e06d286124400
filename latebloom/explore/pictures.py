"""The pictures of a run: errors with t1, t2 and the delay; the components; the norms."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from latebloom.core.palette import NORM, OFF, RATIO, TEST, TRAIN
from latebloom.core.passage import Passage
from latebloom.core.phases import Phases
from latebloom.runs.run import Run

from .svg import Panel, wide

# Two drawings of each picture, of which the page shows one: (CSS class, width).
WIDTHS = (("lb-wide", 760), ("lb-narrow", 360))
# A logarithmic axis shows so many decades at most.
MOST_DECADES = 9
# At most this many curves outside the truth are drawn, the largest first.
MOST_LINES = 40
NORMS = (("l1_norm", NORM, "", "l1"), ("l2_norm", "currentColor", "6 3", "l2"))
NUCLEAR = ("nuclear_norm", RATIO, "2 2", "nuclear")


class Curve(NamedTuple):
    """A curve over the steps, with its colour, dash and label."""

    steps: np.ndarray
    values: np.ndarray
    colour: str
    dash: str
    label: str


def both(draw: Callable[[int], Panel], alt: str) -> str:
    """Return a picture in both widths.

    **Arguments:**

    - `draw`: width in pixels -> the picture.
    - `alt`: what it shows, in words.
    """
    return "".join(draw(width).svg(alt, kind) for kind, width in WIDTHS)


def error_picture(run: Run) -> str:
    """Return the training and the test error of a run with t1, t2 and the delay."""
    data, (train, test) = run.trajectory, run.experiment.thresholds
    steps = data["step"].to_numpy()
    curves = [
        Curve(steps, data["train_error"].to_numpy(), TRAIN, "", "training error"),
        Curve(steps, data["test_error"].to_numpy(), TEST, "6 3", "test error"),
    ]
    return curve_picture(curves, run.phases, (train, test))


def curve_picture(
    curves: Sequence[Curve], phases: Phases, thresholds: tuple[float, float], log: bool = True
) -> str:
    """Return two curves with their thresholds, t1, t2 and the delay.

    **Arguments:**

    - `curves`: of training and test.
    - `phases`: with t1 and t2.
    - `thresholds`: of training and test.
    - `log`: whether the y axis is logarithmic; it is linear from 0 to 1 otherwise.
    """
    last = max(int(curve.steps[-1]) for curve in curves)
    if log:
        levels = [*thresholds, *(v for c in curves for v in _ends(c.values))]
        y = _decades([v for v in levels if math.isfinite(v) and v > 0])
    else:
        y = (0.0, 1.0)

    def draw(width: int) -> Panel:
        panel = Panel(width, 330, (1, max(last + 1, 10)), y, "step + 1", "", log_y=log, top=58)
        for curve, threshold in zip(curves, thresholds, strict=True):
            panel.level(threshold, curve.colour)
            panel.line(curve.steps + 1.0, curve.values, curve.colour, curve.dash)
        panel.legend([(c.colour, c.dash, c.label) for c in curves])
        _mark_times(panel, phases)
        return panel

    return both(draw, f"Training and test curves against the step. {words_of(phases)}")


def words_of(phases: Phases) -> str:
    """Return t1, t2 and the verdict in a line, for those who do not see the picture."""
    return f"t1 {phases.t1.words}, t2 {phases.t2.words}, {phases.verdict}."


def _mark_times(panel: Panel, phases: Phases) -> None:
    """Mark t1 and t2 and the delay between them."""
    left, right, top, bottom = panel.ends
    places, end = [], float(left)
    for name, passage, colour in (("t1", phases.t1, TRAIN), ("t2", phases.t2, TEST)):
        x, label = float(right), f"{name}: {passage.brief}"
        if passage.low is not None and passage.high is not None:
            x = panel.band(passage.low + 1, passage.high + 1, colour)
            places.append(x)
            label = f"{name} = {short(passage)}"
        start = min(max(x - wide(label) / 2, end), right - wide(label))
        panel.text(start, top - 8, label, "start", colour)
        end = start + wide(label) + 10
    if len(places) == 2:
        low, high = phases.delay_bounds
        delay = "" if low is None or high is None else f"delay {(low + high) // 2:,}"
        panel.arrow(places[0], places[1], top + 0.4 * (bottom - top), delay)


def short(passage: Passage) -> str:
    """Return a known time in as few characters as fit: of a bracket its middle.

    >>> short(Passage.between(60, 60)), short(Passage.between(900, 1100))
    ('60', '1,000 ± 100')
    """
    if passage.low is None or passage.high is None:
        return passage.brief
    low, high = passage.low, passage.high
    return f"{low:,}" if low == high else f"{(low + high) // 2:,} ± {(high - low + 1) // 2:,}"


def component_picture(run: Run) -> str:
    """Return the singular values of a matrix, the components of a vector, or the parameters of a
    network by name."""
    data = run.trajectory
    steps = data["step"].to_numpy() + 1.0
    if "singular_values" in data:
        truth = run.experiment.data.truth_svd  # pyright: ignore - a matrix has one
        rank = 0 if truth is None else int(truth.s.size)
        values = data["singular_values"].to_numpy()
        return _many(steps, values, np.arange(values.shape[1]) < rank, "singular values", True)
    if "a" in data:
        truth = run.experiment.data.a_star
        values = data["a"].to_numpy().reshape(len(steps), -1)
        own = np.zeros(values.shape[1], bool) if truth is None else truth.ravel() != 0
        return _many(steps, values, own, "components", False)
    values = data["parameter_l2"].to_numpy()
    return _many(steps, values, np.ones(values.shape[1], bool), "l2 norm of each layer", False)


def _many(steps: np.ndarray, values: np.ndarray, own: np.ndarray, what: str, log: bool) -> str:
    """Return many curves: those of the truth green, the others grey."""
    size = np.nanmax(np.abs(np.where(np.isfinite(values), values, np.nan)), axis=0, initial=0.0)
    others = np.flatnonzero(~own)
    drawn = others[np.argsort(-size[others], kind="stable")[:MOST_LINES]]
    top = float(size.max(initial=0.0)) or 1.0
    bottom = min(0.0, float(np.nanmin(values, initial=0.0)))
    y = (1e-4 * top, 1.5 * top) if log else (1.05 * bottom, 1.05 * top)
    count = f"{len(others)}" + (f", {len(drawn)} drawn" if len(drawn) < len(others) else "")

    def draw(width: int) -> Panel:
        x = (1.0, max(float(steps[-1]), 10.0))
        panel = Panel(width, 230, x, y, "", what, log_y=log)
        for i in drawn:
            panel.line(steps, values[:, i], OFF, width=0.8)
        for i in np.flatnonzero(own):
            panel.line(steps, values[:, i], RATIO, width=1.6)
        legend = [(RATIO, "", "of the truth")] if own.any() and len(others) else []
        if len(others):
            legend.append((OFF, "", f"others ({count})"))
        panel.legend(legend if width > 500 else legend[-1:])
        return panel

    gone = int((np.abs(values[-1, others]) <= 1e-3 * top).sum()) if len(others) else 0
    return both(draw, f"{what} against the step; {gone} of {len(others)} others end near zero")


def norm_picture(run: Run) -> str:
    """Return the norms of the predictor, or of the parameters, against the step."""
    data = run.trajectory
    steps = data["step"].to_numpy() + 1.0
    shown = [*NORMS, *([NUCLEAR] if "nuclear_norm" in data else [])]
    finite = [np.where(np.isfinite(v := data[name].to_numpy()), v, np.nan) for name, *_ in shown]
    top = max(float(np.nanmax(values, initial=0.0)) for values in finite) or 1.0

    def draw(width: int) -> Panel:
        x = (1.0, max(float(steps[-1]), 10.0))
        panel = Panel(width, 200, x, (0.0, 1.05 * top), "step + 1", "norms", log_y=False)
        for (_, colour, dash, _), values in zip(shown, finite, strict=True):
            panel.line(steps, values, colour, dash)
        panel.legend([(colour, dash, label) for _, colour, dash, label in shown])
        return panel

    ends = ", ".join(
        f"{label} {values[-1]:.3g}" for (*_, label), values in zip(shown, finite, strict=True)
    )
    return both(draw, f"Norms against the step; at the end {ends}")


def _ends(values: np.ndarray) -> tuple[float, float]:
    """Return the least and the largest positive value that is finite."""
    good = values[np.isfinite(values) & (values > 0)]
    return (float(good.min()), float(good.max())) if len(good) else (1.0, 1.0)


def _decades(values: Sequence[float]) -> tuple[float, float]:
    """Return the powers of ten around some values, not too many."""
    high = math.ceil(math.log10(max(values)) - 1e-9)
    low = math.floor(math.log10(min(values)) + 1e-9)
    return 10.0 ** max(min(low, high - 1), high - MOST_DECADES), 10.0**high
