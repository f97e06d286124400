"""`diagnose`: what is found in curves of known truth, in the logs of others, and in bad ones."""

import json
import sys

import diagnosis_logs as logs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latebloom as lb
from benchmarks.forecasts import WHY
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import Finding, diagnose_log, read_log
from latebloom.diagnosis.curves import guess_kind
from latebloom.diagnosis.forecast import forecast
from latebloom.diagnosis.norm import explain
from latebloom.experiment.presets import preset
from latebloom.plots.diagnosis import plot_diagnosis

EVERY = np.arange(0, 20_001, 100)


def rising(k, middle, width, low=0.01, high=1.0):
    """An accuracy that rises once."""
    return low + (high - low) / (1 + np.exp(-(k - middle) / width))


def crossing(middle, width, goal, low=0.01, high=1.0):
    """The step at which `rising` reaches the goal."""
    share = (goal - low) / (high - low)
    return middle + width * np.log(share / (1 - share))


TRAIN, TEST = rising(EVERY, 500, 60), rising(EVERY, 12_000, 800)
T1, T2 = crossing(500, 60, 0.99), crossing(12_000, 800, 0.95)


def accuracies(train=TRAIN, test=TEST, k=EVERY, **more):
    return lb.diagnose(k, train, test, kind="accuracy", **more)


def call(capsys, *argv):
    code = main(["diagnose", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys, *argv):
    code, out, err = call(capsys, *argv)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    return err


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
    assert any("has 10 steps more than once" in note for note in found.notes)


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
        (TRAIN, rising(EVERY, 9000, 200, high=0.8), "mirage"),
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


# The norm -----------------------------------------------------------------------------------------


K = np.arange(0, 2000)
SHRINKING = 500 * np.exp(-K / 100)


@pytest.mark.parametrize(
    ("errors", "norm", "kind", "answer"),
    [
        (np.hypot(SHRINKING, 0.9), SHRINKING, "error", "yes"),
        (np.hypot(SHRINKING, 0.9) ** 2, SHRINKING, "loss", "yes"),
        (np.exp(-K / 200), 10 - K / 1000, "error", "no"),
        (0.5 + 500 * np.exp(-K / 100), SHRINKING**0.5, "error", "cannot tell"),
        (SHRINKING / 500 + 1e-5, SHRINKING, "error", "in part"),  # it generalizes
        (np.full(2000, 0.5), SHRINKING, "error", "cannot tell"),
        (1 - rising(K, 1000, 50), SHRINKING, "accuracy", "cannot tell"),
    ],
)
def test_whether_the_norm_explains_the_drop(errors, norm, kind, answer):
    found = explain(K, errors, norm, kind, 0, 1e-3, 3.0)
    assert found.answer == answer, found.sentence


def test_of_an_accuracy_only_the_correlation_is_told():
    found = accuracies(norm=100 * np.exp(-EVERY / 10_000))
    assert found.norm.answer == "cannot tell"
    assert found.norm.slope is None
    assert found.norm.correlation < -0.8
    assert "changes no prediction" in found.norm.sentence


def test_a_norm_logged_on_other_rows_is_interpolated_and_said(tmp_path):
    path = tmp_path / "log.csv"
    blank = np.where(np.arange(len(EVERY)) % 3 == 0, 10 * np.exp(-EVERY / 9000), "")
    logs.plain_csv(path, {"step": EVERY, "train_acc": TRAIN, "val_acc": TEST, "weight_norm": blank})
    found = diagnose_log(path, "train_acc", "val_acc", norm="weight_norm")
    assert found.norm.norm_ratio > 1
    assert any("interpolated" in note for note in found.notes)


# Forecasts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "errors", "kind"),
    [
        ("linear", lambda k: 0.9 - k / 3000, "error"),
        ("exponential", lambda k: 0.9 * np.exp(-k / 1500), "error"),
        ("logistic", lambda k: 1 / (1 + np.exp((k - 1500) / 400)), "accuracy"),
        ("square root", lambda k: (0.95 - k / 4000) ** 2, "error"),
    ],
)
def test_a_law_that_holds_is_found_and_hit(law, errors, kind):
    k = np.arange(0, 2001, 20)
    found = forecast(k, errors(k), 0, 0.1, kind)
    fine = np.arange(2000, 20_000)
    truth = int(fine[np.argmax(errors(fine) <= 0.1)])
    assert found.law == law
    assert found.step == pytest.approx(truth, rel=0.02)
    assert found.low < truth < found.high


@pytest.mark.parametrize(
    ("errors", "why"),
    [
        (np.full(200, 0.9), "moved too little"),
        (0.9 + 0.1 * np.random.default_rng(0).standard_normal(200), "moved too little"),
        (0.9 * np.exp(-np.arange(200) / 1000), "too far"),
        (0.3 + 0.6 * np.exp(-np.arange(200) / 10), "own past"),
        (np.linspace(5, 2, 200), "predicting nothing"),
        (np.linspace(0.9, 0.5, 10), "needs 20"),
    ],
)
def test_forecasts_are_refused_with_a_reason(errors, why):
    found = forecast(np.arange(len(errors)), errors, 0, 1e-3)
    assert found.step is None
    assert found.low is None
    assert why in found.reason
    assert any(word in found.reason for word in WHY)  # those that the benchmark counts


def test_no_forecast_before_memorization():
    found = accuracies(0.5 * TRAIN, np.clip(EVERY / 30_000, 0, 1))
    assert "training curve has not reached" in found.forecast.reason


# Bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({}, ("--test", "val_ac"), "no column 'val_ac'; did you mean 'val_acc'?"),
        ({}, ("--step", "stp"), "did you mean 'step'?"),
        ({}, ("--test", "train_acc"), "both 'train_acc'"),
        ({}, ("--kind", "accurracy"), "must be one of accuracy, percent, error, loss"),
        ({}, ("--kind", "a,b,c"), "one for train and one for test"),
        ({}, ("--test-threshold", "high"), "must be a number"),
        ({}, ("--test-threshold", "0"), "must be a finite number > 0"),
        ({}, ("--test-threshold", "200"), "must be an accuracy"),
        ({"val_acc": np.full(201, "")}, (), "column 'val_acc' is empty"),
        ({"val_acc": np.full(201, "x")}, (), "line 2: 'x' in column 'val_acc' is no number"),
        ({"val_acc": np.full(201, "0,5")}, (), "a decimal comma?"),
        ({"val_acc": np.full(201, "nan")}, (), "no finite value"),
        ({"val_acc": 101 * TEST}, (), "one unit or two?"),
        ({"val_acc": -TEST}, (), "an accuracy is in [0, 1]"),
        ({"train_acc": 101 * TRAIN, "val_acc": 90 * TEST}, (), "an accuracy is in [0, 100]"),
        ({"step": EVERY / 1000}, (), "take the column that counts the updates"),
        ({"step": np.tile(EVERY[:67], 3)}, (), "several runs in one log?"),
        ({"step": np.full(201, "")}, (), "'step' is empty in every row"),
        ({"w": np.zeros(201)}, ("--norm", "w"), "a norm is positive"),
        ({"score": TEST}, ("--test", "score"), "does not tell whether it is an accuracy or a loss"),
        ({"loss": 1 - TEST}, ("--test", "loss"), "no natural threshold"),
        ({"loss": -TEST}, ("--test", "loss", "--test-threshold", "1"), "cannot be negative"),
    ],
)
def test_bad_columns(columns, options, message, tmp_path, capsys):
    table = {"step": EVERY, "train_acc": TRAIN, "val_acc": TEST, **columns}
    path = logs.plain_csv(tmp_path / "log.csv", table)
    argv = {"--train": "train_acc", "--test": "val_acc"}
    argv |= dict(zip(options[::2], options[1::2], strict=True))
    words = [word for pair in argv.items() for word in pair]
    assert message in refused(capsys, path, *words)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("log.csv", "", "is empty"),
        ("log.csv", "step,train_acc,val_acc\n", "is empty"),
        ("log.csv", "0,0.5,0.5\n1,0.6,0.5\n", "names no columns"),
        ("log.csv", "step,a,a\n0,1,2\n", "two columns are called 'a'"),
        ("log.csv", "step,train_acc,val_acc\n0,1\n1,1,1\n", "line 2: has 2 cells"),
        ("log.csv", "step,train_acc,val_acc\n0,.1,.1\n9,.2,.1\n", "needs at least 5"),
        ("log.csv", "time,train_acc,val_acc\n0,.1,.1\n", "name the steps with --step"),
        ("log.jsonl", '{"step": 0}\nnonsense\n{"step": 1}\n', "line 2: is no JSON"),
        ("log.json", "nonsense", "line 1: is no JSON"),
        ("log.json", "[1, 2]", "is no record"),
        ("log.json", "3", "is no log"),
        ("log.json", '{"step": [1, 2], "x": [1]}', "is no log"),
        ("log.parquet", "nonsense", "is no Parquet file"),
        ("log.xlsx", "nonsense", "no format '.xlsx'"),
        ("x.tfevents.1", "nonsense", "no curve could be read"),
    ],
)
def test_bad_files(name, text, message, tmp_path, capsys):
    path = tmp_path / name
    path.write_text(text)
    words = ("--train", "train_acc", "--test", "val_acc")
    assert message in refused(capsys, str(path), *words)


def test_bad_paths_and_missing_options(tmp_path, capsys):
    assert "does not exist" in refused(capsys, str(tmp_path / "none.csv"))
    assert "no event file" in refused(capsys, str(tmp_path), "--train", "a", "--test", "b")
    path = logs.plain_csv(tmp_path / "log.csv", {"step": EVERY, "a": TRAIN, "b": TEST})
    assert "columns of" in refused(capsys, path)
    assert "step, a, b" in refused(capsys, path, "--train", "a")
    assert "diagnose needs a log" in refused(capsys)
    assert "did you mean '--train'?" in refused(capsys, path, "--trian", "a")


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [("tensorboard", "x.tfevents.1", "tensorboard"), ("pyarrow", "x.parquet", "export")],
)
def test_missing_packages_are_named(package, name, extra, tmp_path, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_text("x")
    with pytest.raises(InvalidInput, match=rf"pip install 'latebloom\[{extra}\]'"):
        read_log(tmp_path / name)


def test_bad_arrays():
    with pytest.raises(InvalidInput, match="one value per step"):
        lb.diagnose([0, 1, 2], [1.0, 1.0], [1.0, 1.0, 1.0], kind="accuracy")
    with pytest.raises(InvalidInput, match="no array of numbers"):
        lb.diagnose([0, 1], ["a", "b"], [1.0, 1.0], kind="accuracy")


def test_kinds_are_told_by_words_not_by_letters():
    names = (
        "val/acc_epoch",
        "valAcc",
        "eval_accuracy",
        "test_err",
        "loss/test",
        "raccoon",
        "mseacc",
    )
    kinds = ["accuracy", "accuracy", "accuracy", "error", "loss", None, None]
    assert [guess_kind(name) for name in names] == kinds
    assert guess_kind("accuracy_loss") is None


# Output -------------------------------------------------------------------------------------------


def test_the_command_prints_a_table_and_writes_a_picture(tmp_path, capsys):
    names = logs.lightning(tmp_path, EVERY, TRAIN, TEST)
    words = (names["log"], "--train", "train_acc", "--test", "val_acc")
    code, out, err = call(capsys, *words, "--plot", str(tmp_path / "out.svg"))
    assert (code, err) == (0, "")
    assert "grokked" in out
    assert "note: train_acc: the threshold is an accuracy of 0.99" in out
    assert (tmp_path / "out.svg").read_text().count("<path") > 5


def test_the_command_prints_one_json_document(tmp_path, capsys):
    late = EVERY <= 12_500
    names = logs.hugging_face(tmp_path, EVERY[late], TRAIN[late], TEST[late])
    words = ("--train", names["train"], "--test", names["test"])
    code, out, _ = call(capsys, names["log"], *words, "--json")
    found = json.loads(out)
    assert code == 0
    assert found["verdict"] == "still_improving"
    assert found["t1"]["kind"] == "bracketed"
    assert found["t2"]["kind"] == "censored"
    assert found["forecast"]["low"] < T2 < found["forecast"]["high"]
    assert found["test"]["threshold"] == pytest.approx(0.95)


def test_the_picture_shows_intervals_and_forecast():
    late = EVERY <= 12_500
    figure = plot_diagnosis(accuracies(TRAIN[late], TEST[late], EVERY[late]))
    ids = {artist.get_gid() for axes in figure.axes for artist in axes.get_children()}
    assert {"t1", "forecast"} <= ids
    mixed = lb.diagnose(EVERY, 1 - TRAIN, TEST, kind=("loss", "accuracy"), thresholds=(0.01, None))
    figure = plot_diagnosis(mixed)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "accuracy"]
    ids = {artist.get_gid() for axes in figure.axes for artist in axes.get_children()}
    assert {"t1", "t2"} <= ids


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("long.csv", "step,a,b\n1,0.5," + "9" * 140_000 + "\n"),
        ("deep.json", "[" * 100_000),
        ("digits.json", '{"step": ' + "1" * 5000 + ', "a": 1, "b": 1}'),
    ],
)
def test_what_the_readers_of_python_refuse_is_refused_in_one_line(name, text, tmp_path, capsys):
    (tmp_path / name).write_text(text)
    assert main(["diagnose", str(tmp_path / name), "--train", "a", "--test", "b"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"latebloom: {tmp_path / name}")
    assert said.count("\n") == 1


def test_empty_lines_before_the_header_keep_the_numbers_of_the_others(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("\n\nstep,a,b\n1,0.5,0.5\n2,0.5\n3,0.5,0.5\n")
    with pytest.raises(InvalidInput, match="line 5: has 2 cells"):
        read_log(log)
    log.write_text("\nstep,a,b\n1,0.5,0.5\n2,0.5,0.6\n")
    assert read_log(log).names == ["step", "a", "b"]
