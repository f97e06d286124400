"""The picture of a diagnosis: the curves with t1, t2 and the forecast."""

from typing import Protocol, runtime_checkable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.core.phases import Passage, Phases
from latebloom.plots import style as st
from latebloom.plots.curves import draw_legend, mark, passage_label

from .curves import Records
from .finding import Finding
from .forecast import Forecast

# Two decades: less is easier to read on a linear axis.
DECADES = 100.0


@runtime_checkable
class Drawn(Protocol):
    """What the picture shows of a diagnosis."""

    @property
    def verdict(self) -> Finding: ...
    @property
    def phases(self) -> Phases: ...
    @property
    def thresholds(self) -> tuple[float, float]: ...
    @property
    def forecast(self) -> Forecast | None: ...
    @property
    def train(self) -> Records: ...
    @property
    def test(self) -> Records: ...


def plot_diagnosis(found: Drawn) -> Figure:
    """Return the two curves over the steps, in the unit of their columns.

    Bands (lines, if exact) are t1 and t2; the hatched band is the forecast of t2, its line the
    middle; dotted lines are the thresholds. Curves of different kinds have a panel each.

    **Arguments:**

    - `found`: a diagnosis.
    """
    both = found.train.kind == found.test.kind
    shift = _shift(found)
    with st.new_figure(7.0, 3.6 if both else 5.6) as figure:
        panels = list(np.ravel(figure.subplots(1 if both else 2, 1, sharex=True)))
        curves = (
            (panels[0], found.train, found.thresholds[0], st.TRAIN, "-"),
            (panels[-1], found.test, found.thresholds[1], st.TEST, "--"),
        )
        lines = {id(axes): [] for axes in panels}
        for axes, curve, threshold, colour, dash in curves:
            lines[id(axes)] += _draw(axes, curve, shift, colour, dash)
            axes.axhline(threshold, color=colour, lw=0.8, ls=":")
        for axes in panels:
            first, second = _sides(found, shift) if axes is panels[0] else ("", "")
            _mark(axes, "t1", found.phases.t1, st.TRAIN, shift, first)
            _mark(axes, "t2", found.phases.t2, st.TEST, shift, second)
            lines[id(axes)] += _draw_forecast(axes, found, shift)
            draw_legend(axes, lines[id(axes)], above=1.09 if axes is panels[0] else 1.01)
        _scale(panels[-1], found, shift)
        panels[-1].set_xlabel("step + 1" if shift else "step")
        figure.suptitle(str(found.verdict).replace("_", " "), fontsize=10, x=0.02, ha="left")
    return figure


def _shift(found: Drawn) -> int:
    """1 for a logarithmic axis, which has no step 0; 0 for a linear one."""
    k = found.test.steps
    first = found.phases.t1.high or int(k[min(1, len(k) - 1)])
    return int(k[-1] >= DECADES * max(first, 1) or k[-1] >= DECADES * max(int(k[1]), 1))


def _draw(axes: Axes, curve: Records, shift: int, colour: str, dash: str) -> list:
    values = np.where(np.isfinite(curve.values), curve.values, np.nan)
    if curve.kind == "accuracy":
        axes.set_ylim(-0.03, 1.03)
        axes.set_ylabel("accuracy")
    else:
        values = np.where(values > 0, values, np.nan)  # exact zeros are gaps, not minus infinity
        axes.set_yscale("log")
        axes.set_ylabel(curve.kind)
    # Bare records between two blanks would vanish without a marker.
    few = {"marker": "o", "ms": 3} if len(curve.steps) < 40 else {}
    return axes.plot(curve.steps + shift, values, color=colour, ls=dash, label=curve.name, **few)


def _mark(axes: Axes, name: str, passage: Passage, colour: str, shift: int, side: str) -> None:
    if passage.low is None or passage.high is None:
        return
    high = passage.high + shift
    mark(axes, name, (passage.low + shift, high), colour, 0.25)
    if side:
        where = axes.get_xaxis_transform()
        text = passage_label(name, passage)
        axes.text(high, 1.02, text, transform=where, ha=side, color=colour, fontsize=8)


def _sides(found: Drawn, shift: int) -> tuple[str, str]:
    """On which sides of t1 and t2 their labels do not overlap, nor leave the picture."""
    t1, t2, last = found.phases.t1.high, found.phases.t2.high, int(found.test.steps[-1])
    if t1 is None or t2 is None:
        return "center", "right"
    places = np.array([t1, t2, last], float)
    x = np.log(places + 1) / np.log(last + 1) if shift else places / last
    if abs(x[1] - x[0]) > 0.4:  # each label takes a quarter of the width
        return "center", "right"
    return ("right", "left") if x[0] <= x[1] else ("left", "right")


def _draw_forecast(axes: Axes, found: Drawn, shift: int) -> list:
    forecast = found.forecast
    if forecast is None or forecast.step is None or forecast.low is None or forecast.high is None:
        return []  # no forecast was made
    label = f"forecast of $t_2$: {forecast.low:,} to {forecast.high:,} (90 %)"
    low, high = forecast.low + shift, forecast.high + shift
    band = axes.axvspan(
        low, high, fc=(st.RATIO, 0.15), ec=st.RATIO, hatch="//", lw=0.5, label=label, gid="forecast"
    )
    axes.axvline(forecast.step + shift, color=st.RATIO, lw=1.2)
    return [band]


def _scale(axes: Axes, found: Drawn, shift: int) -> None:
    last = int(max(found.train.steps[-1], found.test.steps[-1]))
    if found.forecast is not None and found.forecast.high is not None:
        last = max(last, round(1.05 * found.forecast.high))
    first = int(min(found.train.steps[0], found.test.steps[0]))
    if shift:
        axes.set_xscale("log")
        axes.set_xlim(first + 1, last + 1)
    else:
        axes.set_xlim(first, last)
