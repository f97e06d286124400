"""The fuzzer, for a few seconds; `make fuzz` runs it at length."""

import subprocess
import sys
from pathlib import Path

import pytest


def fuzz(*options: str) -> None:
    """Run the fuzzer in a process of its own, without the run-time checks of types."""
    command = [sys.executable, "-m", "fuzz", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert "faults: 0" in done.stdout


def test_a_few_random_cases():
    """In one process, for what comes before the first case takes as long as many of them."""
    counts = {"commands": 40, "files": 40, "calls": 150, "arguments": 1500}
    fuzz("--seed", "7", *(f"--{kind}={count}" for kind, count in counts.items()))


@pytest.mark.slow
def test_many_random_cases():
    fuzz("--seed", "0")
