"""Several runs in columns of their own: refused with their names, and answered one by one."""

import json

import numpy as np
import pytest
from diagnosis_logs import EVERY, TRAIN, rising

import latebloom as lb
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import Log
from latebloom.diagnosis.logs.side_by_side import runs_of

K, A = EVERY.tolist(), TRAIN.tolist()
B = [rising(EVERY, middle, 200).tolist() for middle in (8000, 12_000)]


def columns(i):
    return {"step": K, "train_acc": A, "test_acc": B[i]}


def records(i):
    return [{"step": k, "train_acc": a, "test_acc": b} for k, a, b in zip(K, A, B[i], strict=True)]


def nested(i):
    return {"history": {"train": {"acc": A}, "test": {"acc": B[i]}, "step": K}}


# The document, and the names of its runs.
DOCUMENTS = {
    "a key for each": ({"runs": {"seed0": columns(0), "seed1": columns(1)}}, "seed0 seed1"),
    "keys of words": ({"adam": columns(0), "sgd": columns(1)}, "adam sgd"),
    "keys of settings": ({"lr0.1": nested(0), "lr0.01": nested(1)}, "lr0.1 lr0.01"),
    "a list of columns": ([columns(0), columns(1)], "0 1"),
    "a list of records": ([records(0), records(1)], "0 1"),
    "records below keys": ({"runs": {"a": records(0), "b": records(1)}}, "a b"),
    "lists below settings": ([{"config": {"lr": 1}, **nested(i)} for i in (0, 1)], "0 1"),
    "a list with names": (
        {"runs": [{"name": "wd1", "metrics": columns(0)}, {"name": "wd2", "metrics": columns(1)}]},
        "wd1 wd2",
    ),
    "the run below the curve": (
        {
            "train_acc": {"seed0": A, "seed1": A},
            "test_acc": {"seed0": B[0], "seed1": B[1]},
            "step": K,
        },
        "seed0 seed1",
    ),
    "a matrix for each curve": ({"train_acc": [A, A], "test_acc": B, "step": K}, "0 1"),
    "the run in the name": (
        {f"{c}_seed{i}": v for i in (0, 1) for c, v in columns(i).items()},
        "seed0 seed1",
    ),
    "two levels": ({"a": {"u": columns(0), "v": columns(1)}, "b": columns(0)}, "a/u a/v b"),
    "a number at the end": (
        {f"{c}_{i}": v for i in (0, 1) for c, v in columns(i).items() if c != "step"} | {"step": K},
        "0 1",
    ),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_several_runs_in_one_document(case, tmp_path, capsys):
    document, names = DOCUMENTS[case]
    path = tmp_path / "log.json"
    path.write_text(json.dumps(document))
    assert main(["diagnose", str(path)]) == 2
    said = capsys.readouterr().err
    assert f"({', '.join(names.split())}); add --where run={names.split()[0]} for one" in said
    assert "--by run" in said
    # Each of the two answers is that of its own curves.
    alone = [lb.diagnose(EVERY, A, B[i], kind="accuracy").t2 for i in (0, 1)]
    assert main(["diagnose", str(path), "--by", "run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["runs"]
    assert [one["run"] for one in found] == [f"run={name}" for name in names.split()]
    assert [one["t2"]["high"] for one in found[:2]] == [one.high for one in alone]
    second = names.split()[1]
    assert main(["diagnose", str(path), "--where", f"run={second}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["t2"]["high"] == alone[1].high


def test_the_same_in_python():
    data = {"seed0": columns(0), "seed1": columns(1)}
    with pytest.raises(InvalidInput, match=r'where="run=seed0" for one of them, by="run" for all'):
        lb.diagnose(data)
    assert len(lb.diagnose(data, by="run")) == 2
    one = lb.diagnose(data, where="run=seed1")
    assert one.t2 == lb.diagnose(EVERY, A, B[1], kind="accuracy").t2
    with pytest.raises(InvalidInput, match="the runs are seed0, seed1"):
        lb.diagnose(data, where="run=seed7")


def test_a_curve_that_is_named_chooses_its_run():
    found = lb.diagnose({"a": columns(0), "b": columns(1)}, train="b/train_acc")
    assert found.test.name == "b/test_acc"


ONE_RUN = [
    "train/acc train/loss val/acc val/loss",
    "acc/train acc/val loss/train loss/val",
    "train_top_1 train_top_5 val_top_1 val_top_5",
    "step train_acc val_acc test_acc",
    "train/acc mnist/val_acc cifar/val_acc",
    "ema/train_acc ema/val_acc raw/train_loss",
    "acc/mean acc/std val_acc/mean val_acc/std",
    "model/train_acc model/val_acc model_ema/train_acc model_ema/val_acc",
    "val_acc/dataloader_idx_0 val_acc/dataloader_idx_1 train_acc",
    "mean/acc mean/val_acc std/acc std/val_acc",
    "epoch_1 acc val_acc",
    "history/acc history/val_acc config/lr",
]


@pytest.mark.parametrize("names", ONE_RUN)
def test_curves_of_one_run_are_not_several(names):
    log = Log.of("x", {name: np.arange(6.0) for name in names.split()})
    assert not runs_of(log)


def test_curves_that_differ_by_a_setting_are_asked_for():
    names = ("acc_train_wd1", "acc_train_wd0.1", "acc_test_wd1", "acc_test_wd0.1")
    data = {"step": K} | dict(zip(names, (A, A, *B), strict=True))
    with pytest.raises(InvalidInput, match="acc_train_wd"):
        lb.diagnose(data)
