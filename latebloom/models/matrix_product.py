"""Deep matrix factorization: products of matrices."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.arrays import Array
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .base import Model, Shape


@register("model")
@dataclass(frozen=True)
class MatrixProduct(Model):
    r"""The product $A = A_1 A_2 \cdots A_L$, $A_1$ of n1 x d, $A_L$ of d x n2, the others d x d.

    The factors are kept as one array (L, m, m), m the largest side, each in the upper left corner
    of its square and zero elsewhere; the zeros have no gradient and stay. With $L \ge 2$ and a
    small start the product favours low rank without any penalty. In the limit of small steps
    $A_i^\top A_i - A_{i+1} A_{i+1}^\top$ does not change.

    **Arguments:**

    - `depth`: the number L of factors.
    - `width`: the inner dimension d; None is min(n1, n2), which limits no rank.

    A start z is z times the identity (of a rectangle: ones on its diagonal) in every factor.

    Source: arXiv 2506.05718, appendix F.2; Arora, Cohen, Hu, Luo, arXiv 1905.13655.

    >>> import numpy as np
    >>> from latebloom.models import MatrixProduct
    >>> model = MatrixProduct(depth=3)
    >>> model.predictor(model.initial(0.5, (2, 3)), (2, 3))
    array([[0.125, 0.   , 0.   ],
           [0.   , 0.125, 0.   ]])
    """

    depth: int = 2
    width: int | None = None

    def __post_init__(self) -> None:
        check.integer("depth", self.depth, low=2)
        if self.width is not None:
            check.integer("width", self.width, low=1)

    def _inner(self, unknown: Shape) -> int:
        return min(unknown) if self.width is None else self.width

    def shape(self, unknown: Shape) -> Shape:
        """Return (L, m, m)."""
        if len(unknown) != 2:
            raise InvalidInput(
                f"MatrixProduct makes matrices, but the unknown has shape {unknown}: use a matrix "
                "problem, or the model Hadamard for vectors"
            )
        m = max(*unknown, self._inner(unknown))
        if self.depth * m * m > 2**27:
            raise InvalidInput(
                f"MatrixProduct: {self.depth} factors in squares of side {m} take "
                f"{self.depth * m * m * 8 / 2**30:.0f} GiB: choose a smaller matrix or width"
            )
        return (self.depth, m, m)

    def predictor(self, params: Array, unknown: Shape) -> Array:
        """Return the product, cut to n1 x n2."""
        product = params[0]
        for layer in range(1, self.depth):
            product = product @ params[layer]
        return product[: unknown[0], : unknown[1]]

    def factor_shapes(self, unknown: Shape) -> tuple[Shape, ...]:
        """Return the shapes of the factors."""
        (n1, n2), d = unknown, self._inner(unknown)
        return ((n1, d), *(((d, d),) * (self.depth - 2)), (d, n2))

    def factors(self, params: Array, unknown: Shape) -> tuple[Array, ...]:
        """Return the factors themselves, without the padding."""
        shapes = self.factor_shapes(unknown)
        return tuple(p[:rows, :columns] for p, (rows, columns) in zip(params, shapes, strict=True))

    def used(self, unknown: Shape) -> Float[np.ndarray, "..."]:
        """Return ones where the factors are, zeros on the padding."""
        mask = np.zeros(self.shape(unknown))
        for layer, (rows, columns) in zip(mask, self.factor_shapes(unknown), strict=True):
            layer[:rows, :columns] = 1.0
        return mask

    def initial(self, zeta: float, unknown: Shape) -> Float[np.ndarray, "..."]:
        """Return zeta times the identity in every factor."""
        return zeta * self.used(unknown) * np.eye(self.shape(unknown)[1])
