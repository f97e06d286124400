"""Files of the second batch that no template makes."""

import json

import numpy as np

from . import probe, save
from .documents import dump
from .tables import rows


@probe
def yaml_mapping_by_step(folder, k, train, test):
    lines = []
    for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True):
        lines += [f"{s}:", f"  train_acc: {a}", f"  test_acc: {b}"]
    return [save(folder / "log.yaml", lines)]


@probe
def json_parallel_lists_of_pairs(folder, k, train, test):
    curves = {"train": train, "test": test}
    return dump(
        folder,
        {"accuracy": {name: {"x": k.tolist(), "y": v.tolist()} for name, v in curves.items()}},
    )


@probe
def json_of_numpy_2_lists(folder, k, train, test):
    def cells(values):
        return "[" + ", ".join(f"np.float64({x})" for x in values.tolist()) + "]"

    text = f"{{'step': {k.tolist()}, 'train_acc': {cells(train)}, 'test_acc': {cells(test)}}}"
    return [save(folder / "history.txt", text)]


@probe
def html_page_with_two_tables(folder, k, train, test):
    cells = "".join(
        f"<tr><td>{s}</td><td>{a}</td><td>{b}</td></tr>\n"
        for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True)
    )
    page = (
        "<!DOCTYPE html><html><head><title>Run</title></head><body>"
        "<table><tr><th>lr</th><td>0.001</td></tr><tr><th>wd</th><td>1</td></tr></table>"
        f"<table><tr><th>Step</th><th>Train acc</th><th>Val acc</th></tr>{cells}</table>"
        "</body></html>"
    )
    return [save(folder / "report.html", page)]


@probe
def csv_with_a_preamble_of_settings(folder, k, train, test):
    head = ["lr,0.001", "weight_decay,1.0", "seed,0", "", "step,train_acc,test_acc"]
    return [save(folder / "log.csv", [*head, *rows(k, train, test)])]


@probe
def npz_of_a_dictionary_of_arrays_per_set(folder, k, train, test):
    np.savez(folder / "out.npz", train=np.stack([k, train], 1), test=np.stack([k, test], 1))
    return [str(folder / "out.npz")]


@probe
def json_lines_with_arrays_of_one(folder, k, train, test):
    lines = [
        json.dumps({"step": [s], "acc_train": [a], "acc_test": [b]})
        for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True)
    ]
    return [save(folder / "log.jsonl", lines)]
