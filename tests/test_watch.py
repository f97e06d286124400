"""The commands `watch`, on logs that grow, and `compare`, on several logs."""

import io
import json

import numpy as np
import pytest
from diagnosis_logs import plain_csv
from rich.console import Console

from latebloom.cli import watch
from latebloom.cli.main import main

K = np.arange(0, 10_001, 100)
TRAIN = np.where(K < 300, 0.2, 1.0)


def write(path, jump, rows=None, train=TRAIN):
    test = np.where(jump > K, 0.1, 0.98)
    table = {"step": K[:rows], "train_acc": train[:rows], "val_acc": test[:rows]}
    plain_csv(path, table)
    return str(path)


def growing(monkeypatch, path, jump, rows):
    """Let the log have so many rows at each look, and Ctrl-C come after the last."""
    left = list(rows)

    def check():
        if not left:
            raise KeyboardInterrupt
        write(path, jump, left.pop(0))

    monkeypatch.setattr(watch, "check_signals", check)
    monkeypatch.setattr(watch, "SHARE", 1e9)  # at every look, however long reading takes


def test_watch_says_what_changes_and_leaves_the_diagnosis(tmp_path, monkeypatch, capsys):
    path = tmp_path / "log.csv"
    growing(monkeypatch, path, 8000, [2, 20, 40, 90])
    assert main(["watch", str(path), "--every", "1e-3", "--json"]) == 130
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert (found["verdict"], found["t2"]["high"]) == ("grokked", 8000)
    said = err.splitlines()
    assert "is not there yet" in said[0]
    assert "2 records" in said[1]
    assert len(said) == 4  # nothing at 40 rows, because nothing has changed but the last step
    assert "t1 in [201, 300] (bracketed), t2 not by step 1,900" in said[2]
    assert "t2 in [7,901, 8,000]" in said[3]


def test_the_last_rows_are_read_at_the_end(tmp_path, capsys):
    path = write(tmp_path / "log.csv", 8000)
    assert main(["watch", path, "--every", "1000", "--seconds", "0"]) == 0
    assert "grokked" in capsys.readouterr().out


def test_a_log_that_never_comes_is_refused(tmp_path, capsys):
    assert main(["watch", str(tmp_path / "log.csv"), "--seconds", "0"]) == 2
    assert "is not there yet" in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("option", [("--every", "0"), ("--seconds", "-1")])
def test_times_that_make_no_sense(tmp_path, capsys, option):
    assert main(["watch", write(tmp_path / "log.csv", 8000), *option]) == 2
    assert option[0] in capsys.readouterr().err


def test_what_a_terminal_shows(tmp_path):
    follower = watch._Follower(watch.Watch(write(tmp_path / "log.csv", 8000)))
    console = Console(file=io.StringIO(), width=120)
    console.print(follower.view())
    assert follower.look()
    assert not follower.look(at_once=True)  # it has not changed
    console.print(follower.view())
    text = console.file.getvalue()
    assert "is not there yet" in text
    assert "1 at step 10,000" in text
    assert "in [7,901, 8,000] (bracketed)" in text
    # Four fifths of the line are low: the columns up to step 7900.
    line = next(line for line in text.splitlines() if "val_acc" in line)
    assert line.count("▁") == sum(np.linspace(0, 10_000, 40) < 8000)


def test_gaps_and_constants_in_a_sparkline():
    assert watch.sparkline([0, 1, 2], [np.nan, 1.0, 2.0], 3) == " ▁█"
    assert watch.sparkline([0, 1], [3.0, 3.0], 4) == "▁▁▁▁"
    assert watch.sparkline([0, 1], [np.nan, np.inf], 2) == "  "


# Several logs -------------------------------------------------------------------------------------


def test_compare_puts_logs_side_by_side(tmp_path, capsys):
    a, b = write(tmp_path / "a.csv", 8000), write(tmp_path / "b.csv", 5000)
    c = write(tmp_path / "c.csv", 99_999)
    assert main(["compare", a, b, c]) == 0
    out = capsys.readouterr().out
    assert "b.csv generalizes before a.csv and c.csv (not by the end of its log)" in out
    assert "25.3 to 38.8" in out  # (7901 - 300) / 300 and (8000 - 201) / 201
    assert main(["compare", a, b, c, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [run["run"] for run in found["runs"]] == ["a.csv", "b.csv", "c.csv"]
    assert found["runs"][2]["ratio"] == [(10_001 - 300) / 300, None]
    assert found["sooner"].startswith("b.csv generalizes before")


def test_compare_says_which_log_has_no_answer(tmp_path, capsys):
    a, b = write(tmp_path / "a.csv", 8000), write(tmp_path / "b.csv", 5000, rows=3)
    assert main(["compare", a, b]) == 1
    out = capsys.readouterr().out
    assert "no answer" in out
    assert "b.csv: train_acc has 3 records" in " ".join(out.split())
    assert main(["compare", b, str(tmp_path / "c.csv")]) == 2


@pytest.mark.parametrize(
    ("logs", "said"),
    [([], "compare needs two or more logs"), (["a"], "a is one"), (["a", "a"], "given twice")],
)
def test_compare_needs_two_logs(logs, said, capsys):
    assert main(["compare", *logs]) == 2
    assert said in capsys.readouterr().err


def test_compare_takes_one_log_with_several_runs(tmp_path, capsys):
    lines = ["step,seed0/train_acc,seed0/test_acc,seed1/train_acc,seed1/test_acc"]
    for k in range(0, 20_001, 100):
        lines.append(
            ",".join(str(x) for x in (k, *(float(k >= t) for t in (300, 9000, 300, 5000))))
        )
    (tmp_path / "log.csv").write_text("\n".join(lines))
    assert main(["compare", str(tmp_path / "log.csv"), "--by", "run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [run["run"] for run in found["runs"]] == ["run=seed0", "run=seed1"]
    assert found["sooner"].startswith("run=seed1 generalizes before run=seed0")


def test_the_definition_and_a_picture_are_options_of_watch_and_compare(tmp_path, capsys):
    path, other = (write(tmp_path / name, 8000) for name in ("a.csv", "b.csv"))
    picture = tmp_path / "out.svg"
    options = ["--kappa", "50", "--q", "0.95"]
    assert main(["watch", path, "--seconds", "0", *options, "--plot", str(picture), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["definition"]["kappa"] == 50
    assert picture.read_text().lstrip().startswith("<?xml")
    assert main(["compare", path, other, *options, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [run["definition"]["q"] for run in found["runs"]] == [0.95, 0.95]


def test_compare_takes_the_runs_of_each_log_apart(tmp_path, capsys):
    paths = []
    for name in ("a.csv", "b.csv"):
        rows = ["seed,step,train_acc,val_acc"]
        for seed, jump in ((0, 4000), (1, 8000)):
            rows += [f"{seed},{k},{0.2 if k < 300 else 1},{0.1 if k < jump else 0.98}" for k in K]
        paths.append(str(tmp_path / name))
        (tmp_path / name).write_text("\n".join(rows))
    assert main(["compare", *paths, "--by", "seed", "--json"]) == 0
    runs = json.loads(capsys.readouterr().out)["runs"]
    assert {run["run"]: run["t2"]["high"] for run in runs} == {
        f"{name} seed={seed}": jump
        for name in ("a.csv", "b.csv")
        for seed, jump in ((0, 4000), (1, 8000))
    }
    assert main(["compare", *paths, "--where", "seed=1", "--json"]) == 0
    assert {run["t2"]["high"] for run in json.loads(capsys.readouterr().out)["runs"]} == {8000}
