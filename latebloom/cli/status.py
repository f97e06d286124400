"""The command `status`: what a store holds."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from latebloom.core.json_text import dump_json
from latebloom.core.text import duration, size

from .commands import DONE, Setting
from .options import StorePath
from .table import print_table, print_text

if TYPE_CHECKING:
    from latebloom.sweeps import Store

HEADER = ("sweep", "hash", "grid", "cells", "done", "failed", "missing", "work")


@dataclass(frozen=True)
class Status:
    """Print what a store holds: sweeps, how far they are, damaged files."""

    store: StorePath
    failures: bool = False
    """List every cell that failed, with its message."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Compare the checksums of all files, and print the progress of every sweep."""
        from latebloom.sweeps import open_store

        store = open_store(self.store)
        store.index.refresh(verify=True)
        files, damaged = store.index.known, store.index.damaged
        total = sum(file.size for file in files.values())
        progress = {key: (grid, store.progress(grid)) for key, grid in store.sweeps.items()}
        failures = _failures(store) if self.failures else []
        if self.json:
            document = {
                "store": store.label,
                "sweeps": [
                    {"sweep": key, "name": grid.name, "shape": list(grid.shape), **vars(p)}
                    | {"missing": p.missing}
                    for key, (grid, p) in progress.items()
                ],
                "files": len(files),
                "bytes": total,
                "damaged": damaged | store.unreadable,
                "needs_plugin": store.unknown,
            }
            if self.failures:
                document["failures"] = failures
            print(dump_json(document))
            return DONE
        rows = [
            (
                grid.name,
                key,
                " x ".join(f"{axis.name} {axis.size}" for axis in grid.axes),
                f"{p.total:,}",
                f"{p.done:,}",
                f"{p.failed:,}",
                f"{p.missing:,}",
                duration(p.seconds),
            )
            for key, (grid, p) in progress.items()
        ]
        print_table(HEADER, rows)
        print_text(f"{len(files):,} files, {size(total)}, all checksums compared.")
        for why in store.unknown.values():
            print_text(f"not known here: {why}")
        for why in store.unreadable.values():
            print_text(f"damaged: {why}; `latebloom sweep` writes it anew")
        for name, damage in damaged.items():
            print_text(f"damaged: {name}: {damage}; `latebloom sweep` computes its cells again")
        for failure in failures:
            print_text(f"failed: {failure['sweep']}: {failure['cell']}: {failure['message']}")
        return DONE


def _failures(store: "Store") -> list[dict[str, str]]:
    """Return sweep, cell and message of every cell that failed."""
    found = []
    for grid in store.sweeps.values():
        results = store.open(grid)
        for name in [n for n in results.data_vars if str(n).endswith("status")]:
            words = str(name).removesuffix("status") + "message"
            failed = (results[name].values == "failed").ravel().nonzero()[0]
            messages = results[words].values.ravel() if len(failed) else []
            for i in failed.tolist():
                row = {"sweep": grid.name, "cell": grid.describe(i), "message": str(messages[i])}
                found.append(row)
    return found
