"""The library as people call it: names for experiments, saved runs, short reprs, wrong calls."""

import signal

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xarray as xr
from helpers import linear_data, unchecked
from network_helpers import blobs, refusal

import latebloom as lb
from latebloom.core.brief import brief_value
from latebloom.core.interrupts import listening
from latebloom.core.phases import phases
from latebloom.experiment.given import experiment_of
from latebloom.experiment.presets import preset
from latebloom.sweeps.store.store import create_store
from latebloom.theory.facts import facts

PROBLEM = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
BASE = lb.Experiment(PROBLEM, lb.L1(1e-3), lb.ProximalGradient(0.1), steps=2000)
X = np.random.default_rng(0).standard_normal((3, 4))
Y = X[:, 0].copy()
MASKED = np.ma.masked_array(X, np.arange(12).reshape(3, 4) == 6)  # at [1, 2]


@pytest.fixture(scope="module")
def run():
    return lb.simulate(BASE)


@pytest.fixture(scope="module")
def report(run):
    return lb.check(run)


@pytest.fixture(scope="module")
def saved(run, tmp_path_factory):
    return run.save(tmp_path_factory.mktemp("runs") / "out")


# --- What stands for an experiment ----------------------------------------------------------------


def test_load_takes_a_name_a_file_and_a_path(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(BASE.to_toml(), encoding="utf-8")
    assert lb.load("fig3").name == "fig3"
    assert lb.load("blog-fig4") == lb.load("fig7")
    for source in (file, str(file)):
        assert lb.load(source) == BASE
        assert lb.load(source).name == "mine"


def test_functions_of_an_experiment_take_what_stands_for_one(run, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(BASE.to_toml(), encoding="utf-8")
    for given in (BASE, file, str(file), run, BASE.to_dict()):
        assert experiment_of(given, "simulate") == BASE
    assert lb.predict(file, exact=False) == lb.predict(BASE, exact=False)
    assert lb.simulate(str(file)).phases == run.phases
    assert [r.experiment for r in lb.simulate_batch([file, BASE])] == [BASE, BASE]
    with unchecked():
        np.testing.assert_array_equal(lb.limit(run).a, lb.limit(BASE).a)
        assert lb.recoverability(run) == lb.recoverability(PROBLEM)
        assert lb.sweep(BASE.to_dict(), {"beta": [1e-3]}).base == BASE
    assert experiment_of("fig3", "simulate") == lb.load("fig3")
    assert experiment_of(preset("fig3"), "simulate") == lb.load("fig3")


TAKES = {
    "simulate": lb.simulate,
    "predict": lb.predict,
    "limit": lb.limit,
    "plan": lambda given: lb.plan(given, 1e5, 0.1),
    "sweep": lambda given: lb.sweep(given, {"beta": [1e-3]}),
}
WRONG = {
    "a problem": (PROBLEM, "SparseRecovery is a problem alone: give lb.Experiment(problem"),
    "a class": (lb.SparseRecovery, "this is the class SparseRecovery"),
    "nothing": (None, "this is NoneType"),
    "a number": (3, "this is int"),
    "an unknown name": ("fig999", "no experiment called 'fig999'"),
    "a penalty": (lb.L1(1e-3), "this is L1"),
    "several": ([BASE], "this is list; "),
    "a file that is none": ("nowhere.toml", "nowhere.toml: cannot be read"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("name", TAKES)
def test_what_stands_for_no_experiment_is_refused_in_one_line(name, wrong):
    given, message = WRONG[wrong]
    assert message in refusal(lambda: TAKES[name](given))


def test_check_takes_a_run_and_its_folder(report, saved):
    assert lb.check(str(saved)).findings == report.findings
    for given in (BASE, PROBLEM, None, "fig3"):
        assert "lb.check(lb.simulate(experiment))" in refusal(lambda given=given: lb.check(given))


@pytest.mark.parametrize("engine", ["step", "jump", "slow"])
def test_a_progress_function_takes_a_note_or_not(engine):
    experiment = lb.load("slow-teacher", small=True).with_(steps=2000)
    if engine == "jump":
        experiment = lb.load("fig3")
    two, three, every = [], [], []
    for told in (
        lambda done, total, seen=two: seen.append((done, total)),
        lambda done, total: two.append((done, total)),
        lambda done, total, note: three.append((done, total, type(note))),
        lambda *words: every.append(words),
    ):
        lb.simulate(experiment, engine=engine, progress=told)
    assert two
    assert two[-1] == three[-1][:2] == every[-1][:2]
    assert three[-1][2] is str
    assert {len(words) for words in every} == {3}


def test_a_batch_is_a_list():
    assert "lb.simulate takes one" in refusal(lambda: lb.simulate_batch(BASE))
    assert "lb.simulate takes one" in refusal(lambda: lb.simulate_batch("fig3"))
    assert "is a problem alone" in refusal(lambda: lb.simulate_batch([BASE, PROBLEM]))


# --- Saved runs -----------------------------------------------------------------------------------


def test_a_saved_run_comes_back(run, saved):
    for path in (saved, str(saved), saved / "run.nc"):
        again = lb.open_run(path)
        assert again.experiment == run.experiment
        assert (again.engine, again.phases, again.notes) == (run.engine, run.phases, run.notes)
        np.testing.assert_array_equal(again.params, run.params)
        xr.testing.assert_identical(again.trajectory, run.trajectory)


def test_what_holds_no_run_is_refused_in_one_line(run, saved, tmp_path):
    (tmp_path / "empty").mkdir()
    damaged = tmp_path / "run.nc"
    damaged.write_bytes((saved / "run.nc").read_bytes()[:1000])
    other = tmp_path / "other.nc"
    run.trajectory.drop_vars("a").to_netcdf(other, engine="h5netcdf")
    create_store(tmp_path / "store")
    for path, message in (
        (tmp_path / "nowhere", "there is no such folder"),
        (tmp_path / "empty", "it has no run.nc"),
        (tmp_path / "store", "lb.open_store("),
        (damaged, "cannot be read as a saved run"),
        (other, "holds no run"),
        ("", "takes a name or a path"),
        (3, "takes a name or a path"),
    ):
        assert message in refusal(lambda path=path: lb.open_run(path))
    another = BASE.with_(beta=1e-2)
    assert another.hash in refusal(lambda: lb.open_run(saved, another))
    assert "lb.open_run(" in refusal(lambda: lb.load(str(saved)))
    assert "takes a name or a path" in refusal(lambda: lb.load(PROBLEM))
    assert "takes a name or a path" in refusal(lambda: lb.open_store(None))


# --- Sums and short reprs -------------------------------------------------------------------------


def test_penalties_can_be_summed():
    parts = [lb.L1(1e-5), lb.L2(1e-6), lb.L1(1e-7)]
    assert sum(parts) == parts[0] + parts[1] + parts[2]
    assert sum(parts[:1]) == parts[0]
    for other in (1, 0.5, "a", None):
        assert "must be a penalty" in refusal(lambda other=other: other + lb.L1(1e-5))
        assert "must be a penalty" in refusal(lambda other=other: lb.L1(1e-5) + other)


def test_a_run_prints_verdict_t1_and_t2_in_five_lines(run):
    lines = repr(run).splitlines()
    assert len(lines) == 5
    assert BASE.hash in lines[0]
    assert lines[2] == f"  verdict: {run.phases.verdict}"
    assert lines[3] == f"  t1: {run.phases.t1.words}"
    assert lines[4] == f"  t2: {run.phases.t2.words}"
    assert "fig3" in repr(lb.Run(**{**vars(run), "experiment": BASE.with_(name="fig3")}))


def test_a_report_prints_its_counts_and_what_is_violated(report):
    text, counts = repr(report), [str(found.verdict) for found in report.covered]
    for verdict in ("holds", "violated", "vacuous", "undecided"):
        assert f"{verdict}: {counts.count(verdict)}" in text
    for found in report.covered:
        assert (found.law in text) == (str(found.verdict) == "violated"), found.law


def test_nothing_that_a_notebook_shows_is_long(run, report, tmp_path):
    big = np.zeros((300, 400))
    big[0, 0] = 1.0
    data = lb.LinearData(big, big[:, 0])
    steps = np.arange(0, 10001, 100)
    curves = np.where(steps < 300, 0.2, 1.0), np.where(steps < 8000, 0.1, 0.98)
    shown = {
        "run": run,
        "report": report,
        "finding": report["telescoping"],
        "phases": run.phases,
        "prediction": lb.predict(BASE, exact=False),
        "limit": lb.limit(BASE),
        "certificate": lb.limit(BASE).certificate,
        "recoverability": lb.recoverability(PROBLEM),
        "data": data,
        "experiment": lb.Experiment(data),
        "classes": blobs(200, 200),
        "matrix": lb.MaskedMatrix(mask=np.ones((30, 30)), A_star=np.ones((30, 30))),
        "model": lb.Custom("big", {"w": big}, lambda p, x: x @ p["w"].T),
        "store": create_store(tmp_path / "store"),
        "sweep": lb.sweep(BASE, {"beta": np.geomspace(1e-9, 1e-3, 1000)}),
        "diagnosis": lb.diagnose(steps, *curves, kind="accuracy"),
    }
    long = {name: len(repr(value)) for name, value in shown.items() if len(repr(value)) > 900}
    assert not long
    assert "<array 300 x 400, sha256 " in repr(data)
    names = [name for name, value in shown.items() if " object at 0x" in repr(value)]
    assert not names


def test_an_array_is_shown_by_shape_and_hash_unless_it_is_short():
    assert brief_value(np.arange(3)) == "array([0, 1, 2])"
    one, other = np.zeros((3, 4)), np.zeros((3, 4))
    other[1, 2] = 1e-300
    assert brief_value(one).startswith("<array 3 x 4, sha256 ")
    assert brief_value(one) == brief_value(np.zeros((3, 4), dtype=int))
    assert brief_value(one) != brief_value(other)
    assert brief_value(np.array(["a"] * 20)) == "<array 20, <U1>"


def test_show_has_shape_and_hash_of_a_large_array(tmp_path, capsys):
    from latebloom.cli.main import main

    problem = lb.LinearData(np.arange(100.0).reshape(10, 10), np.arange(10.0))
    folder = tmp_path / "big"
    folder.mkdir()
    (folder / "big.toml").write_text(lb.Experiment(problem).to_toml(folder), encoding="utf-8")
    assert main(["show", str(folder / "big.toml")]) == 0
    text = capsys.readouterr().out
    assert f'X = "{brief_value(problem.X)[1:-1]}"' in text
    assert "9.0,\n" in text  # y*, which is short, is written out
    assert "99.0" not in text
    assert "--out FOLDER" in text
    assert main(["show", str(folder / "big.toml"), "--out", str(tmp_path / "whole")]) == 0
    whole = lb.load(str(tmp_path / "whole" / "experiment.toml"))
    assert whole == lb.Experiment(problem)
    assert np.array_equal(whole.problem.X, problem.X)


def test_a_field_has_one_value():
    with pytest.raises(lb.InvalidInput, match=r"method\.alpha: is given by two names"):
        BASE.with_(**{"method.alpha": 0.1, "alpha": 0.2})


@pytest.mark.parametrize("data", [5, [1, 2], np.ones(3)], ids=str)
def test_what_is_no_log_is_named(data):
    with pytest.raises(lb.InvalidInput, match=rf"data is of type {type(data).__name__}"):
        lb.diagnose(data)


def test_a_check_answers_signals_between_and_within_laws(run):
    known = facts(run.experiment)
    for work in (lambda: lb.check(run), lambda: known.path(run.experiment.start, 10)):
        with listening():
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                work()


# --- Arrays of other libraries, and arrays that are none ------------------------------------------

SAME = {
    "lists": X.tolist(),
    "tuples": tuple(map(tuple, X.tolist())),
    "pandas": pd.DataFrame(X),
    "xarray": xr.DataArray(X),
    "Fortran order": np.asfortranarray(X),
    "big endian": X.astype(">f8"),
    "masked, nothing masked": np.ma.masked_array(X),
}


@pytest.mark.parametrize("kind", SAME)
def test_arrays_of_any_kind_are_the_same_problem(kind):
    with unchecked():
        assert lb.LinearData(SAME[kind], Y) == lb.LinearData(X, Y)


def test_read_only_arrays_are_taken_and_the_callers_array_stays_its_own():
    mine = X.copy()
    mine.setflags(write=False)
    assert lb.LinearData(mine, Y) == lb.LinearData(X, Y)
    mine = X.copy()
    problem = lb.LinearData(mine, Y)
    mine[0, 0] = 7.0
    assert problem.X[0, 0] == X[0, 0]


class Stubborn:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("no array\nhere")


REFUSED = {
    "masked": (MASKED, "masked at [1, 2]"),
    "NaN": (np.where(X[1, 2] == X, np.nan, X), "nan at [1, 2]"),
    "complex": (X + 1j, "is complex"),
    "objects": (X.astype(object), "dtype object"),
    "sparse": (scipy.sparse.csr_matrix(X), "toarray()"),
    "a table with words": (pd.DataFrame(X).assign(who="me"), "numeric columns"),
    "a table with gaps": (pd.DataFrame(X).astype("Float64").where(X < 1), "missing values"),
    "without axes": (np.array(1.0), "shape ()"),
    "times": (np.zeros((3, 4), "M8[s]"), "dtype datetime64"),
    "a Dataset": (xr.Dataset({"a": ("x", Y)}), "Dataset gives no array"),
    "an object's own error": (Stubborn(), "gives no array (no array)"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_array_of_numbers_is_refused_in_one_line(kind):
    value, message = REFUSED[kind]
    for take in (lambda: lb.LinearData(value, Y), lambda: lb.coherence(value)):
        assert message in refusal(take)


def test_masked_arrays_are_honoured_where_entries_may_be_missing():
    observed, values = np.array([[1, 1], [1, 0]]), np.array([[1.0, 2.0], [3.0, 9.0]])
    hidden = np.ma.masked_array(values, observed == 0)
    assert lb.MaskedMatrix(observed, hidden) == lb.MaskedMatrix(observed, values)
    assert "nan at [1, 1]" in refusal(lambda: lb.MaskedMatrix(np.ones((2, 2)), hidden))
    steps = np.arange(0, 2000, 100)
    train, test = np.where(steps < 300, 0.2, 1.0), np.where(steps < 1500, 0.1, 0.98)
    gap = np.isin(steps, [1600, 1700, 1800, 1900])
    logged = lb.diagnose(
        steps, np.ma.masked_array(np.where(gap, 0.0, train), gap), test, kind="accuracy"
    )
    whole = lb.diagnose(steps, train, test, kind="accuracy")
    assert (logged.verdict, logged.phases.t1) == (whole.verdict, whole.phases.t1)
    assert len(logged.train.steps) == 16


def test_masked_arrays_are_refused_where_they_mean_nothing():
    k, curve = np.arange(3), np.array([1.0, 0.5, 0.0])
    last = np.ma.masked_array(curve, [0, 0, 1])
    whole = np.ma.masked_array(k, [0, 0, 1])
    model = {"w": np.ma.masked_array(curve[None], [[0, 0, 1]])}
    for take in (
        lambda: phases(k, last),
        lambda: phases(whole, curve),
        lambda: lb.diagnose(whole, curve, curve, kind="error", thresholds=(0.1, 0.1)),
        lambda: lb.Experiment(linear_data(3, 3), init=last),
        lambda: lb.Custom("m", model, lambda p, x: x),
        lambda: lb.sweep(BASE, {"beta": np.ma.masked_array([1e-3, 1e-4], [0, 1])}),
    ):
        assert "masked" in refusal(take)
    assert "must be a finite number" in refusal(lambda: lb.L1(np.ma.masked))


def test_an_initialization_may_be_any_array():
    start = np.arange(4.0)
    with unchecked():
        for init in (start.tolist(), tuple(start), pd.Series(start), xr.DataArray(start)):
            experiment = lb.Experiment(lb.LinearData(X, Y), init=init)
            np.testing.assert_array_equal(experiment.start, start)
        assert lb.Experiment(lb.LinearData(X, Y), init=jnp.float32(0.5)).init == 0.5
