"""Composition of permutations: the group tables of Power et al."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from latebloom.core import checks as check
from latebloom.core.spec import register

from .token_pairs import Pairs, TokenPairs

OPERATIONS = ("xy", "xyx^-1", "xyx")
# k!^2 pairs: 518,400 for k = 6, and 25 million for k = 7, whose network has 5040 classes.
MAX_K = 6


@register("problem")
@dataclass(frozen=True)
class PermutationComposition(TokenPairs):
    r"""Learn the composition of two permutations of k things from some of the pairs.

    The tokens and the classes are the $k!$ permutations, numbered in lexicographic order of
    $(x(0), \dots, x(k-1))$, so that 0 is the identity. The right factor acts first: $(xy)(i) =
    x(y(i))$. All $k!^2$ pairs are split at random: $\lfloor r\,k!^2 \rfloor$ train, r the
    `train_fraction`, all others test.

    **Arguments:**

    - `k`: the number of things, 2..6.
    - `operation`: `xy`, `xyx^-1` (conjugation) or `xyx`.
    - `train_fraction`: r, above 0 and below 1.
    - `seed`: of the split.
    - `stratified`: whether every label has its fraction r of the pairs, up to rounding.
    - `loss`: `cross_entropy`, `stablemax` or `mse`, see `Supervised`.

    **Raises:** `InvalidInput` for values out of range and (with the first use of the pairs) a split
    that leaves a side empty.

    Source: arXiv 2201.02177 (k = 5).

    >>> from latebloom.problems import PermutationComposition
    >>> problem = PermutationComposition(k=5)
    >>> problem.outputs, len(problem.train.targets)
    (120, 7200)
    """

    k: int = 5  # Power et al.'s group
    operation: str = "xy"
    train_fraction: float = 0.5  # the paper varies it; half of the pairs
    seed: int = 0
    stratified: bool = False  # as in the paper
    loss: str = "cross_entropy"

    def __post_init__(self) -> None:
        check.integer("k", self.k, low=2, high=MAX_K, why=" (all k!^2 pairs are held in memory)")
        check.one_of("operation", self.operation, OPERATIONS)
        self.check_split()

    def table(self) -> Pairs:
        """Return all pairs, x first, and what they compose to."""
        product = composition_table(self.k)
        m = len(product)
        x, y = np.divmod(np.arange(m**2), m)
        labels = product[x, y]
        if self.operation == "xyx":
            labels = product[labels, x]
        elif self.operation == "xyx^-1":
            inverse = np.argmin(product, axis=1)  # xy is the identity, number 0
            labels = product[labels, inverse[x]]
        return np.stack([x, y], axis=1), labels

    @property
    def outputs(self) -> int:  # pyright: ignore
        """The number of permutations, k!."""
        return math.factorial(self.k)


def composition_table(k: int) -> Int[np.ndarray, "m m"]:
    """Return the number of x(y(.)) in row x, column y, for all permutations of k things.

    >>> composition_table(2)
    array([[0, 1],
           [1, 0]])
    """
    permutations = np.array(list(itertools.permutations(range(k))))
    digits = k ** np.arange(k)[::-1]  # lexicographic order is that of numbers in base k
    composed = permutations[:, permutations]  # (x, y, i) -> x(y(i))
    return np.searchsorted(permutations @ digits, composed @ digits)
