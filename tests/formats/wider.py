"""Files of the further batch that no template makes: packed, binary, joined and re-encoded ones."""

import json
import zipfile

import numpy as np

from . import probe, save
from .documents import dump
from .tables import rows


def encoded(folder, text, encoding, name="log.csv"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return [str(path)]


def table(k, train, test, head="step,train_acc,test_acc", form="{},{:.4f},{:.4f}"):
    return "\n".join([head, *rows(k, train, test, form)]) + "\n"


@probe
def tqdm_on_one_line(folder, k, train, test):
    bars = [
        f" {i // 2:3d}%|████▌     | {s}/20000 [00:10<00:12, 450.12it/s, loss={1 - a:.4f}, "
        f"train_acc={a:.4f}, val_acc={b:.4f}]"
        for i, (s, a, b) in enumerate(zip(k, train, test, strict=True))
    ]
    return [save(folder / "err.txt", "\r" + "\r".join(bars) + "\n")]


@probe
def tqdm_with_cursor_moves(folder, k, train, test):
    bars = [
        f"\x1b[A\x1b[2K\r{i:3d}it [00:10, 4.12it/s, train_acc={a:.4f}, val_acc={b:.4f}]"
        for i, (a, b) in enumerate(zip(train, test, strict=True))
    ]
    return [save(folder / "err.txt", "\n".join(bars))]


@probe
def mlflow_download_per_metric(folder, k, train, test):
    for name, curve in (("train_acc", train), ("val_acc", test)):
        lines = [f"a1b2,{name},{v},{s},{1700000000000 + s}" for s, v in zip(k, curve, strict=True)]
        save(folder / f"{name}.csv", ["run_id,key,value,step,timestamp", *lines])
    return [str(folder / "train_acc.csv"), str(folder / "val_acc.csv")]


@probe
def lightgbm_evals_result(folder, k, train, test):
    document = {
        "training": {"binary_error": (1 - train).tolist()},
        "valid_1": {"binary_error": (1 - test).tolist()},
    }
    thresholds = ["--train-threshold", "0.01", "--test-threshold", "0.05"]
    return [*dump(folder, document, "evals.json"), *thresholds]


@probe
def yaml_lists_in_lines(folder, k, train, test):
    parts = []
    for name, cells in (("step", k), ("train_acc", train), ("test_acc", test)):
        parts += [f"{name}:", *(f"- {x}" for x in cells.tolist())]
    return [save(folder / "log.yaml", parts)]


@probe
def yaml_lists_indented_with_settings(folder, k, train, test):
    parts = ["config:", "  lr: 0.001", "  layers: [128, 128]", "history:"]
    for name, cells in (("step", k), ("train_acc", train), ("test_acc", test)):
        parts += [f"  {name}:", *(f"    - {x}" for x in cells.tolist())]
    return [save(folder / "log.yaml", parts)]


@probe
def npz_plural_names(folder, k, train, test):
    np.savez(folder / "run.npz", epochs=k, train_accs=train, test_accs=test, losses=1 - train)
    return [str(folder / "run.npz")]


@probe
def npz_float16(folder, k, train, test):
    np.savez_compressed(folder / "run.npz", step=k, train_acc=train, val_acc=test.astype("f4"))
    return [str(folder / "run.npz")]


@probe
def utf_16_without_a_mark(folder, k, train, test):
    return encoded(folder, table(k, train, test), "utf-16-le")


@probe
def excel_unicode_text(folder, k, train, test):
    text = table(k, train, test, "Schritt\tTrain-Acc\tTest-Acc", "{}\t{:.4f}\t{:.4f}")
    return encoded(folder, text.replace(".", ",").replace("\n", "\r\n"), "utf-16", "log.txt")


@probe
def latin_1_names(folder, k, train, test):
    text = table(k, train, test, "Schritt;Genauigkeit (Training);Genauigkeit (Prüfung)")
    return encoded(folder, text.replace(",", ";").replace(".", ","), "latin-1")


@probe
def mark_and_windows_line_ends(folder, k, train, test):
    return encoded(folder, table(k, train, test).replace("\n", "\r\n"), "utf-8-sig")


@probe
def shift_jis_names(folder, k, train, test):
    return encoded(folder, table(k, train, test, "エポック,train_acc,test_acc"), "shift-jis")


@probe
def parquet_of_structures(folder, k, train, test):
    import pyarrow
    from pyarrow import parquet as pq

    pairs = {"train": train, "val": test}
    columns = {n: [{"acc": float(x), "loss": 1 - float(x)} for x in v] for n, v in pairs.items()}
    pq.write_table(pyarrow.table({"global_step": k, **columns}), folder / "log.parquet")
    return [str(folder / "log.parquet")]


@probe
def json_logs_of_epochs(folder, k, train, test):
    logs = [
        {"epoch": i + 1, "train": {"acc": a, "loss": 1 - a}, "valid": {"acc": b, "loss": 1 - b}}
        for i, (a, b) in enumerate(zip(train.tolist(), test.tolist(), strict=True))
    ]
    return dump(folder, {"args": {"lr": 0.1, "betas": [0.9, 0.98]}, "logs": logs})


@probe
def cloud_watch_events(folder, k, train, test):
    events = [
        {"timestamp": 1_700_000_000_000 + s, "message": f"step={s} train_acc={a} val_acc={b}"}
        for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True)
    ]
    return dump(folder, {"events": events, "nextForwardToken": "f/1"})


@probe
def neel_nanda_losses(folder, k, train, test):
    document = {"train_losses": (1 - train).tolist(), "test_losses": (1 - test).tolist()}
    thresholds = ["--train-threshold", "0.01", "--test-threshold", "0.05"]
    return [*dump(folder, document | {"config": {"p": 113}}), *thresholds]


@probe
def jsonl_with_train_and_eval_records(folder, k, train, test):
    lines = []
    for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True):
        lines.append(json.dumps({"type": "train", "step": s, "accuracy": a}))
        lines.append(json.dumps({"type": "eval", "step": s, "accuracy": b}))
    return [save(folder / "log.jsonl", lines)]


@probe
def zip_of_one_json(folder, k, train, test):
    rec = [
        {"step": s, "train_acc": a, "test_acc": b}
        for s, a, b in zip(k.tolist(), train.tolist(), test.tolist(), strict=True)
    ]
    with zipfile.ZipFile(folder / "log.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("run/log.json", json.dumps(rec))
        archive.writestr("run/", "")
    return [str(folder / "log.zip")]


@probe
def guild_scalars_csv(folder, k, train, test):
    lines = ["run,path,tag,step,value"]
    for tag, curve in (("train_acc", train), ("val_acc", test)):
        lines += [f"a1b2c3d4,.guild,{tag},{s},{v}" for s, v in zip(k, curve, strict=True)]
    return [save(folder / "scalars.csv", lines)]


@probe
def wide_table_of_two_sets_with_index(folder, k, train, test):
    lines = [f"{i},{line}" for i, line in enumerate(rows(k, train, test))]
    return [save(folder / "log.csv", ["Unnamed: 0,Schritt,tr,te", *lines])]
