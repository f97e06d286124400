"""The trajectory: what can be seen of a run at its recorded steps, as a labelled Dataset."""

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from .experiment import Experiment
from .models import Linear

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


def observables(
    experiment: Experiment,
    steps: Int[np.ndarray, " R"],
    params: Float[np.ndarray, "R ..."],
    t1: int = -1,
) -> xr.Dataset:
    r"""Return what can be seen of the parameters at the recorded steps.

    **Arguments:**

    - `experiment`: the spec that the parameters belong to.
    - `steps`: recorded steps, shape (R,).
    - `params`: parameters at these steps, shape (R, ...).
    - `t1`: the memorization step, on which a strength beta may depend; -1 if there is none.

    **Returns:** a Dataset over `step` with the errors, norms and gradients listed in
    `DESCRIPTIONS`, in float64. Without a ground truth `test_error` is NaN. `penalty_*` are taken on
    the parameters with the strength of the update that follows the record, everything else on the
    predictor a.

    >>> experiment = lb.Experiment(lb.SparseRecovery(n=6, s=1, N=4), lb.L1(1e-3), steps=1)
    >>> data = observables(experiment, np.array([0]), np.zeros((1, 6)))
    >>> data.train_error.item(), data.support.item()
    (1.0, 0)
    """
    data = experiment.data
    # A diverged run ends in inf and NaN; they are its result, not a reason to warn.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        a = _predictors(experiment, params)
        residual = a @ data.X.T - data.y_star
        penalty, subgradient = _penalty(experiment, steps, params, t1)
        gradient = np.linalg.norm(residual @ data.X, axis=1)
        columns = {
            "train_error": np.linalg.norm(residual, axis=1) / np.linalg.norm(data.y_star),
            "test_error": _test_error(a, data.a_star),
            "penalty_value": penalty,
            "l1_norm": np.abs(a).sum(axis=1),
            "l2_norm": np.linalg.norm(a, axis=1),
            "gradient_norm": gradient,
            "penalty_norm": subgradient,
            "gradient_ratio": subgradient / gradient,
            "support": np.count_nonzero(a, axis=1),
        }
    variables = {name: (("step",), column) for name, column in columns.items()}
    dataset = xr.Dataset(
        {**variables, "a": (("step", "component"), a)},
        coords={"step": steps, "component": np.arange(a.shape[1])},
    )
    for name, (long_name, units) in DESCRIPTIONS.items():
        dataset[name].attrs.update(long_name=long_name, units=units)
    dataset["step"].attrs.update(long_name="number of updates done", units="1")
    dataset["component"].attrs.update(long_name="component of a", units="1")
    dataset.attrs["hash"] = experiment.hash
    return dataset


def _predictors(
    experiment: Experiment, params: Float[np.ndarray, "R ..."]
) -> Float[np.ndarray, "R n"]:
    if isinstance(experiment.model, Linear):
        return np.asarray(params, dtype=np.float64)
    return np.stack([experiment.model.predictor(record) for record in params])


def _test_error(
    a: Float[np.ndarray, "R n"], a_star: Float[np.ndarray, " n"] | None
) -> Float[np.ndarray, " R"]:
    if a_star is None:
        return np.full(len(a), np.nan)
    return np.linalg.norm(a - a_star, axis=1) / np.linalg.norm(a_star)


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
