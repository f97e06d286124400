"""The store: a folder of immutable batch files, and the sweeps that they belong to.

::

    store/
      latebloom-store.json      the format
      batches/*.nc              outcomes of cells, with checksums
      sweeps/HASH.json          the sweeps that were run here
      sweeps/HASH.keys.npy      the hashes of their cells; derived
      index.json                which file holds which cell; derived
"""

import contextlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, UnknownType, nearest, shown, unwritable
from latebloom.core.files import as_path, publish, remove_drafts, replace
from latebloom.core.html import facts
from latebloom.core.versions import __version__
from latebloom.sweeps.grid.grid import Grid, tasks_of
from latebloom.sweeps.pictures.of_store import StorePlots

from .files import Files, LocalFiles, RemoteFiles
from .index import BATCHES, INDEX, Index
from .sweep_files import SWEEPS, read_keys, read_sweep, sweep_files

if TYPE_CHECKING:
    import xarray as xr

MARKER = "latebloom-store.json"
STORE_FORMAT = 1
# A page in a notebook shows the pictures of so many sweeps.
MOST_PICTURES = 3


@dataclass(frozen=True)
class Progress:
    """How far a sweep is: numbers of cells, each task of a cell counted by itself.

    - `total`, `done`, `failed`: of all, with a result, and failed.
    - `seconds`: of work in the results.
    """

    total: int
    done: int
    failed: int
    seconds: float

    @property
    def missing(self) -> int:
        """The number of cells without a result."""
        return self.total - self.done - self.failed


class Store:
    """Results of sweeps in a folder; see `open_store`.

    **Arguments:**

    - `files`: how to read it.
    - `root`: the folder, or None for an object store, which cannot be written.
    """

    def __init__(self, files: Files, root: Path | None, label: str) -> None:
        self.files, self.root, self.label = files, root, label
        self.index = Index(files)
        # Files of sweeps that cannot be read, and why; running the sweep writes them anew.
        self.unreadable: dict[str, str] = {}
        # Files of sweeps with types that are not known here, and which.
        self.unknown: dict[str, str] = {}

    def __repr__(self) -> str:
        """Return the folder and the names of the sweeps."""
        names = ", ".join(sweep.name for sweep in self.sweeps.values()) or "none"
        return f"Store({self.label!r}; sweeps: {names})"

    def _repr_html_(self) -> str:
        """Return the sweeps and how much of each is done, with pictures, for notebooks."""
        found = {f"{sweep!r}": self.progress(sweep) for sweep in self.sweeps.values()}
        rows = {name: f"{one.done:,} of {one.total:,} done" for name, one in found.items()}
        shown = [self.plot.html(sweep) for sweep in list(self.sweeps.values())[:MOST_PICTURES]]
        return facts(f"Store {self.label}", rows) + "".join(shown)

    # Sweeps ---------------------------------------------------------------------------------------

    @cached_property
    def sweeps(self) -> dict[str, Grid]:
        """Hash -> sweep, of all sweeps that were run here."""
        found = {}
        for entry in self.files.entries(SWEEPS, ".json"):
            try:
                found[entry.name.removesuffix(".json")] = read_sweep(self.files, entry.name)
            except UnknownType as error:
                self.unknown[entry.name] = f"{error}"
            except InvalidInput as error:
                self.unreadable[entry.name] = str(error)
        return found

    def sweep(self, name: str | None = None) -> Grid:
        """Return the sweep with this name or hash; the only one if None.

        **Raises:** `InvalidInput` if there is none, or more than one to choose from.
        """
        if not self.sweeps and self.unknown:
            why = next(iter(self.unknown.values()))
            raise InvalidInput(f"{self.label}: {why}")
        if not self.sweeps:
            raise InvalidInput(f"{self.label}: no sweep was run here yet")
        listed = ", ".join(f"{sweep.name} ({key})" for key, sweep in self.sweeps.items())
        if name is None:
            if len(self.sweeps) > 1:
                raise InvalidInput(f"{self.label} holds several sweeps: choose one of {listed}")
            return next(iter(self.sweeps.values()))
        if not isinstance(name, str):
            raise InvalidInput(f"{self.label}: {shown(name)} must be the name of a sweep: {listed}")
        found = [s for key, s in self.sweeps.items() if name == s.name or key.startswith(name)]
        if not found:
            known = [s.name for s in self.sweeps.values()]
            raise InvalidInput(f"{self.label}: no sweep {shown(name)}{nearest(name, known)}")
        if len(found) > 1:
            raise InvalidInput(f"{self.label}: {shown(name)} may be any of {listed}: give the hash")
        return found[0]

    def keys(self, sweep: Grid) -> list[str]:
        """Return the hash of every cell of a sweep, in order, "" for cells that are left out.

        **Raises:** `InvalidInput` for a cell whose values make no experiment.
        """
        check.instance("sweep", sweep, Grid, ": give store.sweep(name)")
        kept = read_keys(self.files, sweep)
        return [sweep.key(i) or "" for i in range(sweep.size)] if kept is None else kept

    def enter(self, sweep: Grid, keys: Sequence[str]) -> None:
        """Write down that this sweep is run here."""
        for name, data in sweep_files(sweep, keys).items():
            with contextlib.suppress(OSError):
                if self.files.read(f"{SWEEPS}/{name}") == data:
                    continue
            replace(self.writable / SWEEPS / name, data)
        self.__dict__.pop("sweeps", None)  # there may be one more

    # State ----------------------------------------------------------------------------------------

    def progress(self, sweep: Grid, any_version: bool = True) -> Progress:
        """Return how far a sweep is.

        **Arguments:**

        - `sweep`: of this store.
        - `any_version`: count what any version of the engines computed; else what this one did.
        """
        check.boolean("any_version", any_version)
        keys = [key for key in dict.fromkeys(self.keys(sweep)) if key]
        done = failed = 0
        files: set[str] = set()
        for task in tasks_of(sweep):
            places = self.index.places(task, None if any_version else sweep.made_by(task))
            here = [places[key] for key in keys if key in places]
            failed += sum(place[2] for place in here)
            done += sum(not place[2] for place in here)
            files |= {place[0] for place in here}
        seconds = sum(self.index.known[name].seconds for name in files)
        return Progress(len(keys) * len(tasks_of(sweep)), done, failed, seconds)

    def open(self, sweep: Grid | str | None = None) -> "xr.Dataset":
        """Return the results of a sweep as one Dataset, loaded when values are used.

        See `latebloom.sweeps.store.results.dataset`.

        **Arguments:**

        - `sweep`: it, its name or its hash; the only one in the store if None.
        """
        from .results import dataset

        sweep = sweep if isinstance(sweep, Grid) else self.sweep(sweep)
        return dataset(self.index, self.label, sweep, self.keys(sweep))

    @property
    def plot(self) -> StorePlots:
        """Pictures of a sweep: `store.plot.law()`, `store.plot.phase()`, `store.plot.curves()`."""
        return StorePlots(self.open)

    # Writing --------------------------------------------------------------------------------------

    @property
    def writable(self) -> Path:
        """The folder; raises `InvalidInput` if it cannot be written."""
        if self.root is None:
            raise InvalidInput(f"{self.label}: object stores can be read; run sweeps in a folder")
        if not os.access(self.root / BATCHES, os.W_OK | os.X_OK):
            raise InvalidInput(f"{self.label}: cannot be written (read-only, or no permission)")
        return self.root

    def save_index(self) -> None:
        """Write the index, if something has changed and the store can be written."""
        if self.index.changed and self.root is not None:
            with contextlib.suppress(InvalidInput):  # read-only: it is rebuilt the next time
                replace(self.root / INDEX, self.index.to_bytes())
                self.index.changed = False

    def tidy(self) -> list[str]:
        """Remove leftovers of killed processes and set damaged files aside.

        **Returns:** the names of the damaged files, each now with `.damaged` at its end.
        """
        folder = self.writable / BATCHES
        for place in (folder, folder.parent, folder.parent / SWEEPS):
            remove_drafts(place)
        names = list(self.index.damaged)
        for name in names:
            try:
                (folder / name).replace(folder / f"{name}.damaged")
            except FileNotFoundError:
                continue  # somebody else was faster
            except OSError as error:
                raise unwritable(folder / name, error) from None
        if names:
            self.index.refresh()
        return names


def open_store(path: str | Path) -> Store:
    """Return the store in a folder, or in an object store that fsspec can read.

    **Arguments:**

    - `path`: a folder, or a URL such as `s3://bucket/folder`.

    **Raises:** `InvalidInput` if there is none, or one of another format.

    >>> import latebloom as lb
    >>> lb.open_store("nowhere")
    Traceback (most recent call last):
    latebloom.core.errors.InvalidInput: nowhere: is not a store of sweeps (there is no such folder);
    ...
    """
    as_path("open_store", path)
    label = str(path)
    if "://" in label:
        files, root = RemoteFiles(label), None
    else:
        root = Path(path)
        files = LocalFiles(root)
        if not os.path.isdir(root):  # of Path, it raises for a name that is too long
            why = "it is a file" if os.path.exists(root) else "there is no such folder"
            raise not_a_store(label, why)
    try:
        marker = json.loads(files.read(MARKER))
        found = int(marker["format"])
    except FileNotFoundError:
        raise not_a_store(label, f"it has no {MARKER}") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise not_a_store(label, f"{MARKER} cannot be read: {error}") from None
    if found != STORE_FORMAT:
        age, advice = "an older", "read it with an older latebloom"
        if found > STORE_FORMAT:
            age, advice = "a newer", "upgrade latebloom"
        raise InvalidInput(
            f"{label}: is a store of {age} format ({found}; latebloom {__version__} reads "
            f"{STORE_FORMAT}): {advice}"
        )
    return Store(files, root, label)


def create_store(path: str | Path) -> Store:
    """Return the store in a folder, made if there is none.

    **Raises:** `InvalidInput` if the folder holds something else or cannot be written.
    """
    check.path("path", path)
    root = Path(path)
    if "://" in str(path):
        raise InvalidInput(f"{path}: object stores can be read; run sweeps in a folder")
    if os.path.exists(root / MARKER):
        return open_store(root)
    try:
        # Where two processes make it at once, what the other one has made so far is there.
        found = {p.name for p in root.iterdir() if p.name[0] != "."} if root.is_dir() else set()
        if not found <= {BATCHES, SWEEPS}:
            raise not_a_store(path, "and holds other things; choose a new folder")
        for folder in (BATCHES, SWEEPS):
            (root / folder).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a name that no folder can have is a ValueError
        raise unwritable(path, error) from None
    made = {"format": STORE_FORMAT, "made_by": f"latebloom {__version__}"}
    publish(root, MARKER, json.dumps(made).encode())
    return open_store(root)


def not_a_store(label: object, why: str) -> InvalidInput:
    """Return the error for a folder that holds no store."""
    return InvalidInput(
        f"{label}: is not a store of sweeps ({why}); give a folder that latebloom sweep made"
    )
