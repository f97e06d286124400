"""`diagnose`: the norm, forecasts, bad input and what is printed."""

import json

import diagnosis_logs as logs
import numpy as np
import pytest
from diagnosis_logs import EVERY, T2, TEST, TRAIN, accuracies, rising
from scipy.special import expit, ndtr

import latebloom as lb
from benchmarks.curve_families import HELD_OUT, TUNING
from benchmarks.forecasts import WHY, of_family
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import diagnose_log
from latebloom.diagnosis.forecast import forecast
from latebloom.diagnosis.norm import norm_answer
from latebloom.diagnosis.picture import plot_diagnosis


def call(capsys, *argv):
    code = main(["diagnose", *argv])
    out, err = capsys.readouterr()
    return code, out, err


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
    found = norm_answer(K, errors, norm, kind, 0, 1e-3, 3.0)
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


ENDS = {
    "logistic": expit,
    "normal": lambda x: ndtr(x / 2),
    "exponential": lambda x: 1 - np.exp(-np.maximum(x, 0)),
    "gompertz": lambda x: np.exp(-np.exp(-x)),
    "ramp": lambda x: np.clip(x / 6, 0, 1),
}


@pytest.mark.parametrize("shape", ENDS)
@pytest.mark.parametrize("noise", [0.0, 0.005])
@pytest.mark.parametrize("level", [0.8, 0.9])
@pytest.mark.parametrize("until", [7, 8, 10])
def test_no_forecast_for_a_curve_that_has_leveled_off_below_its_threshold(
    shape, noise, level, until
):
    k = np.unique(np.linspace(0, 3000 + 1000 * until, 300).astype(int))
    rng = np.random.default_rng(0)
    accuracy = level * ENDS[shape]((k - 3000) / 1000) + noise * rng.standard_normal(len(k))
    assert forecast(k, 1 - accuracy, 0, 0.05, "accuracy").step is None


def test_no_forecast_before_memorization():
    found = accuracies(0.5 * TRAIN, np.clip(EVERY / 30_000, 0, 1))
    assert "training curve has not reached" in found.forecast.reason


# Bad input ----------------------------------------------------------------------------------------


def test_bad_arrays():
    with pytest.raises(InvalidInput, match="one value per step"):
        lb.diagnose([0, 1, 2], [1.0, 1.0], [1.0, 1.0, 1.0], kind="accuracy")
    with pytest.raises(InvalidInput, match="no array of numbers"):
        lb.diagnose([0, 1], ["a", "b"], [1.0, 1.0], kind="accuracy")


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


def test_forecasts_hold_on_families_that_chose_no_constant():
    """One held-out curve each of many kinds: of 90 % intervals at least 80 % hold in a small
    sample (the chance of fewer, of 40 or more that hold in 90 %, is below 5 %)."""
    scores = [of_family(family, 40, 3) for family in HELD_OUT]
    given, within = (sum(getattr(s, name) for s in scores) for name in ("given", "within"))
    assert given >= 40
    assert within >= 0.8 * given
    assert not {f.__name__ for f in HELD_OUT} & {f.__name__ for f in TUNING}
