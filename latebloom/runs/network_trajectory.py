"""The trajectory of a network: losses, errors and norms at the recorded steps, as a Dataset."""

from typing import Any

import numpy as np

from latebloom.core.lazy import xarray as xr
from latebloom.experiment.experiment import Experiment

from .trajectory import labelled

# Variable: (long name, unit).
DESCRIPTIONS = {
    "train_loss": ("training loss g, without the penalty", "loss"),
    "test_loss": ("the same loss on the test examples", "loss"),
    "train_error": ("fraction of wrong training examples", "1"),
    "test_error": ("fraction of wrong test examples", "1"),
    "penalty_value": ("penalty beta h", "loss"),
    "l0_norm": ("number of weights above 1e-4 in size", "1"),
    "l1_norm": ("l1 norm of all weights", "1"),
    "l2_norm": ("l2 norm of all weights", "1"),
    "nuclear_norm": ("sum of the nuclear norms of the weights", "1"),
    "parameter_l0": ("number of entries above 1e-4 in size, by parameter", "1"),
    "parameter_l1": ("l1 norm, by parameter", "1"),
    "parameter_l2": ("l2 norm, by parameter", "1"),
    "parameter_nuclear": ("nuclear norm, by parameter; NaN where it is no matrix", "1"),
}
# What the error of an experiment is, by its `measure`, where it is no fraction: (of what, unit).
ERRORS = {
    None: ("relative {} error ||f(x) - y|| / ||y||", "1"),
    "probability": ("mean of 1 - p, p the probability of the right class, {} examples", "1"),
    "loss": ("mean loss of the {} examples", "loss"),
}


def network_observables(experiment: Experiment, steps: np.ndarray, measures: Any) -> "xr.Dataset":
    """Return what was measured of a network as a labelled Dataset over `step`.

    **Arguments:**

    - `experiment`: the spec.
    - `steps`: recorded steps, shape (R,).
    - `measures`: losses and errors of shape (R, 2), penalty (R,), norms (R, parameters).

    **Returns:** a Dataset with the variables in `DESCRIPTIONS`; the totals are over the weights
    (parameters with two axes or more), as in the paper's public code.
    """
    start = experiment.network_start
    weights = np.array([array.ndim >= 2 for array in start.values()])
    norms = {name: np.asarray(value, dtype=np.float64) for name, value in measures.norms.items()}
    columns: dict[str, Any] = {
        "train_loss": measures.loss[:, 0],
        "test_loss": measures.loss[:, 1],
        "train_error": measures.error[:, 0],
        "test_error": measures.error[:, 1],
        "penalty_value": measures.penalty,
        "l0_norm": norms["l0"][:, weights].sum(axis=1),
        "l1_norm": norms["l1"][:, weights].sum(axis=1),
        "l2_norm": np.sqrt((norms["l2"][:, weights] ** 2).sum(axis=1)),
        "nuclear_norm": norms["nuclear"][:, weights].sum(axis=1),
    }
    variables = {name: (("step",), np.asarray(v, np.float64)) for name, v in columns.items()}
    variables |= {f"parameter_{name}": (("step", "parameter"), v) for name, v in norms.items()}
    dataset = xr.Dataset(variables, coords={"step": steps, "parameter": list(start)})
    dataset["parameter"].attrs.update(long_name="name of the parameter")
    described, (what, unit) = dict(DESCRIPTIONS), ERRORS[experiment.measure]
    if not experiment.counts:
        sides = {"train_error": "training", "test_error": "test"}
        described |= {name: (what.format(side), unit) for name, side in sides.items()}
    dataset = labelled(dataset, experiment, described)
    dataset.attrs["precision"] = experiment.precision
    return dataset
