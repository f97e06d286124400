"""What the tests of sweeps share: small grids, stores, comparisons."""

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import xarray as xr

import latebloom as lb
from latebloom.experiment.record import At
from latebloom.sweeps import run_sweep

# What differs from one computation of the same cell to the next.
TIMES = ("seconds",)


def base(**changes) -> lb.Experiment:
    """An experiment of a millisecond: the closed form of ridge regression."""
    problem = lb.SparseRecovery(n=8, s=1, N=4)
    made = lb.Experiment(
        problem, lb.L2(1e-2), lb.GradientDescent(0.1), init=1.0, steps=1000, record=At(())
    )
    return made.with_(**changes) if changes else made


def grid(**changes) -> lb.Sweep:
    """24 cells in batches of 8."""
    settings = {"axes": {"beta": [1e-3, 1e-2], "N": [3, 4, 5]}, "seeds": 4, "batch": 8}
    return lb.sweep(base(), **{**settings, **changes})


def run(sweep: lb.Sweep, store: Path, **settings) -> lb.Summary:
    """Compute a sweep in a thread of this process."""
    with ThreadPoolExecutor(1) as executor:
        return run_sweep(sweep, store, executor=executor, workers=1, **settings)


def assert_same(first: xr.Dataset, second: xr.Dataset) -> None:
    """Both Datasets are equal to the bit, but for how long it took."""
    assert set(first.variables) == set(second.variables)
    for name in first.variables:
        if name in TIMES:
            continue
        a, b = first[name].values, second[name].values
        if a.dtype.kind == "f":
            np.testing.assert_array_equal(a.view(np.int64), b.view(np.int64), err_msg=str(name))
        else:
            np.testing.assert_array_equal(a, b, err_msg=str(name))


def batch_files(store: Path) -> list[str]:
    """Return the names of the batch files."""
    return sorted(p.name for p in (store / "batches").glob("*.nc"))


def command(*arguments: str, cwd: Path, **settings) -> "subprocess.Popen[str]":
    """Start the command line in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "latebloom", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        **settings,
    )


def descendants(pid: int) -> list[int]:
    """Return the processes below one, the nearest first."""
    found = []
    for child in Path(f"/proc/{pid}/task").glob("*/children"):
        for text in child.read_text().split():
            found += [int(text), *descendants(int(text))]
    return found


def kill_group(process: "subprocess.Popen[str]") -> None:
    """Kill -9 a process and all that share its session."""
    with contextlib.suppress(ProcessLookupError):  # all of them are gone
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def write_sweep(folder: Path, text: str) -> Path:
    """Write a sweep file."""
    path = folder / "grid.toml"
    path.write_text(textwrap.dedent(text))
    return path
