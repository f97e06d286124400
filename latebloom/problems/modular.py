"""Modular arithmetic: the tables of Power et al. on which grokking was first seen."""

from dataclasses import dataclass

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .operations import evaluate, is_prime, parse
from .token_pairs import Pairs, TokenPairs

# p^2 pairs are held in memory: 16.8 million here, 0.2 GiB, and some times that while they are made.
MAX_P = 4096


@register("problem")
@dataclass(frozen=True)
class ModularArithmetic(TokenPairs):
    r"""Learn $(x, y) \mapsto x \circ y \bmod p$ from some of the pairs of residues.

    The tokens and the classes are 0..p-1. All $p^2$ pairs are split at random: $\lfloor r P
    \rfloor$ of the P pairs train, r the `train_fraction`, all others test. Pairs whose divisor is
    0 modulo p have no result and are left out: x/y has $p(p-1)$ pairs.

    **Arguments:**

    - `p`: the modulus, 2..4096; prime if the operation divides.
    - `operation`: an expression in x and y such as `x+y`, `x-y`, `x*y`, `x/y`, `x^2+y^2`,
      `x^2+xy+y^2`, `x^2+xy+y^2+x`, `x^3+xy`, `x^3+xy^2+y`, see `latebloom.problems.operations`; or
      `x/y if y odd else x-y`. Spaces do not matter, `**` is `^`.
    - `train_fraction`: r, above 0 and below 1.
    - `seed`: of the split.
    - `stratified`: whether every label has its fraction r of the pairs, up to rounding.
    - `loss`: `cross_entropy`, `stablemax` or `mse`, see `Supervised`.

    **Raises:** `InvalidInput` for values out of range, an operation that is not understood or has
    no result modulo p, and (with the first use of the pairs) a split that leaves a side empty.

    Source: the operations of arXiv 2201.02177; the sizes of arXiv 2506.05718, appendix H.3.1.

    >>> from latebloom.problems import ModularArithmetic
    >>> problem = ModularArithmetic(p=97, operation="x+y", train_fraction=0.4)
    >>> len(problem.train.targets), len(problem.test.targets)
    (3763, 5646)
    """

    p: int = 97  # the modulus of both papers
    operation: str = "x+y"
    train_fraction: float = 0.4  # of the second paper's figures 1, 2 and 30
    seed: int = 0
    stratified: bool = False  # as both papers do
    loss: str = "cross_entropy"

    def __post_init__(self) -> None:
        check.integer("p", self.p, low=2, high=MAX_P, why=" (all p^2 pairs are held in memory)")
        operation = parse(self.operation)
        object.__setattr__(self, "operation", operation.text)  # one spelling, one hash
        if operation.divides and not is_prime(self.p):
            below = next(q for q in range(self.p, 1, -1) if is_prime(q))
            above = next(q for q in range(self.p, 2 * self.p) if is_prime(q))
            raise InvalidInput(
                f"p = {self.p}: must be prime for {self.operation!r}, which divides; the nearest "
                f"primes are {below} and {above}"
            )
        self.check_split()

    def table(self) -> Pairs:
        """Return all pairs that have a result, x first, and their results."""
        x, y = np.divmod(np.arange(self.p**2), self.p)
        results, defined = evaluate(parse(self.operation), x, y, self.p)
        if not defined.any():
            raise InvalidInput(
                f"operation = {self.operation!r}: divides by 0 modulo p = {self.p} for every pair; "
                "choose another divisor or p"
            )
        return np.stack([x, y], axis=1)[defined], results[defined]

    @property
    def outputs(self) -> int:  # pyright: ignore
        """The number of classes, p."""
        return self.p
