"""Images of digits: scikit-learn's bundled ones, or MNIST from files."""

import functools
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Integer

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .drawn import freeze
from .idx import read_idx
from .supervised import LOSSES, Split, Supervised, read_only, stream

DIGITS = "digits"
CLASSES = 10  # digits, and everything else in MNIST's format unless `classes` says otherwise
# Side -> what its files begin with. The position of a side is part of its seed: never reorder.
FILES = {"train": "train", "test": "t10k"}

Labelled = tuple[Float32[np.ndarray, "N pixels"], Integer[np.ndarray, " N"]]


@register("problem")
@dataclass(frozen=True)
class Images(Supervised):
    """Tell from the pixels, scaled to [0, 1] and written as one row, which digit is on an image.

    **Arguments:**

    - `source`: `digits`, the 1797 images of 8 x 8 pixels that come with scikit-learn; or the path
      of a folder with the four MNIST files (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`,
      `t10k-images-idx3-ubyte`, `t10k-labels-idx1-ubyte`; also with a dot before `idx`, and with
      `.gz`). The path, as it is written, stands for the data in hashes: the files behind it are not
      looked at, and another path to them is another problem.
    - `n_train`: training images, drawn from `digits` or from the train files.
    - `n_test`: test images, drawn from the rest of `digits` or from the t10k files; None is all.
    - `classes`: labels to keep, two or more; the k-th of them becomes class k. None is 0..9.
    - `loss`: `cross_entropy`, `stablemax` or `mse`, see `Supervised`.
    - `seed`: of the draw.

    **Raises:** `InvalidInput` for values out of range, and (with the first use of the images) for
    files that are missing or damaged, labels out of range, and sizes beyond what is there.

    Source: arXiv 2506.05718, appendix H.3 (MNIST, 1000 training images).

    >>> from latebloom.problems import Images
    >>> problem = Images(n_train=100, classes=(3, 8))
    >>> problem.train.inputs.shape, problem.outputs
    ((100, 64), 2)
    """

    source: str = DIGITS  # needs no download
    n_train: int = 1000  # the paper's number
    n_test: int | None = None
    classes: tuple[int, ...] | None = None
    loss: str = "cross_entropy"
    seed: int = 0

    tokens = None

    def __post_init__(self) -> None:
        if not isinstance(self.source, str) or not self.source:
            raise InvalidInput(
                f"source = {self.source!r}: must be 'digits' or the path of a folder, as a text"
            )
        check.integer("n_train", self.n_train, low=1)
        if self.n_test is not None:
            check.integer("n_test", self.n_test, low=1)
        if self.classes is not None:
            if not isinstance(self.classes, tuple | list):
                raise InvalidInput(f"classes = {self.classes!r}: must be a tuple of labels")
            for label in self.classes:
                check.integer("classes", label, low=0, high=255, why=" (labels are bytes)")
            if len(self.classes) < 2 or len(set(self.classes)) < len(self.classes):
                raise InvalidInput(
                    f"classes = {self.classes!r}: must be two different labels or more"
                )
            object.__setattr__(self, "classes", tuple(int(label) for label in self.classes))
        check.one_of("loss", self.loss, LOSSES)
        check.seeds(self, "seed")

    @property
    def outputs(self) -> int:  # pyright: ignore
        """The number of classes."""
        return CLASSES if self.classes is None else len(self.classes)

    @cached_property
    def sides(self) -> tuple[Split, Split]:  # pyright: ignore
        """The two sides, drawn: images of shape (n_train, pixels) and (n_test, pixels), and their
        classes."""
        if self.source == DIGITS:
            pixels, labels = self._kept(*_digits(), "scikit-learn's digits")
            # One draw for both sides, so that no image is on both.
            n_test = len(labels) - self.n_train if self.n_test is None else self.n_test
            if n_test < 1 or self.n_train + n_test > len(labels):
                raise InvalidInput(
                    f"n_train = {self.n_train}, n_test = {self.n_test}: scikit-learn's digits have "
                    f"{len(labels)} images of these classes, for both sides together; both need "
                    "one or more"
                )
            order = stream(self.seed).permutation(len(labels))
            train, test = np.split(order[: self.n_train + n_test], [self.n_train])
            train, test = (read_only(pixels[k], labels[k].astype(np.int32)) for k in (train, test))
            return train, test
        train, test = self._from_files("train", self.n_train), self._from_files("test", self.n_test)
        if train.inputs.shape[1] != test.inputs.shape[1]:
            raise InvalidInput(
                f"source = {self.source!r}: the train images have {train.inputs.shape[1]} pixels, "
                f"the t10k images {test.inputs.shape[1]}; must be equal"
            )
        return train, test

    def _from_files(self, side: str, size: int | None) -> Split:
        folder = Path(self.source).expanduser()
        if not folder.is_dir():
            raise InvalidInput(
                f"source = {self.source!r}: no such folder; must be 'digits' or the path of a "
                "folder with the four MNIST files"
            )
        images = _find(folder, f"{FILES[side]}-images", 3)
        labels = _find(folder, f"{FILES[side]}-labels", 1)
        pixels, classes = self._kept(*_read(images, labels), str(labels))
        size = len(classes) if size is None else size
        if not 0 < size <= len(classes):
            raise InvalidInput(
                f"n_{side} = {size}: {images} has {len(classes)} images of these classes"
            )
        rng = stream(self.seed, list(FILES).index(side))
        chosen = rng.permutation(len(classes))[:size]
        return read_only(pixels[chosen], classes[chosen].astype(np.int32))

    def _kept(self, pixels: np.ndarray, labels: np.ndarray, where: str) -> Labelled:
        """Return the images of the classes to keep, with the numbers of the classes as labels."""
        kept = tuple(range(CLASSES)) if self.classes is None else self.classes
        if self.classes is None and len(labels) and labels.max() >= CLASSES:
            raise InvalidInput(
                f"{where}: label {labels.max()} is outside 0..{CLASSES - 1}; for other data than "
                "digits name the labels to keep as classes"
            )
        missing = sorted(set(self.classes or ()) - set(labels.tolist()))
        if missing:
            raise InvalidInput(
                f"classes = {self.classes!r}: {where} has no label {missing[0]}; there are "
                f"{', '.join(map(str, np.unique(labels)))}"
            )
        number = np.full(256, -1)
        number[list(kept)] = np.arange(len(kept))
        classes = number[labels]
        return pixels[classes >= 0], classes[classes >= 0]


@functools.cache
def _digits() -> Labelled:
    """Return scikit-learn's digits and their labels."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise InvalidInput(
            "source = 'digits': these images come with scikit-learn, which is not installed; "
            "pip install scikit-learn, or name a folder with the MNIST files"
        ) from None
    digits, labels = map(np.asarray, load_digits(return_X_y=True))
    pixels = (digits / 16).astype(np.float32)  # ink is counted in 0..16
    freeze(pixels, labels)
    return pixels, labels


def _find(folder: Path, stem: str, ndim: int) -> Path:
    """Return the file of images (3 axes) or labels (1 axis), under any of its names."""
    names = [f"{stem}{dot}idx{ndim}-ubyte{end}" for end in ("", ".gz") for dot in ("-", ".")]
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise InvalidInput(f"{folder}: {names[0]} is missing (also looked for {', '.join(names[1:])})")


def _read(images: Path, labels: Path) -> Labelled:
    """Return what two files hold: an image per row, in [0, 1], and the labels."""
    pixels, classes = read_idx(images, ndim=3), read_idx(labels, ndim=1)
    for path, array in ((images, pixels), (labels, classes)):
        if array.dtype != np.uint8:
            raise InvalidInput(f"{path}: holds {array.dtype} numbers; must be bytes (uint8)")
    if len(pixels) and not pixels[0].size:
        raise InvalidInput(f"{images}: has no pixels ({' x '.join(map(str, pixels.shape))})")
    if len(pixels) != len(classes):
        raise InvalidInput(f"{images} has {len(pixels)} images, {labels} {len(classes)} labels")
    flat = pixels.reshape(len(pixels), pixels.shape[1] * pixels.shape[2])
    return flat.astype(np.float32) / 255, classes
