"""What goes wrong quietly in sweeps."""

from dataclasses import replace

import numpy as np
import pytest
from jaxtyping import TypeCheckError
from sweep_helpers import base, grid, run

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.sweeps.workers import training as simulated

# What goes wrong quietly -----------------------------------------------------------------------


def test_the_order_of_formulas_is_part_of_the_sweep():
    one = lb.sweep(base(), {"s": [1, 2]}, derive={"N": "2 * s", "steps": "100 * N"})
    assert [e.steps for _, e in one.cells()] == [200, 400]
    with pytest.raises(InvalidInput, match="which is derived after it"):
        lb.sweep(base(), {"s": [1, 2]}, derive={"steps": "100 * N", "N": "2 * s"})
    other = lb.sweep(base(), {"s": [1, 2]}, derive={"N": "2 * s", "steps": "200 * s"})
    swapped = lb.sweep(base(), {"s": [1, 2]}, derive={"steps": "200 * s", "N": "2 * s"})
    assert other.hash != swapped.hash


def test_a_cell_without_a_penalty_has_no_beta(tmp_path):
    sweep = lb.sweep(base(), {"penalty": ["none", "L2", {"type": "L2", "beta": 0.5}]})
    run(sweep, tmp_path / "store")
    beta = lb.open_store(tmp_path / "store").open().beta.values
    np.testing.assert_array_equal(beta, [np.nan, 1e-2, 0.5])


def test_a_part_of_a_run_is_no_result(tmp_path, monkeypatch):
    original = simulated.simulate
    count = []

    def interrupted(experiment, **settings):
        count.append(1)
        found = original(experiment, **settings)
        return replace(found, interrupted=True) if len(count) == 3 else found

    with monkeypatch.context() as patch:
        patch.setattr(simulated, "simulate", interrupted)
        summary = run(grid(batch=24), tmp_path / "store")
    assert (summary.done, summary.failed, summary.missing) == (2, 0, 22)
    assert run(grid(batch=24), tmp_path / "store").done == 24


def test_whatever_a_batch_raises_its_cells_are_tried_alone(tmp_path, monkeypatch):
    def broken(experiments):
        raise KeyError("what")

    monkeypatch.setattr(simulated, "simulate_batch", broken)
    slow = base(method=lb.Subgradient(0.1), penalty=lb.L1(1e-3), steps=20)
    summary = run(lb.sweep(slow, {"beta": [1e-3, 1e-2]}, engine="step"), tmp_path / "store")
    assert (summary.done, summary.failed) == (2, 0)


def test_a_failure_counts_for_what_was_asked_and_nothing_else(tmp_path):
    assert run(grid(seeds=1, trajectories=["nope"]), tmp_path / "store").failed == 6
    summary = run(grid(seeds=1), tmp_path / "store")
    assert (summary.done, summary.failed, summary.fresh) == (6, 0, 6)


def test_an_engine_that_does_not_apply_is_never_replaced(tmp_path):
    network = lb.Experiment(
        lb.ModularArithmetic(p=5, train_fraction=0.6), lb.L2(1e-4), lb.Adam(1e-2), steps=3
    )
    sweep = lb.sweep(network, {"beta": [1e-4, 1e-3]}, engine="jump")
    summary = run(sweep, tmp_path / "store")
    assert (summary.done, summary.failed) == (0, 2)
    assert "networks have 'step'" in summary.failures[0][1]


def test_names_that_results_need_are_not_taken_by_axes(tmp_path):
    sweep = lb.sweep(base(), {"record": ["Every", "LogSpaced"]}, trajectories=["test_error"])
    run(sweep, tmp_path / "store")
    results = lb.open_store(tmp_path / "store").open()
    assert results.trajectory_test_error.dims == ("record_axis", "record")
    zipped = lb.sweep(base(), zip=[{"alpha": [0.1, 0.2], "problem.seed": [1, 2]}])
    assert set(zipped.coords) == {"alpha", "problem.seed"}


def test_equal_numbers_are_repetitions():
    with pytest.warns(UserWarning, match="1 of 2 values are repetitions"):
        assert lb.sweep(base(), {"beta": [1, 1.0]}).coords["beta"][1] == (1,)


def test_every_task_has_its_status(tmp_path):
    sparse = base(method=lb.ProximalGradient(0.1), penalty=lb.L1(1e-4))
    both = lb.sweep(sparse, seeds=2, tasks=("predict", "simulate"))
    run(lb.sweep(sparse, seeds=2, tasks=("predict",)), tmp_path / "store")
    results = lb.open_store(tmp_path / "store").open(both)
    assert (results.predict_status == "done").all()
    assert (results.status == "missing").all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"trajectories": "test_error"}, "must be a list of names"),
        ({"zip": {"alpha": [0.1]}}, "must be a list of groups"),
        ({"axes": {"thresholds": [[1e-3, {1, 2}]]}}, "must be a number, a word"),
    ],
)
def test_arguments_of_another_kind(settings, message):
    with pytest.raises((InvalidInput, TypeCheckError), match=f"{message}|type-check|Type-check"):
        lb.sweep(base(), **settings)
