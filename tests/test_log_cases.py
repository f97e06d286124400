"""Small logs of many kinds: the command on the page of each gives the times that stand there."""

import json
import shutil
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import pytest

from latebloom.cli.main import main
from latebloom.diagnosis.logs import read_log

CASES = Path(__file__).parent / "data" / "diagnosis"
LATE = (1251, 1500), (25751, 26000)
EPOCHS = (6, 6), (104, 104)
BY_STEP = "--step step --train train_acc --test test_acc"


def diagnose(capsys, *argv):
    code = main(["diagnose", *argv, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out)


def times(found):
    return tuple((found[t]["low"], found[t]["high"]) for t in ("t1", "t2"))


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("comment_top.csv", BY_STEP, LATE),
        ("compressed.csv.gz", BY_STEP, LATE),
        ("curves.npz", BY_STEP, LATE),
        ("duplicate_other_column.csv", BY_STEP, LATE),
        ("fractional_epochs.csv", "--step epoch --train train_acc --test test_acc", None),
        ("history_nested.json", "--step epoch --train accuracy --test val_accuracy", EPOCHS),
        ("keras_history.json", "--train accuracy --test val_accuracy", EPOCHS),
        ("keras_training.log", "--step epoch --train accuracy --test val_accuracy", EPOCHS),
        ("keras_valfreq.json", "--train accuracy --test val_accuracy", ((6, 6), (100, 104))),
        ("long_split.jsonl", "--step step --train acc --test acc", LATE),
        ("mlruns/0/ab12/metrics", "--train train_acc --test val_acc", LATE),
        ("no_suffix", BY_STEP, LATE),
        ("noheader.txt", "--step 0 --train 1 --test 2", LATE),
        ("percent_strings.csv", BY_STEP, LATE),
        ("plural_names.csv", "--step step --train train_accs --test val_accs", LATE),
        ("results_records.json", BY_STEP, LATE),
        ("savetxt.txt", BY_STEP, LATE),
        ("space_header.txt", BY_STEP, LATE),
        ("stdout.log", "--step epoch --train train_acc --test val_acc", LATE),
        ("trailing_comma.csv", BY_STEP, LATE),
        (
            "two_step_lists.json",
            "--train train_acc --test eval_acc --step train_steps,eval_steps",
            ((1251, 1500), (25001, 26000)),
        ),
    ],
)
@pytest.mark.parametrize("guessed", [False, True])
def test_formats(name, options, expected, guessed, capsys):
    found = diagnose(capsys, str(CASES / name), *([] if guessed else options.split()))
    expected = expected or ((1.25, 1.5), (25.75, 26))
    assert times(found) == expected
    assert found["verdict"] == "grokked"
    assert any("columns guessed" in note for note in found["notes"]) is guessed


def test_rows_are_counted_where_there_are_no_steps(capsys):
    found = diagnose(capsys, str(CASES / "keras_history.json"))
    assert any("the numbers of the records, from 0" in note for note in found["notes"])
    found = diagnose(capsys, str(CASES / "fractional_epochs.csv"), "--step", "row")
    assert times(found) == EPOCHS


def test_a_file_per_curve(capsys):
    train, test = (str(CASES / f"tensorboard_download_{x}.csv") for x in ("train", "test"))
    assert times(diagnose(capsys, train, test)) == LATE
    for suffix in ("", ":Value"):
        options = ("--train", f"{train}{suffix}", "--test", f"{test}{suffix}")
        assert times(diagnose(capsys, *options)) == LATE
    found = diagnose(capsys, train, "--train", "Value", "--test", f"{test}:Value")
    assert times(found) == LATE
    other = str(CASES / "plural_names.csv")
    found = diagnose(capsys, "--train", f"{other}:train_accs", "--test", f"{test}:Value")
    assert times(found) == LATE


def test_the_folder_of_mlflow_at_any_depth(capsys):
    for place in ("mlruns", "mlruns/0", "mlruns/0/ab12"):
        assert times(diagnose(capsys, str(CASES / place))) == LATE


def test_standard_input_is_read_packed_or_not(capsys, monkeypatch):
    for name in ("no_suffix", "compressed.csv.gz", "curves.npz", "stdout.log"):
        data = BytesIO((CASES / name).read_bytes())
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data))
        assert times(diagnose(capsys, "-")) == LATE


def test_the_suffix_decides_nothing(tmp_path, capsys):
    for name in ("curves.npz", "results_records.json", "stdout.log", "long_split.jsonl"):
        for suffix in (".csv", ".json", ".parquet", ".xlsx"):
            path = tmp_path / f"log{suffix}"
            shutil.copy(CASES / name, path)
            assert times(diagnose(capsys, str(path))) == LATE


def test_a_restart_supersedes_what_was_logged_after_its_first_step(capsys):
    found = diagnose(capsys, str(CASES / "restart_dead_branch.csv"), *BY_STEP.split())
    assert times(found) == ((701, 800), (59801, None))
    assert found["verdict"] == "memorized_only"
    said = "the steps go back from 18,900 to 10,050: 89 records from there on"
    assert any(said in note for note in found["notes"])


def test_seeds_in_one_table(capsys):
    path = str(CASES / "runs_by_seed.csv")
    assert main(["diagnose", path, *BY_STEP.split()]) == 2
    said = capsys.readouterr().err
    assert "told apart by seed (seed: 0, 1, 2); add --where seed=0" in said
    assert "--by seed" in said
    assert times(diagnose(capsys, path, "--where", "seed=0")) == LATE
    runs = diagnose(capsys, path, "--by", "seed")["runs"]
    assert [run["run"] for run in runs] == ["seed=0", "seed=1", "seed=2"]
    assert times(runs[0]) == LATE
    assert main(["diagnose", path, "--by", "seed"]) == 0
    assert capsys.readouterr().out.count("grokked") == 3


@pytest.mark.parametrize("path", sorted(p for p in CASES.iterdir()), ids=lambda p: p.name)
def test_every_case_is_read(path):
    log = read_log(path)
    assert sum(log.is_numeric(name) for name in log.names) >= 2
