"""The flow of networks, against their training and against SciPy's BDF."""

import json

import numpy as np
import pytest
from flow_problems import DIAGONAL, START, Implicit, X, Y, diagonal, teacher_student
from scipy.integrate import solve_ivp

import latebloom as lb
from latebloom.cli.main import main
from latebloom.engines import chebyshev, network_steps
from latebloom.engines.base import choose_engine, find_engine
from latebloom.engines.flow_engine import gradients_of
from latebloom.experiment.initialization import Drawn
from latebloom.experiment.presets import engine_of, load


def follow(e):
    return lb.simulate(e, engine="slow")


CASES = {
    "diagonal": diagonal(),
    "heavy ball": diagonal(momentum=0.9, alpha=0.005),
    "decoupled": diagonal(
        penalty=lb.On(lb.L2(1e-1), "all"),
        momentum=0.9,
        alpha=0.005,
        coupling="decoupled",
        slow_time=40.0,
    ),
    "tanh": teacher_student(),
    "relu": teacher_student("relu", slow_time=0.6, thresholds=(0.1, 0.1)),
    "l1": teacher_student(
        penalty=lb.L1(1e-3), coupling="proximal", alpha=0.02, thresholds=(0.2, 0.25), slow_time=0.3
    ),
    "nuclear": teacher_student(penalty=lb.Nuclear(1e-3), coupling="proximal"),
    "elastic net": teacher_student(
        penalty=lb.L1(1e-3) + lb.L2(1e-3),
        coupling="proximal",
        alpha=0.01,
        momentum=0.5,
        thresholds=(0.2, 0.3),
        slow_time=0.3,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_training_to_the_end_is_inside_the_bracket(name):
    e = CASES[name]
    found, true = follow(e), lb.simulate(e, engine="step", refine=True)
    t1, t2 = found.phases.t1, found.phases.t2
    assert t1 == true.phases.t1
    assert t2.kind == "bracketed", found.notes
    assert t2.low <= true.phases.t2.step <= t2.high
    assert t2.high - t2.low <= 0.01 * t2.low
    assert 0.5 * (t2.low + t2.high) == pytest.approx(true.phases.t2.step, rel=3e-3)
    assert found.phases.verdict == true.phases.verdict
    assert (found.engine, found.records) == ("slow", "flow")
    assert "the flow in slow time" in found.notes[0]
    # The records are those of training, at the same steps.
    np.testing.assert_array_equal(found.trajectory.step, true.trajectory.step)
    for column in ("train_loss", "test_loss", "test_error", "l2_norm", "penalty_value"):
        np.testing.assert_allclose(
            found.trajectory[column], true.trajectory[column], rtol=0.03, err_msg=column
        )


def test_the_first_updates_are_those_of_training_to_the_bit():
    found, true = (lb.simulate(CASES["tanh"], engine=name) for name in ("slow", "step"))
    switch = int(found.notes[0].split(",")[0].split()[-1] + found.notes[0].split(",")[1][:3])
    early = found.trajectory.step <= switch
    assert early.sum() > 20
    for column in ("train_loss", "test_error", "nuclear_norm"):
        one, two = found.trajectory[column][early], true.trajectory[column][early]
        np.testing.assert_array_equal(one, two)


def diagonal_updates(e, count):
    """Return the parameters u, v of plain gradient descent after `count` updates."""
    N = DIAGONAL[1]
    A, y, beta = X[:N].astype(np.float32).astype(float), Y[:N].astype(np.float32), 1e-2
    u, v = START["u"].copy(), START["v"].copy()
    for _ in range(count):
        r = 2 / N * A.T @ (A @ (u * v) - y)
        u, v = u - 0.05 * (v * r + beta * u), v - 0.05 * (u * r + beta * v)
    return u, v


def test_an_implicit_method_with_the_gauss_newton_matrix_agrees_to_a_thousandth():
    e, (n, N, _), switch = diagonal(), DIAGONAL, 224
    A, y = X[:N].astype(np.float32).astype(float), Y[:N].astype(np.float32).astype(float)
    T, z = X[N:].astype(np.float32).astype(float), Y[N:].astype(np.float32).astype(float)
    beta = 1e-2

    def slope(_, p):
        u, v = p[:n], p[n:]
        r = 2 / N * A.T @ (A @ (u * v) - y)
        return -np.concatenate([v * r + beta * u, u * r + beta * v])

    def jacobian(_, p):
        J = A * np.concatenate([p[n:], p[:n]]).reshape(2, 1, n)
        J = np.concatenate(list(J), axis=1)
        return -(2 / N * J.T @ J + beta * np.eye(2 * n))

    def error(_, p):
        return np.linalg.norm(T @ (p[:n] * p[n:]) - z) / np.linalg.norm(z) - 0.1

    error.terminal = True
    found = solve_ivp(
        slope, (0, 400), np.concatenate(diagonal_updates(e, switch)), method=Implicit,
        jac=jacobian, events=error, rtol=1e-8, atol=1e-10,
    )  # fmt: skip
    t2 = switch + found.t_events[0][0] / 0.05
    passage = follow(e).phases.t2
    assert passage.low is not None
    assert passage.high is not None
    assert 0.5 * (passage.low + passage.high) == pytest.approx(t2, rel=1e-3)


def test_a_horizon_within_the_first_updates_is_exact():
    e = diagonal().with_(steps=150)
    found, true = (lb.simulate(e, engine=name) for name in ("slow", "step"))
    assert found.phases.t1.step == 111
    np.testing.assert_array_equal(found.trajectory.test_loss, true.trajectory.test_loss)
    assert found.notes == true.notes  # nothing of a flow


def test_a_large_penalty_has_a_floor_above_the_threshold():
    e = diagonal(beta=0.3, slow_time=60.0, thresholds=(0.3, 0.1))
    found = follow(e)
    assert found.phases.t2.kind == "censored"
    assert any("come to rest" in note for note in found.notes)
    assert lb.simulate(e, engine="step").phases.t2.kind == "censored"


def test_other_numbers_compile_nothing():
    programs = chebyshev._attempt, chebyshev.spectral_radius, network_steps._pushed
    one = teacher_student(slow_time=0.2)
    follow(one)
    sizes = [program._cache_size() for program in programs]  # pyright: ignore
    follow(one.with_(method=lb.SGD(0.04), penalty=lb.L2(2e-3), init=Drawn(5)))
    assert [program._cache_size() for program in programs] == sizes  # pyright: ignore


def test_the_cost_grows_as_the_square_root_of_the_steps():
    engine, e = find_engine("slow", diagonal()), diagonal()
    costs = [engine.cost(e.with_(steps=10**k)) for k in (6, 8, 10)]
    assert 9 < (costs[2] - costs[1]) / (costs[1] - costs[0]) < 11
    assert costs[2] < 0.01 * find_engine("step", e).cost(e.with_(steps=10**10))


@pytest.mark.parametrize("name", ["slow-teacher", "slow-addition", "slow-cross-entropy"])
def test_the_gradients_that_a_notice_counts_on_are_those_that_it_takes(name):
    """Within a factor of three, at the small sizes; their time is that of the machine."""
    e = load(name, small=True)
    note = follow(e).notes[0]
    taken = float(note.split(" with ")[1].split(" gradients")[0].replace(",", ""))
    assert 1 / 3 < gradients_of(e) / taken < 3


def test_auto_does_not_take_it():
    assert choose_engine(diagonal()) == "step"


REFUSED = {
    "beta nearly cancels": {"method": lb.Adam(1e-3)},
    "not Adam": {"method": lb.Adam(1e-3, coupling="decoupled")},
    "not Optax": {"method": lb.Optax(1e-3, name="sgd")},
    "minibatches": {"method": lb.SGD(0.05, batch=5)},
    "Nesterov": {"method": lb.SGD(0.05, momentum=0.9, nesterov=True)},
    "sphere": {"method": lb.SGD(0.05, sphere=1.0)},
    "precision = 'float64'": {"precision": "mixed"},
    "constant alpha": {"method": lb.SGD(lb.PowerDecay(0.05))},
    "constant beta": {"penalty": lb.On(lb.L2(lb.PowerDecay(0.05)), "all")},
    "beta = 0": {"penalty": lb.On(lb.L2(0.0), "all")},
    "without a penalty": {"penalty": None},
    "coupling = 'proximal'": {"penalty": lb.On(lb.L1(1e-3), "all")},
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_has_no_flow_is_refused_with_what_would_work(reason):
    e = diagonal().with_(**REFUSED[reason])
    with pytest.raises(lb.Unsupported, match=reason) as error:
        follow(e)
    assert str(error.value).endswith("use engine 'step'")


def test_a_smooth_penalty_on_the_function_has_a_flow_and_a_norm_of_it_has_none():
    e, engine = teacher_student(), "slow"
    smooth = e.with_(penalty=lb.L2(1e-3) + lb.Sobolev(0.01))
    assert find_engine(engine, smooth).why_not(smooth) is None
    with pytest.raises(lb.Unsupported, match="Sobolev has kinks"):
        follow(e.with_(penalty=lb.L2(1e-3) + lb.Sobolev(0.01, norm="batch")))


def test_refine_is_refused_and_only_refine(tmp_path):
    with pytest.raises(lb.Unsupported, match="engine 'slow': refine looks at every step") as error:
        lb.simulate(diagonal(), engine="slow", refine=True, checkpoint=tmp_path)
    assert "checkpoint" not in str(error.value)
    assert str(error.value).endswith("use engine 'step'")


def test_named_experiments_say_that_they_are_made_for_it():
    for name in ("slow-teacher", "slow-addition", "slow-cross-entropy"):
        assert engine_of(name) == "slow"
        assert find_engine("slow", load(name)).name == "slow"
    assert engine_of("fig3") == "auto"


@pytest.mark.slow
def test_a_named_experiment_runs_with_its_engine(capsys):
    found = []
    for more in ([], ["--engine", "step", "--refine"]):
        assert main(["run", "slow-teacher", "--small", "--json", *more]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert [run["engine"] for run in found] == ["slow", "step"]
    assert found[0]["t2"]["low"] <= found[1]["t2"]["step"] <= found[0]["t2"]["high"]
