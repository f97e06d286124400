"""JSON, arrays, Parquet, event files, MLflow's folders, and packed files."""

import bz2
import gzip
import json
import lzma
import zipfile

import diagnosis_logs as trainers
import numpy as np

from . import probe, save
from .tables import csv_of_a_script


def records(k, train, test, names=("step", "train_acc", "test_acc")):
    """One dictionary per record."""
    return [
        dict(zip(names, (int(s), float(a), float(b)), strict=True))
        for s, a, b in zip(k, train, test, strict=True)
    ]


def columns(k, train, test):
    """Lists by name."""
    return {"steps": k.tolist(), "train_acc": train.tolist(), "test_acc": test.tolist()}


def dump(folder, document, name="log.json"):
    return [save(folder / name, json.dumps(document))]


@probe
def json_records(folder, k, train, test):
    return dump(folder, records(k, train, test))


@probe
def json_columns(folder, k, train, test):
    return dump(folder, columns(k, train, test))


@probe
def json_lists_beside_scalars(folder, k, train, test):
    return dump(folder, {"lr": 1e-3, "seed": 0, "notes": ["a"], **columns(k, train, test)})


@probe
def json_config_and_history_of_records(folder, k, train, test):
    history = records(k, train, test)
    return dump(folder, {"config": {"p": 97, "lr": 1e-3}, "grokked": True, "history": history})


@probe
def json_config_and_history_of_columns(folder, k, train, test):
    document = {"config": {"layers": [128, 128]}, "results": {"history": columns(k, train, test)}}
    return dump(folder, document)


@probe
def json_train_and_test_records(folder, k, train, test):
    document = {
        "train": [{"step": int(s), "acc": float(a)} for s, a in zip(k, train, strict=True)],
        "test": [{"step": int(s), "acc": float(b)} for s, b in zip(k[::2], test[::2], strict=True)],
    }
    return dump(folder, document)


@probe
def json_steps_of_their_own(folder, k, train, test):
    document = {
        "train_steps": k.tolist(),
        "train_acc": train.tolist(),
        "eval_steps": k[::4].tolist(),
        "eval_acc": test[::4].tolist(),
    }
    return dump(folder, document)


@probe
def json_by_step(folder, k, train, test):
    document = {
        str(s): {"train_acc": float(a), "test_acc": float(b)}
        for s, a, b in zip(k, train, test, strict=True)
    }
    return dump(folder, document)


@probe
def pandas_to_json(folder, k, train, test):
    import pandas as pd

    frame = pd.DataFrame({"step": k, "train_acc": train, "test_acc": test})
    frame.to_json(folder / "df.json")
    return [str(folder / "df.json")]


@probe
def pandas_to_json_split(folder, k, train, test):
    import pandas as pd

    frame = pd.DataFrame({"step": k, "train_acc": train, "test_acc": test})
    frame.to_json(folder / "df.json", orient="split")
    return [str(folder / "df.json")]


@probe
def json_lines(folder, k, train, test):
    return [save(folder / "log.txt", [json.dumps(r) for r in records(k, train, test)])]


@probe
def json_lines_nested(folder, k, train, test):
    return [trainers.json_lines(folder, k, train, test)["log"]]


@probe
def json_lines_with_split(folder, k, train, test):
    lines = []
    for s, a, b in zip(k, train, test, strict=True):
        for split, value in (("train", a), ("test", b)):
            lines.append(json.dumps({"step": int(s), "split": split, "acc": float(value)}))
    return [save(folder / "metrics.jsonl", lines), "--train", "acc", "--test", "acc"]


@probe
def mmengine_scalars(folder, k, train, test):
    lines = []
    for i, (s, a, b) in enumerate(zip(k, train, test, strict=True)):
        row = {"lr": 0.1, "loss": float(1 - a), "epoch": i, "iter": int(s), "step": int(s)}
        lines.append(json.dumps(row | {"top1_acc": 100 * float(a)}))
        lines.append(json.dumps({"val/accuracy/top1": 100 * float(b), "step": int(s)}))
    return [save(folder / "vis_data" / "scalars.json", lines)]


@probe
def keras_history(folder, k, train, test):
    document = {"accuracy": train.tolist(), "loss": (1 - train).tolist()}
    document |= {"val_accuracy": test.tolist(), "val_loss": (1 - test).tolist()}
    return [*dump(folder, document), "--step", "row"]


@probe
def keras_history_with_validation_freq(folder, k, train, test):
    document = {"accuracy": train.tolist(), "val_accuracy": test[4::5].tolist()}
    return dump(folder, document)


@probe
def keras_history_with_params(folder, k, train, test):
    history = {"accuracy": train.tolist(), "val_accuracy": test.tolist()}
    epochs = list(range(len(k)))
    return dump(folder, {"params": {"epochs": len(k)}, "history": history, "epoch": epochs})


@probe
def hugging_face_state(folder, k, train, test):
    history = []
    for i, (s, a, b) in enumerate(zip(k, train, test, strict=True)):
        when = {"epoch": i / 4, "step": int(s)}
        history.append({"loss": float(1 - a), "grad_norm": 1.0, "learning_rate": 1e-4, **when})
        history.append({"eval_accuracy": float(b), "eval_loss": 0.1, "eval_runtime": 0.5, **when})
    history.append({"train_loss": 0.1, "train_runtime": 60.0, "epoch": 50.0, "step": int(k[-1])})
    state = {"global_step": int(k[-1]), "best_metric": None, "log_history": history}
    argv = dump(folder, state, "trainer_state.json")
    return [*argv, "--train-threshold", "0.01"]


@probe
def hugging_face_output_folder(folder, k, train, test):
    for part in (len(k) // 2, len(k)):
        names = ("step", "train_accuracy", "eval_accuracy")
        state = {"log_history": records(k[:part], train[:part], test[:part], names)}
        place = folder / "out" / f"checkpoint-{k[part - 1]}"
        save(place / "trainer_state.json", json.dumps(state))
        save(place / "config.json", "{}")
    return [str(folder / "out")]


@probe
def sacred_metrics(folder, k, train, test):
    document = {
        name: {"steps": k.tolist(), "timestamps": ["2031-02-03"] * len(k), "values": v.tolist()}
        for name, v in (("training.accuracy", train), ("validation.accuracy", test))
    }
    save(folder / "1" / "config.json", '{"seed": 1}')
    save(folder / "1" / "run.json", '{"status": "COMPLETED"}')
    save(folder / "1" / "cout.txt", "Started\n")
    save(folder / "1" / "metrics.json", json.dumps(document))
    return [str(folder / "1")]


@probe
def comet_metrics(folder, k, train, test):
    document = [
        {"metricName": n, "metricValue": f"{v:.5f}", "timestamp": 1700000000000, "step": int(s)}
        for n, values in (("train_accuracy", train), ("validate_accuracy", test))
        for s, v in zip(k, values, strict=True)
    ]
    return dump(folder, document, "metrics.json")


@probe
def mlflow_folder(folder, k, train, test):
    place = folder / "mlruns" / "0" / "ab12cd"
    for name, values in (("train/acc", train), ("val/acc", test)):
        lines = [f"{1700000000000 + s} {v} {s}" for s, v in zip(k, values, strict=True)]
        save(place / "metrics" / name, lines)
    save(place / "meta.yaml", "status: 3\n")
    save(place / "params" / "lr", "0.001")
    save(folder / "mlruns" / "0" / "meta.yaml", "name: Default\n")
    return [str(folder / "mlruns")]


@probe
def tensorboard_folder(folder, k, train, test):
    return [trainers.tensorboard(folder, k, train, test)["log"]]


@probe
def tensorboard_file(folder, k, train, test):
    place = trainers.tensorboard(folder, k, train, test)["log"]
    renamed = folder / "events.bin"
    next((folder / place).iterdir()).rename(renamed)
    return [str(renamed)]


@probe
def tensorboard_of_keras(folder, k, train, test):
    return [trainers.keras_tensorboard(folder, k, train, test)["log"]]


@probe
def npz(folder, k, train, test):
    np.savez(folder / "curves.npz", steps=k, train_accs=train, test_accs=test)
    return [str(folder / "curves.npz")]


@probe
def npz_of_seeds(folder, k, train, test):
    np.savez_compressed(
        folder / "curves.npz", steps=k, train_acc=np.tile(train, (3, 1)), test_acc=[test] * 3
    )
    return [str(folder / "curves.npz"), "--where", "run=2"]


@probe
def npy_matrix(folder, k, train, test):
    np.save(folder / "curves.npy", np.stack([k, train, test], 1))
    return [str(folder / "curves.npy")]


@probe
def npy_of_records(folder, k, train, test):
    table = np.rec.fromarrays([k, train, test], names="step,train_acc,test_acc")
    np.save(folder / "curves.npy", np.asarray(table))
    return [str(folder / "curves.npy")]


@probe
def parquet(folder, k, train, test):
    return [trainers.parquet(folder, k, train, test)["log"]]


@probe
def csv_gz(folder, k, train, test):
    return packed(folder, k, train, test, gzip.compress)


@probe
def csv_bz2(folder, k, train, test):
    return packed(folder, k, train, test, bz2.compress)


@probe
def csv_xz(folder, k, train, test):
    return packed(folder, k, train, test, lzma.compress)


@probe
def csv_zst(folder, k, train, test):
    import pyarrow

    return packed(folder, k, train, test, lambda d: pyarrow.compress(d, codec="zstd", asbytes=True))


def packed(folder, k, train, test, pack):
    """A packed CSV file whose name does not say so."""
    from pathlib import Path

    path = Path(csv_of_a_script(folder, k, train, test)[0])
    path.write_bytes(pack(path.read_bytes()))
    return [str(path)]


@probe
def csv_in_zip(folder, k, train, test):
    path = csv_of_a_script(folder, k, train, test)[0]
    with zipfile.ZipFile(folder / "log.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "log.csv")
    return [str(folder / "log.zip")]
