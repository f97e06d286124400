"""The compact SVD of the columns that move, through their Gram matrix where that is safe."""

import numpy as np
from jaxtyping import Bool, Float

from latebloom.problems.base import SVD, compact_svd

from .rank_one import updated

# The least ratio of eigenvalues at which the Gram matrix serves: 12 of 16 digits are left.
SAFE = 1e-4
# The least one at which its eigenvectors serve once they are corrected, and the largest correction
# whose square is rounding.
MENDABLE = 1e-8
SMALL_TURN = 1e-8
# Columns that may enter or leave between two decompositions that are updated: each costs about an
# eighth of a new one.
UPDATES = 4
# What updates may leave of the equation G V = V diag(d), as a fraction of the least eigenvalue.
LOST = 1e-11

Pairs = tuple[np.ndarray, np.ndarray]  # eigenvalues, increasing, and eigenvectors


class Factors:
    r"""The compact SVD $X_A = U\,\mathrm{diag}(s)\,V^\top$.

    **Arguments:**

    - `U`, `s`: left singular vectors and singular values.
    - `V`: the right singular vectors, shape (A, r), or None for $V = X_A^\top U/s$, which is then
      never formed.
    - `XT`: the columns of X_A as rows.
    """

    def __init__(
        self,
        U: Float[np.ndarray, "N r"],
        s: Float[np.ndarray, " r"],
        V: Float[np.ndarray, "A r"] | None,
        XT: Float[np.ndarray, "A N"],
    ) -> None:
        self.U, self.s, self._V, self._XT = U, s, V, XT

    def across(self, x: Float[np.ndarray, " A"]) -> Float[np.ndarray, " r"]:
        """Return V^T x."""
        return x @ self._V if self._V is not None else (x @ self._XT) @ self.U / self.s

    def along(self, c: Float[np.ndarray, "r *K"]) -> Float[np.ndarray, "A *K"]:
        """Return V c."""
        if self._V is not None:
            return self._V @ c
        return self._XT @ (self.U @ (c.T / self.s).T)

    def rows(self, index: np.ndarray) -> Float[np.ndarray, "R r"]:
        """Return some rows of V."""
        if self._V is not None:
            return self._V[index]
        return self._XT[index] @ self.U / self.s


def explicit(svd: SVD, X: Float[np.ndarray, "N A"]) -> Factors:
    """Return the SVD of X as factors."""
    return Factors(svd.U, svd.s, svd.Vt.T, X.T)


def decompose(XT: Float[np.ndarray, "A N"], pairs: Pairs | None = None) -> Factors:
    """Return the compact SVD of X, through the eigenvectors of its Gram matrix where that is safe.

    The Gram matrix takes a third of the time and loses digits with the square of the condition
    number: none that matter while that square is below 10^4, those that one correction brings back
    while it is below 10^8; the SVD itself serves everywhere else.

    **Arguments:**

    - `XT`: the columns of X as rows.
    - `pairs`: eigenvalues and eigenvectors of X X^T, where they are known already.
    """
    if min(XT.shape) == 0:
        return explicit(compact_svd(XT.T), XT.T)
    wide = XT.shape[0] > XT.shape[1]
    tall = XT if wide else XT.T
    eigenvalues, V = pairs if pairs and wide else np.linalg.eigh(tall.T @ tall)
    if eigenvalues[0] > SAFE * eigenvalues[-1]:
        s = np.sqrt(eigenvalues)
        return Factors(V, s, None, XT) if wide else Factors(tall @ (V / s), s, V, XT)
    corrected = None
    if eigenvalues[0] > MENDABLE * eigenvalues[-1]:
        corrected = _corrected(tall @ V, V)
    if corrected is None:
        return explicit(compact_svd(XT.T), XT.T)
    U, s, V = corrected
    return Factors(V, s, U, XT) if wide else Factors(U, s, V, XT)


def _corrected(
    B: Float[np.ndarray, "N r"], V: Float[np.ndarray, "r r"]
) -> tuple[Float[np.ndarray, "N r"], Float[np.ndarray, " r"], Float[np.ndarray, "r r"]] | None:
    r"""Return U, s, V with $U \mathrm{diag}(s) V^\top = B V^\top$, from V that is nearly right.

    The columns of B are nearly orthogonal, and their inner products are known to the digits of
    their own lengths, not of the longest. First order perturbation makes them orthogonal; None
    where what it neglects, its square, would be seen.
    """
    inner = B.T @ B
    square = inner.diagonal()
    gap = square - square[:, None]
    np.fill_diagonal(inner, 0.0)
    np.fill_diagonal(gap, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = inner / gap
    if not np.abs(turn).max() < SMALL_TURN:
        return None
    U = B + B @ turn
    s = np.sqrt(np.einsum("ij,ij->j", U, U))
    return U / s, s, V + V @ turn


class Moving:
    """The factors of the columns that move, updated as columns enter and leave."""

    def __init__(self, XT: Float[np.ndarray, "n N"]) -> None:
        self.XT = XT
        self.moves: Bool[np.ndarray, " n"] = np.zeros(len(XT), dtype=bool)
        self.pairs: Pairs | None = None  # of X_A X_A^T
        # A probe sees every error but those orthogonal to it; any fixed generic vector will do.
        self.probe = np.random.default_rng(0).standard_normal(XT.shape[1])
        self.image = self.probe  # X_A X_A^T times the probe
        self.fresh = self.kept = 0  # decompositions, and updates in their place

    def factors(self, moves: Bool[np.ndarray, " n"]) -> Factors:
        """Return the factors of the columns that `moves` marks."""
        XT = self.XT[moves]
        if XT.shape[0] <= XT.shape[1]:
            return decompose(XT)
        if not self._update(moves):
            self.fresh += 1
            self.image = (XT @ self.probe) @ XT
            values, vectors = np.linalg.eigh(XT.T @ XT)
            self.pairs = values, vectors
        self.moves = moves
        return decompose(XT, self.pairs)

    def _update(self, moves: Bool[np.ndarray, " n"]) -> bool:
        """Update the eigenvectors column by column; return whether they are still exact."""
        pairs, changed = self.pairs, np.flatnonzero(moves != self.moves)
        if pairs is None or changed.size > UPDATES or pairs[0][0] <= SAFE * pairs[0][-1]:
            return False
        image = self.image.copy()
        for j in changed:
            x, sign = self.XT[j], 1 if moves[j] else -1
            pairs = updated(*pairs, x, sign)
            if pairs is None:
                return False
            image += sign * float(x @ self.probe) * x
        values, V = pairs
        seen = self.probe @ V
        left = V @ np.stack([seen, values * seen], axis=1)
        lost = np.abs(left - np.stack([self.probe, image], axis=1)).max(axis=0)
        if not (lost <= LOST * values[0] * np.array([1 / values[-1], 1.0])).all():
            return False
        self.pairs, self.image = pairs, image
        self.kept += changed.size
        return True
