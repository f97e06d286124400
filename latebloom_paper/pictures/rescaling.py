"""The norm of a rescaled network, and how little its predictions move."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from latebloom.plots import style as st


class Rescaled(NamedTuple):
    r"""One network under $(\lambda A, \lambda^{-L}B)$.

    **Fields:**

    - `scale`: $\lambda$, shape (K,).
    - `norm`: the measured $\|\theta\|$, shape (K,).
    - `law`: $\sqrt{w(\lambda)}$, shape (K,).
    - `least`: $(\lambda_0, \sqrt{w(\lambda_0)})$.
    - `moved`: largest change of a prediction over the largest prediction, shape (K,).
    - `error`: relative test error, shape (K,).
    """

    scale: Float[np.ndarray, " K"]
    norm: Float[np.ndarray, " K"]
    law: Float[np.ndarray, " K"]
    least: tuple[float, float]
    moved: Float[np.ndarray, " K"]
    error: Float[np.ndarray, " K"]


def plot_rescaling(networks: Mapping[str, Rescaled]) -> Figure:
    """Return a picture with one column per network: the norm above; below, what stays.

    **Arguments:**

    - `networks`: name -> the measured curves.
    """
    with st.new_figure(4.6 * len(networks), 5.4) as figure:
        grid = figure.subplots(2, len(networks), sharex="col", squeeze=False)
        for (name, r), (above, below) in zip(networks.items(), grid.T, strict=True):
            above.loglog(r.scale, r.law, color=st.NORM, label="√(aλ² + bλ⁻²ᴸ)")
            above.loglog(r.scale, r.norm, "o", ms=3.5, color=st.MARK, label="measured")
            above.plot(*r.least, "*", ms=12, color=st.TEST, label=f"minimum, λ₀ = {r.least[0]:.3g}")
            above.set(title=name, ylabel="norm of the parameters")
            above.legend()
            # Zero, at the powers of two, has no place on a logarithmic axis.
            changed = r.moved > 0
            below.loglog(r.scale, r.error, color=st.TEST, label="relative test error")
            below.loglog(
                r.scale[changed], r.moved[changed], "o", ms=3.5, color=st.TRAIN,
                label="change of the predictions",
            )  # fmt: skip
            eps = float(np.finfo(float).eps)
            below.axhline(eps, ls="--", lw=1, color=st.MARK, label="unit of rounding")
            below.set(xlabel="λ", ylabel="relative to the predictions", ylim=(1e-17, 10))
            below.legend(loc="center right")
    return figure
