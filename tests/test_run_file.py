"""The one form of a run on disk: every kind of run comes back whole."""

import dataclasses

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from network_helpers import blobs

import latebloom as lb
from latebloom.core.files import replace
from latebloom.laws.law import Undecided
from latebloom.laws.measures import records, require_chatter
from latebloom.runs.file import from_file, to_bytes

PROBLEM = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
MATRIX = lb.MatrixCompletion(n1=5, n2=4, r=1, N=14, seed=1)


def stopped(done, total, note=""):
    if done:
        raise KeyboardInterrupt


def vector(method=lb.ProximalGradient, penalty=None, **changes):
    given = {"steps": 2000, "thresholds": (1e-2, 0.1), **changes}
    return lb.Experiment(PROBLEM, penalty or lb.L1(1e-3), method(0.1), name="v", **given)


def arrays():
    X = np.random.default_rng(0).standard_normal((10, 12)) / 5
    problem = lb.SparseRecovery.from_arrays(X, X @ np.eye(12)[0])
    return lb.Experiment(problem, lb.L1(1e-3), lb.ProximalGradient(0.1), steps=100)


def network():
    return lb.Experiment(blobs(), lb.L2(1e-3), lb.Adam(1e-2), lb.MLP((4,)), steps=20)


KINDS = {
    "vector": lambda: lb.simulate(vector()),
    "average": lambda: lb.simulate(vector(lb.Subgradient), engine="jump"),
    "closed form": lambda: lb.simulate(vector(penalty=lb.L2(1e-3), steps=10**12)),
    "arrays without a truth": lambda: lb.simulate(arrays()),
    "matrix": lambda: lb.simulate(
        lb.Experiment(MATRIX, lb.Nuclear(1e-3), lb.ProximalGradient(0.5), steps=300)
    ),
    "flow": lambda: lb.simulate(
        lb.Experiment(MATRIX, lb.Nuclear(1e-4), lb.ProximalGradient(0.5), steps=10**6),
        engine="slow",
    ),
    "network": lambda: lb.simulate(network()),
    "diverged": lambda: lb.simulate(
        dataclasses.replace(vector(lb.Subgradient), method=lb.Subgradient(50.0)), force=True
    ),
    "interrupted": lambda: lb.simulate(vector(lb.FISTA, steps=10**9), progress=stopped),
    "censored": lambda: lb.simulate(vector(steps=3)),
}


def same(one, two):
    xr.testing.assert_identical(two.trajectory, one.trajectory)
    for name in one.trajectory.variables:
        assert two.trajectory[name].dtype == one.trajectory[name].dtype, name
    pairs = [(one.params, two.params)]
    if isinstance(one.params, dict):
        assert list(two.params) == list(one.params)
        pairs = [(one.params[name], two.params[name]) for name in one.params]
    for mine, other in pairs:
        assert other.dtype == mine.dtype
        np.testing.assert_array_equal(other, mine)
    others = [f.name for f in dataclasses.fields(one) if f.name not in ("trajectory", "params")]
    for name in others:
        if name == "experiment":
            assert (two.experiment.hash, two.experiment.name) == (
                one.experiment.hash,
                one.experiment.name,
            )
        else:
            assert getattr(two, name) == getattr(one, name), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_comes_back_from_memory_and_from_a_file(kind, tmp_path):
    run = KINDS[kind]()
    same(run, lb.Run.from_dataset(run.to_dataset()))
    replace(tmp_path / "run.nc", to_bytes(run.to_dataset()))
    same(run, lb.Run.from_dataset(from_file(tmp_path / "run.nc")))
    with xr.open_dataset(tmp_path / "run.nc", engine="h5netcdf") as dataset:
        same(run, lb.Run.from_dataset(dataset.load(), run.experiment))


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_numbers_of_any_size_come_back(data, tmp_path_factory):
    run = lb.simulate(vector(steps=3))
    numbers = st.floats(allow_nan=True, allow_infinity=True)
    trajectory = run.trajectory.copy(deep=True)
    for name in ("train_error", "a"):
        values = trajectory[name].values
        values.flat[0] = data.draw(numbers)
    floor = data.draw(st.floats(allow_nan=False, allow_infinity=True))
    run = dataclasses.replace(
        run,
        trajectory=trajectory,
        params=np.array([data.draw(numbers)]),
        phases=dataclasses.replace(run.phases, t2=lb.Passage.never(floor)),
        notes=tuple(data.draw(st.lists(st.text(), max_size=2))),
        events=data.draw(st.none() | st.integers(0, 10**15)),
        seconds=data.draw(st.floats(0, allow_nan=False)),
        interrupted=data.draw(st.booleans()),
    )
    path = tmp_path_factory.mktemp("runs") / "run.nc"
    replace(path, to_bytes(run.to_dataset()))
    same(run, lb.Run.from_dataset(from_file(path)))


def test_a_dataset_without_a_run_is_refused():
    with pytest.raises(lb.InvalidInput, match="holds no run"):
        lb.Run.from_dataset(xr.Dataset({"x": 1.0}))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("vector", "iterates"), ("closed form", "iterates"), ("average", "average")],
)
def test_a_run_says_what_its_records_are(kind, expected):
    assert KINDS[kind]().records == expected


def test_laws_go_by_the_records_and_not_by_the_name_of_the_engine():
    """Three places once had each their own list of engines that give averages."""
    stepped = lb.simulate(vector(lb.Subgradient), engine="step")
    assert len(records(stepped)[0]) == stepped.trajectory.sizes["step"]
    require_chatter(stepped)
    other = dataclasses.replace(stepped, engine="mine", records="average")
    with pytest.raises(Undecided, match="averages, not the iterates"):
        records(other)
    with pytest.raises(Undecided, match="without the chatter"):
        require_chatter(other)
    # Proximal gradient does not chatter: its flow has the same limit.
    flow = dataclasses.replace(lb.simulate(vector()), engine="mine", records="flow")
    with pytest.raises(Undecided, match="not the iterates"):
        records(flow)
    require_chatter(flow)
