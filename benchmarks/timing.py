"""Measuring: best of several rounds, the compared things taken in turn."""

import os
import platform
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table


class Row(NamedTuple):
    """One measured quantity and its target."""

    what: str
    value: float
    unit: str
    target: str
    met: bool
    detail: str = ""


def machine() -> str:
    """Return what the numbers were measured on."""
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "default")
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"BLAS threads {threads}"
    )


def in_turn(*functions: Callable[[], object], rounds: int = 5) -> list[float]:
    """Return the best time of each function in seconds, measured A B C A B C ... after a warm-up.

    The best of several rounds is what the code needs; what is above it is other
    work on the machine.
    """
    for function in functions:
        function()
    best = [float("inf")] * len(functions)
    for _ in range(rounds):
        for i, function in enumerate(functions):
            began = time.perf_counter()
            function()
            best[i] = min(best[i], time.perf_counter() - began)
    return best


def micro(seconds: float) -> str:
    """Return the time of a step in words."""
    return f"{seconds * 1e6:.2f} us per step"


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the rows as a table."""
    table = Table(title=title, title_justify="left")
    for column in ("what", "measured", "target", "met", "detail"):
        table.add_column(column)
    for row in rows:
        value = f"{row.value:.4g} {row.unit}"
        table.add_row(row.what, value, row.target, "yes" if row.met else "NO", row.detail)
    Console(width=150).print(table)
