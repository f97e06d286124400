"""The command `sweep`: compute a grid of experiments into a store."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from latebloom.core.json_text import dump_json
from latebloom.core.progress import progress_bar
from latebloom.core.text import duration, size

from .commands import DONE, FAILED, INTERRUPTED, Setting
from .cost import say_sweep
from .options import experiment_settings
from .table import print_table, print_text

if TYPE_CHECKING:
    from latebloom.sweeps import Summary
    from latebloom.sweeps import Sweep as Grid

# Failures printed one by one; all are in the store.
SHOWN = 5
WHAT = "A sweep: a name from `latebloom sweep list`, or a TOML file."
GRID = arg(metavar="NAME|FILE.toml", help=WHAT)


@dataclass(frozen=True)
class Sweep:
    """Compute a grid of experiments into a store; the same command goes on after any end.

    Settings of the base experiment are options too: --penalty.beta 1e-7; so are the sweep's own
    --seeds 10, --only "N >= s", --batch 8. `latebloom sweep list` prints the named sweeps.
    """

    grid: Annotated[str, Positional, GRID]
    store: str | None = None
    """The folder for the results; NAME.store if left out."""
    executor: Literal["local", "dask", "slurm"] = "local"
    """Who computes: processes of this machine, a Dask cluster, SLURM jobs."""
    workers: int | None = None
    """How many at a time; one per core if left out."""
    scheduler: str | None = None
    """Address of a running Dask scheduler, tcp://host:port."""
    dry_run: bool = False
    """Print how many cells, how long and how large, and stop."""
    retry_failed: bool = False
    """Compute the cells again that failed before."""
    any_version: bool = False
    """Count results of other versions of the engines as done; else they are computed again."""
    yes: bool = False
    """Also more than a million cells."""
    json: bool = False
    """Print one JSON document instead of a table."""

    @staticmethod
    def known_settings() -> list[str]:
        """Return the settings of the base experiment and the sweep's own."""
        from latebloom.sweeps.file import OWN

        return [*experiment_settings(), *OWN]

    @staticmethod
    def known_names() -> list[str]:
        """Return the named sweeps, and the word that lists them."""
        from latebloom.sweeps.named import sweep_names

        return ["list", *sweep_names()]

    def execute(self, settings: list[Setting]) -> int:
        """Run the sweep, estimate its cost, or list the named sweeps."""
        from latebloom.sweeps.file import load_sweep

        if self.grid == "list":
            return self._list()
        grid = load_sweep(self.grid, settings)
        path = self.store or f"{grid.name}.store"
        if self.dry_run:
            return self._estimate(grid, path)
        from latebloom.sweeps import run_sweep
        from latebloom.sweeps.workers.runner import MANY

        if grid.size <= MANY:  # larger ones need --yes
            say_sweep(grid, self.workers)
        with progress_bar(grid.name) as progress:
            summary = run_sweep(
                grid,
                path,
                self.executor,
                self.workers,
                self.scheduler,
                retry_failed=self.retry_failed,
                yes=self.yes,
                watch=lambda now: progress(now.done + now.failed, now.total, now.words),
                any_version=self.any_version,
            )
        if self.json:
            print(dump_json({"sweep": grid.hash, "store": path, **summary.to_dict()}))
        else:
            _print_summary(grid, path, summary)
        if summary.interrupted:
            return INTERRUPTED
        return FAILED if summary.failed or summary.missing else DONE

    def _list(self) -> int:
        """Print the named sweeps."""
        from latebloom.sweeps.named import sweep_names

        names = sweep_names()
        if self.json:
            print(dump_json([{"name": name, "title": title} for name, title in names.items()]))
        else:
            print_table(("name", "what it is"), list(names.items()))
        return DONE

    def _estimate(self, grid: "Grid", path: str) -> int:
        """Print what is left to compute, and what it will cost."""
        from latebloom.sweeps import open_store
        from latebloom.sweeps.workers.estimate import estimate
        from latebloom.sweeps.workers.runner import MANY

        if grid.size > MANY and not self.yes:  # not even counted one by one
            rows = [("cells", f"{grid.size:,}"), ("", f"more than {MANY:,}: only with --yes")]
            if self.json:
                print(dump_json({"sweep": grid.hash, "cells": grid.size}))
            else:
                print_table(("sweep", repr(grid)), rows)
            return DONE
        store = open_store(path) if Path(path).exists() else None
        again = {"retry_failed": self.retry_failed, "any_version": self.any_version}
        found = estimate(grid, store, self.workers, **again)
        if self.json:
            print(dump_json({"sweep": grid.hash, "store": path, **vars(found)}))
            return DONE
        rows = [
            ("cells", f"{found.cells:,}"),
            ("left out by `only`", f"{found.left_out:,}"),
            ("in the store already", f"{found.done:,} done, {found.failed:,} failed"),
            ("batches to compute", f"{found.batches:,}"),
        ]
        if found.low is not None and found.high is not None and found.disk is not None:
            time = f"{duration(found.low)} to {duration(found.high)} on {found.workers} workers"
            rows.append(("time", f"{time} ({found.timed} cells were timed)"))
            rows.append(("disk", size(found.disk)))
        if found.error:
            rows.append(("a cell that fails", found.error))
        print_table(("sweep", repr(grid)), rows)
        return DONE


def _print_summary(grid: "Grid", path: str, summary: "Summary") -> None:
    """Print how a sweep ended, and what to type next."""
    rows = [
        ("cells", f"{summary.total:,}"),
        ("done", f"{summary.done:,}"),
        ("failed", f"{summary.failed:,}"),
        ("missing", f"{summary.missing:,}"),
        ("computed now", f"{summary.fresh:,} in {duration(summary.seconds)}"),
    ]
    print_table(("sweep", repr(grid)), rows)
    for cell, message in summary.failures[:SHOWN]:
        print_text(f"failed: {cell}: {message}")
    if summary.failed:
        print_text(f"All failures: latebloom status {path} --failures; again: --retry-failed")
    if summary.other:
        print_text(
            f"Computed by another version of the engines: {summary.other:,} results, which did not "
            "count; --any-version keeps such results"
        )
    if summary.damaged:
        print_text(
            f"Damaged, set aside and computed again: {', '.join(summary.damaged[:SHOWN])}"
            + (f" and {len(summary.damaged) - SHOWN} more" if len(summary.damaged) > SHOWN else "")
        )
    if summary.deaths:
        print_text(f"Workers died {summary.deaths} times; their batches were computed again.")
    if summary.interrupted or summary.missing:
        word = "Interrupted" if summary.interrupted else "Not complete"
        print_text(f"{word}: what is done is kept in {path}; the same command goes on.")
    else:
        print_text(f"Results: {path} (latebloom plot, latebloom export, latebloom status)")
