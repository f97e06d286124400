"""What watching a run costs: CPU time of an update, the slowest one, and the size of the state."""

import time
from pathlib import Path

import numpy as np

import latebloom as lb

from .timing import Row

UPDATES = 200_000
LIMIT = 20.0  # microseconds
ROUNDS = 5


def measure(out: Path) -> list[Row]:
    """Time `Monitor.update` on a noisy grokking curve, with and without a file for the state."""
    k = np.arange(UPDATES)
    noise = 0.002 * np.random.default_rng(0).standard_normal((2, UPDATES))
    train = np.clip(1 / (1 + np.exp(-(k - 500) / 60)) + noise[0], 0, 1).tolist()
    test = np.clip(1 / (1 + np.exp(-(k - 120_000) / 8_000)) + noise[1], 0, 1).tolist()
    rows = []
    path = out / "monitor.json"
    for name, place in (("in memory", None), ("with a file", path)):
        seconds = []
        for _ in range(ROUNDS):
            path.unlink(missing_ok=True)
            monitor = lb.Monitor(path=place)
            start = time.process_time()
            for i in range(UPDATES):
                monitor.update(i, train[i], test[i])
            seconds.append((time.process_time() - start) / UPDATES)
        one = 1e6 * min(seconds)
        rows.append(Row(f"one update, {name}", one, "µs", f"<= {LIMIT:g} µs", one <= LIMIT))
    monitor.save()
    size = path.stat().st_size / 1024
    rows.append(Row(f"the state after {UPDATES:,} updates", size, "KiB", "<= 64 KiB", size <= 64))
    path.unlink()
    return rows
