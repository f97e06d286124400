"""Coherent measurements: how coherent they are, how many are needed, and where recovery ends."""

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from latebloom.plots import MARKERS
from latebloom.plots import style as st

from .panels import colours, draw_bar


def plot_coherence(
    measurements: Sequence[int],
    fractions: Sequence[float],
    coherence: np.ndarray,
    needed: Mapping[float, Sequence[tuple[int, float]]],
) -> Figure:
    """Return two panels: coherence against tau by N, and the measurements needed against s by tau.

    **Arguments:**

    - `measurements`, `fractions`: N and tau.
    - `coherence`: shape (N, tau).
    - `needed`: tau -> points (s, N); infinite ones are left out.

    Source: arXiv 2506.05718, Figure 19.

    >>> figure = plot_coherence([5], [0.0, 1.0], np.array([[0.4, 1.0]]), {0.0: [(1, 20.0)]})
    >>> figure.axes[0].get_xlabel()
    'fraction $\\\\tau$ of coherent rows'
    """
    with st.new_figure(8.6, 3.5) as figure:
        left, right = figure.subplots(1, 2)
        colour, bar = colours(np.array(measurements))
        for N, values in zip(measurements, coherence, strict=True):
            left.plot(fractions, values, color=colour(N))
        left.set(xlabel=r"fraction $\tau$ of coherent rows", ylabel="coherence", ylim=(0, 1.05))
        draw_bar(figure, bar, left, measurements, "N")
        for k, (tau, points) in enumerate(needed.items()):
            seen = [point for point in points if np.isfinite(point[1])]
            if not seen:
                continue
            x, y = zip(*seen, strict=True)
            tone = (st.TRAIN, st.TEST, st.RATIO, st.NORM)[k % 4]
            right.plot(x, y, MARKERS[k], ls="-", color=tone, label=rf"$\tau$ = {tau:g}")
        right.set(xlabel="s", ylabel="measurements needed", ylim=(0, 105))
        right.legend()
    return figure


def plot_recovery(recovered: xr.DataArray) -> Figure:
    """Return one map per tau of the fraction of recovered instances over s and N.

    **Arguments:**

    - `recovered`: fractions over (tau, N, s).

    Source: arXiv 2506.05718, Figure 20.
    """
    taus = recovered["tau"].values
    with st.new_figure(2.8 * len(taus) + 1.0, 3.1) as figure:
        grid = figure.subplots(1, len(taus), sharey=True, squeeze=False)[0]
        image = ScalarMappable(Normalize(0, 1), "viridis")
        for axes, tau in zip(grid, taus, strict=True):
            values = recovered.sel(tau=tau)
            axes.pcolormesh(
                *(values["s"], values["N"], values),
                norm=image.norm,
                cmap=image.cmap,
                rasterized=True,
            )
            axes.set(xlabel="s", title=rf"$\tau$ = {tau:g}")
            axes.grid(False)
        grid[0].set_ylabel("N")
        figure.colorbar(image, ax=list(grid), label="fraction recovered")
    return figure
