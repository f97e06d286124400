"""What running a sweep leaves behind."""

import math
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
import xarray as xr
from sweep_helpers import assert_same, base, batch_files, grid, run

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.experiment.record import At
from latebloom.sweeps import run_sweep
from latebloom.sweeps.grid.grid import tasks_of
from latebloom.sweeps.workers import training as simulated
from latebloom.sweeps.workers.batches import batches

# Running ------------------------------------------------------------------------------------------


def test_every_cell_holds_what_its_own_run_gives(tmp_path):
    sweep = grid(trajectories=["test_error"])
    summary = run(sweep, tmp_path / "store")
    assert (summary.done, summary.failed, summary.fresh) == (24, 0, 24)
    results = lb.open_store(tmp_path / "store").open(sweep)
    assert results.t1.dims == ("beta", "N", "seed")
    assert results.trajectory_test_error.dims == ("beta", "N", "seed", "record")
    for i, experiment in sweep.cells():
        run_ = lb.simulate(experiment)
        cell = results.isel(
            dict(zip(sweep_dims(sweep), np.unravel_index(i, sweep.shape), strict=True))
        )
        phases = run_.phases
        assert cell.hash.item() == experiment.hash
        assert cell.verdict.item() == str(phases.verdict)
        for name, passage in (("t1", phases.t1), ("t2", phases.t2)):
            assert cell[f"{name}_kind"].item() == passage.kind
            for part in ("step", "low", "high", "floor"):
                value = getattr(passage, part)
                seen = cell[name if part == "step" else f"{name}_{part}"].item()
                assert seen == value if value is not None else math.isnan(seen)
        assert cell.test_error.item() == float(run_.trajectory.test_error[-1])
        assert cell.l1_norm.item() == float(run_.trajectory.l1_norm[-1])
        curve = cell.trajectory_test_error.values
        own = run_.trajectory.test_error.values
        np.testing.assert_array_equal(curve[: own.size], own)
        assert np.isnan(curve[own.size :]).all()


def sweep_dims(sweep):
    return [axis.name for axis in sweep.axes]


def test_a_second_run_computes_nothing_and_a_grown_sweep_only_what_is_new(tmp_path):
    store = tmp_path / "store"
    run(grid(), store)
    files = batch_files(store)
    assert run(grid(), store).fresh == 0
    assert batch_files(store) == files
    grown = grid(axes={"beta": [1e-3, 1e-2, 1e-1], "N": [3, 4, 5]}, seeds=5)
    summary = run(grown, store)
    assert (summary.total, summary.done, summary.fresh) == (45, 45, 45 - 24)
    assert set(files) < set(batch_files(store))
    assert_same(lb.open_store(store).open(grid()), lb.open_store(store).open(grid()))


def test_what_is_missing_is_missing_and_not_zero(tmp_path):
    small = grid(axes={"beta": [1e-2], "N": [4]}, seeds=2)
    run(small, tmp_path / "store")
    results = lb.open_store(tmp_path / "store").open(grid())
    there = (results.status == "done").values
    assert there.sum() == 2
    assert set(np.unique(results.status.values)) == {"done", "missing"}
    for name, variable in results.data_vars.items():
        if variable.dtype.kind == "f" and variable.ndim:
            assert np.isnan(variable.values[~there]).all(), name
    assert (results.verdict.values[~there] == "").all()


def test_results_of_an_empty_store_are_all_missing(tmp_path):
    from latebloom.sweeps.store.store import create_store

    results = create_store(tmp_path / "store").open(grid())
    assert (results.status == "missing").all()


def test_values_are_read_when_they_are_asked_for(tmp_path, monkeypatch):
    from latebloom.sweeps.store import batch_file

    run(grid(), tmp_path / "store")
    results = lb.open_store(tmp_path / "store").open(grid())
    read = []
    original = batch_file.BatchFile.column
    monkeypatch.setattr(
        batch_file.BatchFile, "column", lambda self, name: read.append(name) or original(self, name)
    )
    assert results.t2.isel(beta=0, N=0).shape == (4,)
    assert read == []
    results.t2.isel(beta=0, N=0).values  # noqa: B018 - reads them
    assert read == ["t2"]


def test_lazy_values_are_the_loaded_ones(tmp_path):
    sweep = grid(trajectories=["test_error"])
    run(sweep, tmp_path / "store")
    store = lb.open_store(tmp_path / "store")
    whole = store.open(sweep).load()
    for key in (
        {"beta": 1},
        {"N": slice(1, 3), "seed": [0, 2]},
        {"beta": [1, 0], "N": -1},
        {"seed": slice(None, None, -1)},
        {"record": 1},
        {"record": slice(0, 1), "N": 2},
    ):
        xr.testing.assert_identical(store.open(sweep).isel(key).load(), whole.isel(key))
    xr.testing.assert_identical(
        store.open(sweep).sel(beta=1e-2, N=[5, 3]).load(), whole.sel(beta=1e-2, N=[5, 3])
    )


def test_alpha_beta_and_derived_fields_are_in_the_results(tmp_path):
    sweep = grid(derive={"steps": "10 / beta"})
    run(sweep, tmp_path / "store")
    results = lb.open_store(tmp_path / "store").open(sweep)
    assert results.alpha.item() == 0.1
    np.testing.assert_array_equal(results.beta.values, [1e-3, 1e-2])
    assert (results.steps * results.beta == 10).all()
    by_type = lb.sweep(
        base(method=lb.ProximalGradient(0.1)), {"penalty": [lb.L1(1e-3), lb.L2(1e-2)]}
    )
    run(by_type, tmp_path / "types")
    np.testing.assert_array_equal(
        lb.open_store(tmp_path / "types").open().beta.values, [1e-3, 1e-2]
    )


def test_experiments_of_one_shape_advance_together_and_equal_their_own_runs(tmp_path):
    slow = base(method=lb.Subgradient(0.1), penalty=lb.L1(1e-3), steps=200)
    sweep = lb.sweep(slow, {"beta": [1e-3, 1e-2]}, seeds=3, engine="step", batch=6)
    run(sweep, tmp_path / "store")
    results = lb.open_store(tmp_path / "store").open()
    assert len(batch_files(tmp_path / "store")) == 1
    assert (results.engine == "step").all()
    for i, experiment in sweep.cells():
        alone = lb.simulate(experiment, engine="step")
        k, seed = np.unravel_index(i, sweep.shape)
        cell = results.isel(beta=k, seed=seed)
        assert cell.test_error.item() == pytest.approx(
            float(alone.trajectory.test_error[-1]), 1e-12
        )


def test_a_small_sweep_has_work_for_several_cores():
    def sizes(sweep):
        (task,) = tasks_of(sweep)
        keys = [experiment.hash for _, experiment in sweep.cells()]
        return sorted(len(batch.cells) for batch in batches(sweep, task, keys))

    apart = base(method=lb.ProximalGradient(0.1), penalty=lb.L1(1e-3))
    assert sizes(lb.sweep(apart, seeds=20)) == [2] * 10
    assert sizes(lb.sweep(apart, seeds=600)) == [600 - 18 * 32] + [32] * 18
    assert sizes(lb.sweep(apart, seeds=20, engine="step")) == [10, 10]
    assert sizes(lb.sweep(apart, seeds=200, engine="step")) == [8, 64, 64, 64]
    assert sizes(lb.sweep(apart, seeds=20, engine="step", batch=20)) == [20]


def test_engines_are_kept_apart(tmp_path):
    run(grid(seeds=1), tmp_path / "store")
    other = grid(seeds=1, engine="step")
    assert lb.open_store(tmp_path / "store").progress(other).missing == 6
    assert run(other, tmp_path / "store").fresh == 6


def test_trajectories_asked_for_later_are_computed(tmp_path):
    store = tmp_path / "store"
    run(grid(seeds=1), store)
    assert run(grid(seeds=1, trajectories=["l1_norm"]), store).fresh == 6
    assert run(grid(seeds=1), store).fresh == 0
    assert "trajectory_l1_norm" in lb.open_store(store).open(
        grid(seeds=1, trajectories=["l1_norm"])
    )


def test_networks_are_swept_in_batches(tmp_path):
    network = lb.Experiment(
        lb.ModularArithmetic(p=5, train_fraction=0.6),
        lb.L2(1e-4),
        lb.Adam(1e-2),
        lb.TokenPair(width=4, hidden=(8,)),
        steps=20,
    )
    sweep = lb.sweep(network, {"beta": [1e-4, 1e-3]}, seeds=2, trajectories=["test_error"])
    summary = run(sweep, tmp_path / "store")
    assert (summary.done, summary.failed) == (4, 0)
    assert len(batch_files(tmp_path / "store")) == 2
    results = lb.open_store(tmp_path / "store").open()
    own = lb.simulate(sweep.experiment(3))
    cell = results.isel(beta=1, seed=1)
    np.testing.assert_allclose(
        cell.trajectory_test_error.values, own.trajectory.test_error.values, rtol=1e-12
    )
    assert cell.l2_norm.item() == pytest.approx(float(own.trajectory.l2_norm[-1]), rel=1e-5)
    assert results.attrs["trajectories"] == "['test_error']"


def test_predictions_and_recoverability_are_tasks(tmp_path):
    sparse = base(method=lb.ProximalGradient(0.1), penalty=lb.L1(1e-4))
    sweep = lb.sweep(sparse, {"N": [2, 7]}, seeds=2, tasks=("recover", "predict"))
    summary = run(sweep, tmp_path / "store")
    assert (summary.total, summary.done, summary.failed) == (8, 8, 0)
    results = lb.open_store(tmp_path / "store").open()
    for i, experiment in sweep.cells():
        cell = results.isel(dict(zip(("N", "seed"), np.unravel_index(i, sweep.shape), strict=True)))
        assert cell.recoverable.item() == lb.recoverability(experiment.problem).recoverable
        found = lb.simulate(experiment.with_(steps=10**12), engine="jump").phases
        for name, passage in (("t1", found.t1), ("t2", found.t2)):
            step = np.nan if passage.step is None else passage.step
            ends = (cell[f"predicted_{name}_{end}"].item() for end in ("low", "high"))
            np.testing.assert_equal([cell[f"predicted_{name}"].item(), *ends], [step] * 3)
            known = "unknown" if passage.step is None else "exact"
            assert cell[f"predicted_{name}_kind"].item() == known


def test_a_run_that_raises_or_diverges_fails_by_itself(tmp_path):
    sweep = lb.sweep(base(), {"alpha": [0.1, 100.0]}, seeds=2)
    summary = run(sweep, tmp_path / "store")
    assert (summary.done, summary.failed, summary.missing) == (2, 2, 0)
    assert [cell for cell, _ in sorted(summary.failures)] == [
        "alpha=100.0, seed=0",
        "alpha=100.0, seed=1",
    ]
    results = lb.open_store(tmp_path / "store").open()
    assert results.status.sel(alpha=100.0).values.tolist() == ["failed", "failed"]
    assert "not stable" in results.message.sel(alpha=100.0, seed=0).item()
    assert np.isnan(results.t1.sel(alpha=100.0)).all()
    # Failures are kept, and computed again only when asked for.
    assert run(sweep, tmp_path / "store").fresh == 0
    again = run(sweep, tmp_path / "store", retry_failed=True)
    assert (again.done, again.failed, again.fresh) == (2, 2, 2)
    assert len(batch_files(tmp_path / "store")) == 4


def test_a_first_cell_that_makes_no_sense_fails_by_itself(tmp_path):
    # With one row of the basis, tau = 1 and s = 1, most signals are not seen at all.
    unseen = next(
        q for q in range(20) if not lb.SparseRecovery(n=9, s=1, N=1, tau=1.0, seed=q).y_star.any()
    )
    seen = next(
        q for q in range(99) if lb.SparseRecovery(n=9, s=1, N=1, tau=1.0, seed=q).y_star.any()
    )
    sense = base(problem=lb.SparseRecovery(n=9, s=1, N=1, tau=1.0, seed=seen))
    for tasks in (("simulate",), ("recover",)):
        sweep = lb.sweep(sense, {"problem.seed": [unseen, seen]}, tasks=tasks)
        summary = run(sweep, tmp_path / tasks[0])
        assert (summary.done, summary.failed) == (1, 1)


def test_a_failure_that_goes_away_is_replaced_by_its_result(tmp_path, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no luck\ntoday")

    with monkeypatch.context() as patch:
        patch.setattr(simulated, "simulate", broken)
        assert run(grid(), tmp_path / "store").failed == 24
    message = lb.open_store(tmp_path / "store").open().message.values.ravel()[0]
    assert message == "RuntimeError: no luck today"
    summary = run(grid(), tmp_path / "store", retry_failed=True)
    assert (summary.done, summary.failed) == (24, 0)
    run(grid(), tmp_path / "other")
    assert_same(
        lb.open_store(tmp_path / "store").open(grid()),
        lb.open_store(tmp_path / "other").open(grid()),
    )


def test_a_diverging_network_is_a_failure_with_its_step(tmp_path):
    wild = lb.Experiment(
        lb.ModularArithmetic(p=5, train_fraction=0.6),
        None,
        lb.SGD(1e30),
        lb.TokenPair(width=4, hidden=(8,)),
        steps=20,
    )
    sweep = lb.sweep(wild, {"alpha": [1e-3, 1e30]})
    summary = run(sweep, tmp_path / "store")
    assert (summary.done, summary.failed) == (1, 1)
    cell = lb.open_store(tmp_path / "store").open().isel(alpha=1)
    assert (cell.status.item(), cell.verdict.item()) == ("failed", "diverged")
    assert "diverged" in cell.message.item()
    assert cell.diverged_at.item() > 0


def test_a_grid_beyond_a_million_cells_needs_a_yes(tmp_path):
    axis = {"start": 1, "stop": 1000, "step": 1}
    huge = lb.sweep(base(), {"N": axis, "steps": axis, "n": axis})
    with pytest.raises(InvalidInput, match="1,000,000,000 cells"):
        run(huge, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_provenance_is_in_every_file(tmp_path):
    from latebloom.sweeps.store.batch_file import BatchFile

    run(grid(), tmp_path / "store")
    for name in batch_files(tmp_path / "store"):
        file = BatchFile((tmp_path / "store" / "batches" / name).read_bytes())
        for key in ("task", "sweep", "created", "seconds", "device", "dtype", "git_revision"):
            assert key in file.attrs
        assert file.attrs["version_latebloom"] == lb.__version__
        hashes = [lb.Experiment.from_dict(spec).hash for spec in file.specs]
        assert hashes == file.column("hash").tolist()


def test_any_tool_that_reads_netcdf_opens_a_batch(tmp_path):
    run(grid(), tmp_path / "store")
    path = tmp_path / "store" / "batches" / batch_files(tmp_path / "store")[0]
    with xr.open_dataset(path) as plain:  # the engine is guessed from the first bytes
        assert plain.sizes["cell"] == 8
        assert plain.t1.attrs["units"] == "step"


def test_the_pool_of_processes_gives_the_same_to_the_bit(tmp_path):
    sweep = grid()
    run(sweep, tmp_path / "thread")
    summary = run_sweep(sweep, tmp_path / "processes", workers=2)
    assert (summary.done, summary.failed, summary.deaths) == (24, 0, 0)
    assert_same(
        lb.open_store(tmp_path / "thread").open(), lb.open_store(tmp_path / "processes").open()
    )


def test_someone_may_watch(tmp_path):
    seen = []
    run(grid(), tmp_path / "store", watch=seen.append)
    assert seen[0].done == 0
    assert seen[-1].done == 24
    assert seen[-1].remaining == 0
    assert all(a.done <= b.done for a, b in pairwise(seen))


def test_an_executor_of_the_users_is_left_open(tmp_path):
    with ThreadPoolExecutor(1) as executor:
        run_sweep(grid(), tmp_path / "store", executor=executor)
        assert executor.submit(int, "3").result() == 3


def test_records_of_different_lengths_are_padded(tmp_path):
    sweep = lb.sweep(
        base(record=At((1, 2, 3))),
        {"steps": [2, 1000]},
        trajectories=["train_error"],
    )
    run(sweep, tmp_path / "store")
    results = lb.open_store(tmp_path / "store").open()
    np.testing.assert_array_equal(results.trajectory_step.values[0][:3], [0, 1, 2])
    assert np.isnan(results.trajectory_train_error.values[0][3:]).all()
