"""Sweeps: what workers gain, what store and scheduling cost, how fast nothing is done again."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import latebloom as lb
from latebloom.experiment.record import At
from latebloom.sweeps import Summary, run_sweep
from latebloom.sweeps.workers.estimate import estimate

from .timing import Row

# Work for about half a minute of one core: the start of the workers, seconds, is then a small part.
SEEDS = 12


def grid() -> lb.Sweep:
    """Return 288 cells of some 100 ms."""
    base = lb.Experiment(
        lb.SparseRecovery(n=40, s=2, N=20),
        lb.L1(1e-5),
        lb.ProximalGradient(0.1),
        steps=10**8,
        record=At(()),
    )
    axes = {"N": {"start": 12, "stop": 26, "step": 2}, "s": [2, 3, 4]}
    return lb.sweep(base, axes, seeds=SEEDS)


def loop(sweep: lb.Sweep) -> float:
    """Return the seconds of a plain loop over all cells."""
    began = time.perf_counter()
    for _, experiment in sweep.cells():
        lb.simulate(experiment)
    return time.perf_counter() - began


def measure(out: Path) -> list[Row]:
    """Return throughput with one and two workers and with Dask, all in one process, in turn."""
    sweep = grid()
    found: dict[str, Summary] = {}
    with tempfile.TemporaryDirectory() as folder:
        stores = Path(folder)
        plain = loop(sweep)
        estimated = estimate(sweep, None, workers=1, seconds=2.0)
        for name, executor, workers in (
            ("one", "local", 1),
            ("two", "local", 2),
            ("dask", "dask", 2),
        ):
            found[name] = run_sweep(sweep, stores / name, executor=executor, workers=workers)
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", AGAIN, str(stores / "two")], check=True, capture_output=True
        )
        again = time.perf_counter() - began
    one, two, dask = found["one"], found["two"], found["dask"]
    rows = []
    gain = one.seconds / two.seconds
    detail = f"{sweep.size / one.seconds:.1f} and {sweep.size / two.seconds:.1f} cells/s"
    rows.append(Row("two workers / one", gain, "x cells per second", ">= 1.6", gain >= 1.6, detail))
    ratio = two.seconds / dask.seconds
    detail = f"{sweep.size / dask.seconds:.1f} cells/s on two workers"
    rows.append(Row("Dask / processes", ratio, "x cells per second", "-", True, detail))
    cost = one.seconds / plain - 1
    detail = (
        f"{one.seconds:.1f} s against {plain:.1f} s of a plain loop, start of the worker included"
    )
    rows.append(
        Row("one worker / plain loop", 100 * cost, "% more time", "<= 10", cost <= 0.1, detail)
    )
    idle = 1 - two.worked / (2 * two.seconds)
    detail = "of the time of two workers: start, files, waiting"
    rows.append(Row("not computing", 100 * idle, "%", "<= 10", idle <= 0.1, detail))
    assert estimated.low is not None
    assert estimated.high is not None
    ratio = one.worked / (estimated.low + estimated.high) * 2
    detail = f"{one.worked:.1f} s, {estimated.low:.1f} to {estimated.high:.1f} s estimated"
    near = 1 / 3 <= ratio <= 3
    rows.append(Row("time of a sweep / estimate", ratio, "x", "1/3 to 3", near, detail))
    detail = f"{sweep.size} cells, a new process"
    rows.append(Row("nothing left to do", again, "s", "<= 2", again <= 2, detail))
    return rows


AGAIN = """
import sys
from latebloom.sweeps import open_store, run_sweep
store = open_store(sys.argv[1])
assert run_sweep(store.sweep(), store).fresh == 0
"""
