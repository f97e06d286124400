"""`diagnose`: the norm, forecasts, bad input and what is printed."""

import json
import sys

import diagnosis_logs as logs
import numpy as np
import pytest
from diagnosis_logs import EVERY, T2, TEST, TRAIN, accuracies, rising

import latebloom as lb
from benchmarks.forecasts import WHY
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import diagnose_log, read_log
from latebloom.diagnosis.curves import guess_kind
from latebloom.diagnosis.forecast import forecast
from latebloom.diagnosis.norm import explain
from latebloom.plots.diagnosis import plot_diagnosis


def call(capsys, *argv):
    code = main(["diagnose", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys, *argv):
    code, out, err = call(capsys, *argv)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    return err


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
