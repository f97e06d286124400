"""Plain training loops and the runs that tests compare with them."""

import numpy as np
from network_helpers import (
    FIRST,
    SECOND,
    PlainAdam,
    blobs,
    each,
    plain_gradient,
    plain_loss,
    plain_outputs,
)

import latebloom as lb

PROBLEM = blobs()


X, Y = PROBLEM.train.inputs.astype(np.float64), PROBLEM.train.targets


X_TEST, Y_TEST = PROBLEM.test.inputs.astype(np.float64), PROBLEM.test.targets


# Most tests share this structure: it is compiled once, and once for batches.
BASE = lb.Experiment(
    PROBLEM,
    lb.L2(0.02),
    lb.Adam(0.05),
    lb.MLP((4,)),
    lb.Drawn(seed=1),
    steps=20,
    thresholds=(0.2, 0.35),
    record=lb.Every(1),
    precision="float64",
)


SWITCHED = lb.L2(lb.SwitchOn(5.0, before=0.001))


def assert_same_run(one, two):
    """Assert that two runs have the same records and parameters, to the bit."""
    assert one.trajectory.sizes == two.trajectory.sizes
    for name, values in one.trajectory.variables.items():
        np.testing.assert_array_equal(values.values, two.trajectory[name].values)
    assert one.params.keys() == two.params.keys()
    for name, array in one.params.items():
        np.testing.assert_array_equal(array, two.params[name])


# --- Against a plain loop -------------------------------------------------------------------------


def plain_run(experiment, beta=lambda t, t1: 0.02, alpha=lambda t: 0.05):
    """Return the records of full batch Adam with coupled L2 in NumPy: losses, errors, norms."""
    rules = {name: PlainAdam() for name in (FIRST, SECOND)}
    params, t1, rows = experiment.network_start, -1, []
    for t in range(experiment.steps + 1):
        found = {}
        for side, x, y in (("train", X, Y), ("test", X_TEST, Y_TEST)):
            found[f"{side}_loss"] = plain_loss(params, x, y)
            found[f"{side}_error"] = (plain_outputs(params, x).argmax(axis=1) != y).mean()
        if t1 < 0 and found["train_error"] <= experiment.thresholds[0]:
            t1 = t
        weights = np.concatenate([w.ravel() for w in params.values()])
        found["l0_norm"] = (np.abs(weights) > 1e-4).sum()
        found["l1_norm"] = np.abs(weights).sum()
        found["l2_norm"] = np.linalg.norm(weights)
        found["nuclear_norm"] = sum(np.linalg.norm(w, "nuc") for w in params.values())
        strength = beta(t, t1)
        found["penalty_value"] = strength / 2 * (weights**2).sum()
        rows.append(found)
        slopes = each(lambda g, w, b=strength: g + b * w, plain_gradient(params, X, Y), params)
        change = {name: rules[name](slope) for name, slope in slopes.items()}
        rate, last = alpha(t), params
        params = each(lambda w, u, a=rate: w - a * u, params, change)
    return rows, last, t1


# --- Minibatches ----------------------------------------------------------------------------------

N, BATCH, RATE = 7, 3, 0.05


def unit(params, x):
    """Return the outputs of a model whose inputs are unit vectors: one weight per example."""
    return x @ params["w"].T


EYE = lb.SupervisedData(np.eye(N), np.ones((N, 1)), np.eye(N), np.ones((N, 1)), "mse")


UNIT = lb.Experiment(
    EYE,
    model=lb.Custom("unit", {"w": np.linspace(2.0, 3.0, N)[None]}, unit),
    precision="float64",
    record=lb.Every(100),
)


def interrupting(at):
    """Return a progress callback that stops the run, as Ctrl-C does, once step `at` is done."""

    def progress(done, total, note=""):
        if done >= at and done < total and not progress.stopped:
            progress.stopped = True
            raise KeyboardInterrupt

    progress.stopped = False
    return progress
