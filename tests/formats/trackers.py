"""What experiment trackers and trainers store: documents and folders."""

import json
import math

from . import probe, save


def rows_of(k, train, test):
    return [
        (i, int(s), float(a), float(b))
        for i, (s, a, b) in enumerate(zip(k, train, test, strict=True))
    ]


def dump(folder, document, name="log.json", **options):
    return save(folder / name, json.dumps(document, **options))


@probe
def hugging_face_with_two_sets(folder, k, train, test):
    history = []
    for i, s, a, b in rows_of(k, train, test):
        history.append({"epoch": i / 10, "learning_rate": 1e-3, "loss": 1 - a, "step": s})
        for which, v in (("train", a), ("test", b)):
            names = {f"eval_{which}_accuracy": v, f"eval_{which}_runtime": 0.3}
            history.append({"epoch": i / 10, **names, "step": s})
    return [dump(folder, {"global_step": 20_000, "log_history": history}, "trainer_state.json")]


@probe
def tensorboard_tags_of_sets(folder, k, train, test):
    paths = []
    for which, v in (("train", train), ("validation", test)):
        lines = [
            "Wall time,Step,Value",
            *(f"{1.7e9 + s},{s},{x}" for s, x in zip(k, v, strict=True)),
        ]
        paths.append(save(folder / f"run-.-tag-accuracy_{which}.csv", lines))
    return paths


@probe
def mlflow_metric_history(folder, k, train, test):
    rows = [
        {"key": key, "value": v, "timestamp": 1_700_000_000_000 + s, "step": s}
        for _, s, a, b in rows_of(k, train, test)
        for key, v in (("train_acc", a), ("val_acc", b))
    ]
    return [dump(folder, {"metrics": rows})]


def keras_columns(train, test):
    return {"accuracy": train.tolist(), "val_accuracy": test.tolist()}


@probe
def keras_history_printed(folder, k, train, test):
    return [save(folder / "history.txt", str(keras_columns(train, test)))]


@probe
def defaultdict_printed(folder, k, train, test):
    return [save(folder / "h.txt", f"defaultdict(<class 'list'>, {keras_columns(train, test)})")]


@probe
def dvclive_folder(folder, k, train, test):
    home = folder / "dvclive"
    for which, v in (("train", train), ("val", test)):
        place = home / "plots" / "metrics" / which / "acc.tsv"
        save(place, ["step\tacc", *(f"{s}\t{x}" for s, x in zip(k, v, strict=True))])
    dump(home, {"step": 20_000, "train": {"acc": 1.0}, "val": {"acc": 1.0}}, "metrics.json")
    return [str(home)]


@probe
def catalyst_csv_folder(folder, k, train, test):
    for which, v in (("train", train), ("valid", test)):
        lines = ["step,accuracy,loss", *(f"{s},{x},{1 - x:.4f}" for s, x in zip(k, v, strict=True))]
        save(folder / "csv_logger" / f"{which}.csv", lines)
    return [str(folder / "csv_logger")]


@probe
def catboost_tables(folder, k, train, test):
    paths = []
    for which, v in (("learn", train), ("test", test)):
        lines = ["iter\tLogloss\tAccuracy", *(f"{i}\t{1 - x:.4f}\t{x}" for i, x in enumerate(v))]
        paths.append(save(folder / f"{which}_error.tsv", lines) + ":Accuracy")
    return ["--train", paths[0], "--test", paths[1]]


@probe
def catboost_training_json(folder, k, train, test):
    rows = [
        {"learn": [a], "iteration": i, "passed_time": i * 0.1, "test": [b]}
        for i, _, a, b in rows_of(k, train, test)
    ]
    meta = {"test_sets": ["test"], "test_metrics": [{"name": "Accuracy"}], "name": "experiment"}
    return [dump(folder, {"meta": meta, "iterations": rows}), "--kind", "accuracy"]


@probe
def skorch_history(folder, k, train, test):
    rows = [
        {"batches": [{"train_loss": 1 - a}] * 2, "epoch": i + 1, "train_acc": a, "valid_acc": b}
        for i, _, a, b in rows_of(k, train, test)
    ]
    return [dump(folder, rows)]


@probe
def detectron2_metrics(folder, k, train, test):
    lines = []
    for i, s, a, b in rows_of(k, train, test):
        row = {"eta_seconds": 10.0, "fast_rcnn/cls_accuracy": a, "iteration": s, "lr": 0.01}
        lines.append(json.dumps(row if i % 2 else row | {"bbox/AP": 100 * b, "bbox/APs": math.nan}))
    path = save(folder / "metrics.json", lines)
    return [
        *(path, "--train", "fast_rcnn/cls_accuracy", "--test", "bbox/AP"),
        *("--kind", "accuracy,percent"),
    ]


@probe
def xgboost_evals_result(folder, k, train, test):
    errors = {"train": (1 - train).round(4).tolist(), "eval": (1 - test).round(4).tolist()}
    document = {name: {"error": v} for name, v in errors.items()}
    return [dump(folder, document), "--train-threshold", "0.01", "--test-threshold", "0.05"]


@probe
def pandas_to_json_table(folder, k, train, test):
    rows = [
        {"index": i, "step": s, "train_acc": a, "val_acc": b}
        for i, s, a, b in rows_of(k, train, test)
    ]
    schema = {"fields": [{"name": "step", "type": "integer"}], "primaryKey": ["index"]}
    return [dump(folder, {"schema": schema, "data": rows})]


@probe
def json_array_of_a_killed_run(folder, k, train, test):
    rows = [{"step": s, "train_acc": a, "val_acc": b} for _, s, a, b in rows_of(k, train, test)]
    return [save(folder / "log.json", ["[", *(json.dumps(row) + "," for row in rows)])]


@probe
def json_with_not_a_number(folder, k, train, test):
    rows = [
        {"step": s, "train_acc": a, "val_acc": math.nan if i % 2 else b}
        for i, s, a, b in rows_of(k, train, test)
    ]
    return [dump(folder, rows)]


@probe
def notebook_with_output(folder, k, train, test):
    text = [f"epoch {s}: train acc {a}, test acc {b}\n" for _, s, a, b in rows_of(k, train, test)]
    code = {"cell_type": "code", "metadata": {}, "source": ["lr = 1e-3"]}
    out = {"name": "stdout", "output_type": "stream", "text": text}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Grokking"]},
        *(code | {"outputs": outputs} for outputs in ([], [out])),
    ]
    return [dump(folder, {"cells": cells, "nbformat": 4, "nbformat_minor": 5}, "grok.ipynb")]


@probe
def allennlp_folder(folder, k, train, test):
    for i, _, a, b in rows_of(k, train, test):
        record = {"epoch": i, "training_accuracy": a, "validation_accuracy": b, "memory_MB": 900}
        dump(folder / "out", record, f"metrics_epoch_{i}.json", indent=2)
    return [str(folder / "out")]


@probe
def json_by_set_with_arguments(folder, k, train, test):
    sets = {name: {"acc": v.tolist()} for name, v in (("train", train), ("val", test))}
    arguments = {"lr": 1e-3, "hidden": [128, 128], "seed": 0}
    return [dump(folder, {"args": arguments, **sets, "best": {"epoch": 12, "acc": 0.9}})]


@probe
def highcharts(folder, k, train, test):
    series = [
        {"name": name, "data": [[int(s), float(x)] for s, x in zip(k, v, strict=True)]}
        for name, v in (("train acc", train), ("test acc", test))
    ]
    return [dump(folder, {"title": {"text": "run"}, "series": series})]


@probe
def chart_js(folder, k, train, test):
    curves = (("train acc", train), ("test acc", test))
    sets = [{"label": name, "data": v.tolist()} for name, v in curves]
    return [dump(folder, {"type": "line", "data": {"labels": k.tolist(), "datasets": sets}})]


@probe
def numpy_printed(folder, k, train, test):
    import numpy as np

    curves = (("step", k), ("train_acc", train), ("test_acc", test))
    text = [f"{name}: {np.array2string(v, threshold=10**6)}" for name, v in curves]
    return [save(folder / "out.txt", text)]
