"""The trajectory: what can be seen of a run at its recorded steps, as a labelled Dataset."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from latebloom.core.arrays import thin_svd
from latebloom.core.lazy import xarray as xr
from latebloom.experiment.experiment import Experiment
from latebloom.models import Linear
from latebloom.problems import MatrixLeastSquares
from latebloom.problems.svd import SVD

# Variable: (long name, unit). Relative quantities have the unit 1, the netCDF convention.
DESCRIPTIONS = {
    "train_error": ("relative training error ||Xa - y*|| / ||y*||", "1"),
    "test_error": ("relative test error ||a - a*|| / ||a*||", "1"),
    "penalty_value": ("penalty beta h", "loss"),
    "l1_norm": ("l1 norm of the predictor ||a||_1", "signal"),
    "l2_norm": ("l2 norm of the predictor ||a||_2", "signal"),
    "gradient_norm": (
        "norm of the gradient of the training loss ||X^T(Xa - y*)||_2",
        "loss / signal",
    ),
    "penalty_norm": ("norm of the subgradient of the penalty ||beta H||_2", "loss / signal"),
    "gradient_ratio": ("||beta H|| / ||X^T(Xa - y*)||", "1"),
    "support": ("number of non-zero components of a", "1"),
    "a": ("predictor a", "signal"),
}
# Of matrices only, besides those above (with the Frobenius norm for the l2 norm).
OF_MATRICES = {
    "singular_values": ("singular values of the iterate itself", "signal"),
    "nuclear_norm": ("nuclear norm of the predictor ||A||_*", "signal"),
    "effective_rank": ("exp(entropy of the singular values over their sum)", "1"),
    "left_angles": (
        "principal angles of the r leading left singular vectors to the truth",
        "rad",
    ),
    "right_angles": ("the same of the right singular vectors", "rad"),
}


def observables(
    experiment: Experiment,
    steps: Int[np.ndarray, " R"],
    params: Float[np.ndarray, "R ..."],
    t1: int = -1,
) -> "xr.Dataset":
    r"""Return what can be seen of the parameters at the recorded steps.

    **Arguments:**

    - `experiment`: the spec that the parameters belong to.
    - `steps`: recorded steps, shape (R,).
    - `params`: parameters at these steps, shape (R, ...).
    - `t1`: the memorization step, on which a strength beta may depend; -1 if there is none.

    **Returns:** a Dataset over `step` with the errors, norms and gradients listed in
    `DESCRIPTIONS`, for matrices also `OF_MATRICES`, in float64. Without a ground truth `test_error`
    and the angles are NaN. `penalty_*` are taken on the parameters with the strength of the update
    that follows the record, everything else on the predictor a.

    >>> experiment = lb.Experiment(lb.SparseRecovery(n=6, s=1, N=4), lb.L1(1e-3), steps=1)
    >>> data = observables(experiment, np.array([0]), np.zeros((1, 6)))
    >>> data.train_error.item(), data.support.item()
    (1.0, 0)
    """
    data = experiment.data
    # A diverged run ends in inf and NaN; they are its result, not a reason to warn.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        a = np.asarray(params, dtype=np.float64)
        if not isinstance(experiment.model, Linear):
            model = experiment.least_squares_model
            a = np.stack([model.predictor(record, data.shape) for record in params])
        residual = [data.operator.forward(record) - data.y_star for record in a]
        penalty, subgradient = _penalty(experiment, steps, params, t1)
        gradient = _norms([data.operator.adjoint(r) for r in residual])
        flat, truth = a.reshape(len(a), -1), data.a_star
        test = np.full(len(a), np.nan)
        if truth is not None:
            test = _norms(a - truth) / np.linalg.norm(truth)
        columns = {
            "train_error": _norms(residual) / np.linalg.norm(data.y_star),
            "test_error": test,
            "penalty_value": penalty,
            "l1_norm": np.abs(flat).sum(axis=1),
            "l2_norm": np.linalg.norm(flat, axis=1),
            "gradient_norm": gradient,
            "penalty_norm": subgradient,
            "gradient_ratio": subgradient / gradient,
            "support": np.count_nonzero(flat, axis=1),
        }
        variables: dict[str, Any] = {name: (("step",), column) for name, column in columns.items()}
        if isinstance(data, MatrixLeastSquares):
            variables |= _of_matrices(a, data.truth_svd)
    axes = ("component",) if a.ndim == 2 else ("row", "column")
    dataset = xr.Dataset(
        {**variables, "a": (("step", *axes), a)},
        coords={"step": steps, **{x: np.arange(k) for x, k in zip(axes, a.shape[1:], strict=True)}},
    )
    of_axes = {name: (f"{name} of a", "1") for name in axes}
    return labelled(dataset, experiment, {**DESCRIPTIONS, **OF_MATRICES, **of_axes})


def labelled(
    dataset: "xr.Dataset", experiment: Experiment, labels: dict[str, tuple[str, str]]
) -> "xr.Dataset":
    """Return the Dataset with the hash of its experiment, and name -> (long name, unit)."""
    for name, (long_name, units) in (labels | {"step": ("number of updates done", "1")}).items():
        if name in dataset.variables:
            dataset[name].attrs.update(long_name=long_name, units=units)
    dataset.attrs["hash"] = experiment.hash
    return dataset


def _norms(rows: Iterable[Float[np.ndarray, "..."]]) -> Float[np.ndarray, " R"]:
    return np.array([np.linalg.norm(row) for row in rows])


def _of_matrices(A: Float[np.ndarray, "R n1 n2"], truth: SVD | None) -> dict[str, Any]:
    """Return singular values, what follows from them, and the angles to the truth's spaces."""
    U, s, Vt = thin_svd(A)
    total = s.sum(axis=1, keepdims=True)
    p = s / np.where(total > 0, total, 1.0)
    entropy = -(p * np.log(np.where(p > 0, p, 1.0))).sum(axis=1)
    r = 0 if truth is None else truth.s.size
    angles = dict.fromkeys(("left_angles", "right_angles"), np.zeros((len(A), 0)))
    if truth is not None:
        angles["left_angles"] = _angles(U[:, :, :r], truth.U)
        angles["right_angles"] = _angles(Vt[:, :r].swapaxes(1, 2), truth.Vt.T)
    return {
        "singular_values": (("step", "index"), s),
        "nuclear_norm": (("step",), s.sum(axis=1)),
        "effective_rank": (("step",), np.where(total[:, 0] == 0, 0.0, np.exp(entropy))),
        **{name: (("step", "direction"), found) for name, found in angles.items()},
    }


def _angles(
    own: Float[np.ndarray, "R n r"], true: Float[np.ndarray, "n r"]
) -> Float[np.ndarray, "R r"]:
    """Return the principal angles between the columns of each record and `true`, the largest
    first: from sines where cosines are near 1, because arccos alone loses half of the digits."""
    inside = true.T @ own
    cosines = thin_svd(inside)[1][:, ::-1]
    sines = thin_svd(own - true @ inside)[1]
    return np.arctan2(np.clip(sines, 0, 1), np.clip(cosines, 0, 1))


def _penalty(
    experiment: Experiment,
    steps: Int[np.ndarray, " R"],
    params: Float[np.ndarray, "R ..."],
    t1: int,
) -> tuple[Float[np.ndarray, " R"], Float[np.ndarray, " R"]]:
    """Return the value and the norm of the subgradient of the penalty at each record."""
    value, norm = np.zeros(len(steps)), np.zeros(len(steps))
    if experiment.penalty is None:
        return value, norm
    # Record by record: a penalty reduces over all of its argument, it knows no batch axis.
    for i, (step, record) in enumerate(zip(steps, params, strict=True)):
        beta = experiment.penalty.strength(step, np.int64(t1 if 0 <= t1 <= step else -1))
        value[i] = experiment.penalty.value(record, beta)
        norm[i] = np.linalg.norm(experiment.penalty.subgradient(record, beta))
    return value, norm
