"""Sweeps in processes of their own, which tests kill, and go on with in this one."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from sweep_helpers import (
    command,
    kill_group,
    run,
    write_sweep,
)

from latebloom.sweeps import Summary
from latebloom.sweeps.file import load_sweep

# Long enough to be caught in the middle: 12 batches of some tenths of a second.
GRID = """
    seeds = 4
    batch = 4

    [base]
    steps = 1_000_000
    problem = { type = "SparseRecovery", n = 24, s = 2, N = 12 }
    penalty = { type = "L1", beta = 1e-5 }
    method = { type = "ProximalGradient", alpha = 0.1 }
    record = { type = "At", at = [] }

    [axes]
    N = { start = 8, stop = 18, step = 2 }
    s = [2, 3]
"""


# No command of these tests takes so long unless it hangs.
PATIENCE = 240


def sweep_file(folder: Path) -> str:
    """Return the path of the sweep's file in a folder."""
    path = folder / "grid.toml"
    return str(path if path.exists() else write_sweep(folder, GRID))


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start the sweep in processes of its own."""
    return command("sweep", sweep_file(folder), "--store", "store", *arguments, cwd=folder)


def go_on(folder: Path) -> Summary:
    """Compute in this process what the sweep still needs."""
    return run(load_sweep(sweep_file(folder), []), folder / "store")


def finish(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        kill_group(process)
        raise
    return process.returncode, out, err


def wait_until(holds: Callable[[], bool], process: "subprocess.Popen[str] | None" = None) -> None:
    """Wait until something holds, or the process has ended."""
    began = time.monotonic()
    while not holds():
        if process is not None and process.poll() is not None:
            return
        assert time.monotonic() - began < PATIENCE
        time.sleep(0.01)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
