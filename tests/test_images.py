"""Images: IDX files, whole and damaged, the digits, and bad input."""

import gzip
import struct

import numpy as np
import pytest
from network_helpers import refusal, rows

from latebloom.problems import Images
from latebloom.problems import images as images_module
from latebloom.problems.idx import read_idx

# --- IDX files ------------------------------------------------------------------------------------

CODES = {0x08: "B", 0x09: "b", 0x0B: "h", 0x0C: "i", 0x0D: "f", 0x0E: "d"}


def idx_bytes(values, shape, code=0x08):
    """Return an IDX file, number by number."""
    head = struct.pack(">BBBB", 0, 0, code, len(shape)) + struct.pack(f">{len(shape)}I", *shape)
    return head + b"".join(struct.pack(f">{CODES[code]}", v) for v in values)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("end", ["", ".gz"])
def test_files_are_read_back(code, end, tmp_path):
    values = [v if CODES[code] != "B" else abs(v) for v in (-3, 0, 7, 100, -100, 1)]
    data = idx_bytes(values, (2, 3), code)
    path = tmp_path / f"file-idx2{end}"
    path.write_bytes(gzip.compress(data) if end else data)
    array = read_idx(path)
    assert array.tolist() == np.reshape(values, (2, 3)).tolist()
    assert array.dtype == np.dtype(CODES[code])
    assert array.dtype.isnative
    assert read_idx(str(path)).shape == (2, 3)


GOOD = idx_bytes(range(6), (2, 3))
DAMAGED = {
    "empty": (b"", "(none)"),
    "short magic": (GOOD[:3], "begins with the bytes 00 00 08,"),
    "wrong magic": (b"\x01" + GOOD[1:], "no IDX file"),
    "wrong type": (b"\0\0\x0a\x02" + GOOD[4:], "no IDX file"),
    "no axes": (b"\0\0\x08\x00", "no IDX file"),
    "many axes": (b"\0\0\x08\xff" + bytes(2000), "255 axes"),
    "text": (b"P5 28 28 255", "50 35 20 32"),
    "lengths cut": (GOOD[:9], "lengths of its 2 axes"),
    "data cut": (GOOD[:-1], "5 of 6 bytes"),
    "no data": (GOOD[:12], "0 of 6 bytes"),
    "goes on": (GOOD + b"\0", "goes on after the 6 bytes"),
    "too large": (idx_bytes((), (2**32 - 1, 2**32 - 1)), "GiB"),
    "gzip without the name": (gzip.compress(GOOD), "add .gz to the name"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_files_are_refused_with_what_is_wrong(kind, tmp_path):
    data, what = DAMAGED[kind]
    path = tmp_path / "file"
    path.write_bytes(data)
    message = refusal(lambda: read_idx(path))
    assert message.startswith(str(path))
    assert what in message


@pytest.mark.parametrize(
    "data",
    [GOOD, b"", gzip.compress(GOOD)[:-9], gzip.compress(GOOD)[:-12] + bytes(12)],
    ids=["not gzip", "empty", "cut", "damaged"],  # of their own, these would hold the time
)
def test_damaged_gzip_files_are_refused(data, tmp_path):
    path = tmp_path / "file.gz"
    path.write_bytes(data)
    assert refusal(lambda: read_idx(path)).startswith(str(path))


def test_files_that_cannot_be_opened_are_refused(tmp_path):
    assert "cannot be read" in refusal(lambda: read_idx(tmp_path / "none"))
    assert "cannot be read" in refusal(lambda: read_idx(tmp_path))


# --- Images ---------------------------------------------------------------------------------------

LABELS = {"train": [3, 0, 3, 8, 8, 1, 3, 8], "t10k": [8, 3, 0, 9, 3]}


def write_images(folder, end="-", shape=(2, 3), **replaced):
    """Write the four files; every pixel of image k of a side is 10 k + its position."""
    for side, labels in LABELS.items():
        size = shape[0] * shape[1]
        pixels = [10 * k + i for k in range(len(labels)) for i in range(size)]
        files = {
            f"{side}-images{end[0]}idx3-ubyte": idx_bytes(pixels, (len(labels), *shape)),
            f"{side}-labels{end[0]}idx1-ubyte": idx_bytes(labels, (len(labels),)),
        }
        for name, data in files.items():
            short = name[: name.index("s" + end[0] + "idx")].replace("-", "_")
            data = replaced.get(short, data)
            if data is not None:
                zipped = end.endswith("gz")
                (folder / f"{name}{end[1:]}").write_bytes(gzip.compress(data) if zipped else data)
    return str(folder)


def numbered(side):
    """Return which image of its file each example is."""
    return (side.inputs[:, 0] * 255 / 10).round().astype(int).tolist()


@pytest.mark.parametrize("end", ["-", ".", "-.gz", "..gz"])
def test_images_are_read_from_files_under_any_of_their_names(end, tmp_path):
    problem = Images(source=write_images(tmp_path, end), n_train=8)
    assert problem.outputs == 10
    assert problem.tokens is None
    for side, name in ((problem.train, "train"), (problem.test, "t10k")):
        which = numbered(side)
        assert sorted(which) == list(range(len(LABELS[name])))
        assert side.targets.tolist() == [LABELS[name][k] for k in which]
        expected = [[(10 * k + i) / 255 for i in range(6)] for k in which]
        np.testing.assert_allclose(side.inputs, expected, rtol=1e-6)


def test_classes_are_kept_and_numbered_in_their_order(tmp_path):
    source = write_images(tmp_path)
    problem = Images(source=source, n_train=5, n_test=2, classes=(8, 3))
    assert problem.outputs == 2
    for side, name, size in ((problem.train, "train", 5), (problem.test, "t10k", 2)):
        assert len(side.targets) == size
        truth = [LABELS[name][k] for k in numbered(side)]
        assert [(8, 3)[c] for c in side.targets] == truth
    assert len(Images(source=source, n_train=6, classes=(8, 3)).test.targets) == 3
    draws = {tuple(numbered(Images(source=source, n_train=3, seed=k).train)) for k in range(9)}
    assert len(draws) > 5


@pytest.mark.parametrize(
    ("replaced", "settings", "what"),
    [
        ({"train_image": None}, {}, "train-images-idx3-ubyte is missing"),
        ({"t10k_label": None}, {}, "t10k-labels-idx1-ubyte is missing"),
        ({"train_label": idx_bytes([1, 2], (2,))}, {}, "has 8 images"),
        (
            {"train_label": idx_bytes([1] * 8, (8, 1))},
            {},
            "00 00 08 02, an array with 2 axes where 1 are needed",
        ),
        (
            {"train_image": idx_bytes(range(8), (8,))},
            {},
            "00 00 08 01, an array with 1 axes where 3 are needed",
        ),
        ({"train_image": idx_bytes((), (8, 0, 4))}, {}, "has no pixels (8 x 0 x 4)"),
        ({"train_label": idx_bytes([1] * 8, (8,), 0x0C)}, {}, "holds int32 numbers"),
        ({"train_label": idx_bytes([10] * 8, (8,))}, {}, "label 10 is outside 0..9"),
        ({"t10k_image": idx_bytes([0] * 5, (5, 1, 1))}, {}, "6 pixels, the t10k images 1"),
        ({"train_image": GOOD[:2]}, {}, "no IDX file"),
        ({"train_image": idx_bytes([0], (8, 2, 3))}, {}, "1 of 48 bytes"),
        ({"t10k_image": idx_bytes([], (0, 2, 3)), "t10k_label": idx_bytes([], (0,))}, {}, "has 0"),
        ({}, {"n_train": 9}, "n_train = 9"),
        ({}, {"n_test": 6}, "n_test = 6"),
        ({}, {"n_train": 4, "classes": (0, 8, 1)}, "has no label 1; there are 0, 3, 8, 9"),
        ({}, {"n_train": 7, "classes": (3, 8)}, "n_train = 7"),
    ],
)
def test_wrong_files_and_sizes_are_refused_with_the_numbers(replaced, settings, what, tmp_path):
    write_images(tmp_path, **replaced)
    problem = Images(**{"source": str(tmp_path), "n_train": 4, **settings})
    assert what in refusal(problem.validate)


def test_a_folder_that_is_missing_is_refused_when_it_is_used(tmp_path):
    problem = Images(source=str(tmp_path / "none"))
    assert "no such folder" in refusal(lambda: problem.train)


def test_digits_are_those_of_scikit_learn():
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    problem = Images(n_train=1000)
    assert (len(problem.train.targets), len(problem.test.targets)) == (1000, 797)
    both = rows(problem.train) + rows(problem.test)
    classes = [*problem.train.targets.tolist(), *problem.test.targets.tolist()]
    expected = zip((pixels / 16).tolist(), labels.tolist(), strict=True)  # sixteenths are exact
    assert sorted(zip(both, classes, strict=True)) == sorted((tuple(x), y) for x, y in expected)


@pytest.mark.parametrize(
    "settings",
    [
        {"n_train": 1797},
        {"n_train": 1000, "n_test": 798},
        {"n_train": 5000},
        {"n_train": 400, "classes": (0, 1)},
    ],
)
def test_more_digits_than_there_are_are_refused(settings):
    assert f"n_train = {settings['n_train']}" in refusal(lambda: Images(**settings).train)


def test_without_scikit_learn_the_digits_are_refused_with_a_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "sklearn.datasets", None)
    images_module._digits.cache_clear()
    assert "pip install scikit-learn" in refusal(lambda: Images().train)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("n_train", v) for v in (0, -1, 2.5, True, "3", None)),
        *(("n_test", v) for v in (0, -1, 2.5, True, "3")),
        *(("classes", v) for v in ((), (3,), (3, 3), 3, "38")),
        *(("source", v) for v in ("", None, 3)),
        *(("seed", v) for v in (-1, 2**32)),
        ("loss", "?"),
    ],
)
def test_impossible_images_are_refused_in_one_line(name, value):
    message = refusal(lambda: Images(**{name: value}))
    assert message.startswith(f"{name} = {value!r}")
    assert "must be" in message


@pytest.mark.parametrize("label", [-1, 256, 1.5, True, "3"])
def test_classes_that_no_file_can_hold_are_refused(label):
    assert refusal(lambda: Images(classes=(0, label))).startswith(f"classes = {label!r}")
