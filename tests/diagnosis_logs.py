"""Logs as popular trainers write them, made by a few lines each: no trainer is needed to test."""

import csv
import json
from pathlib import Path

import numpy as np

import latebloom as lb


def lightning(folder: Path, k, train, test, every=50) -> dict[str, str]:
    """Write `metrics.csv` of PyTorch Lightning's CSVLogger: one row per call of `self.log`, so that
    training and validation are on different rows, the other cells blank."""
    names = ["epoch", "step", "train_acc", "val_acc", "val_loss"]
    with (folder / "metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        for i, step in enumerate(k):
            row = {"epoch": i // 10, "step": int(step)}
            writer.writerow(row | {"train_acc": float(np.float32(train[i]))})
            if i % 2 == 0:  # validation comes less often, at the same step
                value = float(np.float32(test[i]))
                writer.writerow(row | {"val_acc": value, "val_loss": 1 - value})
    return {"log": str(folder / "metrics.csv"), "train": "train_acc", "test": "val_acc"}


def hugging_face(folder: Path, k, train, test) -> dict[str, str]:
    """Write `trainer_state.json` of Hugging Face's Trainer: a list of records of different keys,
    and a last one that sums the training up."""
    history = []
    for i, step in enumerate(k):
        when = {"epoch": float(step) / 100, "step": int(step)}
        history.append({"train_accuracy": float(train[i]), "learning_rate": 1e-3, **when})
        history.append({"eval_accuracy": float(test[i]), "eval_runtime": 0.1, **when})
    history.append({"train_runtime": 12.5, "total_flos": 0.0, "step": int(k[-1])})
    state = {"best_metric": None, "global_step": int(k[-1]), "log_history": history}
    (folder / "trainer_state.json").write_text(json.dumps(state, indent=2))
    return {
        "log": str(folder / "trainer_state.json"),
        "train": "train_accuracy",
        "test": "eval_accuracy",
    }


def tensorboard(folder: Path, k, train, test, *, part: str = "") -> dict[str, str]:
    """Write the event file that `torch.utils.tensorboard.SummaryWriter` writes: TensorBoard's own
    writer, one event with one `simple_value` per scalar, in float32."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(str(folder / "runs"), filename_suffix=part)
    for i, step in enumerate(k):
        for tag, value in (("Accuracy/train", train[i]), ("Accuracy/test", test[i])):
            scalar = Summary.Value(tag=tag, simple_value=float(value))
            summary = Summary(value=[scalar])
            writer.add_event(Event(step=int(step), wall_time=float(i), summary=summary))
    writer.close()
    return {"log": str(folder / "runs"), "train": "Accuracy/train", "test": "Accuracy/test"}


def keras_tensorboard(folder: Path, k, train, test) -> dict[str, str]:
    """Write what Keras' TensorBoard callback writes: scalars as tensors, a folder per data set."""
    from tensorboard.summary import Writer

    for name, values in (("train", train), ("validation", test)):
        writer = Writer(str(folder / "logs" / name))
        for step, value in zip(k, values, strict=True):
            writer.add_scalar("epoch_accuracy", float(value), int(step))
        writer.close()
    return {
        "log": str(folder / "logs"),
        "train": "train/epoch_accuracy",
        "test": "validation/epoch_accuracy",
    }


def keras_csv(folder: Path, k, train, test) -> dict[str, str]:
    """Write the file of Keras' CSVLogger: one row per epoch."""
    with (folder / "training.log.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["epoch", "accuracy", "loss", "val_accuracy", "val_loss"])
        for row in zip(k, train, 1 - train, test, 1 - test, strict=True):
            writer.writerow([int(row[0]), *(float(x) for x in row[1:])])
    return {"log": str(folder / "training.log.csv"), "train": "accuracy", "test": "val_accuracy"}


def json_lines(folder: Path, k, train, test) -> dict[str, str]:
    """Write one JSON record per line, as many scripts do, with nested names."""
    lines = [
        json.dumps({"global_step": int(s), "train": {"acc": float(a)}, "test": {"acc": float(b)}})
        for s, a, b in zip(k, train, test, strict=True)
    ]
    (folder / "log.jsonl").write_text("\n".join(lines) + "\n")
    return {"log": str(folder / "log.jsonl"), "train": "train/acc", "test": "test/acc"}


def parquet(folder: Path, k, train, test) -> dict[str, str]:
    """Write a Parquet file with missing values, as pandas does from a frame."""
    import pyarrow
    from pyarrow import parquet as pq

    blank = [float(x) if i % 2 == 0 else None for i, x in enumerate(test)]
    table = pyarrow.table({"step": k, "train_acc": train.astype(np.float32), "val_acc": blank})
    pq.write_table(table, folder / "log.parquet")
    return {"log": str(folder / "log.parquet"), "train": "train_acc", "test": "val_acc"}


def plain_csv(path: Path, columns: dict) -> str:
    """Write columns as a CSV file; returns its path."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    return str(path)


TRAINERS = (
    *(lightning, hugging_face, tensorboard, keras_tensorboard, keras_csv, json_lines, parquet),
)


EVERY = np.arange(0, 20_001, 100)


def rising(k, middle, width, low=0.01, high=1.0):
    """An accuracy that rises once."""
    return low + (high - low) / (1 + np.exp(-(k - middle) / width))


def crossing(middle, width, goal, low=0.01, high=1.0):
    """The step at which `rising` reaches the goal."""
    share = (goal - low) / (high - low)
    return middle + width * np.log(share / (1 - share))


TRAIN, TEST = rising(EVERY, 500, 60), rising(EVERY, 12_000, 800)


T1, T2 = crossing(500, 60, 0.99), crossing(12_000, 800, 0.95)


def accuracies(train=TRAIN, test=TEST, k=EVERY, **more):
    return lb.diagnose(k, train, test, kind="accuracy", **more)
