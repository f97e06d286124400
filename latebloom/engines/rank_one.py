r"""The eigenvalues and eigenvectors of a symmetric matrix after a change of rank one.

With $G = V\,\mathrm{diag}(d)\,V^\top$ and $z = V^\top x$ the eigenvalues of $G \pm xx^\top$ are
those of $\mathrm{diag}(d) \pm zz^\top$, the roots of the secular equation
$1 \pm \sum_i z_i^2/(d_i - \lambda) = 0$. LAPACK's `dlaed9` finds them one by one and returns
eigenvectors S that are orthogonal to rounding, after Gu and Eisenstat (SIAM J. Matrix Anal. Appl.
15, 1994). V S takes one product of matrices, several times faster than a decomposition.
"""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from jaxtyping import Float

from .modes import EPS

# The parameters of `dlaed9`, i for an int and d for a double: a library whose integers have 64 bits
# has others.
PARAMETERS = "iiiiddiddddii"
# Entries of z and gaps of d below this fraction of the largest number are rounding error.
NOISE = 8 * EPS


@cache
def _dlaed9() -> Callable[..., None] | None:
    """Return LAPACK's routine, which SciPy offers to compiled code only; None where it is not
    there, has other parameters, or in a browser, where a call of unknown type ends the process."""
    if sys.platform == "emscripten":
        return None
    routines = import_module("scipy.linalg.cython_lapack").__pyx_capi__
    if "dlaed9" not in routines:
        return None
    capsule = ctypes.py_object(routines["dlaed9"])
    api = ctypes.pythonapi
    api.PyCapsule_GetName.restype = ctypes.c_char_p
    api.PyCapsule_GetPointer.restype = ctypes.c_void_p
    name: bytes = api.PyCapsule_GetName(capsule)
    parameters = name.decode().partition("(")[2].split(",")
    if "".join("i" if p.strip(" )") == "int *" else "d" for p in parameters) != PARAMETERS:
        return None
    address: Any = api.PyCapsule_GetPointer(capsule, ctypes.c_char_p(name))
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 13)(address)


def _secular(
    d: Float[np.ndarray, " K"], z: Float[np.ndarray, " K"]
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "K K"]] | None:
    """Return the eigenvalues of diag(d) + z z^T, d increasing, and its eigenvectors as rows."""
    routine, size = _dlaed9(), d.size
    if routine is None:
        return None
    values, rows, room = np.empty(size), np.empty((size, size)), np.empty((size, size))
    square = float(z @ z)
    d, unit = d.copy(), z / square**0.5  # both are overwritten
    one, K, failed = (ctypes.c_int(v) for v in (1, size, 0))
    k, rho = ctypes.byref(K), ctypes.c_double(square)
    at = [array.ctypes.data for array in (values, room, d, unit, rows)]
    routine(
        k, ctypes.byref(one), k, k, at[0], at[1], k, ctypes.byref(rho), at[2], at[3], at[4], k,
        ctypes.byref(failed),
    )  # fmt: skip
    return None if failed.value else (values, rows)


def updated(
    values: Float[np.ndarray, " K"],
    vectors: Float[np.ndarray, "N K"],
    x: Float[np.ndarray, " N"],
    sign: int,
) -> tuple[Float[np.ndarray, " K"], Float[np.ndarray, "N K"]] | None:
    r"""Return the eigenvalues and eigenvectors of $V\,\mathrm{diag}(d)\,V^\top \pm xx^\top$.

    **Arguments:**

    - `values`, `vectors`: d, increasing, and V, whose columns are orthonormal.
    - `x`: a vector in the span of V.
    - `sign`: 1 to add, -1 to subtract.

    **Returns:** increasing eigenvalues and the eigenvectors as columns; None where eigenvalues tie,
    which a new decomposition has to tell apart, and where LAPACK's routine is out of reach.

    >>> import numpy as np
    >>> updated(np.array([1.0, 2.0]), np.eye(2), np.array([0.0, 1.0]), 1)[0]
    array([1., 3.])
    """
    z = vectors.T @ x
    size = float(np.sqrt(z @ z))
    scale = max(abs(float(values[0])), abs(float(values[-1]))) + size**2
    # The others keep their eigenvectors.
    turns = np.flatnonzero(np.abs(z) * size > NOISE * scale)
    if turns.size == 0:
        return values, vectors
    turns = turns[::sign]  # subtracting is adding to the negative, in the other order
    d = sign * values[turns]
    if turns.size > 1 and (d[1:] - d[:-1]).min() <= NOISE * scale:
        return None
    found = _secular(d, z[turns])
    if found is None:
        return None
    roots, rows = found
    turned = vectors[:, turns] @ rows.T
    if turns.size == values.size:
        return (roots, turned) if sign > 0 else (-roots[::-1], turned[:, ::-1])
    new, basis = values.copy(), vectors.copy()
    new[turns], basis[:, turns] = sign * roots, turned
    order = np.argsort(new, kind="stable")
    return new[order], basis[:, order]
