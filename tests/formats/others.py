"""Further logs of the same kinds, written after the readers were."""

import gzip
import json
from pathlib import Path

import numpy as np

from . import probe, save
from .documents import dump
from .printed import out
from .tables import rows


@probe
def timm_printed(folder, k, train, test):
    form = (
        "Train: {i} [   0/1251 (  0%)]  Loss:  {l:.3f} ({l:.3f})  Time: 0.300s,  {s}.12/s  LR: 1e-3"
    )
    form += "  Acc@1: {p:.3f}\nTest: [   0/97]  Time: 1.2 (1.2)  Loss:  {m:.3f} ({m:.3f})  Acc@1: "
    return out(folder, k, train, test, form + "{q:7.3f} ({q:7.3f})  Acc@5: {q:7.3f} ({q:7.3f})")


@probe
def torch_geometric_example(folder, k, train, test):
    form = "Epoch: {i:03d}, Loss: {l:.4f}, Train: {a:.4f}, Val: {b:.4f}, Test: {b:.4f}"
    return out(folder, k, train, test, form)


@probe
def words_train_and_test_only(folder, k, train, test):
    return out(folder, k, train, test, "Step {s:6d}: train={a:.4f} test={b:.4f}")


@probe
def epoch_of_epochs(folder, k, train, test):
    form = "Epoch {s}/20000, Loss: {l:.4f}, Accuracy: {p:.2f}%, Val Loss: {m:.4f}, Val Accuracy: "
    return out(folder, k, train, test, form + "{q:.2f}%")


@probe
def sections_with_bars(folder, k, train, test):
    form = "[rank0] Step: {s} | Train: loss=1.0e-03 acc={p:.1f}% | Val: loss={m:.2e} acc={q:.1f}%"
    return out(folder, k, train, test, form)


@probe
def a_banner_and_a_summary(folder, k, train, test):
    argv = out(folder, k, train, test, "step {s} train acc {a:.4f} val acc {b:.4f}", ["Training!"])
    with open(argv[0], "a", encoding="utf-8") as file:
        file.write("Done. Best val acc 1.0 at step 13000\nTraining time: 00:12:34\n")
    return argv


@probe
def python_dictionaries(folder, k, train, test):
    return out(folder, k, train, test, "{{'step': {s}, 'train_acc': {a:.4f}, 'test_acc': {b:.4f}}}")


@probe
def yaml_records(folder, k, train, test):
    return out(folder, k, train, test, "- step: {s}\n  train_acc: {a:.4f}\n  test_acc: {b:.4f}")


@probe
def tensorflow_1_estimator(folder, k, train, test):
    form = "INFO:tensorflow:train_accuracy = {a:.4f}, step = {s} (1.234 sec)\n"
    return out(folder, k, train, test, form + "INFO:tensorflow:eval_accuracy = {b:.4f}, step = {s}")


@probe
def absl_key_value(folder, k, train, test):
    form = "I0203 04:05:06.7 139 logging_writer.py:48] [{s}] train_accuracy={a:.4f}, "
    return out(folder, k, train, test, form + "eval_accuracy={b:.4f}")


@probe
def names_with_units(folder, k, train, test):
    lines = rows(k, 100 * train, 100 * test, "{},{:.2f},{:.2f}")
    head = '"Iteration","Training accuracy (%)","Test accuracy (%)"'
    return [save(folder / "log.csv", [head, *lines])]


@probe
def epochs_and_batches(folder, k, train, test):
    lines = rows(k, train, test, "{},{:.4f},{:.4f}")
    lines = [f"{i // 10},{i % 10},{line}" for i, line in enumerate(lines)]
    return [save(folder / "log.csv", ["epoch,batch,global_step,train_acc,val_acc", *lines])]


@probe
def time_stamps_as_words(folder, k, train, test):
    lines = [f"2031-02-03 04:05:06,{line}" for line in rows(k, train, test)]
    return [save(folder / "log.csv", ["time,step,train_acc,test_acc", *lines])]


@probe
def latin_1_in_a_comment(folder, k, train, test):
    lines = ["# Größe: 97", "step,train_acc,test_acc", *rows(k, train, test)]
    path = folder / "log.csv"
    path.write_bytes("\n".join(lines).encode("latin-1"))
    return [str(path)]


@probe
def a_file_for_train_and_one_for_test(folder, k, train, test):
    paths = []
    for name, values in (("train_log", train), ("test_log", test)):
        lines = [f"{s},{1 - v:.4f},{v:.4f}" for s, v in zip(k, values, strict=True)]
        paths.append(save(folder / f"{name}.csv", ["step,loss,acc", *lines]))
    return paths


@probe
def a_folder_with_a_file_for_each(folder, k, train, test):
    a_file_for_train_and_one_for_test(folder, k, train, test)
    return [str(folder)]


@probe
def mlflow_history_frame(folder, k, train, test):
    lines = ["run_id,key,value,timestamp,step"]
    for key, values in (("train_acc", train), ("val_acc", test)):
        lines += [f"ab12,{key},{v},{1700000000000 + s},{s}" for s, v in zip(k, values, strict=True)]
    return [save(folder / "metrics.csv", lines)]


@probe
def neptune_download(folder, k, train, test):
    paths = []
    for name, values in (("train_acc", train), ("val_acc", test)):
        lines = [f"{s}.0,1700000000.{s},{v}" for s, v in zip(k, values, strict=True)]
        paths.append(save(folder / f"{name}.csv", ["step,timestamp,value", *lines]))
    return paths


@probe
def json_pairs_of_step_and_value(folder, k, train, test):
    pairs = {
        name: [[int(s), float(v)] for s, v in zip(k, values, strict=True)]
        for name, values in (("train_acc", train), ("test_acc", test))
    }
    return dump(folder, pairs)


@probe
def json_rows_without_names(folder, k, train, test):
    return dump(
        folder, [[int(s), float(a), float(b)] for s, a, b in zip(k, train, test, strict=True)]
    )


@probe
def json_nested_by_split(folder, k, train, test):
    document = {
        "epochs": k.tolist(),
        "train": {"loss": (1 - train).tolist(), "acc": train.tolist()},
        "val": {"loss": (1 - test).tolist(), "acc": test.tolist()},
    }
    return dump(folder, document)


@probe
def json_logs_by_epoch(folder, k, train, test):
    logs = {
        str(i): {"train": {"acc": float(a)}, "test": {"acc": float(b)}}
        for i, (a, b) in enumerate(zip(train, test, strict=True))
    }
    return dump(folder, {"args": {"lr": 0.1}, "logs": logs})


@probe
def json_lines_with_null(folder, k, train, test):
    lines = [
        json.dumps({"step": int(s), "train_acc": float(a), "val_acc": float(b) if i % 2 else None})
        for i, (s, a, b) in enumerate(zip(k, train, test, strict=True))
    ]
    path = folder / "log.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return [str(path)]


@probe
def json_lines_with_text_between(folder, k, train, test):
    lines = ["Starting"]
    for s, a, b in zip(k, train, test, strict=True):
        lines.append(json.dumps({"step": int(s), "train_acc": float(a), "test_acc": float(b)}))
        lines += ["saved checkpoint"] if s % 1000 == 0 else []
    return [save(folder / "slurm-123.out", lines)]


@probe
def wandb_scan_history(folder, k, train, test):
    lines = [
        json.dumps({"_step": int(s), "_runtime": 1.5, "Train Acc": float(a), "Test Acc": float(b)})
        for s, a, b in zip(k, train, test, strict=True)
    ]
    return [save(folder / "history.json", lines)]


@probe
def npz_of_train_and_test(folder, k, train, test):
    np.savez(folder / "run", train=train, test=test, epochs=k)
    return [str(folder / "run.npz")]


@probe
def npz_with_settings_and_time_first(folder, k, train, test):
    both = {
        "train_acc": np.tile(train[:, None], (1, 2)),
        "test_acc": np.tile(test[:, None], (1, 2)),
    }
    np.savez(folder / "run.npz", lr=0.1, name="run", step=k, **both)
    return [str(folder / "run.npz"), "--where", "run=0"]


@probe
def npy_with_curves_in_rows(folder, k, train, test):
    np.save(folder / "run.npy", np.stack([k, train, test]).astype(np.float32))
    return [str(folder / "run.npy")]


@probe
def tensorboard_add_scalars(folder, k, train, test):
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    for name, values in (("train", train), ("test", test)):
        writer = EventFileWriter(str(folder / "runs" / "exp" / f"acc_{name}"))
        for s, v in zip(k, values, strict=True):
            summary = Summary(value=[Summary.Value(tag="acc", simple_value=float(v))])
            writer.add_event(Event(step=int(s), wall_time=1.0, summary=summary))
        writer.close()
    return [str(folder / "runs" / "exp")]


@probe
def parquet_of_a_long_table(folder, k, train, test):
    import pyarrow
    from pyarrow import parquet

    names = ["train_acc"] * len(k) + ["val_acc"] * len(k)
    values = np.concatenate([train, test])
    table = pyarrow.table({"step": np.tile(k, 2), "metric": names, "value": values})
    parquet.write_table(table, folder / "log")
    return [str(folder / "log")]


@probe
def runs_with_a_name_that_is_constant(folder, k, train, test):
    lines = [f"exp7,0,{line}" for line in rows(k, train, test)]
    return [save(Path(folder) / "log.csv", ["run,seed,step,train_acc,test_acc", *lines])]
