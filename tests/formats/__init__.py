"""Logs as real tools write them, made by a few lines each, with the first natural command.

A probe is a function (folder, k, train, test) -> arguments of `latebloom diagnose`: it writes
steps, training and test accuracies as the tool would.
"""

from collections.abc import Callable
from pathlib import Path

PROBES: dict[str, Callable] = {}


def probe(made: Callable) -> Callable:
    """Add a probe."""
    PROBES[made.__name__] = made
    return made


def save(path: Path, text: str | list[str]) -> str:
    """Write text or lines; returns the path as an argument."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if isinstance(text, str) else "\n".join(text) + "\n", encoding="utf-8")
    return str(path)
