"""Operators and masks that tests of matrix problems share."""

import numpy as np

import latebloom as lb


def repeated(problem):
    """Return rank-one measurements of which every one is there twice."""
    twice = {name: np.tile(getattr(problem, name), (2, 1)) for name in ("left", "right")}
    return lb.SensedMatrix(y=np.tile(problem.y, 2), **twice)


def full(N, shape=(3, 4), seed=0):
    """Return N full measurements of a matrix of full rank."""
    rng = np.random.default_rng(seed)
    X, A = rng.standard_normal((N, *shape)), rng.standard_normal(shape)
    return lb.SensedMatrix(y=np.einsum("kij,ij->k", X, A), X=X, A_star=A)
