"""The index of a store: which file holds which cell; derived, and rebuilt by looking at the files.

What it remembers of a file counts as long as size and time of the file are the same; files that it
does not know are read and checked.
"""

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from latebloom.sweeps.grid.task import Task

from .batch_file import BatchFile
from .checksum import Damaged, with_checksum, without_checksum
from .files import Entry, Files
from .outcome import FAILED

BATCHES = "batches"
INDEX = "index.json"
INDEX_FORMAT = 2
# Whether results of 0.1.0, whose files have no fingerprint of the code, are what this version
# computes: tests/test_sweep_old_store.py compares them.
AS_0_1 = True


@dataclass
class Known:
    """What the index remembers of a file.

    **Fields:**

    - `size`, `changed`: of the file when it was read.
    - `task`: what was done with its cells.
    - `made_by`: the fingerprint of the code that computed them; "" of a file that 0.1.0 wrote.
    - `keys`, `failed`: of its cells.
    - `columns`: name -> kind of its variables.
    - `records`: the longest trajectory.
    - `seconds`: of work in it.
    - `damage`: what is wrong with it; "" if nothing is.
    """

    size: int
    changed: float
    task: str = ""
    made_by: str = ""
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
        self._places: dict[tuple[str, str], dict[str, tuple[str, int, bool]]] = {}
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
        places = self._places.setdefault((known.task, known.made_by), {})
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
        found.made_by = str(batch.attrs.get("made_by", ""))
        found.keys = list(batch.column("hash"))
        found.failed = [int(status == FAILED) for status in batch.column("status")]
        found.columns, found.records = batch.columns, batch.records
        found.seconds = float(batch.attrs["seconds"])
        return found

    def _holding(
        self, task: Task, made_by: str | None
    ) -> Iterator[tuple[bool, dict[str, tuple[str, int, bool]]]]:
        """Yield the places of the files that hold what `task` needs, and whether they are of this
        very task."""
        for (text, code), places in self._places.items():
            counts = made_by in (None, code) or (AS_0_1 and not code)
            if text and counts and Task.parse(text).gives(task):
                yield text == str(task), places

    def places(self, task: Task, made_by: str | None = None) -> dict[str, tuple[str, int, bool]]:
        """Return hash -> (file, row, whether it failed) of all cells that hold what `task` needs.

        **Arguments:**

        - `task`: what was done with them.
        - `made_by`: the fingerprint of the code that computed them; by default any. Of results of
          different code the latest counts.
        """
        found: dict[str, tuple[str, int, bool]] = {}
        for same, places in self._holding(task, made_by):
            for key, place in places.items():
                if place[2] and not same:
                    continue  # that more was wanted may be why it failed
                if key not in found or self._better(place, found[key]):
                    found[key] = place
        return found

    def _better(self, place: tuple[str, int, bool], other: tuple[str, int, bool]) -> bool:
        """Return whether a place counts more: a success, or the later result of other code."""
        if place[2] != other[2]:
            return other[2]
        one, two = self.known[place[0]], self.known[other[0]]
        return one.made_by != two.made_by and one.changed > two.changed

    def places_of(
        self, task: Task, keys: Sequence[str], made_by: str | None = None
    ) -> dict[str, bool]:
        """Return hash -> whether it failed, of those of `keys` that `places` has."""
        found: dict[str, bool] = {}
        for same, places in self._holding(task, made_by):
            for key in keys:
                if key in places and not (places[key][2] and not same):
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
        return with_checksum(json.dumps({"format": INDEX_FORMAT, "files": files}).encode())


def _load(files: Files) -> dict[str, Known]:
    """Return what an earlier index says; nothing if there is none that can be used."""
    try:
        data: dict[str, Any] = json.loads(without_checksum(files.read(INDEX)))
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
