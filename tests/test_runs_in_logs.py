"""Several runs in one log: restarts, appended runs, and columns that tell runs apart."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import latebloom as lb
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import diagnose_log
from latebloom.diagnosis.logs import Log, groups, where
from latebloom.diagnosis.logs.restarts import attempts, backward, current, starts

K = np.arange(0, 10_001, 100)


def rising(k, middle, width=60):
    return 0.01 + 0.99 / (1 + np.exp(-(k - middle) / width))


def table(*runs, **more):
    """A log of runs below each other; a run is (steps, middle of the late rise)."""
    k = np.concatenate([steps for steps, _ in runs])
    test = np.concatenate([rising(steps, middle) for steps, middle in runs])
    return Log.of("x.csv", {"step": k, "train_acc": rising(k, 500), "test_acc": test, **more})


def by_step(log):
    """The same log, its rows in the order of the steps."""
    order = np.argsort(log.columns["step"].cells, kind="stable")
    return Log.of("x.csv", {name: column.cells[order] for name, column in log.columns.items()})


def number_of_run(*runs):
    return np.concatenate([np.full(len(k), float(i)) for i, (k, _) in enumerate(runs)])


SEEDS = ((K, 3000), (K, 5000), (K, 7000))


# Restarts -----------------------------------------------------------------------------------------


def superseded(k):
    """The oracle: read record by record, forgetting what a lower step overtakes."""
    kept = []
    for i, step in enumerate(k):
        while kept and k[kept[-1]] >= step:
            kept.pop()
        kept.append(i)
    return np.isin(np.arange(len(k)), kept)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), restarts=st.integers(0, 4))
def test_what_a_restart_repeats_is_superseded(seed, restarts):
    rng = np.random.default_rng(seed)
    parts, begin = [], 0
    for _ in range(restarts + 1):
        part = begin + np.cumsum(rng.integers(1, 50, size=rng.integers(20, 60)))
        parts.append(part)
        begin = int(rng.integers(part[len(part) // 2], part[-1])) - 1
    k = np.concatenate(parts).astype(float)
    keep, notes = current(k)
    assert keep.tolist() == superseded(k).tolist()
    assert (np.diff(k[keep]) > 0).all()
    dropped = sum(int(note.split(": ")[1].split()[0]) for note in notes) if restarts <= 3 else None
    assert dropped in (None, np.count_nonzero(~keep))


def test_many_restarts_are_summed_up():
    k = np.concatenate([np.arange(100 * i, 100 * i + 150) for i in range(9)]).astype(float)
    keep, notes = current(k)
    assert np.count_nonzero(~keep) == 8 * 50
    assert notes[0].endswith("; so at 8 places, 400 records in all")


@pytest.mark.parametrize(
    ("k", "back", "anew"),
    [
        (np.arange(50), [], []),
        (np.arange(50)[::-1], [], []),  # the newest first
        (np.tile(K, 3), [101, 202], [101, 202]),
        (np.append(K, K[K >= 4000]), [101], []),
        (np.append(K, K[50:] + 50), [101], []),  # a restart on other steps
        (np.append(K, [5000]), [], []),  # a late evaluation of one checkpoint
        (np.append(K, [0, 100]), [101], [101]),
        (np.append(K[K > 0], K[K > 0]), [100], [100]),
    ],
)
def test_where_steps_go_back(k, back, anew):
    k = np.asarray(k, dtype=float)
    assert backward(k).tolist() == back
    assert starts(k).tolist() == anew
    assert attempts(k)[-1] == 1 + len(anew)


def test_rows_in_any_order_are_no_restarts():
    k = np.random.default_rng(0).permutation(K).astype(float)
    assert not len(backward(k))
    found = lb.diagnose(k, rising(k, 500), rising(k, 7000), kind="accuracy")
    assert (found.phases.t2.low, found.phases.t2.high) == (7101, 7200)


def test_a_restart_on_another_grid_of_steps():
    first, second = K[K <= 6000], np.arange(4050, 12_000, 100)
    log = table((first, 5000), (second, 9000))
    found = diagnose_log(log)
    # The first attempt generalized at 5,200, after the checkpoint from which the second went on.
    assert (found.phases.t2.low, found.phases.t2.high) == (9151, 9250)
    assert "20 records from there on" in " ".join(found.notes)


# Appended runs ------------------------------------------------------------------------------------


def test_appended_runs_are_refused_until_one_is_chosen():
    log = table(*SEEDS)
    with pytest.raises(InvalidInput, match=r"3 runs in one log .*--where attempt=3 .*--by attempt"):
        diagnose_log(log)
    found = diagnose_log(where(log, "attempt=2"))
    assert found.phases.t2.high == 5200
    assert [diagnose_log(part).phases.t2.high for part in groups(log, "attempt").values()] == [
        *(3200, 5200, 7200)
    ]


def test_appended_runs_on_other_steps_are_refused_too():
    log = table((K, 3000), (np.arange(0, 9000, 70), 5000))
    with pytest.raises(InvalidInput, match="2 runs in one log"):
        diagnose_log(log)


def test_arrays_of_appended_runs_are_refused():
    k = np.tile(K, 2)
    with pytest.raises(InvalidInput, match="start again"):
        lb.diagnose(k, rising(k, 500), rising(k, 7000), kind="accuracy")


# Columns that tell runs apart ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["seed", "run", "Run ID", "trial", "fold", "weight_decay", "optimizer", "p"]
)
def test_the_refusal_names_the_column(name):
    run = number_of_run(*SEEDS)
    cells = run if name != "optimizer" else np.array(["sgd", "adam", "muon"])[run.astype(int)]
    log = table(*SEEDS, **{"noise": np.random.default_rng(0).random(len(run)), name: cells})
    with pytest.raises(InvalidInput, match=f"told apart by {name} .*--by {name}"):
        diagnose_log(log)


def test_two_columns_may_be_needed():
    runs = ((K, 3000), (K, 4000), (K, 5000), (K, 6000))
    number = number_of_run(*runs)
    log = table(*runs, seed=number // 2, wd=number % 2)
    with pytest.raises(InvalidInput, match=r"told apart by seed and wd .*--where seed=0,wd=0"):
        diagnose_log(log)
    assert diagnose_log(where(log, "seed=1,wd=0")).phases.t2.high == 5200
    found = {
        name: diagnose_log(part).phases.t2.high for name, part in groups(log, "seed,wd").items()
    }
    assert found["seed=1, wd=1"] == 6200


def test_runs_that_are_sorted_by_step_are_found():
    log = by_step(table(*SEEDS, seed=number_of_run(*SEEDS)))
    with pytest.raises(InvalidInput, match="told apart by seed"):
        diagnose_log(log)
    own = ((K, 3000), (K + 50, 5000))  # each seed on steps of its own
    log = by_step(table(*own, seed=number_of_run(*own)))
    with pytest.raises(InvalidInput, match="told apart by seed"):
        diagnose_log(log)


def test_a_run_that_was_resumed_under_another_name_is_one_run():
    first, second = K[K < 5000], K[K >= 5000]
    log = table((first, 7000), (second, 7000), job=np.repeat([11.0, 12.0], [50, 51]))
    assert diagnose_log(log).phases.t2.high == 7200


def test_a_constant_column_tells_nothing_apart():
    log = table((K, 7000), seed=np.zeros(len(K)), run=np.full(len(K), "a", dtype=object))
    assert diagnose_log(log).phases.t2.high == 7200


def test_conditions_are_checked():
    log = table(*SEEDS, seed=number_of_run(*SEEDS))
    for condition, message in (
        ("seed", "must be COLUMN=VALUE"),
        ("sed=0", "no column 'sed'; did you mean 'seed'"),
        ("seed=7", r"no row has seed = 7; seed is 0, 1, 2"),
    ):
        with pytest.raises(InvalidInput, match=message):
            where(log, condition)
    assert len(where(log, "seed=1.0").columns["step"].cells) == len(K)
    plain = Log.of("x", {"a": np.zeros(9)})
    with pytest.raises(InvalidInput, match="attempt needs the column of the steps"):
        where(plain, "attempt=1")


def test_a_split_chooses_train_and_test(tmp_path, capsys):
    k = np.repeat(K, 2).astype(float)
    split = np.tile(np.array(["train", "test"], dtype=object), len(K))
    acc = np.where(split == "train", rising(k, 500), rising(k, 7000))
    path = tmp_path / "log.csv"
    lines = [f"{s:.0f},{x},{a}" for s, x, a in zip(k, split, acc, strict=True)]
    path.write_text("\n".join(["step,split,acc", *lines]))
    for options in (
        [],
        ["--train", "acc", "--test", "acc"],
        ["--train", "acc[split=train]", "--test", "acc[split=test]"],
    ):
        assert main(["diagnose", str(path), *options, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["t2"]["high"] == 7200
    assert main(["diagnose", str(path), "--where", "split=test", "--json"]) == 2
    assert "no column is plainly the training curve" in capsys.readouterr().err


def test_a_group_without_an_answer_is_said_and_counts_as_failed(tmp_path, capsys):
    path = tmp_path / "log.csv"
    lines = [f"0,{s},{rising(s, 500)},{rising(s, 7000)}" for s in K]
    path.write_text("\n".join(["seed,step,train_acc,test_acc", *lines, "1,0,0.1,0.1"]))
    assert main(["diagnose", str(path), "--by", "seed"]) == 1
    out = capsys.readouterr().out
    assert "seed=1: train_acc has 1 records" in out
    assert "no answer" in out
    assert main(["diagnose", str(path), "--by", "seed", "--plot", str(tmp_path / "a.svg")]) == 2
    assert "choose it with --where" in capsys.readouterr().err


def test_a_restart_that_only_the_training_curve_shows(tmp_path):
    """Resumed at 350: what the first attempt evaluated at 400 is superseded, as its training is."""
    rows = ["step,train_acc,val_acc"]
    for k in range(0, 450, 10):
        rows.append(f"{k},{min(1, k / 100)},{0.99 if k == 400 else 0.1 if k % 400 == 0 else ''}")
    for k in range(350, 2010, 10):
        rows.append(f"{k},1,{0.1 if k % 400 == 0 and k > 400 else ''}")
    path = tmp_path / "log.csv"
    path.write_text("\n".join([*rows, "2400,1,0.1", "2800,1,0.1", "3200,1,0.1"]))
    found = lb.diagnose(path)
    assert 400 not in found.test.steps.tolist()
    assert found.t2.high is None
    assert any("1 records are superseded by a restart" in note for note in found.notes)
