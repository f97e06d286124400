"""What is predicted of networks, against training them to the end."""

import json
import math
from typing import Any

import numpy as np
import pytest
from flow_problems import DIAGONAL, START, X, Y, diagonal, teacher_student

import latebloom as lb
from latebloom.cli.main import main
from latebloom.theory import network_ahead, plan

# The heavy ball and its penalty outside of the gradient have other clocks than gradient descent.
HEAVY = teacher_student(momentum=0.5, alpha=0.025)


def stepped(beta: float, steps: int) -> Any:
    """Return t1, t2 and the last errors of gradient descent on the product, in plain NumPy."""
    N = DIAGONAL[1]
    data, values = (a.astype(np.float32).astype(float) for a in (X, Y))
    u, v, size = START["u"].copy(), START["v"].copy(), np.linalg.norm
    passed: list[Any] = [None, None]
    errors = [np.inf, np.inf]
    for k in range(steps + 1):
        left = data @ (u * v) - values
        sides = slice(N), slice(N, None)
        errors = [size(left[side]) / size(values[side]) for side in sides]
        for i, goal in enumerate((1e-2, 0.1)):
            if passed[i] is None and errors[i] <= goal:
                passed[i] = k
        r = 2 / N * data[:N].T @ left[:N]
        u, v = u - 0.05 * (v * r + beta * u), v - 0.05 * (u * r + beta * v)
    return *passed, *errors


@pytest.fixture(scope="module")
def predicted():
    return lb.predict(diagonal().with_(steps=100))


def test_training_to_the_end_is_what_was_predicted_whatever_the_horizon(predicted):
    # Six times as long as to t2, so that the end shows: the rates of decay are about beta.
    t1, t2, train, test = stepped(1e-2, 36_000)
    low, high = predicted.t2_interval
    assert (predicted.t1, predicted.t1_kind) == (t1, "exact")
    assert low <= t2 <= high <= 1.02 * low
    assert predicted.t2_kind == "bracketed"
    assert predicted.delay == predicted.t2 - predicted.t1
    assert predicted.s2 == pytest.approx(0.05 * 1e-2 * predicted.t2)
    assert predicted.memorizes is predicted.generalizes is True
    assert predicted.train_floor == pytest.approx(train, rel=0.02)
    assert predicted.test_floor == pytest.approx(test, rel=0.02)


@pytest.mark.slow
def test_the_heavy_ball_trains_as_predicted():
    found: Any = lb.predict(HEAVY)
    true: Any = lb.simulate(HEAVY, engine="step", refine=True)
    low, high = found.t2_interval
    assert found.t1 == true.phases.t1.step
    assert low <= true.phases.t2.step <= high
    assert found.s2 == pytest.approx(0.025 / 0.5 * 1e-3 * found.t2)


def test_a_threshold_below_the_floor_is_not_reached():
    found: Any = lb.predict(diagonal(thresholds=(1e-2, 5e-3)))
    assert found.generalizes is False
    assert found.t2 is None
    assert found.test_floor > 5e-3
    assert any("t2: not before step" in note and "comes to rest" in note for note in found.notes)


def test_the_work_is_bounded(monkeypatch):
    monkeypatch.setattr(network_ahead, "MOST_GRADIENTS", 100)
    found: Any = lb.predict(diagonal())
    assert found.t1 is not None
    assert found.t2 is None
    assert found.generalizes is None
    assert any("no more than 100 gradients" in note for note in found.notes)


def test_progress_counts_gradients_and_ctrl_c_ends_the_prediction():
    seen = []

    def moved(done, total, note=""):
        seen.append((done, total))
        if total == network_ahead.MOST_GRADIENTS:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lb.predict(diagonal(), progress=moved)
    assert 0 < seen[-1][0] < seen[-1][1]


NETWORK = diagonal()
COUPLED, ADAMW = lb.Adam(1e-3), lb.Adam(1e-3, coupling="decoupled")
REFUSED = {
    "minibatches": ({"method": lb.SGD(0.05, batch=5)}, "noise of minibatches"),
    "coupled Adam": ({"method": COUPLED}, "in coupled Adam beta nearly cancels"),
    "AdamW": ({"method": ADAMW}, r"AdamW.*roughly, as 1/\(alpha beta\)"),
    "no penalty": ({"penalty": None}, "without a penalty there is no slow time"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_where_no_law_holds_the_reason_is_given(name):
    changes, words = REFUSED[name]
    experiment = NETWORK.with_(**changes)
    found: Any = lb.predict(experiment)
    assert found.t1 is found.t2 is None
    assert len(found.notes) == 1
    with pytest.raises(lb.Unsupported, match=words):
        plan(experiment, 1e5, 0.1)
    assert found.notes[0].startswith("t1, t2: ")


def test_without_the_flow_a_sentence_says_how_to_get_it():
    assert lb.predict(NETWORK, exact=False).notes == (
        "t1, t2: `latebloom predict`, lb.predict(experiment), follows the flow to find them",
    )


@pytest.mark.slow
def test_a_plan_generalizes_within_its_budget_and_a_smaller_strength_does_not():
    found: Any = plan(diagonal(), 3e4, 0.1)
    assert found.possible
    assert found.beta_low <= found.beta <= found.beta_high
    assert found.least_budget <= found.t2 <= 3e4
    assert stepped(0.8 * found.beta_low, 30_000)[1] is None
    assert stepped(1.02 * found.beta_low, 30_000)[1] is not None
    assert stepped(found.beta, 30_000)[1] == pytest.approx(found.t2, rel=0.02)
    assert found.final_error < 0.1


def test_a_plan_says_what_is_impossible():
    hurry: Any = plan(diagonal(), 500, 0.1)
    assert not hurry.possible
    assert hurry.least_budget > 500
    assert hurry.why == f"the fastest strength tried takes {hurry.least_budget:,} steps"


def test_the_fastest_strength_is_found_between_those_of_the_first_search(monkeypatch):
    """t2 falls as 1/beta up to the strength 2, from which on no t2 is seen."""
    from latebloom.theory.network_plan import HALVINGS, STRIDE, _Search

    search = _Search(NETWORK, 60, None)
    monkeypatch.setattr(
        search, "time", lambda b: 100 * search.beta / b if b < 2 * search.beta else math.inf
    )
    search.ends = {search.beta * STRIDE: 1.0}
    coarse = search._fastest()
    assert coarse == search.beta  # a stride further none is seen
    fine = search._faster(coarse)
    assert search.time(fine) <= 60
    search.budget = 1
    assert 100 / 2 <= search.time(search._faster(coarse)) <= 50 * STRIDE ** (0.5 ** (HALVINGS - 1))


def test_where_the_updates_diverge_it_is_said():
    fast = NETWORK.with_(method=lb.SGD(50.0))
    words = "the updates diverge before step"
    assert [words in note for note in lb.predict(fast).notes] == [True]
    found: Any = plan(NETWORK, 1e4, 0.1, alpha=50.0)
    assert not found.possible
    assert words in found.why
    run = lb.simulate(fast.with_(steps=1000), engine="step")
    assert run.phases.verdict == "diverged"
    assert f"at step {run.phases.diverged_at} " in run.phases.reason


def test_all_strengths_of_a_sum_are_scaled_together():
    from latebloom.theory.network_plan import _Search

    u, v = lb.On(lb.L2(1e-2), "u"), lb.On(lb.L2(1e-3), "v")
    terms = _Search(NETWORK.with_(penalty=u + v), 1, None).at(1e-3).terms
    assert [term.beta for term in terms] == pytest.approx([1e-3, 1e-4])


def test_the_command_predicts_a_network(capsys):
    assert main(["predict", "slow-teacher", "--small", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["t1_kind"] == "exact"
    assert found["t2_interval"][0] <= 35_383 <= found["t2_interval"][1]  # every update computed
    assert main(["predict", "blog-fig1", "--small", "--budget", "1e5"]) == 2
    assert "in coupled Adam beta nearly cancels" in capsys.readouterr().err


@pytest.mark.slow
def test_a_plan_does_not_depend_on_the_strength_that_the_search_begins_with(capsys):
    weak = ("--small", "--beta", "1e-8", "--budget", "1e5", "--json")
    assert main(["predict", "slow-teacher", *weak]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["possible"]
    # From beta = 1e-4: between 4.8e-5 and 0.0049, each within the steps of the search.
    assert plan["beta_low"] == pytest.approx(4.8e-5, rel=0.3)
    assert 1e-3 < plan["beta_high"] < 1e-2


@pytest.mark.slow
def test_where_the_error_passes_early_a_plan_has_no_smallest_strength(capsys):
    assert main(["predict", "slow-teacher", "--small", "--budget", "1e5", "--error", "0.3"]) == 0
    out = capsys.readouterr().out
    assert "beta, at most" in out


def test_an_error_that_passes_its_threshold_and_ends_above_it_is_said(capsys):
    assert main(["predict", "slow-teacher", "--small", "--beta", "0.00487"]) == 0
    out = capsys.readouterr().out
    assert "passes its threshold there, and ends above it" in " ".join(out.split())
    assert "the test error ends at or below its threshold" not in out


def test_the_flow_is_not_at_rest_before_the_weaker_penalty_has_acted():
    """Strong on the bias, weak on the weights: of the latter slow time is a thirty-thousandth."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((220, 30))
    y = (x @ (x[:20].T @ rng.standard_normal(20) / 20))[:, None]
    problem = lb.SupervisedData(x[:20], y[:20], x[20:], y[20:], loss="mse")
    start = {"W": rng.standard_normal((1, 30)), "b": np.array([0.3])}
    model = lb.Custom("affine", start, lambda p, x: x @ p["W"].T + p["b"])
    penalty = lb.On(lb.L2(1e-3), "weights") + lb.On(lb.L2(3.0), "biases")
    e = lb.Experiment(
        problem, penalty, lb.SGD(0.1), model, steps=30_000, thresholds=(0.02, 0.3),
        precision="float64",
    )  # fmt: skip
    true = lb.simulate(e, engine="step", refine=True).phases.t2
    found = lb.predict(e)
    assert found.generalizes
    assert found.t2_interval[0] <= true.step <= found.t2_interval[1]
