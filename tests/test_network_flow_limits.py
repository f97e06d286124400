"""Where the flow of a network is no answer, and how a run is interrupted and goes on."""

import re
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from flow_problems import DIAGONAL, PRODUCT, START, X, Y, addition, diagonal, experiment

import latebloom as lb
from latebloom.engines import following, network_following
from latebloom.engines.network_passages import Clock, Watch, bracket
from latebloom.models import Custom


def follow(e, **options: Any):
    return lb.simulate(e, engine="slow", **options)


def undecided(run, reason):
    """Assert that t2 has no bracket, for this reason, and that it is not said to be later."""
    t2 = run.phases.t2
    assert t2.kind == "censored"
    assert t2.low <= run.last_step
    assert any(reason in note for note in run.notes), run.notes
    assert run.phases.verdict == "undecided"
    return run


def scalar(function, start, alpha=0.1, thresholds=(0.01, 0.4), outputs=1, slow_time=6.0):
    """Return a model of one input, trained to give 1, tested against 0.5 more than that."""
    one = np.ones((1, 1))
    y = np.ones((1, outputs))
    problem = lb.SupervisedData(one, y, one, 1.5 * y, loss="mse")
    model = Custom("scalar", {k: np.array([v]) for k, v in start.items()}, function)
    penalty = lb.On(lb.L2(1e-3), "all")
    return experiment(problem, model, penalty, alpha, slow_time, thresholds=thresholds)


def test_the_edge_of_stability_ends_the_flow():
    """The penalty shortens w, for which exp(-3 b) and with it the curvature have to grow."""

    def function(p, x):
        return x * (p["w"] * jnp.exp(-3 * p["b"]))

    e = scalar(function, {"w": 20.0, "b": 1.0}, thresholds=(0.01, 0.3))
    run = undecided(follow(e), "edge of stability")
    assert run.last_step < e.steps
    # Without the oscillations, at a smaller step size, it goes on.
    calm = follow(scalar(function, {"w": 20.0, "b": 1.0}, alpha=0.05))
    assert calm.last_step == calm.experiment.steps


@pytest.mark.parametrize("coupling", ["coupled", "decoupled", "proximal"])
def test_a_start_without_a_gradient_is_refused_with_the_parameter(tmp_path, coupling):
    """The slope of sqrt(|w|) at w = 0 is infinite times zero, which is no number."""

    def function(p, x):
        return x * (p["b"] + jnp.sqrt(jnp.abs(p["w"])))

    e = scalar(function, {"b": 0.5, "w": 0.0})
    e = e.with_(method=lb.SGD(0.1, coupling=coupling))
    asked = [
        lambda: follow(e),
        lambda: lb.predict(e),
        lambda: lb.theory.plan(e, 1e4, 0.1),
        lambda: follow(e, checkpoint=tmp_path),
        lambda: follow(e, checkpoint=tmp_path),  # with the file of the first one
    ]
    for ask in asked:
        with pytest.raises(
            lb.InvalidInput, match=r"step 0 is not finite in parameter 'w'"
        ) as error:
            ask()
        assert "the loss is 0.25 there" in str(error.value)  # (1 - 0.5)^2
    # Training says that it diverges, and no law covers that run.
    run = lb.simulate(e.with_(steps=9), engine="step")
    assert run.phases.verdict == "diverged"
    law = lb.check(run)["slow time of a network"]
    assert str(law.verdict) == "vacuous"
    assert "parameter 'w'" in law.why
    # Beside the kink there is a gradient.
    assert follow(scalar(function, {"b": 0.5, "w": 0.1})).last_step > 1


def test_a_start_without_a_loss_is_not_called_a_matter_of_alpha():
    e = scalar(lambda p, x: x * p["b"] ** 3, {"b": 1e99})
    notes = lb.predict(e).notes
    assert any("the training loss at step 0 is not finite" in note for note in notes), notes
    assert not any("alpha" in note for note in notes)
    assert follow(e).phases.reason.startswith("the run diverged at step 0")


def sliding():
    """Return an experiment whose flow slides along a kink."""

    def function(p, x):  # the first output pushes |w| to zero, for ever
        return x * jnp.concatenate([jnp.abs(p["w"]) + p["b"] + 2, p["b"]])

    return scalar(function, {"w": 0.7, "b": 0.1}, outputs=2, thresholds=(0.9, 0.1))


def test_kinks_that_the_flow_slides_along_end_it(monkeypatch):
    monkeypatch.setattr(following, "GRACE", 2000)  # it would only take longer to see
    undecided(follow(sliding()), "more gradients than steps, as at kinks")


def test_integrations_that_disagree_are_undecided(monkeypatch):
    monkeypatch.setattr(network_following, "RTOL", 1.0)  # steps too long for any agreement
    run = undecided(follow(diagonal()), "two integrations disagree")
    true = lb.simulate(diagonal(), refine=True).phases.t2.step
    note = next(note for note in run.notes if "a bracket would be" in note)
    low, high = (int(k.replace(",", "")) for k in re.findall(r"\d[\d,]*\d", note)[:2])
    assert low <= true <= high
    assert high - low > 0.02 * low


def test_a_passage_near_the_floor_is_undecided():
    floor = float(follow(diagonal(0.1, 60.0, thresholds=(0.1, 1e-3))).trajectory.test_error[-1])
    e = diagonal(0.1, 60.0, thresholds=(0.1, floor * (1 + 1e-5)))
    undecided(follow(e), "t2 is undecided")


def test_an_error_that_jumps_is_undecided():
    def jumps(p, x):  # on the test examples only, so that training does not see it
        large = (p["u"] ** 2).sum() > 20.0
        test = len(x) > DIAGONAL[1]
        return PRODUCT.function(p, x) + (jnp.where(large, 1.0, 0.0) if test else 0.0)

    e = diagonal(model=Custom("jumps", START, jumps), thresholds=(0.1, 0.75))
    undecided(follow(e), "jumps at its threshold")


def test_one_example_more_or_less_of_few_is_undecided():
    undecided(follow(addition()), "one example more or less decides")


@pytest.mark.parametrize(("measure", "level"), [("probability", 0.5), ("loss", 1.5)])
def test_errors_of_few_classes_that_do_not_jump_are_bracketed(measure, level):
    e = addition(11, "cross_entropy", alpha=1.0, thresholds=(0.3, 0.5))
    undecided(follow(e), "one example more or less decides")
    smooth = e.with_(measure=measure, thresholds=(0.3, level))
    found, true = (lb.simulate(smooth, engine=k, refine=k == "step") for k in ("slow", "step"))
    t2 = found.phases.t2
    assert t2.low <= true.phases.t2.step <= t2.high <= 1.01 * t2.low
    assert found.phases.t1 == true.phases.t1
    last = found.trajectory.test_error[-1]
    assert last == pytest.approx(float(true.trajectory.test_error[-1]), rel=1e-3)
    assert lb.predict(smooth).t2_interval == (t2.low, t2.high)


def test_an_error_of_many_classes_is_bracketed():
    N = DIAGONAL[1]
    rng = np.random.default_rng(1)
    more = rng.standard_normal((2000, X.shape[1]))
    labels = [(y > 0).astype(int) for y in (Y[:N], more[:, : DIAGONAL[2]].sum(axis=1))]
    problem = lb.SupervisedData(X[:N], labels[0], more, labels[1], loss="mse")

    def two(p, x):
        f = PRODUCT.function(p, x)
        return jnp.concatenate([-f, f], axis=1)

    model = Custom("two", START, two)
    penalty = lb.On(lb.L2(1e-2), "all")
    e = experiment(problem, model, penalty, 0.05, 4.0, thresholds=(0.01, 0.28))
    found, true = (lb.simulate(e, engine=k).phases.t2 for k in ("slow", "step"))
    assert found.kind == "bracketed"
    assert max(found.low, true.low) <= min(found.high, true.high)


def test_a_passage_just_beyond_the_horizon_is_not_excluded():
    whole = diagonal()
    t2 = lb.simulate(whole, refine=True).phases.t2.step
    assert t2 is not None
    run = follow(whole.with_(steps=t2 - 2))
    assert run.phases.t2.kind == "censored"
    assert run.phases.t2.low <= t2 - 2
    assert run.phases.verdict == "undecided"


def test_brackets_need_a_second_integration():
    watch = Watch((0.1, 0.1, 0.1), True, [50.0, 50.0, 50.0])
    clock = Clock(100, 10.0)
    passage, note = bracket("t2", watch, 0.05, clock, 1000)
    # Step 600, a thousandth, the error of the flow of 0.5 steps, two steps and 0.3 x 0.5 of memory.
    assert (passage.low, passage.high) == (596, 604)
    assert "bracket" in note
    passage, note = bracket("t2", watch, float("inf"), clock, 1000)
    assert passage.kind == "censored"
    assert "not repeated" in note
    passage, note = bracket("t2", watch, 0.05, clock, 603)
    assert "beyond the end" in note


# --- Interrupted runs -----------------------------------------------------------------------------


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr(network_following, "SECONDS_PER_MOVE", -1.0)


class Stop:
    """Presses Ctrl-C at the n-th report of the flow."""

    def __init__(self, count):
        self.left, self.notes = count, []

    def __call__(self, done, total, note=""):
        self.notes.append((done, total, note))
        if "slow time" in note:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


def same(one, two):
    for column in one.trajectory:
        np.testing.assert_array_equal(one.trajectory[column], two.trajectory[column])
    for name, value in one.params.items():
        np.testing.assert_array_equal(value, two.params[name])
    assert one.phases == two.phases


@pytest.mark.parametrize("count", [1, 15])
def test_an_interrupted_run_goes_on_to_the_same_end(often, tmp_path, count):
    e = diagonal()
    whole = follow(e)
    stop = Stop(count)
    part = follow(e, progress=stop, checkpoint=tmp_path)
    assert part.interrupted
    assert 224 <= part.last_step < e.steps
    shared = len(part.trajectory.step) - 1  # the last one is where it ended
    np.testing.assert_array_equal(
        part.trajectory.test_error[:shared], whole.trajectory.test_error[:shared]
    )
    assert (part.phases.t2.low or 0) <= whole.phases.t2.low
    rest = follow(e, checkpoint=tmp_path)
    assert not rest.interrupted
    assert any("resumed at step" in note for note in rest.notes)
    same(rest, whole)
    same(follow(e, checkpoint=tmp_path), whole)  # of a finished one


def finished_twice(e, folder, monkeypatch):
    """Assert that a finished run that is started again ends the same; return how often each of the
    two was integrated, beside the first time."""
    counts, again = [], following.Following._again

    def counted(self, *arguments):
        counts[-1] += 1
        return again(self, *arguments)

    monkeypatch.setattr(following.Following, "_again", counted)
    runs = []
    for _ in range(2):
        counts.append(0)
        runs.append(follow(e, checkpoint=folder))
    same(*runs)
    assert [n for n in runs[1].notes if not n.startswith("resumed at")] == list(runs[0].notes)
    return counts


def test_a_third_integration_is_not_taken_for_the_first(tmp_path, monkeypatch):
    monkeypatch.setattr(network_following, "RTOL", 1e-2)  # the second one disagrees, not the third
    assert finished_twice(diagonal(), tmp_path, monkeypatch) == [2, 2]
    assert follow(diagonal()).phases.t2.kind == "bracketed"


def test_a_finished_run_remembers_that_a_passage_was_near(tmp_path, monkeypatch):
    t2 = lb.simulate(diagonal(), refine=True).phases.t2.step
    assert t2 is not None
    e = diagonal().with_(steps=t2 - 2)
    assert finished_twice(e, tmp_path, monkeypatch) == [0, 0]
    assert follow(e, checkpoint=tmp_path).phases.t2.low < e.steps


def test_a_run_that_kinks_ended_goes_no_further(tmp_path, monkeypatch):
    monkeypatch.setattr(following, "GRACE", 2000)
    finished_twice(sliding(), tmp_path, monkeypatch)


def test_a_file_of_another_run_is_refused(tmp_path):
    follow(diagonal(slow_time=1.0), checkpoint=tmp_path)
    with pytest.raises(lb.InvalidInput, match="another run"):
        follow(diagonal(slow_time=1.1), checkpoint=tmp_path)
    flow = tmp_path / network_following.FILE
    flow.write_bytes(flow.read_bytes()[:100])
    with pytest.raises(lb.InvalidInput, match="cannot be read as a checkpoint"):
        follow(diagonal(slow_time=1.0), checkpoint=tmp_path)


def test_progress_is_told_in_steps_and_slow_time(often):
    e, stop = diagonal(slow_time=1.0), Stop(10**6)
    follow(e, progress=stop)
    done = [done for done, _, _ in stop.notes]
    assert done == sorted(done)
    assert stop.notes[-1][:2] == (e.steps, e.steps)
    assert stop.notes[-1][2].endswith("slow time 0.888")


# --- What the flow does not resolve ---------------------------------------------------------------


@pytest.mark.parametrize("size", [300.0, 3e4])
def test_a_large_parameter_that_does_not_move_changes_nothing(size):
    """A constant among the parameters: one tolerance for all of them would be that of the constant,
    and t2 3 % late in a bracket of half a percent."""

    def function(p, x):
        return PRODUCT.function(p, x) + 0 * p["constant"]

    penalty = lb.On(lb.L2(1e-2), "u") + lb.On(lb.L2(1e-2), "v")
    settings = {"alpha": 0.05, "slow_time": 4.0, "thresholds": (1e-2, 0.05)}
    problem = diagonal().problem
    model = Custom("with a constant", {**START, "constant": np.array([size])}, function)
    found = follow(experiment(problem, model, penalty, **settings)).phases.t2
    true = lb.simulate(diagonal(**settings), engine="step", refine=True).phases.t2.step
    assert found.low <= true <= found.high


def test_training_losses_below_the_tolerance_are_told():
    """They end at a balance of order beta squared, which steps of the integrator do not see."""
    e = diagonal(beta=1e-6, slow_time=1.0).with_(steps=30_000, record=lb.Every(1000))
    run, true = (lb.simulate(e, engine=engine) for engine in ("slow", "step"))
    note = next(note for note in run.notes if note.startswith("training losses below"))
    level = float(note.split()[3])
    one, other = (r.trajectory.train_loss.values[1:] for r in (run, true))
    assert one.max() > 10 * other.max()
    assert np.abs(one - other).max() < level
    assert not any(n.startswith("training") for n in follow(diagonal(0.3, 20.0)).notes)


def test_a_training_threshold_below_the_tolerance_is_undecided():
    e = diagonal(beta=1e-6, slow_time=1.0, thresholds=(1e-9, 0.1)).with_(steps=60_000)
    run = follow(e)
    assert run.phases.t1.kind == "censored"
    assert run.phases.t1.low < 21_000  # where the updates ended
    assert any("below what the flow resolves" in note for note in run.notes)


# --- Dips between the points of the search --------------------------------------------------------


def test_a_narrow_minimum_of_the_error_is_found():
    def error(t):
        return 0.1 + abs(t - 6.1)

    watch = Watch.of(0.15, None)
    watch.follow([0.0, 2.5, 5.0, 7.5, 10.0], [error(t) for t in (0, 2.5, 5.0, 7.5, 10.0)], error)
    assert watch.first[0] is None  # the lowest point, 1.2, is not near the threshold

    def narrow(t):
        return 0.1 * (1 + 0.01 * abs(t - 6.1))

    watch = Watch.of(0.1002, None)
    times = [0.0, 2.5, 5.0, 7.5, 10.0]
    watch.follow(times, [narrow(t) for t in times], narrow)
    first = watch.first[0]
    assert first is not None
    assert abs(first - 5.9) < 1e-3  # where it comes down to the threshold


def test_class_errors_that_dip_by_some_examples_are_looked_at_closely():
    """Of 1,000 examples 402 are wrong, for a short while 399, and later for good."""

    def error(t):
        return 0.399 if 3.0 < t < 3.4 or t > 9.0 else 0.402

    watch, times = Watch.of(0.4, 1000), [0.0, 2.5, 5.0, 7.5, 10.0]
    watch.follow(times, [error(t) for t in times], error)
    first = watch.first[0]
    assert first is not None
    assert abs(first - 3.0) < 1e-3
