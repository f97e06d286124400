"""Files of the third batch that no template makes."""

import json

import numpy as np

from . import probe, save
from .documents import dump
from .tables import rows


@probe
def excel_of_two_blocks_side_by_side(folder, k, train, test):
    lines = [
        f"{s};{a:.4f};;{s};{b:.4f}"
        for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True)
    ]
    return [save(folder / "log.csv", ["step;train_acc;;step;test_acc", *lines])]


@probe
def json_by_metric_then_set(folder, k, train, test):
    document = {
        "history": {
            "accuracy": {"train": train.tolist(), "test": test.tolist()},
            "loss": {"train": (1 - train).tolist(), "test": (1 - test).tolist()},
        },
        "steps": k.tolist(),
    }
    return dump(folder, document)


@probe
def json_string_of_json(folder, k, train, test):
    inner = {"step": k.tolist(), "train_acc": train.tolist(), "test_acc": test.tolist()}
    return dump(folder, {"result": json.dumps(inner)})


@probe
def npz_seeds_last(folder, k, train, test):
    copies = {"train_acc": np.stack([train] * 3, 1), "test_acc": np.stack([test] * 3, 1)}
    np.savez(folder / "runs.npz", steps=k, **copies)
    return [str(folder / "runs.npz"), "--where", "run=0"]


@probe
def csv_with_a_footer(folder, k, train, test):
    tail = ["", "Total,,", "best,1.0,1.0"]
    return [save(folder / "log.csv", ["step,train_acc,test_acc", *rows(k, train, test), *tail])]
