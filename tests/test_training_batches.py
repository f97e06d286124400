"""Training: batches of runs, exact steps, and how runs end."""

import dataclasses
import re

import jax
import numpy as np
import pytest
from helpers import unchecked, x64
from network_helpers import (
    blobs,
    refusal,
)
from training_helpers import (
    BASE,
    SWITCHED,
    UNIT,
    X,
    Y,
    assert_same_run,
    interrupting,
    plain_run,
)

import latebloom as lb
from latebloom.engines import training
from latebloom.engines.network import compiled, setup

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
        advance, evaluate = compiled(program)
        for found in (
            advance.lower(data, numbers, state, 0, t1, 1),
            evaluate.lower(data, numbers, state.params, 0, t1),
        ):
            text = found.as_text()
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
    """Up to that record the penalty was off."""
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
    assert run.phases.verdict == lb.Verdict.undecided, run.phases.reason


def test_a_run_that_diverges_does_not_disturb_its_batch():
    good = BASE.with_(method=lb.SGD(0.05), penalty=lb.L2(1.0), record=lb.Every(2), steps=60)
    runs = lb.simulate_batch([good, good.with_(method=lb.SGD(1e8))])
    assert [run.phases.verdict == lb.Verdict.diverged for run in runs] == [False, True]
    assert_near(runs[0], lb.simulate(good))


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


def test_networks_have_engines_of_their_own():
    for engine in ("jump", "spectral"):
        assert "networks have 'step', 'slow'" in refusal(
            lambda e=engine: lb.simulate(BASE, engine=e)
        )
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
