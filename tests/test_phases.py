"""Verdicts of curves whose truth is known by construction."""

import math

import numpy as np
import pytest
from phase_helpers import EVERY, FIG7, FIG7_TEST, memorizing, stairs

from latebloom.core.phases import Rules, Verdict, phases

# --- verdicts of curves whose truth is known by construction ---------------------------------


def test_grokked_with_exact_times_and_delay():
    found = phases(EVERY, memorizing(EVERY), stairs(EVERY, (0, 1.0), (10, 0.84), (700, 2e-4)))
    assert found.verdict is Verdict.grokked
    assert (found.t1.step, found.t2.step, found.delay) == (10, 700, 690)
    assert found.t1.kind == found.t2.kind == "exact"
    assert found.delay_bounds == (690, 690)
    assert found.t2.sustained is True
    assert found.t2.sustained_from == 700
    assert "10" in found.reason
    assert "700" in found.reason


@pytest.mark.parametrize(("t2", "verdict"), [(100, "generalized_at_once"), (101, "grokked")])
def test_delay_rule_is_a_strict_inequality_at_ten_times_t1(t2, verdict):
    found = phases(EVERY, memorizing(EVERY, 10), stairs(EVERY, (0, 1.0), (t2, 0.0)))
    assert found.verdict == verdict


def test_delay_rule_for_a_run_that_starts_memorized_counts_from_step_one():
    train = np.zeros(1001)
    assert phases(EVERY, train, stairs(EVERY, (0, 1.0), (10, 0.0))).verdict == "generalized_at_once"
    assert phases(EVERY, train, stairs(EVERY, (0, 1.0), (11, 0.0))).verdict == "grokked"


def test_delay_ratio_is_a_rule():
    test = stairs(EVERY, (0, 1.0), (50, 0.0))
    assert phases(EVERY, memorizing(EVERY), test).verdict == "generalized_at_once"
    assert phases(EVERY, memorizing(EVERY), test, rules=Rules(delay_ratio=4.0)).verdict == "grokked"


def test_generalizing_before_memorizing_is_at_once_with_a_negative_delay():
    found = phases(EVERY, memorizing(EVERY, 50), stairs(EVERY, (0, 1.0), (20, 0.0)))
    assert found.verdict is Verdict.generalized_at_once
    assert found.delay == -30


def test_mirage_like_figure_7():
    found = phases(FIG7, memorizing(FIG7, 118), FIG7_TEST)
    assert found.verdict is Verdict.mirage
    assert found.t2.kind == "censored"
    assert found.t2.low == FIG7[-1] + 1
    assert found.plateau is not None
    assert found.plateau.level == pytest.approx(549.85, rel=0.01)
    # 5 % below its level at -log(0.95) 1e6 = 51,000 steps.
    assert found.plateau.end < 51_500 < found.plateau.left * 1.05


def test_mirage_with_a_known_floor_is_infeasible():
    found = phases(FIG7, memorizing(FIG7, 118), FIG7_TEST, floors=(None, 0.85))
    assert found.verdict is Verdict.mirage
    assert (found.t2.kind, found.t2.floor) == ("infeasible", 0.85)
    assert "0.85" in found.reason


def test_known_floor_tells_a_mirage_before_the_drop_only_after_a_decade():
    for last, verdict in ((10_000, "mirage"), (1_000, "undecided")):
        seen = last >= FIG7
        found = phases(
            FIG7[seen], memorizing(FIG7[seen], 118), FIG7_TEST[seen], floors=(None, 0.85)
        )
        assert found.verdict == verdict


def test_a_drop_right_after_memorization_is_no_mirage():
    test = stairs(EVERY, (0, 9.0), (60, 0.84))
    assert phases(EVERY, memorizing(EVERY), test).verdict == "memorized_only"
    late = stairs(EVERY, (0, 9.0), (150, 0.84))
    assert phases(EVERY, memorizing(EVERY), late).verdict == "mirage"


def test_mirage_drop_is_a_rule():
    test = stairs(EVERY, (0, 2.0), (200, 0.8))
    assert phases(EVERY, memorizing(EVERY), test).verdict == "memorized_only"
    assert phases(EVERY, memorizing(EVERY), test, rules=Rules(mirage_drop=2.0)).verdict == "mirage"


def test_memorized_only_on_a_flat_test_error():
    found = phases(EVERY, memorizing(EVERY), np.full(1001, 0.84))
    assert found.verdict is Verdict.memorized_only
    assert found.plateau is not None
    assert (found.plateau.level, found.plateau.start) == (0.84, 10)
    assert (found.plateau.end, found.plateau.left) == (1000, None)
    assert "0.84" in found.reason


def test_a_floor_that_generalizes_makes_the_flat_run_undecided():
    found = phases(EVERY, memorizing(EVERY), np.full(1001, 0.84), floors=(None, 2e-4))
    assert found.verdict is Verdict.undecided
    assert (found.t2.kind, found.t2.low, found.t2.high) == ("censored", 1001, None)
    assert found.delay is None
    assert found.delay_bounds == (991, None)


def test_unfinished_linear_decay_is_undecided():
    found = phases(EVERY, memorizing(EVERY), 1 - EVERY / 2000)
    assert found.verdict is Verdict.undecided
    assert found.t2.kind == "censored"
    # From 0.875 at step 250 to 0.5 at step 1000, of the larger value.
    assert "0.43" in found.reason


def test_a_drop_at_the_very_end_is_not_flat():
    test = stairs(EVERY, (0, 0.84), (980, 0.3))
    assert phases(EVERY, memorizing(EVERY), test).verdict == "undecided"


def test_ungrokked():
    test = stairs(EVERY, (0, 1.0), (300, 0.0), (600, 0.5))
    found = phases(EVERY, memorizing(EVERY), test)
    assert found.verdict is Verdict.ungrokked
    assert found.t2.step == 300
    assert found.t2.sustained is False
    assert found.t2.sustained_from is None
    assert "0.5" in found.reason


def test_lost_and_found_again_is_grokked_but_not_sustained():
    test = stairs(EVERY, (0, 1.0), (300, 0.0), (400, 0.5), (500, 0.0))
    found = phases(EVERY, memorizing(EVERY), test)
    assert found.verdict is Verdict.grokked
    assert (found.t2.step, found.t2.sustained, found.t2.sustained_from) == (300, False, 500)


@pytest.mark.parametrize(
    "train",
    [
        pytest.param(stairs(EVERY, (0, 1.0), (60, 0.2)), id="fell in the first sixteenth"),
        pytest.param(
            np.where(EVERY > 0, 0.2 + 0.1 * (EVERY % 2), 1.0), id="chatter: large but not a trend"
        ),
    ],
)
def test_never_memorized_on_a_plateau(train):
    found = phases(EVERY, train, np.ones(1001))
    assert found.verdict is Verdict.never_memorized
    assert found.t1.kind == "censored"
    assert found.t1.low == 1001
    assert found.plateau is None
    assert found.delay_bounds == (None, None)


def test_not_memorized_yet_is_undecided_while_the_train_error_falls():
    assert phases(EVERY, 1 - EVERY / 2000, np.ones(1001)).verdict == "undecided"


def test_train_floor_decides_whatever_the_trend():
    falling, flat = 1 - EVERY / 2000, stairs(EVERY, (0, 1.0), (5, 0.2))
    infeasible = phases(EVERY, falling, np.ones(1001), floors=(0.1, None))
    assert infeasible.verdict is Verdict.never_memorized
    assert (infeasible.t1.kind, infeasible.t1.floor) == ("infeasible", 0.1)
    assert (infeasible.t1.step, infeasible.t1.low, infeasible.t1.high) == (None, None, None)
    feasible = phases(EVERY, flat, np.ones(1001), floors=(1e-4, None))
    assert (feasible.verdict, feasible.t1.kind) == (Verdict.undecided, "censored")


def test_a_reached_threshold_is_never_infeasible():
    found = phases(EVERY, memorizing(EVERY), memorizing(EVERY, 500), floors=(0.5, 0.5))
    assert (found.t1.kind, found.t1.floor) == ("exact", None)
    assert (found.t2.kind, found.t2.floor) == ("exact", None)


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_diverged_at_the_first_non_finite_train_error(bad):
    found = phases([0, 1, 2, 3, 4], [1.0, 5.0, 25.0, bad, bad], [1.0, 1.0, 1.0, bad, bad])
    assert found.verdict is Verdict.diverged
    assert found.diverged_at == 3
    assert "3" in found.reason


def test_diverged_at_the_step_beyond_the_bound_even_when_it_overflows_later():
    steps = np.arange(400)
    with np.errstate(over="ignore"):
        train = 2.0 * 10.0**steps
    # 2 10^k > 1e6 * max(1, 2) from k = 7 on.
    assert phases(steps, train).diverged_at == 7
    assert phases(steps, train, rules=Rules(divergence=1e3)).diverged_at == 4


def test_diverged_wins_over_a_passage_before_it():
    found = phases([0, 1, 2, 3], [1.0, 0.0, 1.0, math.inf], [1.0, 0.0, 0.0, 0.0])
    assert found.verdict is Verdict.diverged
    assert (found.t1.step, found.t1.sustained) == (1, False)


def test_a_spike_that_comes_back_is_no_divergence():
    train = stairs(EVERY, (0, 1.0), (5, 1e9), (6, 1.0), (10, 0.0))
    assert phases(EVERY, train, np.zeros(1001)).diverged_at is None


def test_test_error_that_overflows_alone_is_a_divergence():
    found = phases([0, 1, 2, 3], [1.0, 0.0, 0.0, 0.0], [1.0, 9.0, math.inf, math.nan])
    assert (found.verdict, found.diverged_at) == (Verdict.diverged, 2)


def test_simulator_knows_the_divergence_better():
    found = phases([0, 100, 200], [1.0, 4.0, math.nan], diverged_at=137)
    assert (found.verdict, found.diverged_at) == (Verdict.diverged, 137)


def test_without_a_test_error_t2_is_unknown():
    found = phases(EVERY, memorizing(EVERY))
    assert found.verdict is Verdict.undecided
    assert (found.t2.kind, found.t2.low, found.t2.high) == ("censored", 0, None)
    train = stairs(EVERY, (0, 1.0), (5, 0.5))
    assert phases(EVERY, train).verdict is Verdict.never_memorized
