"""The parts pictures are made of: error curves, norms, and the marks of t1, t2 and the delay."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from latebloom.core.phases import Passage
from latebloom.penalties import L1, Nuclear
from latebloom.problems import MatrixLeastSquares
from latebloom.runs.run import Run

from . import style as st


def log_steps(run: Run) -> np.ndarray:
    """Return step + 1: what a logarithmic axis can show of a run that starts at step 0."""
    return run.trajectory["step"].to_numpy() + 1.0


def shown(values: np.ndarray) -> np.ndarray:
    """Return the values with infinities, which a diverged run has, as gaps."""
    return np.where(np.isfinite(values), values, np.nan)


def set_step_axis(axes: Axes, run: Run) -> None:
    """Make the x axis logarithmic over all steps of the run."""
    axes.set_xscale("log")
    axes.set_xlim(1, max(float(run.last_step + 1), 10.0))


# Variable of the trajectory, colour and dash of a line, and its label.
ERRORS = (
    ("train_error", st.TRAIN, "-", "training error"),
    ("test_error", st.TEST, "--", "test error"),
)


def draw_curves(
    axes: Axes,
    run: Run,
    curves: Iterable[tuple[str, str, str, str]],
    log: bool = True,
    of: Callable[[np.ndarray], np.ndarray] = shown,
) -> list[Line2D]:
    """Draw observables of a run against step + 1; what is not known is left out.

    **Arguments:**

    - `axes`: where they are drawn; `run`: whose observables they are.
    - `curves`: variable of the trajectory, colour, dash and label of each line.
    - `log`: whether the axis is logarithmic; exact zeros are then gaps, not minus infinity.
    - `of`: what is drawn of an observable.
    """
    lines = []
    for name, colour, dash, label in curves:
        values = of(run.trajectory[name].to_numpy())
        values = np.where(values > 0, values, np.nan) if log else values
        if not np.isnan(values).all():
            lines += axes.plot(log_steps(run), values, color=colour, ls=dash, label=label)
    if log:
        axes.set_yscale("log")
    return lines


def draw_errors(axes: Axes, run: Run, log: bool = True) -> list[Line2D]:
    """Draw the training error and, where the truth is known, the test error."""
    axes.set_ylabel("relative error")
    return draw_curves(axes, run, ERRORS, log)


class ShownNorm(NamedTuple):
    """The norm of the predictor that a picture of the run shows."""

    name: str  # in words
    variable: str  # in the trajectory
    symbol: str  # of the predictor and of the truth, in mathtext
    truth_symbol: str
    truth: float | None


def shown_norm(run: Run) -> ShownNorm:
    """Return the norm that the penalty sees: l1 unless only l2 or matrix norms are penalized."""
    experiment = run.experiment
    terms = experiment.penalty.terms if experiment.penalty else ()
    a_star, matrix = experiment.data.a_star, isinstance(experiment.data, MatrixLeastSquares)
    one = any(isinstance(term, L1) for term in terms)
    nuclear = matrix and (not terms or any(isinstance(term, Nuclear) for term in terms))
    if nuclear and not one:
        truth = None if a_star is None else float(np.linalg.norm(a_star, "nuc"))
        return ShownNorm("nuclear norm", "nuclear_norm", r"$\|A\|_*$", r"$\|A^*\|_*$", truth)
    order = 1 if one or not terms else 2
    truth = None if a_star is None else float(np.linalg.norm(a_star.ravel(), order))
    symbols = rf"$\|a\|_{order}$", rf"$\|a^*\|_{order}$"
    return ShownNorm(f"l{order} norm", f"l{order}_norm", *symbols, truth)


def draw_norm(axes: Axes, run: Run) -> list[Line2D]:
    """Draw the norm that the penalty sees, and that of the truth."""
    norm = shown_norm(run)
    lines = draw_curves(axes, run, [(norm.variable, st.NORM, "-.", norm.symbol)], log=False)
    if norm.truth is not None:
        label = f"{norm.truth_symbol} = {norm.truth:.3g}"
        lines.append(axes.axhline(norm.truth, color=st.NORM, ls="--", lw=1, label=label))
    axes.set_ylabel(norm.symbol)
    axes.set_ylim(bottom=0)
    axes.grid(False)
    return lines


def right_axis(axes: Axes) -> Axes:
    """Return a second y axis whose curves do not hide the first one's."""
    right = axes.twinx()
    right.spines["right"].set_visible(True)
    right.grid(False)
    axes.set_zorder(right.get_zorder() + 1)
    axes.patch.set_visible(False)
    return right


def headline(run: Run) -> str:
    """Return name, verdict and engine, and whether the run was cut short."""
    name, verdict = run.experiment.name or run.experiment.hash, str(run.phases.verdict)
    parts = [name, verdict.replace("_", " "), f"engine {run.engine}"]
    if run.interrupted:
        parts.append(f"interrupted at step {run.last_step:,}")
    return "  ·  ".join(parts)


def draw_legend(axes: Axes, lines: Iterable[Artist], above: float = 1.01) -> None:
    """Draw one legend for the lines of both y axes, in the line of the title: it hides no curve."""
    handles = list(lines)
    place = {"loc": "lower right", "bbox_to_anchor": (1.0, above), "borderaxespad": 0.0}
    axes.legend(handles=handles, ncols=len(handles), columnspacing=1.2, handlelength=1.8, **place)


def passage_label(name: str, passage: Passage, last: int = 0) -> str:
    """Return what a picture says of a passage, in mathtext.

    **Arguments:**

    - `name`: t1 or t2.
    - `passage`: the time; `last`: the last step of the run, needed for a missing time only.
    """
    symbol = f"${name[0]}_{name[1]}$"
    if passage.step is not None:
        return f"{symbol} = {passage.step:,}"
    if passage.high is not None:
        return f"{symbol} in [{passage.low:,}, {passage.high:,}]"
    if passage.end is not None:
        return f"{symbol}: never (ends at {passage.end:.2g})"
    if passage.floor is not None:
        return f"{symbol}: never (floor {passage.floor:.2g})"
    if passage.low and passage.low <= last:
        return f"{symbol}: not known, not before step {passage.low:,}"
    if passage.low:
        return f"{symbol}: not by step {passage.low - 1:,}"
    return f"{symbol}: unknown"


def mark(axes: Axes, name: str, ends: tuple[float, float], colour: str, alpha: float = 0.2) -> None:
    """Mark where a time lies: a line if its ends are equal, else a band.

    **Arguments:**

    - `axes`, `name`: where, and which time.
    - `ends`: steps on the axis.
    - `colour`, `alpha`: of the line or band, and the opacity of the band.
    """
    if ends[0] == ends[1]:
        axes.axvline(ends[0], color=colour, lw=1, ls=":", gid=name)
    else:
        axes.axvspan(*ends, fc=(colour, alpha), ec=colour, ls=":", lw=1, gid=name)


def draw_passages(axes: Axes, run: Run, labels: bool = True) -> None:
    """Mark t1 and t2 (a line if exact, a band if bracketed) and the delay between them (an
    arrow)."""
    phases = run.phases
    marks = {"t1": (phases.t1, st.TRAIN), "t2": (phases.t2, st.TEST)}
    missing = []
    for name, (passage, colour) in marks.items():
        if passage.low is None or passage.high is None:
            if name == "t1" or run.has_truth:  # without a truth there is no t2 to miss
                missing.append(passage_label(name, passage, run.last_step))
            continue
        mark(axes, name, (passage.low + 1, passage.high + 1), colour)
    if not labels:
        return
    if phases.t1.high is not None and phases.t2.high is not None:
        _label_both(axes, run)
    else:
        for name, (passage, colour) in marks.items():
            if passage.high is not None:
                _label(axes, name, passage, colour, "center")
    if missing:
        text = ", ".join(missing)
        axes.text(0.99, 1.02, text, transform=axes.transAxes, ha="right", color=st.MARK)


def _label(axes: Axes, name: str, passage: Passage, colour: str, side: str) -> None:
    assert passage.high is not None
    x = np.sqrt(((passage.low or 0) + 1.0) * (passage.high + 1.0))
    where = axes.get_xaxis_transform()
    text = passage_label(name, passage)
    axes.text(x, 1.02, text, transform=where, ha=side, color=colour)


def _label_both(axes: Axes, run: Run) -> None:
    """Label t1 and t2 so that the labels do not overlap, and draw the arrow of the delay."""
    t1, t2 = run.phases.t1, run.phases.t2
    assert t1.high is not None
    assert t2.high is not None
    start, end = t1.high + 1.0, t2.high + 1.0
    decades = np.log10(run.last_step + 1.0)
    near = abs(np.log10(end / start)) < 0.35 * decades
    first, second = ("right", "left") if start <= end else ("left", "right")
    _label(axes, "t1", t1, st.TRAIN, first if near else "center")
    _label(axes, "t2", t2, st.TEST, second if near else "center")
    if end < 2 * start:
        return  # no room for an arrow, and no delay worth one
    low, high = axes.get_ylim()
    room = low * (low / high) ** 0.2 if axes.get_yscale() == "log" else low - 0.2 * (high - low)
    axes.set_ylim(room, high)  # room below the curves
    where = axes.get_xaxis_transform()
    arrow = {"arrowstyle": "<->", "color": st.MARK, "shrinkA": 0, "shrinkB": 0, "lw": 1}
    axes.annotate("", (start, 0.07), (end, 0.07), where, where, arrowprops=arrow)
    low, high = run.phases.delay_bounds
    text = rf"$\Delta t$ = {high:,}" if low == high else rf"$\Delta t$ in [{low:,}, {high:,}]"
    middle = np.sqrt(start * end)
    axes.text(
        middle, 0.09, text, transform=where, ha="center", va="bottom", color=st.MARK, gid="delay"
    )
