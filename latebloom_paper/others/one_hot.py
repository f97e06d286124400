"""Modular addition with one-hot inputs, as perceptrons of other groups read it."""

import numpy as np

from latebloom.problems import ModularArithmetic, SupervisedData


def one_hot(p: int, train_fraction: float, seed: int) -> SupervisedData:
    """Return addition mod p with a random split.

    **Arguments:** as of `ModularArithmetic`.

    **Returns:** the problem, inputs of shape (N, 2 p), squared loss.

    >>> one_hot(5, 0.6, seed=0).train.inputs.shape
    (15, 10)
    """
    drawn = ModularArithmetic(p=p, train_fraction=train_fraction, seed=seed)
    train, test = ((vectors(side.inputs, p), side.targets) for side in (drawn.train, drawn.test))
    return SupervisedData(*train, *test, loss="mse")


def by_difference(p: int, differences: list[int]) -> SupervisedData:
    """Return addition mod p whose pairs with these differences x - y train, and all others test.

    **Arguments:** `p`: the modulus; `differences`: residues.

    >>> by_difference(5, [0, 1, 2]).train.inputs.shape
    (15, 10)
    """
    pairs = np.stack(np.divmod(np.arange(p * p), p), axis=1)
    labels, trains = pairs.sum(axis=1) % p, np.isin((pairs[:, 0] - pairs[:, 1]) % p, differences)
    x = vectors(pairs, p)
    return SupervisedData(x[trains], labels[trains], x[~trains], labels[~trains], loss="mse")


def vectors(pairs: np.ndarray, p: int) -> np.ndarray:
    """Return pairs of residues as one-hot vectors, shape (N, 2 p).

    >>> vectors(np.array([[0, 1]]), 2).tolist()
    [[1.0, 0.0, 0.0, 1.0]]
    """
    return np.eye(p, dtype=np.float32)[pairs].reshape(len(pairs), -1)
