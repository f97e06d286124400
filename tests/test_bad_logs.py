"""Logs that cannot be read are refused in one line that says why; nothing is unpickled."""

import bz2
import gzip
import io
import lzma
import pickle
import sys
import tarfile
import zipfile

import diagnosis_logs as logs
import numpy as np
import pytest
from diagnosis_logs import EVERY, TEST, TRAIN
from hypothesis import given, settings
from hypothesis import strategies as st

from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import read_log
from latebloom.diagnosis.logs import source
from latebloom.diagnosis.logs.names import guess_kind


def refused(capsys, *argv):
    code = main(["diagnose", *argv])
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), err
    return err


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ({}, ("--test", "val_ac"), "no column 'val_ac'; did you mean 'val_acc'?"),
        ({}, ("--step", "stp"), "did you mean 'step'?"),
        ({}, ("--test", "train_acc"), "both 'train_acc'"),
        ({}, ("--kind", "accurracy"), "must be one of accuracy, percent, error, loss"),
        ({}, ("--kind", "a,b,c"), "one for train and one for test"),
        ({}, ("--test-threshold", "high"), "must be a number"),
        ({}, ("--test-threshold", "0"), "must be a finite number > 0"),
        ({}, ("--test-threshold", "200"), "must be an accuracy"),
        ({"val_acc": np.full(201, "")}, (), "column 'val_acc' is empty"),
        ({"val_acc": np.full(201, "x")}, (), "line 2: 'x' in column 'val_acc' is no number"),
        ({"val_acc": np.full(201, "0,5")}, (), "a decimal comma?"),
        ({"val_acc": np.full(201, "nan")}, (), "no finite value"),
        ({"val_acc": 101 * TEST}, (), "one unit or two?"),
        ({"val_acc": -TEST}, (), "an accuracy is in [0, 1]"),
        ({"train_acc": 101 * TRAIN, "val_acc": 90 * TEST}, (), "an accuracy is in [0, 100]"),
        ({"step": EVERY - 100}, (), "a step of train_acc is -100; steps must be numbers from 0"),
        ({"step": np.tile(EVERY[:67], 3)}, (), "start again, 3 runs in one log"),
        ({"step": np.full(201, "")}, (), "'step' is empty in every row"),
        ({"w": np.zeros(201)}, ("--norm", "w"), "a norm must be positive"),
        (
            {"score": 1 - TEST, "fit": 2 * TRAIN},
            ("--train", "fit", "--test", "score"),
            "does not tell",
        ),
        ({"loss": 1 - TEST}, ("--test", "loss"), "no natural threshold"),
        ({"loss": -TEST}, ("--test", "loss", "--test-threshold", "1"), "cannot be negative"),
    ],
)
def test_bad_columns(columns, options, message, tmp_path, capsys):
    table = {"step": EVERY, "train_acc": TRAIN, "val_acc": TEST, **columns}
    path = logs.plain_csv(tmp_path / "log.csv", table)
    argv = {"--train": "train_acc", "--test": "val_acc"}
    argv |= dict(zip(options[::2], options[1::2], strict=True))
    words = [word for pair in argv.items() for word in pair]
    assert message in refused(capsys, path, *words)


HEAD = "step,train_acc,val_acc\n"


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("log.csv", "", "is empty"),
        ("log.csv", "\n \n\n", "is empty"),
        ("log.csv", HEAD, "is empty"),
        ("log.csv", "0,0.5,0.5\n1,0.6,0.5\n", "no column 'train_acc'; known: 0, 1, 2"),
        ("log.csv", HEAD + "0,1\n1,1,1\n", "line 2: has 2 cells, and the header 3"),
        ("log.csv", HEAD + "0,.1,.1\n9,.2,.1\n", "needs at least 5"),
        ("log.csv", HEAD + "0,.1,.1\n", "has 1 records"),
        ("log.csv", HEAD + "0,x,y\n1,x,y\n2,x,y\n", "'x' in column 'train_acc' is no number"),
        ("log.csv", HEAD + "0,nan,nan\n" * 9, "no finite value"),
        ("log.csv", HEAD + '0,".1,.1\n1,.1,.2\n', "has cells of several lines in quotes"),
        ("log.txt", "It was a bright cold day in April.\n" * 9, "no curves found in 9 lines"),
        ("log.jsonl", '{"step": 0}\n{"nonsense\n{"step": 1}\n', "line 2: is no JSON"),
        ("log.jsonl", '{"step": 0}\n[1]\n{"step": 1}\n', "line 2: is no record"),
        ("log.json", "nonsense", "no curves found in 1 lines of text, of which the first is"),
        ("log.json", '{"a": ' * 9 + "1", "is no JSON"),
        ("log.json", "[]", "is JSON without a log"),
        ("log.json", '{"config": {"lr": [{}]}, "best": "x"}', "is JSON without a log (keys config"),
        (
            "log.json",
            '{"train_acc": [0, 0, 0, 0, 0, 1, 1], "val_acc": [0, 0, 0, 0, 0]}',
            "has 5 values for 7 of",
        ),
        ("log.parquet", "nonsense", "no curves found"),
        ("x.tfevents.1", "nonsense", "no curve could be read"),
    ],
)
def test_bad_files(name, text, message, tmp_path, capsys):
    path = tmp_path / name
    path.write_text(text)
    words = ("--train", "train_acc", "--test", "val_acc")
    assert message in refused(capsys, str(path), *words)


def test_two_columns_of_one_name_are_refused_where_they_are_asked_for(tmp_path, capsys):
    path = tmp_path / "log.csv"
    path.write_text("step,train_acc,val_acc,val_acc\n" + "1,.5,.5,.6\n" * 9)
    said = refused(capsys, str(path), "--train", "train_acc", "--test", "val_acc")
    assert (
        "2 columns are called 'val_acc'; name one of val_acc (column 3), val_acc (column 4)" in said
    )


def npy(shape, rest=b""):
    file = io.BytesIO()
    header = {"descr": "<f8", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + rest


def saved(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def zipped(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return file.getvalue()


def tar():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("log.csv"))
    return file.getvalue()


class Unpickled:
    """Says so when it is unpickled."""

    def __reduce__(self):
        return (sys.exit, ("unpickled",))


OBJECTS = np.array([Unpickled()], dtype=object)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.random.default_rng(0).bytes(5000), "control characters"),
        (b"\0" * 1000, "control characters"),
        (pickle.dumps(Unpickled()), "is a pickle"),
        (zipped(archive__data_dot_pkl=b"x"), "torch.save"),
        (zipped(xl__workbook_dot_xml=b"x"), "an Excel workbook"),
        (zipped(a=b"x", b=b"y"), "is a zip archive with 2 files (a, b)"),
        (zipped(), "control characters"),
        (saved(OBJECTS), "never opened"),
        (zipped(a_dot_npy=saved(OBJECTS)), "never opened"),
        (saved(np.zeros((9, 2, 2))), "has shape (9, 2, 2)"),
        (npy((10**15,)), "it is not complete"),
        (b"\x93NUMPY\x01\x00", "is no array of numbers"),
        (b"PK\x03\x04" + b"x" * 50, "is damaged zip data"),
        (gzip.compress(b"step,a\n" * 500)[:-9], "is damaged gzip data"),
        (bz2.compress(b"step,a\n" * 500)[:-9], "is damaged bzip2 data"),
        (lzma.compress(b"step,a\n" * 500)[:-9], "is damaged xz data"),
        (b"PAR1" + b"x" * 50, "is no Parquet file that can be read"),
        (b"\x89HDF\r\n\x1a\n" + b"x" * 50, "an HDF5 or netCDF file"),
        (b"SQLite format 3\0", "an SQLite database"),
        (b":W&B" + b"\0" * 50, "Weights & Biases"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "a picture"),
        *((pickle.dumps({"train_acc": [0.1] * 9}, p), "a pickle") for p in (0, 1, 2, 4, 5)),
        (gzip.compress(b"X\n\0\0\0\3" + b"x" * 50), "a file of R's saveRDS"),
        (b"<stata_dta><header>", "a Stata data set"),
        (tar(), "a tar archive"),
        (gzip.compress(tar()), "a tar archive"),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else value,  # packed bytes hold the time
)
def test_what_is_no_log_is_named(data, message, tmp_path, capsys):
    path = tmp_path / "log.csv"
    path.write_bytes(data)
    assert message in refused(capsys, str(path))


@pytest.mark.parametrize(
    "pack",
    [gzip.compress, bz2.compress, lzma.compress, lambda d: zipped(a=d)],
    ids=["gzip", "bzip2", "xz", "zip"],
)
def test_what_unpacks_to_too_much_is_refused_before_it_is_in_memory(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(source, "LIMIT", 2**20)
    path = tmp_path / "bomb"
    path.write_bytes(pack(b"0" * 2**21))
    with pytest.raises(InvalidInput, match="unpacks to larger than 1 MB"):
        read_log(path)
    path.write_bytes(b"step,a\n" * 2**18)
    with pytest.raises(InvalidInput, match="is larger than 1 MB, the most that is read"):
        read_log(path)


def test_arrays_that_unpack_to_too_much_are_refused(tmp_path, monkeypatch):
    import pyarrow
    from pyarrow import parquet

    from latebloom.diagnosis.logs import binary

    monkeypatch.setattr(binary, "LIMIT", 2**20)
    np.savez_compressed(tmp_path / "a.npz", step=np.zeros(2**18))
    table = pyarrow.table({"step": np.zeros(2**18, dtype=np.int8)})
    parquet.write_table(table, tmp_path / "a.parquet")
    for name in ("a.npz", "a.parquet"):
        with pytest.raises(InvalidInput, match="unpacks to larger than"):
            read_log(tmp_path / name)


def test_matlab_files_are_read_and_what_is_wrong_with_them_is_said(tmp_path, monkeypatch):
    from scipy.io import savemat

    from latebloom.diagnosis.logs import matlab

    steps = np.arange(1, 41) * 10
    curve = np.linspace(0, 100, 40)
    path = tmp_path / "info.mat"
    for packed in (False, True):
        savemat(path, {"info": {"Iteration": steps, "Accuracy": curve}}, do_compression=packed)
        log = read_log(path)
        k, v = log.series("info/Accuracy", "info/Iteration")
        assert k.tolist() == steps.tolist()
        assert v.tolist() == curve.tolist()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(InvalidInput, match="is a damaged MATLAB file"):
        read_log(path)
    savemat(path, {"words": "none"})
    with pytest.raises(InvalidInput, match="without vectors of numbers"):
        read_log(path)
    monkeypatch.setattr(matlab, "LIMIT", 2**20)
    savemat(path, {"x": np.zeros(2**18)}, do_compression=True)
    with pytest.raises(InvalidInput, match="unpacks to larger than"):
        read_log(path)


def test_packed_in_packed_in_packed_is_refused(tmp_path):
    data = b"step,train_acc,val_acc\n" + b"1,.5,.5\n" * 9
    for _ in range(6):
        data = gzip.compress(data)
    (tmp_path / "log").write_bytes(data)
    with pytest.raises(InvalidInput, match="packed more than 3 times"):
        read_log(tmp_path / "log")


def test_bad_paths_and_missing_options(tmp_path, capsys):
    assert "does not exist" in refused(capsys, str(tmp_path / "none.csv"))
    assert "no event file" in refused(capsys, str(tmp_path), "--train", "a", "--test", "b")
    path = logs.plain_csv(tmp_path / "log.csv", {"step": EVERY, "a": TRAIN, "b": TEST})
    assert "columns of this log: step, a, b" in refused(capsys, path)
    assert "step, a, b" in refused(capsys, path, "--train", "a")
    assert "diagnose needs a log" in refused(capsys)
    assert "did you mean '--train'?" in refused(capsys, path, "--trian", "a")


def test_a_link_in_a_folder_may_lead_nowhere(tmp_path, capsys):
    (tmp_path / "nowhere").symlink_to("x" * 300)
    (tmp_path / "log.csv").write_text("train_acc,val_acc\n0.2,0.1\n" + "1,0.1\n" * 5 + "1,1\n")
    assert main(["diagnose", str(tmp_path)]) == 0
    assert "val_acc >= 0.95 is reached at step 6" in capsys.readouterr().out


def test_a_folder_of_several_runs_is_refused_with_their_names(tmp_path, capsys):
    for run in ("run1", "run2"):
        (tmp_path / run).mkdir()
        logs.plain_csv(tmp_path / run / "metrics.csv", {"step": EVERY, "train_acc": TRAIN})
    said = refused(capsys, str(tmp_path))
    assert "holds 2 logs (run1/metrics.csv, run2/metrics.csv); give one of them" in said
    for run in ("a", "b"):
        logs.tensorboard(tmp_path / "events" / run, EVERY, TRAIN, TEST)
    assert "holds 2 logs (a/runs, b/runs)" in refused(capsys, str(tmp_path / "events"))
    for run in ("ab", "cd"):
        folder = tmp_path / "mlruns" / "0" / run / "metrics"
        folder.mkdir(parents=True)
        (folder / "acc").write_text("1700000000000 0.5 0\n")
    assert "holds 2 logs (0/ab/metrics, 0/cd/metrics)" in refused(capsys, str(tmp_path / "mlruns"))


@pytest.mark.parametrize(
    ("package", "name", "extra"),
    [("tensorboard", "tfevents", "tensorboard"), ("pyarrow", "PAR1", "export")],
)
def test_missing_packages_are_named(package, name, extra, tmp_path, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    (tmp_path / name).write_text(name)
    with pytest.raises(InvalidInput, match=rf"pip install 'latebloom\[{extra}\]'"):
        read_log(tmp_path / name)


def test_kinds_are_told_by_words_not_by_letters():
    names = (
        "val/acc_epoch",
        "valAcc",
        "eval_accuracy",
        "test_err",
        "loss/test",
        "raccoon",
        "mseacc",
    )
    kinds = ["accuracy", "accuracy", "accuracy", "error", "loss", None, None]
    assert [guess_kind(name) for name in names] == kinds
    assert guess_kind("accuracy_loss") is None


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("deep.json", "[" * 100_000),
        ("deep_too.json", '{"a": ' * 5000 + "1" + "}" * 5000),
        ("digits.json", '{"step": ' + "1" * 5000 + ', "a": 1, "b": 1}'),
        ("long.csv", "step,a,b\n1,0.5," + "9" * 140_000 + "\n"),
    ],
    ids=["deep", "deep too", "digits", "long"],
)
def test_what_the_readers_of_python_refuse_is_refused_in_one_line(name, text, tmp_path, capsys):
    (tmp_path / name).write_text(text)
    refused(capsys, str(tmp_path / name), "--train", "a", "--test", "b")


# Reading takes time in proportion to a text. Where something is tried in more than one way, these
# take hours, and no signal is answered meanwhile.
LONG_LINES = {
    **{f"{mark!r} repeated": mark * 100_000 for mark in ("y", "9", "'", "[ ", "-", "a' ", "a /")},
    "a number behind spaces": "a:" + " " * 100_000 + "9x",
    "a long number": "a=" + "9" * 100_000 + "x",
    "thousands": "a 1" + ",234" * 25_000 + "x",
    "a list without an end": "a" + " " * 100_000 + "= [" + "1," * 50_000,
    "spaces": "x" + " " * 100_000 + "y",
    "spaces in a box": "| a" + " " * 100_000 + "b",
    "names and numbers": "a=1e5" * 20_000 + "x",
    "sets": "a / b c" * 15_000,
    "percentages": "a 1% " * 20_000 + " " * 100_000,
    "a name before a place": "a" * 100_000 + ".py:x]",
    "empty lines": "a\n" + "\n" * 100_000,
    "spaces around a literal": " " * 100_000 + "x",
}


@pytest.mark.parametrize("text", LONG_LINES.values(), ids=LONG_LINES)
def test_a_long_line_takes_no_longer_than_many_short_ones(text, tmp_path, capsys):
    (tmp_path / "log.txt").write_text(text + "\n" + text)
    refused(capsys, str(tmp_path / "log.txt"))


def test_empty_lines_before_the_header_keep_the_numbers_of_the_others(tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("\n\nstep,a,b\n1,0.5,0.5\n2,0.5\n3,0.5,0.5\n")
    with pytest.raises(InvalidInput, match="line 5: has 2 cells"):
        read_log(log)
    log.write_text("\nstep,a,b\n1,0.5,0.5\n2,0.5,0.6\n")
    assert read_log(log).names == ["step", "a", "b"]


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_a_log_or_refused_in_one_line(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("any") / "log"
    path.write_bytes(data)
    try:
        said = " ".join(read_log(path).notes)
    except InvalidInput as error:
        said = str(error)
    assert "\n" not in said
