"""What problems on pairs of tokens have in common: the table of all pairs, and its split."""

import abc
from functools import cached_property

import numpy as np
from jaxtyping import Int

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput

from .drawn import floor_of
from .supervised import LOSSES, Split, Supervised, read_only, stream

Pairs = tuple[Int[np.ndarray, "N 2"], Int[np.ndarray, " N"]]


class TokenPairs(Supervised):
    """All pairs of tokens with their labels, some to train on, all others to test; see the members.

    Members give `train_fraction`, `seed`, `stratified` and `loss` as fields, and `table`.
    """

    train_fraction: float
    seed: int
    stratified: bool

    @abc.abstractmethod
    def table(self) -> Pairs:
        """Return all pairs and their labels, in the order of the pairs."""

    @property
    def tokens(self) -> int:  # pyright: ignore
        """The number of tokens, which is that of the classes."""
        return self.outputs

    def check_split(self) -> None:
        """Raise `InvalidInput` for fields of the split that are out of range."""
        check.real("train_fraction", self.train_fraction, low=0, strict=True)
        if self.train_fraction >= 1:
            raise InvalidInput(
                f"train_fraction = {self.train_fraction!r}: must be below 1, so that the test side "
                "has examples"
            )
        check.seeds(self, "seed")
        check.boolean("stratified", self.stratified)
        check.one_of("loss", self.loss, LOSSES)

    @cached_property
    def sides(self) -> tuple[Split, Split]:  # pyright: ignore
        """The two sides: floor(train_fraction * pairs) pairs to train on, in the order in which
        they were drawn, and all others."""
        inputs, labels = (array.astype(np.int32) for array in self.table())
        pairs = len(labels)
        size = floor_of(self.train_fraction, pairs)
        if not 0 < size < pairs:
            raise InvalidInput(
                f"train_fraction = {self.train_fraction!r}: leaves {size} of {pairs} pairs for "
                f"training and {pairs - size} for testing; both sides need at least one"
            )
        rng = stream(self.seed)
        order = rng.permutation(pairs)
        chosen = np.arange(pairs) < size
        if self.stratified:
            counts = np.bincount(labels)
            quotas = stratified_sizes(counts, size, rng)
            by_label = np.argsort(labels[order], kind="stable")
            first = np.repeat(np.cumsum(counts) - counts, counts)
            ranks = np.empty_like(order)  # of every example among those with its label
            ranks[by_label] = np.arange(pairs) - first
            chosen = ranks < quotas[labels[order]]
        train, test = order[chosen], order[~chosen]
        return read_only(inputs[train], labels[train]), read_only(inputs[test], labels[test])


def stratified_sizes(
    counts: Int[np.ndarray, " C"], size: int, rng: np.random.Generator
) -> Int[np.ndarray, " C"]:
    """Return how many examples of every label to take: its fraction of `size`, rounded down or up.

    Those with the largest remainders are rounded up, as many as make the total exact; equal
    remainders in random order, so that no label is preferred.

    >>> sorted(stratified_sizes(np.array([5, 5, 5]), 7, np.random.default_rng(0)).tolist())
    [2, 2, 3]
    """
    products = counts.astype(np.int64) * size
    sizes, remainders = np.divmod(products, counts.sum())
    order = np.lexsort((rng.permutation(len(counts)), -remainders))
    sizes[order[: size - sizes.sum()]] += 1
    return sizes
