"""First-passage times: brackets, plateaus, known passages, what is written, bad input."""

import inspect
import json
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from phase_helpers import EVERY, FIG7, FIG7_TEST, memorizing

from latebloom.core.errors import InvalidInput
from latebloom.core.phases import Passage, Rules, Verdict, phases


def naive_first(errors, threshold):
    for step, error in enumerate(errors):
        if error <= threshold:
            return step
    return None


# --- brackets --------------------------------------------------------------------------------


def test_a_sampled_curve_gives_a_bracket_from_the_record_before():
    found = phases([0, 100, 200, 5000, 6000], [1, 1, 0, 0, 0], [1, 1, 1, 1, 0])
    assert (found.t1.kind, found.t1.step) == ("bracketed", None)
    assert (found.t1.low, found.t1.high) == (101, 200)
    assert (found.t2.low, found.t2.high) == (5001, 6000)
    assert found.delay is None
    assert found.delay_bounds == (5001 - 200, 6000 - 101)
    assert found.verdict is Verdict.grokked


def test_first_record_already_below():
    assert phases([0, 10], [0.0, 0.0]).t1.step == 0
    first = phases([7, 10], [0.0, 0.0]).t1
    assert (first.kind, first.low, first.high) == ("bracketed", 0, 7)


def test_brackets_too_wide_to_compare_are_undecided_unless_no_delay_shows():
    # t1 in [1, 100], t2 in [501, 600]: a delay if t1 = 1, none if t1 = 100.
    wide = phases([0, 100, 500, 600], [1, 0, 0, 0], [1, 1, 1, 0])
    assert wide.verdict is Verdict.undecided
    same = phases([0, 100, 500, 600], [1, 0, 0, 0], [1, 0, 0, 0])
    assert same.verdict is Verdict.generalized_at_once


# Random curves may climb and stay, as accuracies do.
pytestmark = pytest.mark.filterwarnings("ignore:train climbs")
errors = st.lists(st.sampled_from([0.0, 5e-4, 1e-3, 2e-3, 0.5, 0.9]), min_size=1, max_size=40)


@given(errors)
def test_every_step_equals_a_plain_loop(curve):
    p = phases(np.arange(len(curve)), np.ones(len(curve)), np.array(curve)).t2
    expected = naive_first(curve, 1e-3)
    if expected is None:
        assert (p.kind, p.step, p.low, p.high) == ("censored", None, len(curve), None)
        assert p.sustained is None
        return
    assert (p.kind, p.step, p.low, p.high) == ("exact", expected, expected, expected)
    assert p.sustained == all(error <= 1e-3 for error in curve[expected:])
    starts = [k for k in range(len(curve)) if all(error <= 1e-3 for error in curve[k:])]
    assert p.sustained_from == (starts[0] if starts else None)


@given(errors, st.data())
def test_bracket_contains_the_truth_when_subsampling(curve, data):
    every = np.minimum.accumulate(curve)  # no dips that the records could miss
    truth = naive_first(every, 1e-3)
    kept = data.draw(st.lists(st.booleans(), min_size=len(curve), max_size=len(curve)))
    steps = np.flatnonzero(kept)
    assume(len(steps) > 0)
    p = phases(steps, every[steps]).t1
    if p.high is None:
        assert p.low is not None
        assert truth is None or truth >= p.low
        assert p.low == steps[-1] + 1
    else:
        assert p.low is not None
        assert truth is not None
        assert p.low <= truth <= p.high
        assert p.step in (None, truth)
        assert (p.kind == "exact") == (p.low == p.high)


@given(errors, st.data())
def test_bracket_contains_a_crossing_of_any_curve(curve, data):
    kept = data.draw(st.lists(st.booleans(), min_size=len(curve), max_size=len(curve)))
    steps = np.flatnonzero(kept)
    assume(len(steps) > 0)
    p = phases(steps, np.array(curve)[steps]).t1
    if p.low is not None and p.high is not None:
        assert curve[p.high] <= 1e-3
        assert p.low == 0 or curve[p.low - 1] > 1e-3


@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from([1.5, 3.0, 10.0, 40.0]))
def test_verdict_of_two_steps_is_the_rule(t1, t2, ratio):
    rules = Rules(delay_ratio=ratio)
    found = phases(EVERY, memorizing(EVERY, t1), memorizing(EVERY, t2), rules=rules)
    assert found.delay == t2 - t1
    assert (found.verdict == "grokked") == (t2 > ratio * t1)
    assert found.verdict in ("grokked", "generalized_at_once")


@given(st.integers(1, 300), st.integers(1, 900), st.integers(1, 97))
def test_sampling_never_contradicts_the_every_step_verdict(t1, t2, every):
    exact = phases(EVERY, memorizing(EVERY, t1), memorizing(EVERY, t2)).verdict
    keep = EVERY[::every]
    found = phases(keep, memorizing(keep, t1), memorizing(keep, t2))
    same_records = found.t1.high == found.t2.high
    if found.t2.high is not None and found.t1.high is not None and not same_records:
        assert found.verdict in (exact, Verdict.undecided)


@given(errors, errors, st.floats(1e-4, 0.6), st.floats(1e-4, 0.6))
def test_scaling_errors_and_thresholds_together_changes_nothing(train, test, a, b):
    size = min(len(train), len(test))
    e, f, k = np.array(train[:size]), np.array(test[:size]), np.arange(size)
    # Powers of two and errors at most 1: exact, and out of reach of the divergence bound.
    one = phases(k, e, f, (a, b))
    two = phases(k, e / 4, f / 8, (a / 4, b / 8))
    assert (one.t1, one.t2, one.verdict) == (two.t1, two.t2, two.verdict)


# --- plateau ---------------------------------------------------------------------------------


@given(st.integers(10, 60), st.integers(150, 900), st.floats(0.01, 0.5))
def test_plateau_is_left_at_the_step_built_in(start, left, low):
    # A transient after t1 = 5, then flat while time doubles (150 > 2 (1.2 start + 1)), then lower.
    transient = 0.8 * (1 + 3 * np.maximum(0, 1 - EVERY / start))
    test = np.where(left > EVERY, transient, 0.8 * low)
    plateau = phases(EVERY, memorizing(EVERY, 5), test).plateau
    assert plateau is not None
    assert (plateau.end, plateau.left) == (left - 1, left)
    assert plateau.level == pytest.approx(0.8, rel=0.06)
    assert plateau.start <= 1.2 * start + 1


def test_no_plateau_when_the_test_error_falls_with_the_train_error():
    falling = 0.97**EVERY
    found = phases(EVERY, memorizing(EVERY, 20), falling)
    assert found.t2.step == naive_first(falling, 1e-3)
    assert found.plateau is None


def test_the_flat_end_of_a_run_that_generalized_is_no_plateau():
    assert phases(EVERY, memorizing(EVERY, 10), memorizing(EVERY, 8)).plateau is None


# --- known passages --------------------------------------------------------------------------


def test_known_passages_override_the_records():
    steps = [0, 100, 1000, 10_000]
    t1, t2 = Passage.between(60, 60), Passage.between(2500, 2500)
    found = phases(steps, [1, 0, 0, 0], [1, 1, 1, 0], passages=(t1, t2))
    assert (found.t1.step, found.t2.step, found.delay) == (60, 2500, 2440)
    assert (found.t2.sustained, found.t2.sustained_from) == (True, 2500)
    assert found.verdict is Verdict.grokked


def test_known_passage_of_a_dip_that_the_records_miss():
    known = Passage.between(40, 40)
    found = phases([0, 10, 100], [1, 0, 0], [1, 1, 1], passages=(None, known))
    assert found.verdict is Verdict.ungrokked
    assert (found.t2.sustained, found.t2.sustained_from) == (False, None)


def test_rounding_in_the_record_of_a_known_passage_does_not_undo_it():
    known = Passage.between(400, 400)
    test = [1.0, 1.0, 1e-3 * (1 + 1e-12), 0.0]
    found = phases([0, 10, 400, 500], [1, 0, 0, 0], test, passages=(None, known))
    assert (found.verdict, found.t2.sustained) == (Verdict.grokked, True)


def test_what_the_simulator_says_of_the_end_is_kept():
    known = Passage(40, "exact", 40, 40, sustained=False, sustained_from=77)
    found = phases([0, 10, 100], [1, 0, 0], [1, 0, 0], passages=(None, known))
    assert found.t2 == known


def test_known_censored_becomes_infeasible_with_its_floor():
    known = Passage.after(10**8)
    found = phases(EVERY, memorizing(EVERY), np.full(1001, 0.84), passages=(None, known))
    assert found.t2 == known
    assert found.t2.low == 10**8 + 1
    floored = phases(
        EVERY, memorizing(EVERY), np.full(1001, 0.84), passages=(None, known), floors=(None, 0.8)
    )
    assert floored.t2 == Passage.never(0.8)
    assert floored.verdict is Verdict.memorized_only


# --- results for people and files ------------------------------------------------------------


@pytest.mark.parametrize(
    "found",
    [
        phases(EVERY, memorizing(EVERY), memorizing(EVERY, 500)),
        phases(FIG7, memorizing(FIG7, 118), FIG7_TEST, floors=(None, 0.85)),
        phases([0, 1, 2], [1, 1, math.inf]),
        phases([0], [1.0]),
    ],
    ids=lambda found: str(found.verdict),
)
def test_to_dict_is_strict_json_with_the_public_names(found):
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data == found.to_dict()
    for t in ("t1", "t2"):
        assert {"step", "kind", "low", "high", "sustained", "floor"} <= set(data[t])
    assert data["verdict"] == found.verdict
    assert data["reason"]


def test_there_are_eight_verdicts_each_with_its_own_advice():
    names = "grokked generalized_at_once memorized_only mirage never_memorized ungrokked diverged"
    assert {str(verdict) for verdict in Verdict} == {*names.split(), "undecided"}
    advice = {verdict.advice for verdict in Verdict}
    assert len(advice) == 8
    assert all(text.endswith(".") and "\n" not in text for text in advice)


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "train", "test", "said"),
    [
        ([], [], None, "empty"),
        ([0, 1, 2], [1, 1], None, "2 values for 3 steps"),
        ([0, 1], [1, 1], [1, 1, 1], "3 values for 2 steps"),
        ([0, 2, 1], [1, 1, 1], None, "1 after 2"),
        ([0, 1, 1], [1, 1, 1], None, "1 after 1"),
        ([-1, 0], [1, 1], None, "-1"),
        ([0, 0.5], [1, 1], None, "0.5"),
        ([0, math.nan], [1, 1], None, "nan"),
        ([0, 1, 2], [1, math.nan, 1], None, "train is nan at step 1"),
        ([0, 1, 2], [1, math.inf, 1], None, "train is inf at step 1"),
        ([0, 1], [math.nan, math.nan], None, "train is nan at step 0"),
        ([0, 1, 2], [1, 1, 1], [1, math.nan, 1], "test is nan at step 1"),
        ([0, 1, 2], [1, 1, 1], [1, 1, math.nan], "test is nan at step 2"),
        ([0, 1], [1, -0.5], None, "-0.5 at step 1"),
        ([0, 1, 2], [0.1, 0.8, 1.0], None, "accuracy"),
        ([0, 1, 2], [10.0, 80.0, 100.0], None, "accuracy"),
        ([[0, 1]], [1, 1], None, r"shape \(1, 2\)"),
        ([0, 1], np.ones((2, 1)), None, r"shape \(2, 1\)"),
        ([0, 1], np.array([1, 1j]), None, "complex128"),
        ([0, 1], np.array([1, "x"], dtype=object), None, "numbers"),
    ],
)
def test_bad_curves(steps, train, test, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        phases(steps, train, test)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [0.0, -1e-3, math.nan, math.inf])
@pytest.mark.parametrize("which", [0, 1])
def test_bad_thresholds(bad, which):
    pair = (bad, 1e-3) if which == 0 else (1e-3, bad)
    with pytest.raises(InvalidInput, match="thresholds is"):
        phases([0, 1], [1.0, 0.0], [1.0, 0.0], pair)


@pytest.mark.parametrize("bad", [1e-3, (1e-3,), (1e-3, None)])
def test_thresholds_of_a_wrong_form(bad):
    # Unwrapped: the suite's run-time type checks would refuse it first.
    with pytest.raises(InvalidInput, match="pair"):
        inspect.unwrap(phases)([0, 1], [1.0, 0.0], None, bad)


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf])
def test_bad_floors(bad):
    with pytest.raises(InvalidInput, match="floors is"):
        phases([0, 1], [1.0, 0.0], [1.0, 0.0], floors=(None, bad))


def test_an_error_that_rises_to_one_is_accepted_when_its_limit_is_given():
    found = phases([0, 1, 2], [0.1, 0.8, 1.0], floors=(1.0, None))
    assert found.verdict is Verdict.never_memorized


def test_rounding_of_one_minus_accuracy_is_forgiven():
    assert phases([0, 1], np.array([0.9, -1.2e-7])).t1.step == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"step": 5, "kind": "exact", "low": 4, "high": 5},
        {"step": None, "kind": "bracketed", "low": 6, "high": 5},
        {"step": 5, "kind": "bracketed", "low": 5, "high": 7},
        {"step": None, "kind": "censored", "low": None, "high": None},
        {"step": None, "kind": "infeasible", "low": None, "high": None},
        {"step": 5, "kind": "exact", "low": 5, "high": 5, "floor": 0.1},
    ],
)
def test_passages_that_contradict_themselves(fields):
    with pytest.raises(InvalidInput, match=fields["kind"]):
        Passage(**fields)


@pytest.mark.parametrize(
    "rule",
    [
        {"delay_ratio": 0.5},
        {"span": 0.9},
        {"mirage_drop": 0.0},
        {"flat": 1.0},
        {"begun": 1.0},
        {"flat": -0.1},
        {"divergence": math.inf},
        {"flat": math.nan},
    ],
)
def test_rules_out_of_range(rule):
    with pytest.raises(InvalidInput, match=next(iter(rule))):
        Rules(**rule)
