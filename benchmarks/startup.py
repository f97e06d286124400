"""Starting: the CPU time of commands that compute nothing, and of ``import latebloom``."""

import resource
import statistics
import subprocess
import sys
from pathlib import Path

from .timing import Row

# What is measured -> the most CPU seconds that it may take.
COMMANDS = {
    "import latebloom": (("-c", "import latebloom"), 0.3),
    "latebloom --help": (("-m", "latebloom", "--help"), 0.5),
    "latebloom list": (("-m", "latebloom", "list"), 0.5),
    "latebloom show fig3": (("-m", "latebloom", "show", "fig3"), 0.5),
    "latebloom shwo (a typo)": (("-m", "latebloom", "shwo"), 0.5),
}
ROUNDS = 5


def _cpu(arguments: tuple[str, ...]) -> float:
    """Return the CPU seconds of a new process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(out: Path) -> list[Row]:
    """Return the least CPU time of each command over some rounds, the commands in turn."""
    times: dict[str, list[float]] = {what: [] for what in COMMANDS}
    for _ in range(ROUNDS + 1):  # the first fills the caches of the disk
        for what, (arguments, _) in COMMANDS.items():
            times[what].append(_cpu(arguments))
    rows = []
    for what, (_, most) in COMMANDS.items():
        least, middle = min(times[what][1:]), statistics.median(times[what][1:])
        detail = f"median {middle:.2f} s of {ROUNDS} rounds"
        rows.append(Row(what, least, "s of CPU", f"<= {most} s", least <= most, detail))
    return rows
