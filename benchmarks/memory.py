"""Memory: it must not grow with the number of steps."""

import subprocess
import sys
from pathlib import Path

from .timing import Row

SCRIPT = """
import sys
import latebloom as lb
from benchmarks.figure3 import experiment
engine, steps = sys.argv[1], int(sys.argv[2])
method = lb.Subgradient(0.1) if engine == "step" else lb.ProximalGradient(0.1)
lb.simulate(experiment(method, steps=steps).with_(record=lb.At((1,))), engine=engine)
# Not ru_maxrss, which a child inherits from its parent.
status = dict(line.split(":") for line in open("/proc/self/status"))
print(int(status["VmHWM"].split()[0]) / 1024)
"""


def peak(engine: str, steps: int) -> float:
    """Return the peak memory of one run in its own process, in MiB (Linux)."""
    command = [sys.executable, "-c", SCRIPT, engine, str(steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def measure(out: Path) -> list[Row]:
    """Return how much more memory a run takes that is 100 or 10^6 times longer."""
    rows = []
    for engine, short, long in (("step", 10**4, 10**6), ("jump", 10**6, 10**12)):
        low, high = peak(engine, short), peak(engine, long)
        what = f"{engine}: {long:.0e} steps / {short:.0e} steps"
        detail = f"{high:.0f} MiB against {low:.0f} MiB"
        rows.append(Row(what, high / low, "x peak memory", "<= 1.1", high / low <= 1.1, detail))
    return rows
