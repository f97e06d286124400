"""Folders of results: written whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from . import checks as check
from .errors import InvalidInput, unwritable
from .files import require_folder
from .interrupts import at_end

# The arrays that `Experiment.to_toml` puts beside a spec.
ARRAYS = tuple(
    f"{name}.npy"
    for name in (
        *("X", "y_star", "a_star", "init", "mask", "Y", "A_star", "y", "left", "right"),
        *("x_train", "y_train", "x_test", "y_test"),
    )
)


def check_folder(folder: str | Path, files: tuple[str, ...], overwrite: bool = False) -> Path:
    """Return `folder` if results may be written there, before any work is done for them.

    **Arguments:**

    - `folder`: where to write.
    - `files`: the names of the files that a result may consist of, besides `ARRAYS`.
    - `overwrite`: whether a folder with an earlier result may be replaced.

    **Raises:** `InvalidInput` if the folder holds something already or cannot be written.
    """
    check.path("folder", folder)
    folder = Path(folder)
    try:
        path = Path(os.path.realpath(folder))
        if path.is_symlink():  # its own name is what it ends in
            raise InvalidInput(f"{folder}: is a link to itself; choose another name")
        if path.exists() and not path.is_dir():
            raise InvalidInput(f"{folder}: is a file; choose a folder")
        found = sorted(p.name for p in path.iterdir()) if path.is_dir() else []
        # Replacing means deleting, so only what we wrote ourselves: never `--out ~ --overwrite`.
        others = [name for name in found if name not in (*files, *ARRAYS)]
        if others:
            raise InvalidInput(
                f"{folder}: holds files that are not an earlier result ({', '.join(others[:3])}"
                f"{', ...' if len(others) > 3 else ''}); choose a new folder"
            )
        if found and not overwrite:
            raise InvalidInput(
                f"{folder}: holds an earlier result; choose a new folder, or --overwrite it"
            )
    except InvalidInput:
        raise
    except (OSError, ValueError) as error:
        raise unwritable(folder, error) from None
    # The draft of the folder is made beside it.
    require_folder(path if path.is_dir() else path.parent, folder)
    return folder


@contextmanager
def new_folder(
    folder: str | Path, files: tuple[str, ...], overwrite: bool = False
) -> Iterator[Path]:
    """Give a draft folder that becomes `folder` when the block ends, and disappears if it fails.

    **Arguments:** as in `check_folder`.

    **Raises:** `InvalidInput` if the folder holds something already or cannot be written.
    """
    with replacing(check_folder(folder, files, overwrite), overwrite) as draft:
        draft.mkdir()
        yield draft


@contextmanager
def replacing(path: str | Path, overwrite: bool = True) -> Iterator[Path]:
    """Give the path of a draft, a file or a folder, that takes the place of `path` when the block
    ends, and disappears if it fails.

    **Arguments:**

    - `path`: of the result.
    - `overwrite`: whether it may replace what another process has put there meanwhile.

    **Raises:** `InvalidInput` if the system does not let us write there.
    """
    target, room = Path(os.path.realpath(path)), None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # A sibling, because only a rename within one file system is atomic.
        room = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        draft = room / target.name
        with at_end(partial(shutil.rmtree, room, ignore_errors=True)):
            yield draft
        if not overwrite:
            _place(draft, target, path)
        elif target.is_dir():
            _swap(draft, target, room / ".former")
        else:
            draft.replace(target)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        # A former folder that could not be put back is not deleted.
        if room is not None and not (room / ".former").exists():
            shutil.rmtree(room, ignore_errors=True)


def _place(draft: Path, target: Path, path: str | Path) -> None:
    """Give a draft its name, unless another process was first."""
    try:
        if draft.is_dir():
            draft.rename(target)  # unlike that of a file it fails where a folder with files is
        else:
            os.link(draft, target)
    except OSError:
        if target.exists():
            raise InvalidInput(
                f"{path}: another process has written a result there meanwhile; this one is not "
                "saved, choose another name"
            ) from None
        draft.replace(target)  # a file system without links


def _swap(draft: Path, target: Path, former: Path) -> None:
    """Rename `draft` to `target`; the former target is set aside first and put back if that
    fails."""
    target.rename(former)
    try:
        draft.rename(target)
    except BaseException:
        former.rename(target)
        raise
    shutil.rmtree(former, ignore_errors=True)
