"""The weight-decay clock, the spectral theory and the logit scale, against plain NumPy."""

import math

import numpy as np
import pytest

import latebloom as lb
from latebloom.laws.finding import Verdict
from latebloom.laws.weight_decay_clock import WEIGHT_DECAY_CLOCK, remaining
from latebloom.problems import LinearData
from latebloom_paper.others import (
    logit_scale,
    one_hot,
    spectral_runs,
    spectral_theory,
    weight_decay_clock,
)

# The weight-decay clock --------------------------------------------------------------------------


def plain(rate, momentum, left, coupled):
    """Heavy ball on one parameter that only its penalty moves, update by update."""
    eta, decay = 0.25, rate / 0.25
    theta, velocity, k = 1.0, 0.0, 0
    while abs(theta) > left:
        velocity = momentum * velocity + (decay * theta if coupled else 0.0)
        theta = theta - eta * velocity - (0.0 if coupled else eta * decay * theta)
        k += 1
    return k


@pytest.mark.parametrize("coupled", [True, False])
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("rate", [1e-3, 1e-2, 0.3])
def test_the_recursion_is_that_of_heavy_ball(rate, momentum, coupled):
    # 0.3 with momentum 0.9 is where the parameter oscillates: the count is of the first passage.
    found = weight_decay_clock.recursion(rate, momentum, 0.013, coupled)
    assert found == plain(rate, momentum, 0.013, coupled)


def test_the_law_is_the_limit_of_the_recursion():
    for momentum in (0.0, 0.5, 0.9):
        off = []
        for part in (0.1, 0.01, 0.001):
            rate = part * (1 - momentum) ** 2
            law = weight_decay_clock.clock(rate, momentum) * math.log(100)
            off.append(abs(law / weight_decay_clock.recursion(rate, momentum, 0.01) - 1))
        assert off[2] < 0.002
        assert off == sorted(off, reverse=True)


@pytest.mark.parametrize("coupling", ["coupled", "decoupled"])
def test_runs_of_least_squares_count_as_the_recursion_does(coupling):
    case = {"features": 12, "examples": 5, "left": 0.05, "eta": 0.1, "rate": 2e-3, "momentum": 0.8}
    found = weight_decay_clock.least_squares(case | {"coupling": coupling})
    assert found["measured"] == found["recursion"]
    outside = math.ceil(math.log(0.05) / math.log(1 - 2e-3))
    assert (found["recursion"] == outside) == (coupling == "decoupled")


def ridge(seed, momentum, rate, threshold=0.3, **method):
    rng = np.random.default_rng(seed)
    X, truth = rng.standard_normal((8, 20)) / 4, rng.standard_normal(20)
    truth = X.T @ np.linalg.solve(X @ X.T, X @ truth)  # nothing of it is hidden
    return lb.Experiment(
        LinearData(X, X @ truth, truth), lb.L2(rate / 0.2),
        lb.SGD(0.2, momentum=momentum, **method), init=5 * rng.standard_normal(20),
        steps=60_000, thresholds=(0.5, threshold), record=lb.LogSpaced(10),
    )  # fmt: skip


LAW = WEIGHT_DECAY_CLOCK[0]


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_the_clock_holds_on_heavy_ball_and_is_nearly_exact_for_weak_decay(momentum):
    for seed, part in ((0, 0.05), (1, 0.003)):
        rate = part * (1 - momentum) ** 2
        run = lb.simulate(ridge(seed, momentum, rate), engine="step")
        found = LAW.check(run)
        assert found.verdict == Verdict.holds, found
        assert found.promise is not None
        assert found.measured == pytest.approx(found.promise.value, rel=2 * part, abs=3)


def test_what_heavy_ball_leaves_is_what_a_loop_leaves():
    found = remaining(np.array([0.01, 0.7, 3.0]), 0.3, 0.8, 57)
    for c, left in zip((0.01, 0.7, 3.0), found, strict=True):
        x, v = 1.0, 0.0
        for _ in range(57):
            v = 0.8 * v + c * x
            x -= 0.3 * v
        assert left == pytest.approx(x, rel=1e-9)


def test_the_clock_says_what_it_is_not_about():
    strong = ridge(0, 0.9, 0.05)  # above (1 - sqrt(0.9))^2: it oscillates
    assert next(str(a.state) for a in LAW.assumptions(strong)) == "fails"
    for experiment, why in (
        (ridge(0, 0.5, 1e-4, coupling="decoupled"), "in the gradient"),
        (ridge(0, 0.5, 1e-4, nesterov=True), "without Nesterov"),
        (ridge(0, 0.5, 1e-4).with_(penalty=None), "weight decay"),
        (ridge(0, 0.5, 1e-4).with_(**{"method.alpha": 40.0}), "not stable"),
        (ridge(0, 0.5, 1e-4, threshold=1e-9), "the error passes its threshold"),
    ):
        found = LAW.check(lb.simulate(experiment.with_(steps=3), engine="step"))
        assert found.verdict == Verdict.vacuous
        assert why in found.why


# One-hot addition and the tangent kernel ---------------------------------------------------------


def test_the_split_by_differences_is_the_source_s():
    s = spectral_theory.STUDY.settings
    problem = one_hot.by_difference(s["p"], s["differences"])
    assert (len(problem.train.targets), len(problem.test.targets)) == (368, 161)
    a, b = problem.train.inputs.reshape(-1, 2, 23).argmax(axis=2).T
    assert ((a + b) % 23 == problem.train.targets).all()
    assert set((a - b) % 23) == set(s["differences"])
    # The split does not change if both residues move on by one.
    pairs = set(zip(a.tolist(), b.tolist(), strict=True))
    assert {((x + 1) % 23, (y + 1) % 23) for x, y in pairs} == pairs


CASE = {"p": 5, "width": 7, "differences": [0, 1, 3], "updates": 40, "every": 10, "seed": 3}
CASE |= {"slow": 1e9, "eta": 0.5, "lambda": 2e-3}


def test_directions_of_the_task_make_up_the_labels():
    x = one_hot.vectors(np.stack(np.divmod(np.arange(25), 5), axis=1), 5)
    u = spectral_runs.directions(CASE, x, spectral_runs.TASK)
    flat = u.reshape(len(u), -1)
    assert flat @ flat.T == pytest.approx(np.eye(2), abs=1e-12)
    labels = np.eye(5)[(x[:, :5].argmax(1) + x[:, 5:].argmax(1)) % 5]
    assert np.tensordot(flat @ labels.ravel(), u, 1) + 1 / 5 == pytest.approx(labels)
    other = spectral_runs.directions(CASE, x, spectral_runs.OTHER)
    assert np.abs((other * labels).sum((1, 2))).max() < 1e-12


def test_the_kernel_is_that_of_the_jacobian():
    run = lb.simulate(spectral_runs.instance(CASE, 40), engine="step")
    side = run.experiment.supervised.train
    x, y = side.inputs.astype(float), np.eye(5)[side.targets]
    W1, W2 = (run.params[f"layers.{k}.weight"].astype(float) for k in (0, 1))
    z = x @ W1.T
    f = np.maximum(z, 0) @ W2.T
    # Rows (example, output), columns W1 and W2.
    J1 = np.einsum("ch,nh,ni->nchi", W2, (z > 0) * 1.0, x).reshape(f.size, -1)
    J2 = np.einsum("cd,nh->ncdh", np.eye(5), np.maximum(z, 0)).reshape(f.size, -1)
    J = np.hstack([J1, J2])
    theta = np.concatenate([W1.ravel(), W2.ravel()])
    assert J @ theta == pytest.approx(2 * f.ravel())  # two layers: homogeneous of degree 2
    K, decay = J @ J.T, 2 * 2e-3 * f.size / 2
    ridge = -decay * np.linalg.solve(K + decay * np.eye(f.size), y.ravel())
    residual = (f - y).ravel()
    found = spectral_runs.looked_at(CASE, run.experiment, dict(run.params))
    off = np.linalg.norm(residual - ridge) / np.linalg.norm(residual)
    assert found["off"] == pytest.approx(off, rel=1e-4)
    u = spectral_runs.directions(CASE, side.inputs, spectral_runs.TASK).reshape(2, -1)
    strength = np.einsum("ki,ij,kj->k", u, K, u)
    assert found["task"] == pytest.approx(2 / f.size * strength.mean())
    assert found["gain"] == pytest.approx(np.mean(strength / (strength + decay)))
    assert found["expressed"] == pytest.approx(np.mean((u @ f.ravel()) / (u @ y.ravel())))


def test_outcomes_of_runs_have_the_source_s_names():
    found = spectral_runs.measured(CASE | {"eta": 0.01})
    assert found["outcome"] == "no fitting"
    assert found["fit"] is None
    assert found["s90"] is None


# The logit scale ---------------------------------------------------------------------------------


def case(**changed):
    return {"seed": 1, "steps": 20, "tau": 1.0, "norm": None, "changes": {}} | changed


def test_a_temperature_divides_the_outputs_and_a_norm_is_held():
    one, other = (logit_scale.instance(case(tau=tau)) for tau in (1.0, 2.0))
    x = one.supervised.train.inputs
    params = one.network.start(one.supervised, 0)
    outputs = [np.asarray(e.network.apply(params, x)) for e in (one, other)]
    assert outputs[0] == pytest.approx(2 * outputs[1])
    held = lb.simulate(logit_scale.instance(case(norm=20.0, tau=1.5)))
    assert held.trajectory["l2_norm"].values == pytest.approx(20.0, rel=1e-5)


def test_the_recovered_share_is_read_at_the_scale_of_the_baseline():
    raised = np.array([[8.0, 1000.0], [6.0, 700.0], [4.0, 300.0]])
    assert logit_scale.recovery((5.0, 200.0), raised) == pytest.approx((1000 - 500) / 800)
    assert logit_scale.recovery((1.0, 200.0), raised) == pytest.approx((1000 - 300) / 800)


def test_the_coefficient_of_determination_is_the_squared_correlation(rng):
    x, noise = rng.standard_normal((2, 30))
    y = 2 * x + noise
    assert logit_scale.r2(y, x) == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    assert logit_scale.r2(y, x, noise) == pytest.approx(1.0)
