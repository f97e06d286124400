r"""The fall of $V = \|\theta\|^2$ from memorization to generalization, and what follows from it."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latebloom.laws.constants.norm_passage import Passage
from latebloom.plots import style as st
from latebloom.runs import Run


def _colours(decays: Sequence[float]) -> dict[float, tuple[float, ...]]:
    known = sorted(set(decays))
    return dict(
        zip(known, map(tuple, colormaps["viridis"](np.linspace(0, 0.8, len(known)))), strict=True)
    )


def plot_separation(adam: Sequence[Passage], sgd: Sequence[Passage]) -> Figure:
    """Return a picture of V after t1, and of the delay against what the law makes of V.

    **Arguments:**

    - `adam`, `sgd`: runs of AdamW, and of plain gradient descent with numbers of its own.
    """
    with st.new_figure(10.0, 4.4) as figure:
        left, right = figure.subplots(1, 2)
        seen = [p for p in adam if p.delayed]
        colours = _colours([p.decay for p in seen])
        for p in seen:
            after = (p.step >= (p.t1 or 0)) & (p.step <= (p.t2 or 0))
            x = p.eta * p.decay * (p.step[after] - p.step[after][0])
            left.plot(x, p.V[after] / p.V[after][0], color=colours[p.decay], lw=1)
        ends = max((p.eta * p.decay * p.delay for p in seen), default=1.0)
        x = np.linspace(0, ends, 100)
        for rate, dash in ((1, "--"), (2, ":")):
            label = f"V(t₁) exp(−{'' if rate == 1 else rate}ηλ(t − t₁))"
            left.plot(x, np.exp(-rate * x), dash, color=st.MARK, label=label)
        left.set(yscale="log", xlabel="ηλ (t − t₁)", ylabel="V / V(t₁)", ylim=(0.2, 1.2))
        left.set_title("from $t_1$ to $t_2$, AdamW")
        left.legend()
        for decay, colour in colours.items():
            own = [p for p in seen if p.decay == decay and p.log_ratio > 0]
            _points(right, own, "o", colour, f"AdamW, λ = {decay:g}")
        _points(right, [p for p in sgd if p.delayed and p.log_ratio > 0], "s", st.TEST, "SGD")
        _diagonals(right, {"--": (1.0, "rate ηλ"), ":": (0.5, "rate 2ηλ")})
        right.set(xlabel="log(V(t₁)/V(t₂)) / (ηλ)", ylabel="$t_2 - t_1$ (steps)")
        right.legend()
    return figure


def plot_passage(
    pairs: Sequence[tuple[float, float]],
    decays: Sequence[float],
    acted: Mapping[str, Sequence[Run]],
) -> Figure:
    """Return a picture of predicted against measured delays, and of the interventions.

    **Arguments:**

    - `pairs`: (predicted, measured) of held-out runs.
    - `decays`: their weight decays.
    - `acted`: intervention -> runs.
    """
    with st.new_figure(10.0, 4.4) as figure:
        left, right = figure.subplots(1, 2)
        for decay, colour in _colours(decays).items():
            own = [
                pair for pair, d in zip(pairs, decays, strict=True) if d == decay and pair[0] > 0
            ]
            if own:
                left.plot(*zip(*own, strict=True), "o", color=colour, label=f"λ = {decay:g}")
        _diagonals(left, {"--": (1.0, "as predicted")})
        left.set(xlabel="predicted $t_2 - t_1$ (steps)", ylabel="measured")
        left.set_title("held-out runs")
        left.legend()
        for (name, runs), colour in zip(acted.items(), (st.RATIO, st.TEST, st.NORM), strict=False):
            for k, run in enumerate(runs):
                step = run.trajectory["step"].to_numpy()
                accuracy = 1 - run.trajectory["test_error"].to_numpy()
                right.plot(step, accuracy, color=colour, label=None if k else name)
        right.set(xlabel="step (from $t_1$ where the norm is held)", ylabel="test accuracy")
        right.set_title("interventions")
        right.legend()
    return figure


def _points(axes: Axes, runs: Sequence[Passage], marker: str, colour: object, label: str) -> None:
    if runs:
        x = [p.log_ratio / (p.eta * p.decay) for p in runs]
        axes.plot(x, [p.delay for p in runs], marker, color=colour, label=label)  # pyright: ignore


def _diagonals(axes: Axes, lines: Mapping[str, tuple[float, str]]) -> None:
    """Draw y = c x over the data, on logarithmic axes."""
    axes.set(xscale="log", yscale="log")
    x = np.array(axes.get_xlim())
    y = axes.get_ylim()
    for dash, (factor, label) in lines.items():
        axes.plot(x, factor * x, dash, color=st.MARK, lw=1, label=label)
    axes.set(xlim=tuple(x), ylim=(min(y[0], 0.5 * x[0]), max(y[1], x[1])))
