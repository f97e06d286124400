"""The index of a store: which file holds which cell; derived, and rebuilt by looking at the files.

What it remembers of a file counts as long as size and time of the file are the same; files that it
does not know are read and checked.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from latebloom.sweeps.grid.task import Task

from .batch_file import BatchFile
from .checksum import Damaged, with_checksum, without_checksum
from .files import Entry, Files
from .outcome import FAILED

BATCHES = "batches"
INDEX = "index.json"
INDEX_FORMAT = 2
# The tasks whose results of 0.1.0, whose files have no fingerprint of the code, are what this
# version computes; tests/test_sweep_old_store.py compares runs. Predictions have changed since.
AS_0_1 = ("simulate", "simulate:step", "simulate:jump", "simulate:spectral", "recover")


# File, row, whether the cell failed.
Place = tuple[str, int, bool]


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
        self._places: dict[tuple[str, str], dict[str, Place]] = {}
        self.refresh()

    def refresh(self, verify: bool = False) -> None:
        """Take the files into account that came, went or changed.

        **Arguments:**

        - `verify`: compare all checksums again: a flipped bit changes neither size nor time.
        """
        now: dict[str, Known] = {}
        for entry in self.files.entries(BATCHES, ".nc"):
            before = self.known.get(entry.name)
            if before and (before.damage or (before.size, before.changed) != entry[1:]):
                before = None  # another file
            try:
                if before is None or verify:
                    batch = BatchFile(self.files.read(f"{BATCHES}/{entry.name}"))
                    before = before or _known(entry, batch)
                now[entry.name] = before
            except FileNotFoundError:
                continue  # set aside meanwhile
            except Damaged as error:
                now[entry.name] = Known(entry.size, entry.changed, damage=str(error))
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

    def places(
        self, task: Task, made_by: str | None = None, keys: Iterable[str] | None = None
    ) -> dict[str, Place]:
        """Return hash -> (file, row, whether it failed) of the cells that hold what `task` needs.

        **Arguments:**

        - `task`: what was done with them.
        - `made_by`: the fingerprint of the code that computed them; by default any. Of results of
          different code the latest counts.
        - `keys`: the hashes to look for; by default all.
        """
        found: dict[str, Place] = {}
        for (text, code), places in self._places.items():
            counts = made_by in (None, code) or (not code and text.partition("+")[0] in AS_0_1)
            if not counts or not Task.parse(text).gives(task):
                continue
            for key in places if keys is None else [key for key in keys if key in places]:
                place = places[key]
                if place[2] and text != str(task):
                    continue  # that more was wanted may be why it failed
                if key not in found or self._better(place, found[key]):
                    found[key] = place
        return found

    def _better(self, place: Place, other: Place) -> bool:
        """Return whether a place counts more: a success, or the later result of other code."""
        if place[2] != other[2]:
            return other[2]
        one, two = self.known[place[0]], self.known[other[0]]
        return one.made_by != two.made_by and one.changed > two.changed

    @property
    def damaged(self) -> dict[str, str]:
        """Name -> what is wrong, of the damaged files."""
        return {name: known.damage for name, known in self.known.items() if known.damage}

    def to_bytes(self) -> bytes:
        """Return what `_load` reads."""
        files = {name: asdict(known) for name, known in self.known.items()}
        return with_checksum(json.dumps({"format": INDEX_FORMAT, "files": files}).encode())


def _known(entry: Entry, batch: BatchFile) -> Known:
    """Return what there is to remember of a file."""
    return Known(
        entry.size,
        entry.changed,
        task=str(batch.attrs["task"]),
        made_by=str(batch.attrs.get("made_by", "")),
        keys=list(batch.column("hash")),
        failed=[int(status == FAILED) for status in batch.column("status")],
        columns=batch.columns,
        records=batch.records,
        seconds=float(batch.attrs["seconds"]),
    )


def _load(files: Files) -> dict[str, Known]:
    """Return what an earlier index says; nothing if there is none that can be used."""
    try:
        data: dict[str, Any] = json.loads(without_checksum(files.read(INDEX)))
        if data["format"] != INDEX_FORMAT:
            return {}
        return {name: Known(**known) for name, known in data["files"].items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, Damaged):
        return {}
