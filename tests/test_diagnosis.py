"""`diagnose`: what is found in curves of known truth, in the logs of others, and in bad ones."""

import json
import sys

import diagnosis_logs as logs
import numpy as np
import pytest
from diagnosis_logs import EVERY, T1, T2, TEST, TRAIN, accuracies, crossing, rising
from hypothesis import given, settings
from hypothesis import strategies as st

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import Finding, diagnose_log, read_log
from latebloom.experiment.presets import preset

# Logs of trainers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("write", logs.TRAINERS, ids=lambda write: write.__name__)
def test_times_and_verdict_in_the_logs_of_trainers(write, tmp_path):
    names = write(tmp_path, EVERY, TRAIN, TEST)
    found = diagnose_log(**names)
    assert found.verdict is Finding.grokked
    for passage, truth, spacing in ((found.phases.t1, T1, 100), (found.phases.t2, T2, 200)):
        assert passage.low - 1 <= truth <= passage.high
        assert passage.high - passage.low < spacing
    assert "torch" not in sys.modules
    assert "tensorflow" not in sys.modules


def test_lightning_rows_are_joined_and_that_is_said(tmp_path):
    found = diagnose_log(**logs.lightning(tmp_path, EVERY, TRAIN, TEST))
    assert any("logged at different steps" in note for note in found.notes)
    assert len(found.train.steps) == 2 * len(found.test.steps) - 1


def test_single_precision_is_read_as_the_decimals_that_were_meant(tmp_path):
    # 0.95 in float32 is 0.949999988 and would miss a threshold of 0.95 in every log of TensorBoard.
    test = np.where(EVERY < 9000, 0.2, np.float32(0.95))
    found = diagnose_log(**logs.tensorboard(tmp_path, EVERY, TRAIN, test))
    assert found.phases.t2.high == 9000


def test_event_files_of_a_resumed_run_are_one_log(tmp_path):
    half = EVERY < 8000
    logs.tensorboard(tmp_path, EVERY[half], TRAIN[half], 0 * TEST[half])
    again = EVERY >= 7000  # the steps from the checkpoint on are logged again
    names = logs.tensorboard(tmp_path, EVERY[again], TRAIN[again], TEST[again], part=".2")
    found = diagnose_log(**names)
    assert len(found.test.steps) == len(EVERY)
    assert found.test.values[EVERY == 7500] == pytest.approx(TEST[EVERY == 7500])
    assert "10 records from there on" in " ".join(found.notes)


def test_a_cut_event_file_is_read_up_to_there_and_that_is_said(tmp_path):
    names = logs.tensorboard(tmp_path, EVERY, TRAIN, TEST)
    file = next((tmp_path / "runs").iterdir())
    file.write_bytes(file.read_bytes()[:-9])
    found = diagnose_log(**names)
    assert len(found.test.steps) == len(EVERY) - 1
    assert any("damaged or not complete" in note for note in found.notes)
    file.write_bytes(b"\0" * 40)
    with pytest.raises(InvalidInput, match="no curve could be read"):
        read_log(file)


def test_keras_history_and_nested_json(tmp_path):
    document = {"epoch": EVERY.tolist(), "accuracy": TRAIN.tolist(), "val_accuracy": TEST.tolist()}
    path = tmp_path / "history.json"
    path.write_text(json.dumps(document))
    assert diagnose_log(path, "accuracy", "val_accuracy").verdict is Finding.grokked


def test_a_half_written_last_line_is_left_out_and_that_is_said(tmp_path):
    path = tmp_path / "log.csv"
    logs.plain_csv(path, {"step": EVERY, "train_acc": TRAIN, "val_acc": TEST})
    path.write_text(path.read_text() + "20100,0.9")
    found = diagnose_log(path, "train_acc", "val_acc")
    assert found.train.steps[-1] == EVERY[-1]
    assert "the last line of log.csv is not complete: left out" in found.notes
    lines = tmp_path / "log.jsonl"
    names = logs.json_lines(tmp_path, EVERY, TRAIN, TEST)
    lines.write_text(lines.read_text() + '{"global_step": 20100, "tr')
    assert "the last line of log.jsonl is not complete: left out" in diagnose_log(**names).notes


# Runs whose truth the engines know ----------------------------------------------------------------


def fig3(**changes):
    """The run of Figure 3, by the proximal method: event by event, in a tenth of a second."""
    e = preset("fig3").experiment().with_(record=lb.LogSpaced(30), **changes)
    return lb.simulate(e.with_(method=lb.ProximalGradient(0.1)))


def test_a_real_grok():
    run = fig3()
    data = run.trajectory
    curves = (data[name].values for name in ("step", "train_error", "test_error", "l2_norm"))
    found = lb.diagnose(*curves, kind="error", thresholds=(1e-3, 1e-3))
    assert found.verdict is Finding.grokked
    for seen, truth in ((found.phases.t1, run.phases.t1), (found.phases.t2, run.phases.t2)):
        assert seen.low <= truth.step <= seen.high
    assert found.norm.answer == "no"
    assert found.forecast is None


def test_a_real_grok_is_forecast_when_three_quarters_are_over():
    run = fig3(thresholds=(1e-3, 1e-2))
    data = run.trajectory.sel(step=slice(0, 75_000))
    k, train, test = (data[name].values for name in ("step", "train_error", "test_error"))
    found = lb.diagnose(k, train, test, kind="error", thresholds=(1e-3, 1e-2))
    assert found.verdict is Finding.still_improving
    assert found.forecast.low <= run.phases.t2.step <= found.forecast.high
    assert found.forecast.high < 3 * run.phases.t2.step


def test_a_real_mirage_is_explained_by_the_norm():
    run = lb.simulate(preset("fig7").experiment())
    data = run.trajectory
    curves = (data[name].values for name in ("step", "train_error", "test_error", "l2_norm"))
    found = lb.diagnose(*curves, kind="error", thresholds=(1e-3, 1e-3))
    assert found.verdict is Finding.mirage
    assert found.norm.answer == "yes"
    assert found.norm.slope == pytest.approx(1.0, abs=0.05)
    assert found.norm.r2 > 0.99
    assert found.norm.share == pytest.approx(1.0, abs=0.1)
    assert found.forecast.step is None
    # While the error is still above that of predicting nothing there is no forecast either.
    early = data.sel(step=slice(0, 3_000_000))
    curves = (early[name].values for name in ("step", "train_error", "test_error"))
    found = lb.diagnose(*curves, kind="error", thresholds=(1e-3, 1e-3))
    assert found.verdict is Finding.still_improving
    assert "predicting nothing" in found.forecast.reason


# Verdicts -----------------------------------------------------------------------------------------


NOISE = 0.01 * np.random.default_rng(1).standard_normal(len(EVERY))


BUMP = 0.6 * np.exp(-(((EVERY - 3000) / 2500) ** 2))


@pytest.mark.parametrize(
    ("train", "test", "verdict"),
    [
        (TRAIN, rising(EVERY, 600, 60), "generalized_at_once"),
        (TRAIN, np.full(len(EVERY), 0.1) + NOISE, "memorized_only"),
        (TRAIN, 0.1 + BUMP + NOISE, "overfitting"),
        (TRAIN, np.clip(0.1 + EVERY / 30_000 + NOISE, 0, 1), "still_improving"),
        (TRAIN, rising(EVERY, 22_000, 1500) * 0.9, "still_improving"),  # begins at the very end
        (0.5 * TRAIN, np.full(len(EVERY), 0.1), "never_memorized"),
        (TRAIN, np.where(EVERY < 5000, 0.97, 0.5), "ungrokked"),
        (TRAIN, np.where(EVERY % 200 == 0, 0.951, 0.949), "generalized_at_once"),
        (TRAIN, 0.949 + 0.001 * (EVERY == 15_000), "undecided"),
        (TRAIN, rising(EVERY, 9000, 200, high=0.8), "memorized_only"),  # generalized in part
        (np.where(EVERY < 9000, TRAIN, 0.2), 0.1 + BUMP, "undecided"),
    ],
)
def test_verdicts(train, test, verdict):
    found = accuracies(train, test)
    assert found.verdict == verdict, found.reasons
    assert found.verdict.advice.endswith(".")
    assert len(found.reasons) >= 3


def test_overfitting_says_where_the_best_was():
    found = accuracies(test=0.1 + BUMP + NOISE)
    sentence = next(reason for reason in found.reasons if "was best" in reason)
    step = int(sentence.split("about step ")[1].split()[0])
    assert abs(step - 3000) < 600


def test_a_loss_that_became_nan_is_a_divergence():
    train = np.where(EVERY < 5000, 2.0 - TRAIN, np.nan)
    test = np.where(EVERY < 5000, 2.0, np.nan)
    found = lb.diagnose(EVERY, train, test, kind="loss", thresholds=(0.1, 0.1))
    assert found.verdict is Finding.diverged
    assert found.phases.diverged_at == 5000
    assert any("not finite from step 5000" in note for note in found.notes)


def test_noise_alone_is_no_trend_and_no_overfitting():
    wrong = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        noise = rng.standard_normal(len(EVERY))
        if seed % 2:  # neighbours that resemble each other, as a moving average does
            noise = np.convolve(noise, np.ones(3) / 3, "same")
        test = np.clip(0.5 + 0.03 * noise, 0, 1)
        wrong += accuracies(test=test).verdict is not Finding.memorized_only
    assert wrong <= 3


def test_thresholds_and_kinds_may_differ_between_the_curves():
    found = lb.diagnose(EVERY, 1 - TRAIN, TEST, kind=("loss", "accuracy"), thresholds=(0.01, 0.9))
    assert found.verdict is Finding.grokked
    assert found.thresholds == pytest.approx((0.01, 0.9))
    assert accuracies(thresholds=(99, 95)).phases == accuracies().phases


# Repairs ------------------------------------------------------------------------------------------


def test_percent_is_recognized_and_said():
    found = accuracies(100 * TRAIN, 100 * TEST)
    plain = accuracies().phases
    assert (found.phases.t1, found.phases.t2) == (plain.t1, plain.t2)
    assert "train is in percent: divided by 100" in found.notes


def test_duplicated_steps_keep_the_last_record_and_say_so():
    k = np.append(EVERY, 15_000)  # logged again in the end, and sorted to its place
    found = accuracies(np.append(TRAIN, 1.0), np.append(TEST, 0.5), k)
    assert found.test.values[found.test.steps == 15_000] == 0.5
    assert any("sorted" in note for note in found.notes)
    assert any("more than once" in note for note in found.notes)


def test_single_nan_are_left_out_and_said():
    test = TEST.copy()
    test[[5, 50]] = np.nan
    found = accuracies(test=test)
    assert len(found.test.steps) == len(EVERY) - 2
    assert any(
        "NaN or infinite in 2 records, the first at step 500" in note for note in found.notes
    )


def test_test_that_is_better_from_the_start_is_noted():
    found = accuracies(0.8 * TEST, TRAIN)
    assert any("are the columns swapped?" in note for note in found.notes)
    assert not any("swapped" in note for note in accuracies().notes)


def test_a_passage_comes_from_all_records_of_its_own_curve():
    sparse = EVERY % 1000 == 0
    test = np.where(sparse, TEST, np.nan)
    found = accuracies(test=test)
    assert found.phases.t1 == accuracies().phases.t1
    assert found.phases.t2.high - found.phases.t2.low == 999


def test_training_beyond_the_last_test_record_decides_nothing():
    k = np.arange(0, 20_001, 50)
    train = rising(k, 5000, 60)
    found = lb.diagnose(k, train, np.where(k < 400, 0.1, np.nan), kind="accuracy")
    assert found.verdict is Finding.undecided
    assert any("later than the last" in note for note in found.notes)


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1.0, 100.0]))
def test_order_of_rows_and_percent_change_nothing(seed, scale):
    rng = np.random.default_rng(seed)
    k = np.sort(rng.choice(20_000, size=120, replace=False))
    train = rising(k, rng.uniform(100, 4000), 50)
    test = np.clip(rising(k, rng.uniform(100, 25_000), 700) + 0.02 * rng.standard_normal(120), 0, 1)
    train, test = train.round(4), test.round(4)
    expected = accuracies(train, test, k)
    order = rng.permutation(120)
    found = accuracies(scale * train[order], scale * test[order], k[order])
    assert found.verdict == expected.verdict
    assert (found.phases.t1, found.phases.t2) == (expected.phases.t1, expected.phases.t2)
    assert found.forecast == expected.forecast


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_intervals_of_sampled_curves_hold_the_truth(seed):
    rng = np.random.default_rng(seed)
    middle = rng.uniform(1000, 15_000)
    k = np.unique(np.concatenate([[0, 20_000], rng.choice(20_000, size=80)]))
    found = accuracies(rising(k, 300, 20), rising(k, middle, 300), k)
    truth = crossing(middle, 300, 0.95)
    assert found.phases.t2.low - 1 <= truth <= found.phases.t2.high
