"""SciPy's BDF for the flow in slow time; a module of its own, for SciPy's takes long to import."""

from typing import Any

import numpy as np
from scipy.integrate import BDF
from scipy.sparse import csc_matrix


class _Lazy:
    """A Jacobian or an identity in `BDF`, which writes I - c J for the matrix it factors."""

    __array_ufunc__ = None  # the product with a NumPy number is ours

    def __init__(self, J: Any = None) -> None:
        self.J = J

    def __rmul__(self, c: float) -> tuple[Any, float]:
        return self.J, float(c)

    def __sub__(self, scaled: tuple[Any, float]) -> tuple[Any, float]:
        return scaled


class LowRankBDF(BDF):
    """SciPy's BDF with the linear systems of Newton's method solved by `Jacobian.newton`.

    `flow` is a `Flow`, whose module imports this one when it integrates.
    """

    def __init__(self, flow: Any, z: np.ndarray, length: float, rtol: float, atol: float) -> None:
        super().__init__(
            flow.velocity,
            0.0,
            z,
            length,
            rtol=rtol,
            atol=atol,
            jac=csc_matrix((z.size, z.size)),  # replaced below
            first_step=min(flow.first_step, length),
        )
        # SciPy sets the first two rows of its difference table and computes with the others too:
        # without this line, with whatever the memory held.
        self.D[2:] = 0.0
        self.jac: Any = lambda s, z: _Lazy(flow.jacobian(s, z))
        self.J: Any = self.jac(0.0, z)
        self.I: Any = _Lazy()
        self.lu: Any = lambda scaled: scaled[0].newton(scaled[1])
        self.solve_lu: Any = lambda solve, b: solve(b)
