"""Rarer logs: other languages, other trackers, other ways to lay out the same numbers."""

import json

import numpy as np

from . import probe, save
from .documents import dump
from .printed import out
from .tables import rows


@probe
def lightning_of_a_grokking_study(folder, k, train, test):
    names = "epoch,full_train_acc,full_train_loss,learning_rate,step,time_per_epoch,train_accuracy"
    lines = [f"{names},train_perplexity,val_accuracy,val_loss"]
    for i, (s, a, b) in enumerate(zip(k, train, test, strict=True)):
        lines += [f"{i},,,0.001,{s},1.2,{100 * a},1.0,,", f"{i},,,,{s},,,,{100 * b},0.1"]
    return [save(folder / "metrics.csv", lines)]


@probe
def logger_of_pytorch_classification(folder, k, train, test):
    head = "Learning Rate\tTrain Loss\tValid Loss\tTrain Acc.\tValid Acc.\t"
    lines = [
        f"0.100000\t{1 - a:.6f}\t{1 - b:.6f}\t{100 * a:.6f}\t{100 * b:.6f}\t"
        for a, b in zip(train, test, strict=True)
    ]
    return [save(folder / "log.txt", [head, *lines])]


@probe
def every_cell_in_quotes(folder, k, train, test):
    lines = rows(k, train, test, '"{}","{:.4f}","{:.4f}"')
    return [save(folder / "log.csv", ['"step","train_acc","test_acc"', *lines])]


@probe
def line_ends_of_old_macs(folder, k, train, test):
    path = folder / "log.csv"
    path.write_bytes("\r".join(["step,train_acc,test_acc", *rows(k, train, test)]).encode())
    return [str(path)]


@probe
def the_newest_record_first(folder, k, train, test):
    lines = rows(k, train, test)[::-1]
    return [save(folder / "log.csv", ["step,train_acc,test_acc", *lines])]


@probe
def steps_of_their_own_in_one_table(folder, k, train, test):
    lines = [f"{s},{a},{s},{b}" for s, a, b in zip(k, train, test, strict=True)]
    return [save(folder / "log.csv", ["train_step,train_acc,val_step,val_acc", *lines])]


@probe
def a_curve_in_each_row(folder, k, train, test):
    curves = {"step": k, "train_acc": train, "test_acc": test}
    lines = [",".join([name, *map(str, values)]) for name, values in curves.items()]
    return [save(folder / "log.csv", lines)]


@probe
def tabulate(folder, k, train, test):
    head = ["  step    train acc    test acc", "------  -----------  ----------"]
    return [save(folder / "out", [*head, *rows(k, train, test, "{:6d}  {:11.4f}  {:10.4f}")])]


@probe
def gnuplot(folder, k, train, test):
    lines = rows(k, train, test, "{} {:.4f} {:.4f}")
    return [save(folder / "log.dat", ["#step train_acc test_acc", *lines])]


@probe
def python_lists(folder, k, train, test):
    lines = [f"steps = {k.tolist()}", f"train_acc = {train.tolist()}"]
    return [save(folder / "log.txt", [*lines, f"test_acc = {test.tolist()}"])]


@probe
def toml(folder, k, train, test):
    lines = ["[history]", f"step = {k.tolist()}", f"train_acc = {train.tolist()}"]
    return [save(folder / "log.toml", [*lines, f"test_acc = {test.tolist()}"])]


@probe
def yaml(folder, k, train, test):
    lines = [f"step: {k.tolist()}", f"train_acc: {train.tolist()}", f"test_acc: {test.tolist()}"]
    return [save(folder / "log.yaml", lines)]


def curves_of(k, train, test):
    """Two curves as a drawing has them."""
    pair = (("train acc", train), ("test acc", test))
    return [{"name": name, "x": k.tolist(), "y": values.tolist()} for name, values in pair]


@probe
def plotly(folder, k, train, test):
    traces = [{**curve, "type": "scatter"} for curve in curves_of(k, train, test)]
    return dump(folder, {"data": traces, "layout": {"title": "run"}})


@probe
def clearml_scalars(folder, k, train, test):
    curves = {curve["name"].split()[0]: curve for curve in curves_of(k, train, test)}
    return dump(folder, {"accuracy": curves})


@probe
def vega(folder, k, train, test):
    values = [
        {"step": int(s), "series": name, "value": float(v)}
        for name, curve in (("train", train), ("test", test))
        for s, v in zip(k, curve, strict=True)
    ]
    return dump(folder, {"data": {"values": values}, "mark": "line"})


@probe
def json_points_of_each_metric(folder, k, train, test):
    metrics = [
        {
            "name": curve["name"],
            "points": [
                {"step": s, "value": v} for s, v in zip(curve["x"], curve["y"], strict=True)
            ],
        }
        for curve in curves_of(k, train, test)
    ]
    return dump(folder, {"metrics": metrics})


@probe
def json_keys_that_count(folder, k, train, test):
    pairs = zip(train.tolist(), test.tolist(), strict=True)
    return dump(
        folder, {f"epoch_{i}": {"train_acc": a, "test_acc": b} for i, (a, b) in enumerate(pairs)}
    )


@probe
def json_lines_after_a_mark(folder, k, train, test):
    records = [
        {"step": int(s), "train_acc": float(a), "test_acc": float(b)}
        for s, a, b in zip(k, train, test, strict=True)
    ]
    return [save(folder / "out", [f"[METRIC] {json.dumps(record)}" for record in records])]


@probe
def npz_of_pairs_of_step_and_value(folder, k, train, test):
    pairs = {"train_acc": np.stack([k, train], 1), "test_acc": np.stack([k, test], 1)}
    np.savez(folder / "log.npz", **pairs)
    return [str(folder / "log.npz")]


@probe
def megatron(folder, k, train, test):
    form = " iteration   {s:6d}/   20000 | elapsed time per iteration (ms): 102.1 | learning rate: "
    form += "1.0E-04 | train accuracy: {a:.6E} | valid accuracy: {b:.6E} |"
    return out(folder, k, train, test, form)


@probe
def scikit_learn_printed(folder, k, train, test):
    form = "Iteration {s}, loss = {l:.8f}\nTraining score: {a:.6f}\nValidation score: {b:.6f}"
    return out(folder, k, train, test, form)


@probe
def a_sentence(folder, k, train, test):
    form = "At step {s} the training accuracy is {p:.1f} % and the test accuracy is {q:.1f} %."
    return out(folder, k, train, test, form)


@probe
def progress_bar_with_everything(folder, k, train, test):
    form = "100%|██████████| 469/469 [00:05<00:00, 88.1it/s, epoch={s}, tr_acc={a:.3f}, te_acc="
    return out(folder, k, train, test, form + "{b:.3f}]")


@probe
def npz_in_the_order_of_fortran(folder, k, train, test):
    both = {
        name: np.asfortranarray([v, v]) for name, v in (("train_acc", train), ("val_acc", test))
    }
    np.savez(folder / "log.npz", step=k, **both)
    return [str(folder / "log.npz"), "--where", "run=1"]


@probe
def a_file_of_numbers_per_curve(folder, k, train, test):
    np.savetxt(folder / "train_acc.txt", train)
    np.savetxt(folder / "test_acc.txt", test)
    return [str(folder / "train_acc.txt"), str(folder / "test_acc.txt")]


@probe
def npy_per_curve(folder, k, train, test):
    np.save(folder / "train_accs.npy", train)
    np.save(folder / "test_accs.npy", test)
    return [str(folder / "train_accs.npy"), str(folder / "test_accs.npy")]


@probe
def json_list_of_runs(folder, k, train, test):
    history = {"step": k.tolist(), "train_acc": train.tolist(), "test_acc": test.tolist()}
    return dump(folder, {"results": [{"seed": 0, "history": history}]})


@probe
def json_records_with_lists_in_them(folder, k, train, test):
    records = [
        {"step": int(s), "train_acc": float(a), "test_acc": float(b), "top_freqs": [5, 4, 3, 2, 1]}
        for s, a, b in zip(k, train, test, strict=True)
    ]
    return dump(folder, {"history": records})


@probe
def tensors_in_printed_lines(folder, k, train, test):
    form = "epoch {s} train acc: tensor({a:.4f}, device='cuda:0') test acc: tensor({b:.4f})"
    return out(folder, k, train, test, form)
