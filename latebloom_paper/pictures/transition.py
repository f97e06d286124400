"""Kernel to rich: cosines, test error and the time of the transition."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib import colormaps
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from latebloom.plots import style as st


@dataclass(frozen=True, eq=False)
class Transition:
    r"""One flow with weight decay from a large initialization.

    **Fields:**

    - `gamma`, `beta`: scale of the initialization, weight decay.
    - `tau`: $\beta t$, shape (K,).
    - `kernel`, `rich`: cosines of the predictor to the two solutions, shape (K,).
    - `quality`: its test error or accuracy, shape (K,).
    - `fit`: $\beta t$ at which the training data are first fitted.
    - `passage`: $\beta t$ of the transition and the least $y_i f(x_i)$ there, None if it is not
      seen.
    """

    gamma: float
    beta: float
    tau: Float[np.ndarray, " K"]
    kernel: Float[np.ndarray, " K"]
    rich: Float[np.ndarray, " K"]
    quality: Float[np.ndarray, " K"]
    fit: float
    passage: tuple[float, float] | None

    @property
    def T(self) -> float:
        r"""The law's transition, $\beta$ times $\log(\gamma)/\beta$."""
        return float(np.log(self.gamma))

    def index(self, tau: float) -> int:
        r"""Return the position of the recorded $\beta t$ nearest to `tau`."""
        return int(np.argmin(np.abs(self.tau - tau)))


def plot_transition(tasks: Mapping[str, tuple[str, Sequence[Transition]]], eps: float) -> Figure:
    """Return a picture with one row per task: cosines, test error, transition times.

    **Arguments:**

    - `tasks`: name -> (what the quality is, one run per gamma).
    - `eps`: the transition is expected within 1 -+ eps, which is shaded.
    """
    with st.new_figure(10.5, 3.2 * len(tasks)) as figure:
        grid = figure.subplots(len(tasks), 3, squeeze=False)
        for (name, (measure, runs)), axes in zip(tasks.items(), grid, strict=True):
            colours = colormaps["viridis"](np.linspace(0.0, 0.85, len(runs)))
            for r, colour in zip(runs, colours, strict=True):
                known = slice(r.index(r.fit), None)  # before the fit there is no direction yet
                x = r.tau[known] / r.T
                axes[0].plot(x, r.kernel[known], ls="--", lw=1.1, color=colour)
                axes[0].plot(x, r.rich[known], color=colour, label=f"γ = {st.power(r.gamma)}")
                axes[1].plot(x, r.quality[known], color=colour, label=f"γ = {st.power(r.gamma)}")
            for ax in axes[:2]:
                ax.axvspan(1 - eps, 1 + eps, color=st.OFF, alpha=0.15, lw=0)
                ax.axvline(1, color=st.MARK, lw=1, ls=":")
                ax.set(xlim=(0, 1.75), xlabel="β t / log γ")
            axes[0].set(ylabel="cosine", title=f"{name}: direction of w")
            kinds = [Line2D([], [], color="0.3", ls=ls) for ls in ("--", "-")]
            axes[0].legend(kinds, ["to the kernel solution (l2)", "to the KKT direction (l1)"])
            axes[1].set(ylabel=measure, title=f"{name}: {measure}")
            axes[1].legend()
            passed = [(r.T, r.passage[0]) for r in runs if r.passage]
            T = [r.T for r in runs]
            axes[2].plot(T, T, color=st.MARK, ls=":", label="log γ, the law")
            if passed:
                axes[2].plot(*zip(*passed, strict=True), "o", color=st.TEST, label="measured")
            axes[2].set(xlabel="log γ", ylabel="β T", title=f"{name}: time of the transition")
            axes[2].legend()
    return figure
