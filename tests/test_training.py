"""Training: whole runs against plain loops, precision, minibatches."""

import numpy as np
import pytest
from network_helpers import (
    FIRST,
    SECOND,
)
from training_helpers import (
    BASE,
    BATCH,
    PROBLEM,
    RATE,
    SWITCHED,
    UNIT,
    N,
    assert_same_run,
    plain_run,
)

import latebloom as lb
from latebloom.engines import training


def assert_plain(run, rows, params):
    """Assert that a run recorded what the plain loop saw at every step."""
    np.testing.assert_array_equal(run.trajectory["step"], np.arange(len(rows)))
    for name in rows[0]:
        expected = [row[name] for row in rows]
        np.testing.assert_allclose(run.trajectory[name], expected, rtol=1e-10, atol=1e-12)
    for name, array in params.items():
        np.testing.assert_allclose(run.params[name], array, rtol=1e-10, atol=1e-12)


def test_a_run_is_that_of_the_plain_loop():
    run = lb.simulate(BASE)
    rows, params, t1 = plain_run(BASE)
    assert_plain(run, rows, params)
    assert 0 < t1 < 20
    assert run.phases.t1.step == t1
    below = [t for t, row in enumerate(rows) if row["test_error"] <= 0.35]
    assert run.phases.t2.step == below[0]
    trajectory = run.trajectory
    assert list(trajectory["parameter"].values) == [FIRST, SECOND]
    np.testing.assert_allclose(
        (trajectory["parameter_l2"] ** 2).sum("parameter") ** 0.5, trajectory["l2_norm"]
    )
    for name in ("l0", "l1", "nuclear"):
        total = trajectory[f"parameter_{name}"].sum("parameter")
        np.testing.assert_allclose(total, trajectory[f"{name}_norm"], rtol=1e-14)
    assert trajectory.attrs["precision"] == "float64"
    assert (run.engine, run.interrupted, run.notes) == ("step", False, ())


def test_a_penalty_that_switches_on_at_memorization_sees_t1():
    switched = BASE.with_(penalty=SWITCHED)
    run = lb.simulate(switched)
    rows, params, t1 = plain_run(switched, beta=lambda t, t1: 5.0 if t1 >= 0 else 0.001)
    assert 0 < t1 < 15
    assert_plain(run, rows, params)


def test_learning_rates_and_strengths_follow_their_schedules():
    alpha, beta = lb.Piecewise((0, 5), (0.05, 0.01)), lb.PowerDecay(0.1, scale=10, power=1)
    experiment = BASE.with_(method=lb.Adam(alpha), penalty=lb.L2(beta))
    rows, params, _ = plain_run(
        experiment,
        beta=lambda t, t1: 0.1 / (1 + t / 10),
        alpha=lambda t: 0.05 if t < 5 else 0.01,
    )
    assert_plain(lb.simulate(experiment), rows, params)


@pytest.mark.parametrize("record", [lb.At((3, 7)), lb.Every(6), lb.LogSpaced(3)])
def test_records_are_rows_of_the_full_run(record):
    """To the bit: how many updates a compiled call makes does not change them."""
    full, some = lb.simulate(BASE), lb.simulate(BASE.with_(record=record))
    steps = some.trajectory["step"].values
    assert steps.tolist() == record.steps(20).tolist()
    for name, values in some.trajectory.data_vars.items():
        np.testing.assert_array_equal(values, full.trajectory[name].sel(step=steps))


def test_short_calls_make_the_same_run(monkeypatch):
    full = lb.simulate(BASE.with_(record=lb.Every(20)))
    monkeypatch.setattr(training, "SECONDS_PER_CALL", 1e-9)  # one update per call
    assert_same_run(lb.simulate(BASE.with_(record=lb.Every(20))), full)


# --- Precision ------------------------------------------------------------------------------------


@pytest.mark.parametrize("precision", ["mixed", "float32"])
def test_lower_precision_stays_near_and_says_so(precision):
    exact = lb.simulate(BASE).trajectory
    run = lb.simulate(BASE.with_(precision=precision))
    assert {array.dtype for array in run.params.values()} == {np.dtype(np.float32)}
    assert run.trajectory.attrs["precision"] == precision
    difference = np.abs(run.trajectory["train_loss"] - exact["train_loss"])
    assert 0 < difference.max() < 1e-5
    assert run.experiment.hash != BASE.hash


def test_the_default_is_mixed_and_float64_starts_from_the_same_numbers():
    experiment = lb.Experiment(PROBLEM)
    assert experiment.precision == "mixed"
    for name, array in experiment.network_start.items():
        np.testing.assert_array_equal(
            array, experiment.with_(precision="float64").network_start[name]
        )


def batches(seed, steps):
    """Return which examples each update saw, read off the weights that it moved."""
    before, seen = UNIT.network_start["w"][0], []
    for t in range(1, steps + 1):
        method = lb.SGD(RATE, batch=BATCH, batch_seed=seed)
        after = lb.simulate(UNIT.with_(method=method, steps=t)).params["w"][0]
        moved = np.flatnonzero(after != before)
        # The gradient of the mean of (w_i - 1)^2 over the batch's own examples.
        expected = before[moved] - RATE * 2 * (before[moved] - 1) / len(moved)
        np.testing.assert_allclose(after[moved], expected, rtol=1e-14)
        seen.append(tuple(moved))
        before = after
    return seen


def test_an_epoch_sees_every_example_once_in_batches_of_its_own_order():
    seen = batches(seed=0, steps=9)
    epochs = [seen[:3], seen[3:6], seen[6:]]
    for epoch in epochs:
        assert [len(batch) for batch in epoch] == [3, 3, 1]  # the last is smaller
        assert sorted(i for batch in epoch for i in batch) == list(range(N))
    assert epochs[0] != epochs[1] != epochs[2]
    assert batches(seed=0, steps=3) == epochs[0]
    assert batches(seed=1, steps=3) != epochs[0]


def test_orders_are_uniform():
    """Over many seeds every example is equally often alone in the last batch of the epoch."""
    seeds = 35
    methods = [lb.SGD(RATE, batch=6, batch_seed=seed) for seed in range(seeds)]
    runs = lb.simulate_batch([UNIT.with_(method=m, steps=1) for m in methods])
    rested = np.zeros(N)
    for run in runs:
        still = np.flatnonzero(run.params["w"][0] == UNIT.network_start["w"][0])
        assert still.size == 1
        rested[still] += 1
    expected = seeds / N
    assert ((rested - expected) ** 2 / expected).sum() < 22.5  # chi-squared, 6 degrees, 0.1 percent


@pytest.mark.parametrize("batch", [N, 2 * N])
def test_a_batch_of_all_is_the_full_batch(batch):
    full = lb.simulate(UNIT.with_(method=lb.SGD(RATE), steps=4)).params["w"]
    got = lb.simulate(UNIT.with_(method=lb.SGD(RATE, batch=batch), steps=4)).params["w"]
    np.testing.assert_array_equal(got, full)
