"""What reading a log costs: CPU time of the whole command, start and diagnosis included."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

from .timing import Row

ROWS = 400_000
LIMIT = 2.0  # seconds of CPU time
ROUNDS = 5


def measure(out: Path) -> list[Row]:
    """Time `latebloom diagnose` on tables of `ROWS` records, in a process of its own."""
    k = np.arange(ROWS) * 10
    rng = np.random.default_rng(0)
    train = 1 / (1 + np.exp(-(k - 50_000) / 6_000))
    test = 1 / (1 + np.exp(-(k - 1_200_000) / 80_000)) + 0.002 * rng.standard_normal(ROWS)
    table = np.stack([k, train, np.clip(test, 0, 1)], 1)
    rows = []
    for name, form, mark in (("CSV", "%d,%.4f,%.4f", ","), ("white space", "%d %.4f %.4f", " ")):
        path = out / "log.txt"
        np.savetxt(path, table, fmt=form, header=mark.join(["step", "train_acc", "test_acc"]))
        seconds = min(cpu_seconds(path) for _ in range(ROUNDS))
        what = f"diagnose {ROWS:,} rows of {name}"
        rows.append(Row(what, seconds, "s of CPU", f"<= {LIMIT} s", seconds <= LIMIT))
        path.unlink()
    return rows


def cpu_seconds(path: Path) -> float:
    """The CPU time of one command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "latebloom", "diagnose", str(path), "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
