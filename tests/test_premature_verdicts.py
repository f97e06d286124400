"""No verdict of "never" or "only" that a longer run overturns."""

import numpy as np
import pytest
from phase_helpers import EVERY, memorizing, stairs

import latebloom as lb
from benchmarks.every_kind import EXACT, KINDS
from benchmarks.verdicts import GOAL, cuts
from latebloom.core.phases import Ahead, Verdict, phases
from latebloom.engines.result import EngineResult
from latebloom.theory.ahead import ahead_of_least_squares, ahead_of_network

PROBLEM = lb.SparseRecovery(n=20, s=2, N=12, seed=1)


def ahead(method, penalty, steps: int, **rest) -> tuple[Ahead, Ahead]:
    """Return what is known after some steps that left the start where it is."""
    experiment = lb.Experiment(PROBLEM, penalty, method, steps=steps, **rest)
    after = lb.Passage.after(steps)
    here = experiment.start[None]
    result = EngineResult(np.array([steps]), here, lb.Passage.between(1, 1), after, steps)
    return ahead_of_least_squares(experiment, result)


def test_no_proved_verdict_is_overturned():
    found = [c for kind in EXACT for c in cuts(kind, count=4, per_run=4, seed=5)]
    assert sum(c.final for c in found) >= 10
    assert not any(c.overturned for c in found)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:no entry is observed")  # what a random mask leaves out
def test_at_most_one_in_a_hundred_is_overturned():
    kinds = [kind for kind in KINDS if "decaying" not in kind]  # its schedule is slow to step
    found = [c for kind in kinds for c in cuts(kind, count=12, per_run=4, seed=6)]
    final = [c for c in found if c.final]
    assert len(final) >= 200
    assert sum(c.overturned for c in final) <= GOAL * len(final)


@pytest.mark.parametrize("penalty", [lb.L1(1e-4), lb.L2(1e-4), lb.L1(1e-4) + lb.L2(1.0)])
@pytest.mark.parametrize("method", [lb.Subgradient(0.1), lb.SGD(0.1)])
def test_a_penalty_acts_for_one_over_alpha_beta_steps(method, penalty):
    # Of a product no limit is known: 1/(alpha beta) = 10^5 for the slowest term.
    known = {"model": lb.Hadamard(depth=2), "init": 0.1}
    for steps, acts in ((99_000, True), (101_000, False)):
        for error in ahead(method, penalty, steps, **known):
            assert ("1e+05 steps" in error.moving) == acts


def test_a_scheduled_strength_counts_from_where_it_acts():
    known = {"model": lb.Hadamard(depth=2), "init": 0.1}
    late = lb.L1(lb.Piecewise((0, 90_000), (0.0, 1e-4)))
    assert ahead(lb.Subgradient(0.1), late, 101_000, **known)[1].moving
    assert not ahead(lb.Subgradient(0.1), late, 250_000, **known)[1].moving
    # From t1 = 1 on.
    switched = lb.L1(lb.SwitchOn(1e-4))
    assert ahead(lb.Subgradient(0.1), switched, 90_000, **known)[1].moving
    assert not ahead(lb.Subgradient(0.1), switched, 120_000, **known)[1].moving


def test_nothing_moves_a_run_without_a_penalty():
    known = {"model": lb.Hadamard(depth=2), "init": 0.1}
    assert ahead(lb.Subgradient(0.1), None, 10, **known) == (Ahead(), Ahead())
    experiment = lb.Experiment(lb.TeacherStudent(d=3, hidden=4, C=1, N=5), steps=10)
    assert ahead_of_network(experiment, 10, lb.Passage.after(10)) == (Ahead(), Ahead())


def test_a_network_under_weight_decay_may_move_until_it_has_acted():
    penalty, method = lb.L2(1e-3), lb.Adam(1e-2)
    problem = lb.TeacherStudent(d=3, hidden=4, C=1, N=5)
    experiment = lb.Experiment(problem, penalty, method, steps=10)
    for steps, acts in ((99_000, True), (101_000, False)):
        train, test = ahead_of_network(experiment, steps, lb.Passage.between(5, 5))
        assert train == test
        assert bool(train.moving) == acts


def test_the_step_of_a_passage_ahead_is_that_of_the_longer_run():
    experiment = lb.Experiment(
        lb.SparseRecovery(n=20, s=1, N=12, seed=1), lb.L1(1e-5), lb.ProximalGradient(0.1)
    )
    t2 = lb.simulate(experiment).phases.t2.step
    short = lb.simulate(experiment.with_(steps=t2 // 2))
    assert short.phases.verdict == "undecided"
    assert f"gets there about step {t2:,}" in short.phases.reason


def test_adam_on_l1_is_not_called_memorized_only_before_its_t2():
    # Flat over the last three quarters, while the minimizer of its objective generalizes.
    experiment = lb.Experiment(
        lb.SparseRecovery(n=20, s=1, N=12, seed=1), lb.L1(1e-5), lb.Adam(1e-3), steps=100
    )
    result = EngineResult(
        np.array([0, 100]),
        np.array([experiment.start, experiment.data.a_hat]),
        lb.Passage.between(20, 20),
        lb.Passage.after(100),
        100,
    )
    assert "1/(alpha beta)" in ahead_of_least_squares(experiment, result)[1].moving


# --- the rule on curves ---


@pytest.mark.parametrize(
    ("train", "why"),
    [
        pytest.param(np.full(1001, 0.2), "not begun to fall", id="may be at a saddle"),
        pytest.param(stairs(EVERY, (0, 1.0), (9, 0.6)), "not begun to fall", id="fell too little"),
        pytest.param(stairs(EVERY, (0, 1.0), (499, 0.2)), "not come to rest", id="fell lately"),
        pytest.param(stairs(EVERY, (0, 1.0), (65, 0.2)), "too near", id="fell too far"),
        pytest.param(
            stairs(EVERY, (0, 1.0), (9, 1e-3 + 0.1)) + 0.11 * (EVERY % 2), "too near", id="swings"
        ),
    ],
)
def test_a_plateau_from_the_start_or_since_lately_decides_nothing(train, why):
    found = phases(EVERY, train, np.ones(1001))
    assert found.verdict is Verdict.undecided
    assert why in found.reason


@pytest.mark.parametrize(("goal", "verdict"), [(0.85, "undecided"), (0.5, "memorized_only")])
def test_a_test_error_that_swings_by_more_than_what_is_left_decides_nothing(goal, verdict):
    swings = np.where(EVERY % 2 == 0, 1.0, 0.9)
    assert phases(EVERY, memorizing(EVERY), swings, (1e-3, goal)).verdict == verdict


def test_a_test_error_at_rest_since_shortly_after_t1_decides_nothing():
    # t1 in the last three quarters: there is no telling from so little.
    early, late = (phases(EVERY, memorizing(EVERY, t1), np.ones(1001)) for t1 in (240, 260))
    assert early.verdict is Verdict.memorized_only
    assert late.verdict is Verdict.undecided
    assert "too soon after t1" in late.reason


def test_what_may_still_move_is_undecided_however_flat_it_is():
    train, flat = memorizing(EVERY), np.full(1001, 0.84)
    moving = phases(EVERY, train, flat, ahead=(Ahead(), Ahead(moving="the penalty acts")))
    assert moving.verdict is Verdict.undecided
    assert "the penalty acts" in moving.reason
    # A proof is stronger than that.
    proved = phases(EVERY, train, flat, ahead=(Ahead(), Ahead(floor=0.8, moving="it acts")))
    assert proved.verdict is Verdict.memorized_only


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (Ahead(end=1e-4, passage=5000), "about step 5,000"),
        (Ahead(floor=1e-4, end=1e-4), "its limit is 0.0001"),
        (Ahead(floor=5e-4, end=0.002), "in the end it is about 0.002"),
        (Ahead(floor=5e-4, end=0.002, passage=5000), "about step 5,000, on the way to 0.002"),
    ],
)
def test_what_is_known_of_the_end_is_said(ahead, said):
    found = phases(EVERY, memorizing(EVERY), np.full(1001, 0.84), ahead=(Ahead(), ahead))
    assert found.verdict is Verdict.undecided
    assert said in found.reason
