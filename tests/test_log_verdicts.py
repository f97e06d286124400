"""Verdicts on logs: each page of tests/data/diagnosis, and other curves of the same kind."""

import json
from pathlib import Path

import numpy as np
import pytest
from diagnosis_logs import EVERY, TRAIN, accuracies, plain_csv, rising

import latebloom as lb
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import Finding, diagnose_log

CASES = Path(__file__).parent / "data" / "diagnosis"
N = len(EVERY)
AT_ONCE = np.where(EVERY < 300, 0.1, 1.0)


def case(name):
    return diagnose_log(CASES / f"{name}.csv", "train_acc", "test_acc", "step")


def times(found):
    return tuple((t.low, t.high) for t in (found.phases.t1, found.phases.t2))


def text(found):
    return " | ".join((found.advice, *found.reasons))


def spikes(k, every, width, depth, start=0):
    """A loss of accuracy that comes back: once in `every` records for `width` records."""
    i = np.arange(len(k))
    return np.where((i >= start) & (i % every >= every - width), depth, 0.0)


# Rise from chance ---------------------------------------------------------------------------------


def test_a_rise_from_chance_is_seen():
    found = case("early_sign")
    assert times(found)[0] == (1001, 1250)
    assert found.verdict is Finding.still_improving
    assert "not move" not in text(found)


@pytest.mark.parametrize(("chance", "end"), [(0.001, 0.004), (0.01, 0.03), (0.1, 0.14), (0.5, 0.6)])
def test_a_rise_from_any_chance_level(chance, end, rng):
    test = chance + (end - chance) * np.clip((EVERY - 17_500) / 2500, 0, 1)
    noise = 0.05 * (end - chance) * rng.standard_normal(N)
    assert accuracies(test=test + noise).verdict is Finding.still_improving
    assert accuracies(test=chance + noise).verdict is Finding.memorized_only


# The delay ----------------------------------------------------------------------------------------


def test_only_the_ratio_is_open():
    found = case("coarse_first_interval")
    assert times(found) == ((1, 100), (501, 600))
    assert found.phases.delay_bounds == (401, 599)
    assert (found.delay.ratio_low, found.delay.ratio_high) == (4.01, 599)
    assert found.delay.test_at_t1 == pytest.approx(0.1)
    assert found.verdict is Finding.undecided
    assert "log more often early" in found.advice
    assert "4.01 to 599" in text(found)
    assert "train longer" not in text(found)


def test_the_end_of_a_curve_that_generalized_decides_nothing():
    found = case("reached_then_creeps")
    assert times(found) == ((76, 100), (801, 825))
    assert found.phases.delay_bounds == (701, 749)
    assert found.verdict is Finding.undecided
    assert "'grokked' and 'generalized_at_once'" in found.advice
    assert found.forecast is None
    found = case("dip_after_grok")
    assert times(found) == ((1, 100), (101, 200))
    assert found.phases.delay_bounds == (1, 199)
    assert found.verdict is not Finding.overfitting
    assert found.stability.below == 1


@pytest.mark.parametrize("spacing", [50, 100, 400])
@pytest.mark.parametrize("after", [1.0, 0.99, 0.965])
def test_after_t2_a_curve_may_creep_up_or_down(spacing, after):
    k = np.arange(0, 40_001, spacing)
    train = np.where(k < 1, 0.1, 1.0)  # t1 in [1, spacing]
    reached = 6 * spacing
    slope = (after - 0.98) * np.clip((k - reached) / 20_000, 0, 1)
    test = np.where(k < reached, 0.2, 0.98 + slope)
    found = lb.diagnose(k, train, test, kind="accuracy")
    assert times(found) == ((1, spacing), (reached - spacing + 1, reached))
    assert found.verdict is Finding.undecided
    assert "log more often early" in found.advice


def test_no_sentence_denies_a_delay():
    found = accuracies(rising(EVERY, 2000, 60), rising(EVERY, 9000, 300))
    assert found.verdict is Finding.generalized_at_once
    assert found.phases.delay_bounds[0] > 5000
    for word in ("no delay", "as soon as", "at once"):
        assert word not in text(found)


def test_a_log_that_begins_beyond_both_thresholds():
    for first in (0, 5000):
        k = EVERY + first
        found = lb.diagnose(k, np.full(N, 0.999), np.full(N, 0.98), kind="accuracy")
        assert found.verdict is Finding.undecided
        assert "earlier part" in found.advice


# Instability --------------------------------------------------------------------------------------


def test_collapses_after_t2_are_said():
    found = case("grokked_then_collapses")
    assert times(found) == ((451, 500), (6501, 6550))
    assert found.verdict is Finding.unstable
    after = found.stability
    assert after.share == pytest.approx(0.43, abs=0.005)
    assert after.worst == pytest.approx(0.015)
    assert after.train_below == after.below
    assert "43% of the records" in text(found)
    assert "the training is unstable" in text(found)
    assert found.jump.low > 500


LATE = np.where(EVERY < 6000, 0.01, 0.99)


@pytest.mark.parametrize("cut", range(6))
@pytest.mark.parametrize(
    ("every", "width", "verdict"),
    [(20, 1, Finding.grokked), (10, 3, Finding.unstable), (10, 7, Finding.unstable)],
)
def test_where_the_log_ends_decides_nothing(every, width, verdict, cut):
    loss = spikes(EVERY, every, width, 0.6, start=70)
    end = N - cut
    found = accuracies((AT_ONCE - loss)[:end].clip(0), (LATE - loss)[:end].clip(0), EVERY[:end])
    assert found.verdict is verdict, text(found)
    assert times(found)[1] == (5901, 6000)
    assert f"{found.stability.share:.0%} of the records" in text(found)


def test_a_loss_for_good():
    for last in (0.3, 0.85):
        found = accuracies(test=np.where(EVERY < 15_000, LATE, last))
        assert found.verdict is Finding.ungrokked
        assert found.stability.for_good
    short = accuracies(AT_ONCE, np.append(LATE[:-2], [0.3, 0.3]))
    assert short.verdict is Finding.grokked
    assert "whether it comes back" in text(short)


def test_memorization_that_is_lost_needs_no_longer_run():
    found = accuracies(np.where(EVERY < 9000, TRAIN, 0.4), np.full(N, 0.1))
    assert found.verdict is Finding.undecided
    assert "lost it again" in found.advice
    assert "train longer" not in text(found)


# Noise --------------------------------------------------------------------------------------------


def test_slow_noise_is_no_trend():
    found = case("flat_noise_strong_decay")
    assert found.verdict is Finding.never_memorized
    assert "still" not in text(found)


def test_one_touch_is_no_passage():
    found = case("plateau_one_touch")
    assert times(found) == ((1281, 1360), (40_001, None))
    assert found.verdict is Finding.memorized_only
    assert "1 of 501 records of test_acc touch 0.95" in text(found)


def test_single_records_between_neighbours_that_disagree():
    test = np.full(N, 0.5)
    test[[60, 120]] = 0.99
    found = accuracies(test=test)
    assert found.verdict is Finding.memorized_only
    assert found.phases.t2.high is None
    train = np.full(N, 0.7)
    train[40] = 1.0
    assert accuracies(train, 0.5 * np.ones(N)).phases.t1.high is None


def test_a_noisy_passage_is_dated_where_the_level_passes(rng):
    test = rising(EVERY, 12_000, 800) + 0.01 * rng.standard_normal(N)
    test[40] = 0.97  # one record, long before
    low, high = times(accuracies(test=test.clip(0, 1)))[1]
    # The level is 0.95 at 14,270 and its slope there 6e-5 a step: 0.02 are 300 steps.
    assert 13_800 < low - 1 <= 14_300
    assert high < 14_800


def test_words_agree_with_the_numbers_of_a_trend():
    # A slow rise, far beyond its noise, that is small beside the level: it is no noise.
    found = accuracies(test=0.3 + 0.02 * EVERY / 20_000)
    assert "no change beyond noise" not in text(found)
    assert "standard errors, but less than 5%" in text(found)


# Partial generalization ---------------------------------------------------------------------------


@pytest.mark.parametrize("high", [0.3, 0.6, 0.79, 0.9])
def test_partial_late_generalization_is_no_mirage(high):
    found = accuracies(test=rising(EVERY, 7000, 200, low=0.0, high=high))
    assert found.verdict is Finding.memorized_only
    assert "generalized in part" in found.advice
    assert found.jump.low - 1 <= 7000 <= found.jump.high


def test_a_late_drop_of_an_error_is_a_mirage():
    error = 0.5 + 99.5 / (1 + np.exp((EVERY - 12_000) / 200))
    found = lb.diagnose(EVERY, 1 - TRAIN, error, kind="error", thresholds=(0.01, 0.05))
    assert found.verdict is Finding.mirage


# Loggers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("every", [5, 10])
def test_repeated_evaluations_widen_the_interval(every):
    carried = LATE[(np.arange(N) // every) * every] + 1e-4 * (np.arange(N) // every)
    found = accuracies(test=np.minimum(carried, 1.0))
    assert times(found)[1] == (6001 - 100 * every, 6000)
    assert any(f"at every {every}th record and repeated" in note for note in found.notes)
    assert not any("repeated" in note for note in accuracies(test=LATE).notes)


def test_a_test_loss_beside_a_training_accuracy(tmp_path):
    history = []
    loss = 3.0 - 2.9 * rising(EVERY, 12_000, 800)
    for k, a, b in zip(EVERY.tolist(), TRAIN, loss, strict=True):
        history += [{"step": k, "accuracy": a}, {"step": k, "eval_loss": b}]
    path = tmp_path / "trainer_state.json"
    path.write_text(json.dumps({"log_history": history}))
    names = {"train": "accuracy", "test": "eval_loss"}
    with pytest.raises(InvalidInput, match="no natural threshold"):
        diagnose_log(path, **names)
    found = diagnose_log(path, **names, thresholds=(None, 0.2))
    assert found.verdict is Finding.grokked
    overfit = 0.5 + np.exp(-EVERY / 500) + EVERY / 10_000
    found = lb.diagnose(EVERY, TRAIN, overfit, kind=("accuracy", "loss"), thresholds=(None, 0.1))
    assert found.verdict is Finding.overfitting


# The definition -----------------------------------------------------------------------------------


def test_q_and_kappa_define_grokking():
    curves = {"train": rising(EVERY, 300, 30), "test": rising(EVERY, 6000, 60)}
    found = accuracies(**curves, q=0.9, kappa=5)
    assert found.thresholds == (0.9, 0.9)
    assert found.verdict is Finding.grokked
    assert found.definition["grokking"] is True
    assert accuracies(**curves, q=0.9, kappa=20).verdict is Finding.delayed
    # A dip of training between t1 and t2 breaks the definition, not the default verdict.
    dip = {**curves, "train": np.where(EVERY == 3000, 0.8, curves["train"])}
    assert accuracies(**dip).verdict is Finding.grokked
    found = accuracies(**dip, q=0.9, kappa=5)
    assert found.verdict is not Finding.grokked
    assert found.definition["grokking"] is False
    assert "misses its threshold in 1 of" in text(found)
    early = EVERY < 5000
    stopped = accuracies(curves["train"][early], curves["test"][early], EVERY[early], q=0.9)
    assert stopped.definition["censored"]
    assert stopped.definition["grokking"] is None


@pytest.mark.parametrize(
    ("middle", "kappa", "verdict"),
    [
        (320, 9, Finding.generalized_at_once),
        (2000, 9, Finding.generalized_at_once),
        (2000, 50, Finding.generalized_at_once),
        (12_000, 9, Finding.grokked),
        (12_000, 50, Finding.delayed),
    ],
)
def test_no_long_delay_is_called_none(middle, kappa, verdict):
    found = accuracies(rising(EVERY, 300, 30), rising(EVERY, middle, 20), kappa=kappa)
    assert found.verdict is verdict
    late = found.delay.ratio_low > 1
    assert ("without the relative delay" in found.advice) is not late
    if late and verdict is Finding.generalized_at_once:
        assert f"by {found.delay.ratio_words} times t1, which is not above kappa" in found.advice
    if verdict is Finding.delayed:
        assert "not by the larger delay (kappa)" in found.advice
        assert str(found.phases.verdict) == "generalized_at_once"


def test_bad_definitions_are_refused():
    with pytest.raises(InvalidInput, match="leave out"):
        accuracies(q=0.9, thresholds=(0.9, None))
    with pytest.raises(InvalidInput, match="--q 1000: must be an accuracy"):
        accuracies(q=1000)
    with pytest.raises(InvalidInput, match="kappa"):
        accuracies(kappa=-1)
    with pytest.raises(InvalidInput, match="is an accuracy"):
        lb.diagnose(EVERY, 1 - TRAIN, 1 - TRAIN, kind="error", q=0.9)


def test_the_command_takes_the_definition_and_prints_the_numbers(tmp_path, capsys):
    path = plain_csv(tmp_path / "log.csv", {"step": EVERY, "train_acc": AT_ONCE, "test_acc": LATE})
    assert main(["diagnose", path, "--q", "0.9", "--kappa", "30"]) == 0
    out = capsys.readouterr().out
    assert "delayed" in out
    assert "delay relative to t1" in out
    assert "test accuracy at t1" in out
    assert main(["diagnose", path, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    # t1 in [201, 300], t2 in [5901, 6000]
    assert found["ratio"] == pytest.approx([5601 / 300, 5799 / 201])
    assert found["test_at_t1"] == pytest.approx(0.01)
    assert (found["jump"]["low"], found["jump"]["high"]) == (5901, 6000)
    assert found["definition"]["kappa"] == 9


# `lb.phases` --------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1.0, 100.0])
def test_phases_refuses_accuracies_that_never_are_exactly_one(scale):
    train = 0.9985 / (1 + np.exp(-(EVERY - 500) / 60))
    test = 0.99 / (1 + np.exp(-(EVERY - 12_000) / 800))
    with pytest.raises(InvalidInput, match="looks like an accuracy"):
        lb.phases(EVERY, scale * train, scale * test)
    found = lb.diagnose(EVERY, scale * train, scale * test, kind="accuracy")
    assert times(found) == ((701, 800), (14_501, 14_600))
