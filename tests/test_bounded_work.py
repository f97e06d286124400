"""Predictions take a bounded number of events, the same on every machine, and say where it ends."""

import pytest

import latebloom as lb
from latebloom.engines import proximal_jump
from latebloom.engines.jump import JUMP
from latebloom.theory.intervals import first_passages

PROBLEM = lb.SparseRecovery.code(seed=1, s=5, N=30)
METHODS = [lb.ProximalGradient(0.1), lb.Subgradient(0.1), lb.ProjectedSubgradient(0.1)]


@pytest.fixture
def few_events(monkeypatch):
    """Let theory take ten events."""
    monkeypatch.setattr(proximal_jump, "EVENTS_PER_ENTRY", 0)
    monkeypatch.setattr(proximal_jump, "EVENTS", 10)


@pytest.mark.parametrize("method", METHODS, ids=lambda m: type(m).__name__)
def test_a_prediction_that_takes_too_many_events_says_so(method, few_events, monkeypatch):
    experiment = lb.Experiment(PROBLEM, lb.L1(1e-5), method, init=1e-6)
    said = lb.predict(experiment)
    assert said.t2 is None
    (note,) = (n for n in said.notes if n.startswith("t2: "))
    assert "not before step" in note
    assert "no more than 10 events" in note
    low = first_passages(experiment).t2.low
    assert f"{low:,}" in note
    monkeypatch.undo()
    whole = first_passages(experiment)
    assert not whole.stopped
    assert 0 < low <= whole.t2.low


def test_the_events_of_a_run_are_not_bounded(few_events):
    experiment = lb.Experiment(
        PROBLEM, lb.L1(1e-5), lb.ProximalGradient(0.1), init=1e-6, steps=10**9
    )
    run = lb.simulate(experiment, engine="jump")
    assert run.events > 10
    assert run.last_step == 10**9


def test_a_run_whose_way_ahead_takes_too_long_has_a_verdict_all_the_same(few_events):
    experiment = lb.Experiment(
        PROBLEM, lb.L1(1e-5), lb.ProximalGradient(0.1), init=1e-6, steps=10**4
    )
    assert lb.simulate(experiment).phases.verdict == "undecided"


def test_rounding_does_not_make_a_prediction_endless():
    # At this beta a step moves entries by less than their rounding: pieces end without events.
    experiment = lb.Experiment(PROBLEM, lb.L1(1e-17), METHODS[0], init=1e-6, steps=10**15)
    found = JUMP.run(experiment, most=100)
    assert found.done < 10**15
    assert found.t1.step == 56
    assert found.t2.low <= found.done + 1
