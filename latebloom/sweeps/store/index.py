"""The index of a store: which file holds which cell; derived, and rebuilt by looking at the files.

What it remembers of a file counts as long as size and time of the file are the same; files that it
does not know are read and checked.
"""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from latebloom.sweeps.grid.task import Task

from .batch_file import BatchFile
from .checksum import Damaged, sealed, unsealed
from .files import Entry, Files
from .outcome import FAILED

BATCHES = "batches"
INDEX = "index.json"
INDEX_FORMAT = 1


@dataclass
class Known:
    """What the index remembers of a file.

    **Fields:**

    - `size`, `changed`: of the file when it was read.
    - `task`: what its cells were made by.
    - `keys`, `failed`: of its cells.
    - `columns`: name -> kind of its variables.
    - `records`: the longest trajectory.
    - `seconds`: of work in it.
    - `damage`: what is wrong with it; "" if nothing is.
    """

    size: int
    changed: float
    task: str = ""
    keys: list[str] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    columns: dict[str, str] = field(default_factory=dict)
    records: int = 0
    seconds: float = 0.0
    damage: str = ""


class Index:
    """Cells by hash and task.

    **Arguments:**

    - `files`: the store's.
    """

    def __init__(self, files: Files) -> None:
        self.files = files
        self.known: dict[str, Known] = _load(files)
        self.changed = False  # whether there is something to write
        self._places: dict[str, dict[str, tuple[str, int, bool]]] = {}
        self.refresh()

    def refresh(self, verify: bool = False) -> None:
        """Take the files into account that came, went or changed.

        **Arguments:**

        - `verify`: compare all checksums again: a flipped bit changes neither size nor time.
        """
        entries = self.files.entries(BATCHES, ".nc")
        now: dict[str, Known] = {}
        for entry in entries:
            before = self.known.get(entry.name)
            same = before is not None and (before.size, before.changed) == entry[1:]
            try:
                if before is None or not same or before.damage:
                    now[entry.name] = self._read(entry)
                else:
                    damage = self._damage(entry.name) if verify else ""
                    now[entry.name] = dataclasses.replace(before, damage=damage)
            except FileNotFoundError:
                continue  # set aside meanwhile
            except OSError as error:
                why = f"it cannot be read ({error.strerror or error})"
                now[entry.name] = Known(entry.size, entry.changed, damage=why)
        added = [name for name in now if name not in self.known]
        kept = all(now.get(name) == known for name, known in self.known.items())
        self.changed |= bool(added) or not kept
        self.known = now
        if not kept or not self._places:
            self._places, added = {}, list(now)
        for name in added:  # not all of them again: there may be very many
            self._enter(name, now[name])

    def _enter(self, name: str, known: Known) -> None:
        """Enter the cells of a file."""
        if known.damage:
            return
        places = self._places.setdefault(known.task, {})
        for row, (key, failed) in enumerate(zip(known.keys, known.failed, strict=True)):
            # A success replaces a failure; of two successes the first that was seen counts.
            if key not in places or (places[key][2] and not failed):
                places[key] = (name, row, bool(failed))

    def _damage(self, name: str) -> str:
        try:
            BatchFile.read(self.files.read(f"{BATCHES}/{name}"))
        except Damaged as error:
            return str(error)
        return ""

    def _read(self, entry: Entry) -> Known:
        found = Known(entry.size, entry.changed)
        try:
            batch = BatchFile.read(self.files.read(f"{BATCHES}/{entry.name}"))
        except Damaged as error:
            found.damage = str(error)
            return found
        found.task = str(batch.attrs["task"])
        found.keys = list(batch.column("hash"))
        found.failed = [int(status == FAILED) for status in batch.column("status")]
        found.columns, found.records = batch.columns, batch.records
        found.seconds = float(batch.attrs["seconds"])
        return found

    def places(self, task: Task) -> dict[str, tuple[str, int, bool]]:
        """Return hash -> (file, row, whether it failed) of all cells that hold what `task` asks."""
        found: dict[str, tuple[str, int, bool]] = {}
        for text, places in self._places.items():
            if text and Task.parse(text).gives(task):
                for key, place in places.items():
                    if place[2] and text != str(task):
                        continue  # that more was asked for may be why it failed
                    if key not in found or (found[key][2] and not place[2]):
                        found[key] = place
        return found

    def places_of(self, task: Task, keys: Sequence[str]) -> dict[str, bool]:
        """Return hash -> whether it failed, of those of `keys` that hold what `task` asks."""
        found: dict[str, bool] = {}
        for text, places in self._places.items():
            if text and Task.parse(text).gives(task):
                for key in keys:
                    if key in places and not (places[key][2] and text != str(task)):
                        found[key] = found.get(key, True) and places[key][2]
        return found

    @property
    def damaged(self) -> dict[str, str]:
        """Name -> what is wrong, of the files that cannot be believed."""
        return {name: known.damage for name, known in self.known.items() if known.damage}

    def columns(self, names: Sequence[str]) -> dict[str, tuple[str, str]]:
        """Return variable -> (its kind, a file that has it) of some files."""
        found: dict[str, tuple[str, str]] = {}
        for name in names:
            for column, kind in self.known[name].columns.items():
                found.setdefault(column, (kind, name))
        return found

    def to_bytes(self) -> bytes:
        """Return what `_load` reads."""
        files = {name: asdict(known) for name, known in self.known.items()}
        return sealed(json.dumps({"format": INDEX_FORMAT, "files": files}).encode())


def _load(files: Files) -> dict[str, Known]:
    """Return what an earlier index says; nothing if there is none that can be used."""
    try:
        data: dict[str, Any] = json.loads(unsealed(files.read(INDEX)))
        if data["format"] != INDEX_FORMAT:
            return {}
        return {name: Known(**known) for name, known in data["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, Damaged):
        return {}


def as_numbers(keys: list[str]) -> np.ndarray:
    """Return hashes of 16 hex digits as 64-bit numbers, 0 for cells that are left out."""
    return np.array([int(key, 16) if key else 0 for key in keys], dtype=np.uint64)


def as_keys(numbers: np.ndarray) -> list[str]:
    """Return the hashes that `as_numbers` was given."""
    return [f"{number:016x}" if number else "" for number in numbers.tolist()]
