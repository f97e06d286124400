"""The verbs of the command line about sweeps; `cli` reads their arguments."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.json_text import dump_json
from latebloom.core.text import duration, size

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import Dataset

    from latebloom.sweeps import Store, Summary
    from latebloom.sweeps import Sweep as Grid

DONE, SOME_FAILED, INTERRUPTED = 0, 1, 130
# Failures printed one by one; all are in the store.
SHOWN = 5
# Disagreements listed one by one.
LISTED = 20

StorePath = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="STORE")]


@dataclass(frozen=True)
class Sweep:
    """Compute a grid of experiments into a store; the same command goes on after any end.

    Settings of the base experiment are options too: --penalty.beta 1e-7; so are the sweep's own
    --seeds 10, --only "N >= s", --batch 8. `latebloom sweep list` prints the named sweeps.
    """

    grid: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME|FILE.toml")]
    """A named sweep (`latebloom sweep list` names them), or a TOML file."""
    store: str | None = None
    """The folder for the results; NAME.store if left out."""
    executor: Literal["local", "dask", "slurm"] = "local"
    """Who computes: processes of this machine, a Dask cluster, SLURM jobs."""
    workers: int | None = None
    """How many at a time; one per core if left out."""
    scheduler: str | None = None
    """Address of a running Dask scheduler, tcp://host:port."""
    dry_run: bool = False
    """Say how many cells, how long and how large, and stop."""
    retry_failed: bool = False
    """Compute the cells again that failed before."""
    yes: bool = False
    """Also more than a million cells."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[tuple[str, str]]) -> int:
        """Run the command."""
        return sweep(self, settings)


@dataclass(frozen=True)
class Status:
    """Say what a store holds: sweeps, how far they are, damaged files."""

    store: StorePath
    """The folder, or the URL of an object store."""
    failures: bool = False
    """List every cell that failed, with its message."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[tuple[str, str]]) -> int:
        """Run the command."""
        return status(self)


@dataclass(frozen=True)
class Export:
    """Write the results of a sweep as one file for other tools."""

    store: StorePath
    """The folder, or the URL of an object store."""
    out: Path | None = None
    """The file: .nc, .zarr, .parquet or .csv."""
    sweep: str | None = None
    """Name or hash of the sweep, if the store holds several."""
    overwrite: bool = False
    """Replace an earlier file."""
    json: bool = False
    """Print one JSON document instead of a sentence."""

    def execute(self, settings: list[tuple[str, str]]) -> int:
        """Run the command."""
        return export(self)


@dataclass(frozen=True)
class Plot:
    """Draw a sweep and say what it shows.

    law: t2 against alpha beta, with the fitted exponents; phase: a map of two axes with the line at
    which half of the cells generalize; agreement: the same beside the line of basis pursuit (of a
    sweep with the tasks simulate and recover), and where the two differ; curves: errors over time,
    and how well they fall on one another as functions of alpha beta t.
    """

    picture: Annotated[
        str, tyro.conf.Positional, tyro.conf.arg(metavar="law|phase|agreement|curves")
    ]
    """Which picture."""
    store: StorePath
    """The folder, or the URL of an object store."""
    sweep: str | None = None
    """Name or hash of the sweep, if the store holds several."""
    out: Path | None = None
    """The picture, .svg, .png or .pdf; PICTURE.svg if left out."""
    x: str | None = None
    """phase: the horizontal axis; by default the first with numbers."""
    y: str | None = None
    """phase: the vertical axis; by default the second."""
    value: str = "recovered"
    """phase: what the colours show: recovered, t2, delay, test_error..."""
    by: str | None = None
    """curves: what the colours show; by default the first axis."""
    facet: str | None = None
    """curves: one panel per value of this axis."""
    variable: str = "test_error"
    """curves: what is drawn over time."""
    json: bool = False
    """Print one JSON document instead of sentences."""

    def execute(self, settings: list[tuple[str, str]]) -> int:
        """Run the command."""
        return plot(self)


PICTURES = ("law", "phase", "agreement", "curves")


def sweep(verb: Sweep, settings: list[tuple[str, str]]) -> int:
    """Run, or estimate, a sweep."""
    from latebloom.sweeps.file import load_sweep, sweep_names

    from .tables import print_table

    if verb.grid == "list":
        names = sweep_names()
        if verb.json:
            print(dump_json([{"name": name, "title": title} for name, title in names.items()]))
        else:
            print_table(("name", "what it is"), list(names.items()))
        return DONE
    grid = load_sweep(verb.grid, settings)
    path = verb.store or f"{grid.name}.store"
    if verb.dry_run:
        return _estimate(verb, grid, path)
    from latebloom.sweeps import run_sweep
    from latebloom.sweeps.workers.display import sweep_display

    with sweep_display(grid.name) as watch:
        summary = run_sweep(
            grid,
            path,
            verb.executor,
            verb.workers,
            verb.scheduler,
            retry_failed=verb.retry_failed,
            yes=verb.yes,
            watch=watch,
        )
    if verb.json:
        print(dump_json({"sweep": grid.hash, "store": path, **summary.to_dict()}))
    else:
        _print_summary(grid, path, summary)
    if summary.interrupted:
        return INTERRUPTED
    return SOME_FAILED if summary.failed or summary.missing else DONE


def _estimate(verb: Sweep, grid: "Grid", path: str) -> int:
    from latebloom.sweeps import open_store
    from latebloom.sweeps.workers.estimate import estimate
    from latebloom.sweeps.workers.runner import MANY

    from .tables import print_table

    if grid.size > MANY and not verb.yes:  # not even counted one by one
        rows = [("cells", f"{grid.size:,}"), ("", f"more than {MANY:,}: only with --yes")]
        if verb.json:
            print(dump_json({"sweep": grid.hash, "cells": grid.size}))
        else:
            print_table(("sweep", repr(grid)), rows)
        return DONE
    store = open_store(path) if Path(path).exists() else None
    found = estimate(grid, store, verb.workers, retry_failed=verb.retry_failed)
    if verb.json:
        print(dump_json({"sweep": grid.hash, "store": path, **found.to_dict()}))
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
    from .tables import print_table

    rows = [
        ("cells", f"{summary.total:,}"),
        ("done", f"{summary.done:,}"),
        ("failed", f"{summary.failed:,}"),
        ("missing", f"{summary.missing:,}"),
        ("computed now", f"{summary.fresh:,} in {duration(summary.seconds)}"),
    ]
    print_table(("sweep", repr(grid)), rows)
    for cell, message in summary.failures[:SHOWN]:
        print(f"failed: {cell}: {message}")
    if summary.failed:
        print(f"All failures: latebloom status {path} --failures; again: --retry-failed")
    if summary.damaged:
        print(
            f"Damaged, set aside and computed again: {', '.join(summary.damaged[:SHOWN])}"
            + (f" and {len(summary.damaged) - SHOWN} more" if len(summary.damaged) > SHOWN else "")
        )
    if summary.deaths:
        print(f"Workers died {summary.deaths} times; their batches were computed again.")
    if summary.interrupted or summary.missing:
        word = "Interrupted" if summary.interrupted else "Not complete"
        print(f"{word}: what is done is kept in {path}; the same command goes on.")
    else:
        print(f"Results: {path} (latebloom plot, latebloom export, latebloom status)")


def status(verb: Status) -> int:
    """Say what a store holds."""
    from latebloom.sweeps import open_store

    from .tables import print_table

    store = open_store(verb.store)
    store.index.refresh(verify=True)
    standing = {key: (grid, store.progress(grid)) for key, grid in store.sweeps.items()}
    damaged = store.index.damaged
    failures = _failures(store) if verb.failures else []
    if verb.json:
        document = {
            "store": store.label,
            "sweeps": [
                {"sweep": key, "name": grid.name, "shape": list(grid.shape), **vars(p)}
                | {"missing": p.missing}
                for key, (grid, p) in standing.items()
            ],
            "files": len(store.index.known),
            "bytes": sum(known.size for known in store.index.known.values()),
            "damaged": damaged | store.unreadable,
        }
        if verb.failures:
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
        for key, (grid, p) in standing.items()
    ]
    heads = ("sweep", "hash", "grid", "cells", "done", "failed", "missing", "work")
    print_table(heads, rows)
    total = sum(known.size for known in store.index.known.values())
    print(f"{len(store.index.known):,} files, {size(total)}, all checksums compared.")
    for why in store.unreadable.values():
        print(f"damaged: {why}; `latebloom sweep` writes it anew")
    for name, damage in damaged.items():
        print(f"damaged: {name}: {damage}; `latebloom sweep` computes its cells again")
    for failure in failures:
        print(f"failed: {failure['sweep']}: {failure['cell']}: {failure['message']}")
    return DONE


def _failures(store: "Store") -> list[dict[str, str]]:
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


def export(verb: Export) -> int:
    """Write the results of a sweep to a file."""
    from latebloom.sweeps import open_store
    from latebloom.sweeps.store.export import export as write

    if verb.out is None:
        raise InvalidInput("export needs --out FILE, with .nc, .zarr, .parquet or .csv at its end")
    path = write(open_store(verb.store).open(verb.sweep), verb.out, verb.overwrite)
    print(dump_json({"file": str(path)}) if verb.json else f"Written: {path}")
    return DONE


def plot(verb: Plot) -> int:
    """Draw a picture of a sweep."""
    if verb.picture not in PICTURES:
        raise InvalidInput(
            f"no picture {verb.picture!r}{nearest(verb.picture, PICTURES)}; pictures: "
            f"{', '.join(PICTURES)}"
        )
    from latebloom.plots import save_figure
    from latebloom.sweeps import open_store

    results = open_store(verb.store).open(verb.sweep)
    drawers = {"law": _law, "phase": _phase, "agreement": _agreement, "curves": _curves}
    draw = drawers[verb.picture]
    figure, facts = draw(verb, results)
    out = verb.out or Path(f"{verb.picture}.svg")
    save_figure(figure, out)
    if verb.json:
        print(dump_json({"picture": str(out), **facts.numbers}))
    else:
        for sentence in facts.sentences:
            print(sentence)
        print(f"Picture: {out}")
    return DONE


@dataclass(frozen=True)
class Facts:
    """What a picture shows, for people and for programs."""

    sentences: list[str]
    numbers: dict[str, Any]


def _axes(results: "Dataset") -> list[str]:
    """Return the axes with numbers, the seeds apart."""
    return [
        str(name)
        for name in results.sizes
        if name not in ("seed", "record") and results[name].dtype.kind in "if"
    ]


def _law(verb: Plot, results: "Dataset") -> "tuple[Figure, Facts]":
    from latebloom.plots import plot_law
    from latebloom.sweeps.analysis.law import law_rows
    from latebloom.sweeps.analysis.scaling import fit_scaling

    figure = plot_law(law_rows(results))
    factors = [n for n in ("alpha", "beta") if n in results.sizes and results.sizes[n] > 1]
    if not factors:
        return figure, Facts([], {})
    fit = fit_scaling(results, factors=tuple(factors))
    sentences = []
    for name in factors:
        low, high = fit.intervals[name]
        k = fit.exponents[name]
        sentences.append(f"t2 ~ {name}^-{k:.3g}, 95% interval {low:.3g} to {high:.3g}")
    sentences.append(
        f"{fit.used} cells, {fit.censored} of them with a horizon that was too short; left out: "
        f"{fit.infeasible} that never generalize, {fit.left_out} without a time; {fit.note}"
    )
    return figure, Facts(sentences, {"fit": fit.to_dict()})


def _two_axes(verb: Plot, results: "Dataset") -> tuple[str, str]:
    axes = [a for a in _axes(results) if a not in (verb.x, verb.y)]
    y = verb.y or (axes.pop(0) if axes else None)
    x = verb.x or (axes.pop(0) if axes else None)
    if x is None or y is None:
        have = ", ".join(_axes(results)) or "none"
        raise InvalidInput(f"a phase diagram needs two axes with numbers; the sweep has {have}")
    return x, y


def _phase(verb: Plot, results: "Dataset") -> "tuple[Figure, Facts]":
    from latebloom.plots import plot_phase

    x, y = _two_axes(verb, results)
    return plot_phase(results, x, y, value=verb.value), Facts([], {})


def _agreement(verb: Plot, results: "Dataset") -> "tuple[Figure, Facts]":
    from latebloom.plots import plot_phase
    from latebloom.sweeps.analysis.boundary import agreement, recovered

    if not {"recovered", "recoverable"} <= set(results.data_vars):
        raise InvalidInput(
            "agreement needs a sweep with both tasks: latebloom sweep NAME --tasks "
            "simulate,recover --name NAME-both, into the same store (what is there is not computed "
            "again), then --sweep NAME-both"
        )
    x, y = _two_axes(verb, results)
    figure = plot_phase(results, x, y, value=verb.value, against="recoverable")
    found = agreement(recovered(results), results["recoverable"], y, x)
    sentences = [
        f"same outcome: {found.share:.2%} of {found.cells:,} instances; {found.share_away:.3%} of "
        f"the {found.cells_away:,} away from the boundary ({found.unknown:,} not known)"
    ]
    names = ("test_error", "recovered", "recoverable", "dual_norm", "program_error")
    rows = []
    for cell in found.disagreeing:
        there = results.sel(cell)
        rows.append(cell | {name: float(there[name]) for name in names})
    for row in rows[:LISTED]:
        where = ", ".join(f"{name}={row[name]}" for name in (y, x, "seed"))
        sentences.append(
            f"differ: {where}: test error {row['test_error']:.3g}; least dual norm off the support "
            f"{row['dual_norm']:.6g}, basis pursuit's error {row['program_error']:.2g}"
        )
    if len(rows) > LISTED:
        sentences.append(f"and {len(rows) - LISTED} more (--json lists all)")
    return figure, Facts(sentences, {"agreement": found.to_dict(), "disagreeing": rows})


def _curves(verb: Plot, results: "Dataset") -> "tuple[Figure, Facts]":
    from latebloom.plots import plot_curves
    from latebloom.sweeps.analysis.collapse import collapse

    axes = [str(n) for n in results.sizes if n not in ("seed", "record", verb.facet)]
    by = verb.by or (axes[0] if axes else "seed")
    figure = plot_curves(results, by, variable=verb.variable, facet=verb.facet)
    try:
        found = collapse(results, variable=verb.variable)
    except InvalidInput as why:
        return figure, Facts([f"no collapse score: {why}"], {})
    sentence = (
        f"collapse: the curves differ by {found.score:.3g} of their own spread as functions of "
        f"alpha beta t, {found.unscaled:.3g} as functions of t (0: they fall on one another)"
    )
    return figure, Facts([sentence], {"collapse": found.to_dict()})
