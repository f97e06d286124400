"""Tables of text."""

import io
import json

import numpy as np

from . import probe, save


def rows(k, train, test, form="{},{:.4f},{:.4f}"):
    """One line per record."""
    return [form.format(int(s), a, b) for s, a, b in zip(k, train, test, strict=True)]


@probe
def csv_of_a_script(folder, k, train, test):
    return [save(folder / "log.csv", ["step,train_acc,test_acc", *rows(k, train, test)])]


@probe
def csv_without_suffix(folder, k, train, test):
    return [save(folder / "results", ["step,train_acc,val_acc", *rows(k, train, test)])]


@probe
def excel_with_semicolons_and_decimal_commas(folder, k, train, test):
    lines = [line.replace(".", ",") for line in rows(k, train, test, "{};{:.4f};{:.4f}")]
    path = folder / "Mappe1.csv"
    text = "\r\n".join(["Step;Train Acc;Test Acc", *lines, ""])
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    return [str(path)]


@probe
def excel_with_a_line_for_the_separator(folder, k, train, test):
    lines = rows(k, train, test, "{};{:.4f};{:.4f}")
    return [save(folder / "log.csv", ["sep=;", "step;train_acc;test_acc", *lines])]


@probe
def tab_separated(folder, k, train, test):
    lines = rows(k, train, test, "{}\t{:.4f}\t{:.4f}")
    return [save(folder / "progress.txt", ["Epoch\tTrainAcc\tTestAcc", *lines])]


@probe
def white_space_aligned(folder, k, train, test):
    lines = rows(k, train, test, "{:>8}  {:>10.4f}  {:>10.4f}")
    return [save(folder / "curve.dat", ["    step   train_acc    test_acc", *lines])]


@probe
def savetxt_with_header(folder, k, train, test):
    np.savetxt(folder / "log.txt", np.stack([k, train, test], 1), header="step train_acc test_acc")
    return [str(folder / "log.txt")]


@probe
def savetxt_without_header(folder, k, train, test):
    np.savetxt(folder / "log.txt", np.stack([k, train, test], 1))
    return [str(folder / "log.txt")]


@probe
def savetxt_with_commas_and_header(folder, k, train, test):
    table = np.stack([k, train, test], 1)
    np.savetxt(folder / "log.csv", table, header="step,train_acc,test_acc", delimiter=",")
    return [str(folder / "log.csv")]


@probe
def comments_above_and_between(folder, k, train, test):
    lines = rows(k, train, test)
    lines[50:50] = ["# learning rate halved"]
    return [save(folder / "log.csv", ["# lr=1e-3, wd=1.0", "step,train_acc,test_acc", *lines])]


@probe
def settings_above_without_a_mark(folder, k, train, test):
    above = ["Run started 2031-02-03", "lr: 0.001", ""]
    return [save(folder / "log.csv", [*above, "step,train_acc,test_acc", *rows(k, train, test)])]


@probe
def header_repeated_after_a_restart(folder, k, train, test):
    lines = rows(k, train, test)
    head = "step,train_acc,test_acc"
    return [save(folder / "log.csv", [head, *lines[:80], head, *lines[75:]])]


@probe
def header_in_another_order_after_a_restart(folder, k, train, test):
    first = rows(k, train, test)[:80]
    second = rows(k, test, train)[75:]
    lines = ["step,train_acc,test_acc", *first, "step,test_acc,train_acc", *second]
    return [save(folder / "log.csv", lines)]


@probe
def trailing_delimiter(folder, k, train, test):
    lines = [f"{line}," for line in rows(k, train, test)]
    return [save(folder / "log.csv", ["step,train_acc,test_acc", *lines])]


@probe
def trailing_delimiter_in_the_header_too(folder, k, train, test):
    lines = [f"{line}," for line in rows(k, train, test)]
    return [save(folder / "log.csv", ["step,train_acc,test_acc,", *lines])]


@probe
def a_column_twice(folder, k, train, test):
    lines = rows(k, train, test, "{},{:.4f},{:.4f},1,2")
    return [save(folder / "log.csv", ["step,train_acc,test_acc,norm,norm", *lines])]


@probe
def percent_cells(folder, k, train, test):
    lines = rows(k, train, test, "{},{:.2%},{:.2%}")
    return [save(folder / "log.csv", ["step,train_acc,test_acc", *lines])]


@probe
def percent_without_a_sign(folder, k, train, test):
    lines = rows(k, 100 * train, 100 * test, "{},{:.2f},{:.2f}")
    return [save(folder / "log.csv", ["iter,Prec@1 train,Prec@1 val", *lines])]


@probe
def tensors_in_cells(folder, k, train, test):
    lines = rows(k, train, test, "{},tensor({:.4f}),\"tensor({:.4f}, device='cuda:0')\"")
    return [save(folder / "log.csv", ["step,train_acc,test_acc", *lines])]


@probe
def pandas_to_csv_with_its_index(folder, k, train, test):
    import pandas as pd

    frame = pd.DataFrame({"step": k, "train_accuracy": train, "valid_accuracy": test})
    frame.to_csv(folder / "df.csv")
    return [str(folder / "df.csv")]


@probe
def pandas_to_string(folder, k, train, test):
    import pandas as pd

    frame = pd.DataFrame({"step": k, "train_acc": train, "val_acc": test})
    return [save(folder / "df.txt", frame.to_string())]


@probe
def r_write_table(folder, k, train, test):
    lines = [f'"{i + 1}" {line}' for i, line in enumerate(rows(k, train, test, "{} {:.4f} {:.4f}"))]
    return [save(folder / "log.txt", ['"step" "train_acc" "test_acc"', *lines])]


@probe
def keras_csv_logger(folder, k, train, test):
    lines = [
        f"{i},{a:.6f},{1 - a:.6f},{b:.6f},{1 - b:.6f}"
        for i, (a, b) in enumerate(zip(train, test, strict=True))
    ]
    return [
        save(folder / "training.log", ["epoch,accuracy,loss,val_accuracy,val_loss", *lines]),
        *("--step", "epoch"),
    ]


@probe
def lightning_csv_logger(folder, k, train, test):
    lines = ["epoch,lr-Adam,step,train_acc_epoch,train_acc_step,train_loss,val_acc,val_loss"]
    for i, (s, a, b) in enumerate(zip(k, train, test, strict=True)):
        lines += [f",0.001,{s},,,,,", f"{i},,{s},,{a:.4f},{1 - a:.4f},,"]
        lines += [f"{i},,{s},,,,{b:.4f},{1 - b:.4f}", f"{i},,{s},{a:.4f},,,,"]
    return [save(folder / "lightning_logs" / "version_0" / "metrics.csv", lines)]


@probe
def lightning_folder(folder, k, train, test):
    lightning_csv_logger(folder, k, train, test)
    save(folder / "lightning_logs" / "version_0" / "hparams.yaml", "lr: 0.001\n")
    return [str(folder / "lightning_logs" / "version_0")]


@probe
def timm_summary(folder, k, train, test):
    lines = [
        f"{i},{1 - a:.5f},{1 - b:.5f},{100 * b:.3f},{100 * b:.3f},0.001"
        for i, (a, b) in enumerate(zip(train, test, strict=True))
    ]
    head = "epoch,train_loss,eval_loss,eval_top1,eval_top5,lr"
    return [save(folder / "summary.csv", [head, *lines]), "--train-threshold", "0.01"]


@probe
def yolo_results(folder, k, train, test):
    head = "epoch,      time,  train/loss,metrics/accuracy_top1,metrics/accuracy_top5,   val/loss"
    lines = [
        f"{i:>5},{3.5 * i:>10.4f},{1 - a:>12.5f},{b:>20.5f},{b:>20.5f},{1 - b:>11.5f}"
        for i, (a, b) in enumerate(zip(train, test, strict=True))
    ]
    argv = ("--train", "train/loss", "--test", "metrics/accuracy_top1", "--train-threshold", "0.01")
    return [save(folder / "results.csv", [head, *lines]), *argv]


@probe
def wandb_chart_export(folder, k, train, test):
    paths = []
    for tag, values in (("train_acc", train), ("val_acc", test)):
        names = [f"lively-sun-3 - {tag}", *(f"lively-sun-3 - {tag}__{x}" for x in ("MIN", "MAX"))]
        lines = [",".join(f'"{x}"' for x in ("Step", *names))]
        lines += [f'"{s}","{v:.6f}","{v:.6f}","{v:.6f}"' for s, v in zip(k, values, strict=True)]
        paths.append(save(folder / f"wandb_export_{tag}.csv", lines))
    return paths


@probe
def wandb_history(folder, k, train, test):
    import pandas as pd

    blank = np.where(np.arange(len(k)) % 2 == 0, test, np.nan)
    frame = pd.DataFrame(
        {"_runtime": k * 0.1, "train/acc": train, "_step": k, "val/acc": blank, "_timestamp": 1.7e9}
    )
    frame.to_csv(folder / "history.csv")
    return [str(folder / "history.csv")]


@probe
def tensorboard_download_csv(folder, k, train, test):
    paths = []
    for name, values in (("train", train), ("validation", test)):
        lines = [f"{1.7e9 + s:.4f},{s},{v:.6f}" for s, v in zip(k, values, strict=True)]
        path = folder / f"run-{name}-tag-epoch_accuracy.csv"
        paths.append(save(path, ["Wall time,Step,Value", *lines]))
    return paths


@probe
def tensorboard_download_json_named(folder, k, train, test):
    argv = []
    for option, values in (("--train", train), ("--test", test)):
        triples = [[1.7e9 + int(s), int(s), float(v)] for s, v in zip(k, values, strict=True)]
        path = save(folder / f"{option[2:]}.json", json.dumps(triples))
        argv += [option, f"{path}:value"]
    return argv


@probe
def pandas_melt(folder, k, train, test):
    import pandas as pd

    frame = pd.DataFrame({"step": k, "train_acc": train, "test_acc": test})
    frame.melt(id_vars="step").to_csv(folder / "long.csv", index=False)
    return [str(folder / "long.csv")]


@probe
def tensorboard_frame(folder, k, train, test):
    lines = ["run,tag,step,wall_time,value"]
    for tag, values in (("acc/train", train), ("acc/test", test)):
        lines += [f"exp1,{tag},{s},{1e9 + s},{v:.5f}" for s, v in zip(k, values, strict=True)]
    return [save(folder / "scalars.csv", lines)]


@probe
def seaborn_with_split(folder, k, train, test):
    lines = ["step,phase,accuracy,loss"]
    for s, a, b in zip(k, train, test, strict=True):
        lines += [f"{s},train,{a:.4f},{1 - a:.4f}", f"{s},val,{b:.4f},{1 - b:.4f}"]
    return [save(folder / "tidy.csv", lines)]


@probe
def split_and_metric_in_columns(folder, k, train, test):
    lines = ["step,split,metric,value"]
    for s, a, b in zip(k, train, test, strict=True):
        for split, value in (("train", a), ("test", b)):
            lines += [f"{s},{split},acc,{value:.4f}", f"{s},{split},loss,{1 - value:.4f}"]
    return [save(folder / "tidy.csv", lines)]


@probe
def several_seeds(folder, k, train, test):
    lines = ["seed,step,train_acc,test_acc"]
    for seed in range(3):
        lines += [f"{seed},{line}" for line in rows(k, train, test)]
    return [save(folder / "seeds.csv", lines), "--where", "seed=1"]


@probe
def markdown_table(folder, k, train, test):
    lines = rows(k, train, test, "| {} | {:.4f} | {:.4f} |")
    head = ["| Step | Train acc | Val acc |", "|-----:|:---------:|---------|"]
    return [save(folder / "notes.md", [*head, *lines])]


@probe
def rich_table(folder, k, train, test):
    from rich.console import Console
    from rich.table import Table

    table = Table("step", "train_acc", "test_acc", title="Results")
    for s, a, b in zip(k, train, test, strict=True):
        table.add_row(str(s), f"{a:.4f}", f"{b:.4f}")
    out = io.StringIO()
    Console(file=out, width=80).print(table)
    return [save(folder / "out.txt", out.getvalue())]


@probe
def ascii_table(folder, k, train, test):
    lines = rows(k, train, test, "| {:>7} | {:>9.4f} | {:>8.4f} |")
    ruler = "+---------+-----------+----------+"
    head = [ruler, "|    step | train_acc | test_acc |", ruler]
    return [save(folder / "out.txt", [*head, *lines, ruler])]


@probe
def fastai_table(folder, k, train, test):
    head = "epoch     train_loss  valid_loss  accuracy  time"
    lines = [
        f"{i:<9} {1 - a:<11.6f} {1 - b:<11.6f} {b:<9.6f} 00:05"
        for i, (a, b) in enumerate(zip(train, test, strict=True))
    ]
    argv = ("--train", "train_loss", "--test", "accuracy", "--train-threshold", "0.01")
    return [save(folder / "out.txt", [head, *lines]), *argv]
