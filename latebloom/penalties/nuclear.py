"""The nuclear norm: low rank."""

from dataclasses import dataclass

from latebloom.core import checks as check
from latebloom.core.arrays import Array, namespace, polar, thin_svd
from latebloom.core.schedules import Schedule
from latebloom.core.spec import register

from .base import Strength, Term

NULLS = ("minimal", "full")


@register("penalty")
@dataclass(frozen=True)
class Nuclear(Term):
    r"""The nuclear norm $\beta\|A\|_* = \beta\sum_i \sigma_i(A)$, summed over a stack of matrices.

    With the compact $A = U\Sigma V^\top$ the subdifferential is
    $\{UV^\top + W : U^\top W = 0, WV = 0, \|W\|_{2\to2} \le 1\}$; the proximal operator is the
    singular value threshold $U\max(\Sigma - \mathrm{step}\,\beta, 0)V^\top$, from a true singular
    value decomposition.

    **Arguments:**

    - `beta`: the regularization strength.
    - `null`: which subgradient is taken where A lacks rank. `minimal` is $UV^\top$ over the
      singular values above $\max(n_1, n_2)\,\epsilon\,\sigma_1$, the one of least norm (W = 0);
      along a run a null singular value stays null until rounding lifts it above that;
      `full` is $UV^\top$ of the whole numerical decomposition, which adds an arbitrary isometry on
      the null space and moves every null singular value by alpha beta; the paper's public code
      takes it.

    Source: arXiv 2506.05718, section 3.2 and appendix D; Watson, Linear Algebra Appl. 170 (1992).

    >>> import numpy as np
    >>> from latebloom.penalties import Nuclear
    >>> Nuclear(beta=1.0).prox(np.diag([3.0, 0.5]), 1.0)
    array([[2., 0.],
           [0., 0.]])
    """

    beta: float | Schedule
    null: str = "minimal"  # the element of least norm
    of_matrices = True
    prox_order = 20

    def __post_init__(self) -> None:
        super().__post_init__()
        check.one_of("Nuclear.null", self.null, NULLS)

    def value(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta\|A\|_*$."""
        return self._beta(beta) * thin_svd(x)[1].sum()

    def subgradient(self, x: Array, beta: Strength = None) -> Array:
        r"""Return $\beta\,UV^\top$."""
        if self.null == "minimal":
            return self._beta(beta) * polar(x)
        U, _, Vt = thin_svd(x)
        return self._beta(beta) * (U @ Vt)

    def prox(self, x: Array, step: Array, beta: Strength = None) -> Array:
        r"""Return the singular value threshold of A at step * beta."""
        U, s, Vt = thin_svd(x)
        kept = namespace(x).maximum(s - step * self._beta(beta), 0.0)
        return (U * kept[..., None, :]) @ Vt

    def dual_norm(self, z: Array) -> Array:
        r"""Return the spectral norm $\|Z\|_{2\to2}$, the largest over a stack."""
        return thin_svd(z)[1].max()
