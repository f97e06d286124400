"""Training: whole runs against plain loops, minibatches, batches of runs, exact steps, ends."""

import dataclasses
import re

import jax
import numpy as np
import pytest
from helpers import unchecked, x64
from network_helpers import (
    FIRST,
    SECOND,
    PlainAdam,
    blobs,
    each,
    plain_gradient,
    plain_loss,
    plain_outputs,
    refusal,
)

import latebloom as lb
from latebloom.engines import training
from latebloom.engines.network import compiled, setup

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


# --- Batches of runs ------------------------------------------------------------------------------


def assert_near(one, two):
    """Assert that two runs agree up to the order of sums."""
    np.testing.assert_array_equal(one.trajectory["step"], two.trajectory["step"])
    for name in one.trajectory.data_vars:
        np.testing.assert_allclose(
            one.trajectory[name], two.trajectory[name], rtol=1e-8, atol=1e-9, err_msg=name
        )
    assert (one.phases.t1, one.phases.t2) == (two.phases.t1, two.phases.t2)


def test_a_batch_equals_its_runs_alone():
    """Strengths, rates, starts and thresholds of their own; one problem."""
    together = [
        BASE.with_(penalty=lb.L2(beta), method=lb.Adam(alpha), init=init, thresholds=thresholds)
        for beta, alpha, init, thresholds in (
            (0.02, 0.05, lb.Drawn(1), (0.2, 0.35)),
            (0.0, 0.02, lb.Drawn(2), (0.3, 0.4)),
            (0.5, 0.1, lb.Drawn(1, scale=2.0), (0.1, 0.2)),
        )
    ]
    runs = lb.simulate_batch(together)
    for experiment, run in zip(together, runs, strict=True):
        assert run.experiment is experiment
        assert_near(run, lb.simulate(experiment))
    assert len({float(run.trajectory["train_loss"][-1]) for run in runs}) == 3


def test_a_batch_of_problems_orders_and_radii_equals_its_runs_alone():
    together = [
        BASE.with_(
            problem=blobs(seed=seed), method=lb.Adam(0.05, batch=5, batch_seed=seed, sphere=radius)
        )
        for seed, radius in ((0, 1.0), (1, 2.0), (2, 1.5))
    ]
    for experiment, run in zip(together, lb.simulate_batch(together), strict=True):
        assert_near(run, lb.simulate(experiment))
        size = experiment.method.sphere
        np.testing.assert_allclose(run.trajectory["l2_norm"], size, rtol=1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": 21},
        {"record": lb.Every(2)},
        {"penalty": lb.L1(0.02)},
        {"penalty": None},
        {"method": lb.SGD(0.05)},
        {"method": lb.Adam(0.05, batch=3)},
        {"model": lb.MLP((5,))},
        {"precision": "mixed"},
        {"problem": blobs(N=13)},
    ],
)
def test_runs_of_different_shapes_are_not_one_batch(changes):
    message = refusal(lambda: lb.simulate_batch([BASE, BASE.with_(**changes)]))
    assert "networks of one shape are trained together" in message


@pytest.mark.parametrize("count", [1, 2])
def test_decompositions_do_not_wait_for_each_other(count):
    """At most one call decomposes a stack: two at once may wait for ever on two cores."""
    problem = lb.ModularArithmetic(p=7)
    model = lb.TokenPair(4, combine="matrix_product", hidden=(5, 3))
    penalty = lb.Nuclear(0.1) + lb.On(lb.Nuclear(0.1, null="full"), "layers.*")
    experiments = [
        lb.Experiment(
            problem, penalty, model=model, init=lb.Drawn(seed), steps=4, record=lb.Every(2)
        )
        for seed in range(count)
    ]
    with x64():
        program, data, numbers, state = setup(experiments)
        t1 = np.full(count, -1) if count > 1 else np.array(-1)
        for function, more in zip(compiled(program), ((1,), ()), strict=True):
            text = function.lower(data, numbers, state, 0, t1, *more).as_text()
            calls = re.findall(r"custom_call @lapack_\w+\(.*?: \((tensor<[^>]+>)", text)
            assert calls
            stacks = [call for call in calls if call.count("x") > 2]
            assert len(stacks) <= (count == 1)
    for run in lb.simulate_batch(experiments):
        alone = lb.simulate(run.experiment)
        for name in ("nuclear_norm", "penalty_value"):
            np.testing.assert_allclose(run.trajectory[name], alone.trajectory[name], rtol=1e-5)


# --- Exact steps ----------------------------------------------------------------------------------


@pytest.mark.parametrize("penalty", [lb.L2(0.02), SWITCHED])
def test_refined_passages_are_those_of_every_step(penalty):
    """Also where the strength depends on t1, as long as the record of t1 comes first."""
    sparse = BASE.with_(penalty=penalty, record=lb.Every(7), thresholds=(0.2, 0.35))
    rough, fine = lb.simulate(sparse), lb.simulate(sparse, refine=True)
    assert_same_run(fine, rough)  # the trajectory is untouched
    passages = [fine.phases.t1, fine.phases.t2]
    assert [p.kind for p in passages] == ["exact", "exact"]
    if penalty == BASE.penalty:
        full = lb.simulate(BASE)
        assert [p.step for p in passages] == [full.phases.t1.step, full.phases.t2.step]
    for passage, before in zip(passages, (rough.phases.t1, rough.phases.t2), strict=True):
        assert before.low <= passage.step <= before.high
        assert before.high % 7 == 0


@pytest.mark.parametrize(("thresholds", "seen"), [((0.2, 0.6), (14, 7)), ((0.3, 0.6), (7, 7))])
def test_passages_before_the_record_of_t1_are_refined_without_it(thresholds, seen):
    """Up to that record the penalty was off, and it stays off in the replay."""
    experiment = BASE.with_(penalty=SWITCHED, record=lb.Every(7), thresholds=thresholds)
    fine = lb.simulate(experiment, refine=True)
    rows, _, _ = plain_run(experiment, beta=lambda t, t1: 0.001)
    expected = tuple(
        next(t for t, row in enumerate(rows) if row[name] <= level)
        for name, level in zip(("train_error", "test_error"), thresholds, strict=True)
    )
    assert (fine.phases.t1.step, fine.phases.t2.step) == expected
    assert tuple(-(-step // 7) * 7 for step in expected) == seen  # the records of t1 and t2


def test_a_batch_is_refined_like_its_runs():
    """Passages in the same and in other intervals, one without, one at step 0."""
    together = [
        BASE.with_(method=lb.Adam(alpha), thresholds=thresholds, record=lb.Every(7), init=init)
        for alpha, thresholds, init in (
            (0.05, (0.2, 0.35), lb.Drawn(1)),
            (0.05, (0.3, 0.6), lb.Drawn(1)),
            (0.1, (0.2, 0.35), lb.Drawn(2)),
            (0.02, (1e-9, 1.0), lb.Drawn(3)),
        )
    ]
    runs = lb.simulate_batch(together, refine=True)
    for experiment, run in zip(together, runs, strict=True):
        alone = lb.simulate(experiment, refine=True).phases
        assert (run.phases.t1, run.phases.t2) == (alone.t1, alone.t2)
    assert runs[0].phases.t1.kind == runs[0].phases.t2.kind == "exact"
    assert runs[3].phases.t1.step is None
    assert runs[3].phases.t2.step == 0


def test_what_is_not_passed_is_not_refined():
    experiment = BASE.with_(thresholds=(1e-9, 1e-9), record=lb.Every(2), steps=4)
    found = lb.simulate(experiment, refine=True).phases
    assert (found.t1.kind, found.t2.kind) == ("censored", "censored")


def test_a_start_below_the_thresholds_is_passed_at_step_zero():
    found = lb.simulate(BASE.with_(thresholds=(1.0, 1.0), record=lb.Every(7)), refine=True).phases
    assert (found.t1.step, found.t2.step) == (0, 0)


# --- Ends -----------------------------------------------------------------------------------------


def test_divergence_is_a_result():
    experiment = BASE.with_(method=lb.SGD(1e8), record=lb.Every(2), penalty=lb.L2(1.0), steps=60)
    run = lb.simulate(experiment)
    assert run.phases.verdict == lb.Verdict.diverged
    at = run.phases.diverged_at
    assert 0 < at < 60
    assert f"diverged between steps {at - 2} and {at}" in run.phases.reason
    assert run.trajectory["step"][-1] == at  # it stops there
    assert np.isnan(run.trajectory["train_loss"][-1])
    assert np.isfinite(run.trajectory["train_loss"][:-1]).all()


@pytest.mark.parametrize("precision", ["mixed", "float64"])
def test_the_norms_of_what_diverged_are_not_numbers(precision):
    method = lb.SGD(1e30 if precision == "mixed" else 1e300)
    run = lb.simulate(BASE.with_(method=method, precision=precision, penalty=lb.L2(1e10)))
    assert run.phases.verdict == lb.Verdict.diverged
    for name in ("l0", "nuclear"):
        assert np.isnan(run.trajectory[f"parameter_{name}"][-1]).all()
        assert np.isnan(run.trajectory[f"{name}_norm"][-1])
    assert np.isfinite(run.trajectory["nuclear_norm"][0])


def test_a_start_that_overflows_is_told_as_such():
    run = lb.simulate(BASE.with_(init=lb.Drawn(scale=1e30), precision="mixed"))
    assert run.phases.verdict == lb.Verdict.diverged
    assert run.phases.diverged_at == 0
    assert "step 0" in run.phases.reason
    assert run.trajectory["step"].values.tolist() == [0]


def test_test_outputs_that_overflow_are_wrong_not_a_divergence():
    """Inputs far beyond those of training: the run is sound, its test outputs are not."""
    far = np.array([[3e38, 3e38, 1.0], [-3e38, 3e38, 1.0]])
    problem = lb.SupervisedData(X, Y, far, np.array([0, 1]), "cross_entropy", outputs=3)
    changes = {"precision": "mixed", "init": lb.Drawn(scale=3.0), "thresholds": (0.3, 0.35)}
    run = lb.simulate(BASE.with_(problem=problem, **changes))
    assert np.isnan(run.trajectory["test_error"]).all()
    assert run.phases.t1.step is not None
    assert run.phases.t2.step is None
    assert run.phases.verdict == lb.Verdict.memorized_only


def test_a_run_that_diverges_does_not_disturb_its_batch():
    good = BASE.with_(method=lb.SGD(0.05), penalty=lb.L2(1.0), record=lb.Every(2), steps=60)
    runs = lb.simulate_batch([good, good.with_(method=lb.SGD(1e8))])
    assert [run.phases.verdict == lb.Verdict.diverged for run in runs] == [False, True]
    assert_near(runs[0], lb.simulate(good))


def interrupting(at):
    """Return a progress callback that stops the run, as Ctrl-C does, once step `at` is done."""

    def progress(done, total, note=""):
        if done >= at and done < total and not progress.stopped:
            progress.stopped = True
            raise KeyboardInterrupt

    progress.stopped = False
    return progress


def test_ctrl_c_keeps_what_was_done(monkeypatch):
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", -1.0)  # a call after every update
    monkeypatch.setattr(training, "SECONDS_PER_CALL", 1e-9)
    experiment = BASE.with_(record=lb.Every(6))
    run, full = lb.simulate(experiment, progress=interrupting(10)), lb.simulate(experiment)
    assert run.interrupted
    assert not full.interrupted
    assert run.trajectory["step"].values.tolist() == [0, 6]
    for name, values in run.trajectory.data_vars.items():
        np.testing.assert_array_equal(values, full.trajectory[name][:2])
    shorter = lb.simulate(experiment.with_(steps=6))
    for name, array in run.params.items():  # those at the last record
        np.testing.assert_array_equal(array, shorter.params[name])


def test_ctrl_c_before_anything_is_measured_is_passed_on(monkeypatch):
    def stopped(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.Trainer, "_measure", stopped)
    with pytest.raises(KeyboardInterrupt):
        lb.simulate(BASE)


def test_progress_is_told_with_accuracy_and_speed():
    calls = []
    lb.simulate(BASE, progress=lambda *args: calls.append(args))
    done, total, note = calls[-1]
    assert (done, total) == (20, 20)
    assert re.fullmatch(r"accuracy [01]\.\d{3} train, [01]\.\d{3} test, [\d,]+ steps/s", note)
    lb.simulate(UNIT.with_(steps=2), progress=lambda *args: calls.append(args))
    assert re.match(r"error [\d.e-]+ train, [\d.e-]+ test, ", calls[-1][2])


def test_networks_have_the_engine_step_only():
    for engine in ("jump", "spectral", "slow"):
        assert "networks have 'step'" in refusal(lambda e=engine: lb.simulate(BASE, engine=e))
    assert lb.simulate(BASE, engine="step").engine == "step"


def test_training_leaves_the_settings_of_jax_alone():
    lb.simulate(BASE)
    assert not jax.config.jax_enable_x64
    assert np.asarray(jax.numpy.ones(1)).dtype == np.float32


def test_specs_of_networks_survive_a_file_and_run_the_same():
    again = lb.Experiment.from_toml(BASE.to_toml())
    assert again.hash == BASE.hash
    assert_same_run(lb.simulate(again), lb.simulate(BASE))
    with unchecked():
        assert dataclasses.replace(BASE, name="label").hash == BASE.hash
