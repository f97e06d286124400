"""Lines that programs print."""

import json

from . import probe, save


def out(folder, k, train, test, form, above=(), every=None):
    """Lines from one form; `{i}` counts them, `{p}` and `{q}` are percentages."""
    lines = list(above)
    for i, (s, a, b) in enumerate(zip(k, train, test, strict=True)):
        values = {"i": i, "s": int(s), "a": a, "b": b, "p": 100 * a, "q": 100 * b}
        values |= {"l": 1 - a, "m": 1 - b, "n": round(a * 10000), "o": round(b * 10000)}
        lines.append(form.format(**values))
    return [save(folder / "nohup.out", lines)]


@probe
def epoch_and_bars(folder, k, train, test):
    return out(folder, k, train, test, "epoch {s} | train acc {a:.4f} | test acc {b:.4f}")


@probe
def time_stamps_and_percent(folder, k, train, test):
    form = "[2031-02-03 04:05:06] epoch {s:>6} | train_loss {l:.4f} train_acc {p:6.2f}% | val_loss"
    return out(folder, k, train, test, form + " {m:.4f} val_acc {q:6.2f}%")


@probe
def python_logging(folder, k, train, test):
    form = "2031-02-03 04:05:06,789 - trainer - INFO - Epoch {s}: Train Loss: {l:.4f}, Train Acc: "
    return out(folder, k, train, test, form + "{a:.4f}, Test Loss: {m:.4f}, Test Acc: {b:.4f}")


@probe
def loguru_in_colour(folder, k, train, test):
    form = "\x1b[32m2031-02-03 04:05:06.789\x1b[0m | \x1b[1mINFO    \x1b[0m | \x1b[36mtrain\x1b[0m:"
    form += "\x1b[36mmain\x1b[0m:\x1b[36m42\x1b[0m - \x1b[1mstep={s} train_acc={a:.4f} "
    return out(folder, k, train, test, form + "val_acc={b:.4f}\x1b[0m")


@probe
def logfmt(folder, k, train, test):
    form = "level=info ts=2031-02-03T04:05:06Z step={s} train_acc={a:.4f} test_acc={b:.4f}"
    return out(folder, k, train, test, form)


@probe
def sections_in_a_line(folder, k, train, test):
    form = "Step {s:,} - train: loss {l:.4f}, acc {a:.4f} - test: loss {m:.4f}, acc {b:.4f}"
    return out(folder, k, train, test, form)


@probe
def settings_then_lines(folder, k, train, test):
    above = ["Using device: cuda:0", "Namespace(lr=0.001, seed=42, p=97)", "Params: 226,816", ""]
    form = "Epoch [{s}/20000] Train Accuracy: {p:.2f}% Validation Accuracy: {q:.2f}%"
    return out(folder, k, train, test, form, above)


@probe
def two_lines_per_epoch(folder, k, train, test):
    form = "Epoch {s}\n  Training   loss {l:.4f} accuracy {a:.4f}\n"
    return out(folder, k, train, test, form + "  Validation loss {m:.4f} accuracy {b:.4f}")


@probe
def pytorch_mnist_example(folder, k, train, test):
    form = "Train Epoch: {i} [0/60000 (0%)]\tLoss: {l:.6f}\n\n"
    form += "Train set: Average loss: {l:.4f}, Accuracy: {n}/10000 ({p:.0f}%)\n\n"
    return out(
        folder,
        k,
        train,
        test,
        form + "Test set: Average loss: {m:.4f}, Accuracy: {o}/10000 ({q:.0f}%)\n",
    )


@probe
def pytorch_imagenet_example(folder, k, train, test):
    form = "Epoch: [{i}][  0/5005]\tTime  0.500 ( 0.500)\tData  0.100 ( 0.100)\tLoss {l:.4e} "
    form += "({l:.4e})\tAcc@1 {p:6.2f} ({p:6.2f})\tAcc@5 {p:6.2f} ({p:6.2f})\n"
    form += (
        "Test: [ 0/196]\tTime  0.900 ( 0.900)\tLoss {m:.4e} ({m:.4e})\tAcc@1 {q:6.2f} ({q:6.2f})"
    )
    return out(folder, k, train, test, form + "\tAcc@5 {q:6.2f} ({q:6.2f})\n * Acc@1 {q:.3f}")


@probe
def nanogpt(folder, k, train, test):
    form = "step {s}: train loss {l:.4f}, val loss {m:.4f}\niter {s}: loss {l:.4f}, time 30.12ms"
    argv = out(folder, k, train, test, form + ", mfu 3.20%", ["tokens per iteration: 16,384"])
    return [*argv, "--train-threshold", "0.01", "--test-threshold", "0.05"]


@probe
def keras_progress(folder, k, train, test):
    form = (
        "Epoch {i}/200\n\x1b[1m 1/10\x1b[0m \x1b[32m━━\x1b[0m 1s 33ms/step - accuracy: 0.5 - loss:"
    )
    form += " 0.7\r10/10 ━━━━━━━━ 1s 20ms/step - accuracy: {a:.4f} - loss: {l:.4f} - val_accuracy:"
    return out(folder, k, train, test, form + " {b:.4f} - val_loss: {m:.4f}")


@probe
def lightning_progress(folder, k, train, test):
    form = "Epoch {i}: 100%|██████████| 20/20 [00:00<00:00, 98.76it/s, v_num=0, train_acc={a:.4f}, "
    return out(folder, k, train, test, form + "val_acc={b:.4f}]")


@probe
def tqdm_with_carriage_returns(folder, k, train, test):
    argv = lightning_progress(folder, k, train, test)
    with open(argv[0], encoding="utf-8") as file:
        text = file.read()
    return [save(folder / "tqdm.log", text.replace("\n", "\r"))]


@probe
def hugging_face_printed(folder, k, train, test):
    form = "{{'loss': {l:.4f}, 'grad_norm': 1.5, 'learning_rate': 5e-05, 'epoch': {i}.25}}\n"
    form += (
        "{{'eval_loss': {m:.4f}, 'eval_accuracy': {b:.4f}, 'eval_runtime': 1.2, 'epoch': {i}.25}}"
    )
    return [*out(folder, k, train, test, form), "--train-threshold", "0.01"]


@probe
def fairseq_json(folder, k, train, test):
    lines = []
    for i, (a, b) in enumerate(zip(train, test, strict=True)):
        row = {"epoch": i, "train_loss": f"{1 - a:.3f}", "train_accuracy": f"{100 * a:.2f}"}
        lines.append(f"2031-02-03 04:05:06 | INFO | train | {json.dumps(row)}")
        row = {"epoch": i, "valid_loss": f"{1 - b:.3f}", "valid_accuracy": f"{100 * b:.2f}"}
        lines.append(f"2031-02-03 04:05:06 | INFO | valid | {json.dumps(row)}")
    return [save(folder / "train.log", lines)]


@probe
def fairseq_simple(folder, k, train, test):
    form = "2031-02-03 04:05:06 | INFO | train | epoch {i:03d} | loss {l:.3f} | accuracy {p:.2f} | "
    form += (
        "num_updates {s}\n2031-02-03 04:05:07 | INFO | valid | epoch {i:03d} | valid on 'valid' "
    )
    return out(
        folder, k, train, test, form + "subset | loss {m:.3f} | accuracy {q:.2f} | num_updates {s}"
    )


@probe
def mxnet(folder, k, train, test):
    form = "INFO:root:Epoch[{i}] Train-accuracy={a:.6f}\nINFO:root:Epoch[{i}] Time cost=3.210\n"
    return out(folder, k, train, test, form + "INFO:root:Epoch[{i}] Validation-accuracy={b:.6f}")


@probe
def xgboost(folder, k, train, test):
    form = "[{i}]\ttrain-error:{l:.5f}\ttest-error:{m:.5f}"
    return [
        *out(folder, k, train, test, form),
        *("--train-threshold", "0.01", "--test-threshold", "0.05"),
    ]


@probe
def lightgbm(folder, k, train, test):
    return out(folder, k, train, test, "[{i}]\ttraining's auc: {a:.5f}\tvalid_1's auc: {b:.5f}")


@probe
def catboost(folder, k, train, test):
    form = (
        "{i}:\tlearn: {a:.7f}\ttest: {b:.7f}\tbest: {b:.7f} ({i})\ttotal: 41.2ms\tremaining: 41.1s"
    )
    return out(folder, k, train, test, form)


@probe
def flax_example(folder, k, train, test):
    form = "I0203 04:05:06.789012 140123 train.py:135] epoch:{i:3d}, train_loss: {l:.4f}, "
    form += "train_accuracy: {p:.2f}, test_loss: {m:.4f}, test_accuracy: {q:.2f}"
    return out(folder, k, train, test, form)


@probe
def julia_named_tuples(folder, k, train, test):
    return out(folder, k, train, test, "(epoch = {s}, train_acc = {a:.4f}, test_acc = {b:.4f})")


@probe
def power_shell(folder, k, train, test):
    argv = epoch_and_bars(folder, k, train, test)
    with open(argv[0], encoding="utf-8") as file:
        text = file.read()
    (folder / "out.txt").write_bytes(text.replace("\n", "\r\n").encode("utf-16"))
    return [str(folder / "out.txt")]
