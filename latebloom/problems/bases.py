"""Bases Phi (n x n) in which a signal is sparse: b* = Phi a*."""

import numpy as np
from jaxtyping import Float

BASES = ("identity", "orthonormal", "gaussian", "fourier")


def basis(name: str, n: int, rng: np.random.Generator) -> Float[np.ndarray, "n n"]:
    r"""Return the basis `name` of $\mathbb R^n$ as the columns of an (n, n) matrix.

    - `identity`: I.
    - `orthonormal`: the Q factor of a Gaussian matrix with the signs of R's diagonal moved into Q,
      so that Q is uniform (Haar) on the orthogonal group.
    - `gaussian`: entries iid N(0, 1/n); columns have unit norm on average and are not orthogonal.
    - `fourier`: the real orthonormal Fourier basis
      $\{1/\sqrt n\} \cup \{\sqrt{2/n}\cos(2\pi jk/n), \sqrt{2/n}\sin(2\pi jk/n)\}$ (for even n also
      $(-1)^j/\sqrt n$). It spans what the complex one spans, and keeps every quantity real.

    >>> import numpy as np
    >>> from latebloom.problems.bases import basis
    >>> Phi = basis("fourier", 6, np.random.default_rng(0))
    >>> bool(np.allclose(Phi.T @ Phi, np.eye(6)))
    True
    """
    if name == "identity":
        return np.eye(n)
    if name == "orthonormal":
        Q, R = np.linalg.qr(rng.standard_normal((n, n)))
        return Q * np.sign(np.diag(R))
    if name == "gaussian":
        return rng.standard_normal((n, n)) / np.sqrt(n)
    j = np.arange(n)[:, None]
    k = np.arange(1, (n - 1) // 2 + 1)[None, :]
    angle = 2 * np.pi * (j * k % n) / n
    parts = [np.full((n, 1), 1 / np.sqrt(n))]
    parts += [np.sqrt(2 / n) * np.cos(angle), np.sqrt(2 / n) * np.sin(angle)]
    if n % 2 == 0:
        parts.append((1 - 2 * (j % 2)) / np.sqrt(n))
    return np.concatenate(parts, axis=1)
