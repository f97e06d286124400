"""Errata about measurements, null-space properties and matrices of low rank."""

import numpy as np

from .erratum import Evidence, evidence


def coherence_scale() -> Evidence:
    """Phi = I of size n = 16, N = 1, C2 = 1: some entry of a unit vector is at least 1/4, whatever
    the scale of M, but the bound for C1 = 1 is 0.21. Shares of 1000 draws within the bounds.
    """
    M = np.random.default_rng(0).standard_normal((1000, 16))  # one M per row
    mu = abs(M).max(axis=1) / np.linalg.norm(M, axis=1)
    promised, within = 1 - 1 / 16, {}
    for C1 in (1.0, 0.5, 0.25):
        within[C1] = np.mean(mu <= 2 * np.sqrt(np.log(16)) / 16**C1)
    rows = [(f"share of draws, C1 = {C1:g}, at least", promised, within[C1]) for C1 in within]
    right = within[0.5] >= promised and within[0.25] >= promised
    return evidence("C1 = 1 always fails.", *rows, fails=within[1.0] < promised, holds=right)


def strict_at_zero() -> Evidence:
    """A = (2, 1), S = {1}, kernel of (1, -2), rho = 0.6: |u_1| < rho |u_2| for u = (1, -2), but for
    u = 0 it reads 0 < 0.
    """
    u = np.outer([0.0, 1.0, -3.0], [1.0, -2.0])  # three vectors of the kernel
    left, right = abs(u[:, 0]), 0.6 * abs(u[:, 1])
    rows = [("|u_1|, below 0.6 |u_2|", r, v) for v, r in zip(left, right, strict=True)]
    fails, holds = not (left < right).all(), (left <= right).all()
    return evidence("No matrix has it at u = 0.", *rows, fails=fails, holds=holds)


def polar_factors() -> Evidence:
    """A = diag(100, 0), A* = diag(0, 1): the polar factors diag(1, -1) of A - A* and diag(1, 0) of
    A are 1 apart. Li's bound, on the non-singular diag(3, 2) and A* = [[0, 1], [0, 0]].
    """

    def polar(B):
        U, s, Vt = np.linalg.svd(B)
        return (U * (s > 1e-9)) @ Vt, s

    E, F = np.diag([0.0, 1.0]), np.array([[0.0, 1.0], [0.0, 0.0]])
    A, B = np.diag([100.0, 0.0]), np.diag([3.0, 2.0])
    apart, bound = np.linalg.norm(polar(A - E)[0] - polar(A)[0]), 2 * np.sqrt(2 * 1) / (100 - 1)
    moved, li = np.linalg.norm(polar(B - F)[0] - polar(B)[0]), 2 / (2 + polar(B - F)[1][-1])
    rows = [("singular A, at most", bound, apart), ("non-singular, Li", li, moved)]
    return evidence("The rank rises.", *rows, fails=apart > bound + 0.1, holds=moved <= li)


def rank_and_samples() -> Evidence:
    """Known entries 1, 1, 1 of a 2 x 2 matrix: least nuclear norm gives the fourth as 1, right for
    rank 1; of rank 2 is every other fourth entry, and no method knows which. Dimensions: 3 and 4.
    """
    x = np.arange(-300, 301) / 100
    nuclear = [np.linalg.norm(np.array([[1, 1], [1, v]]), "nuc") for v in x]
    found = x[np.argmin(nuclear)]
    ranks = [np.linalg.matrix_rank(np.array([[1, 1], [1, v]])) for v in (1, 2)]
    needed = [r * (2 + 2 - r) for r in ranks]
    rows = [("samples needed, rank 2", f"fewer than {needed[0]}", needed[1])]
    rows += [("fourth entry, rank 1", 1, found), ("fourth entry, rank 2", 2, found)]
    fails, holds = found != 2 and needed[1] > needed[0], found == 1 and needed[0] == 3
    return evidence("Rank 2 needs all four.", *rows, fails=fails, holds=holds)


def column_scores() -> Evidence:
    """A = [[1, 1, 1], [0, 0, 0]], r = 1: nu = (1, 1, 1) has as many entries as A has columns; the
    scores of the rows are mu = (2, 0).
    """
    A = np.array([[1.0, 1, 1], [0, 0, 0]])
    U, _, Vt = np.linalg.svd(A)
    nu, mu = 3 * Vt[0] ** 2, 2 * U[:, 0] ** 2  # n2/r ||V_j||^2 and n1/r ||U_i||^2
    columns, lines = np.diag(np.linalg.pinv(A) @ A) * 3, np.diag(A @ np.linalg.pinv(A)) * 2
    rows = [("entries of nu", 2, nu.size), ("weight of the first row", nu[0], lines[0])]
    right = np.allclose(nu, columns) and np.allclose(mu, lines)
    return evidence("nu is about columns.", *rows, fails=nu.size != len(A), holds=right)
