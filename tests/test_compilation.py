"""The cache of compiled programs: a second process compiles nothing, and no fault of it is seen."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from latebloom.core import compilation

SCRIPT = """
import sys
import jax
from jax import monitoring
{before}
seen = []
monitoring.register_event_listener(lambda event, **_: seen.append(event))
import latebloom as lb
lb.simulate(lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3), steps=1), engine="step")
print(sum(event.endswith("/cache_misses") for event in seen), len(seen))
"""
# Every write to the cache fails, as on a full disk.
FULL = """
import pathlib
def full(self, data):
    raise OSError(28, "No space left on device")
pathlib.Path.write_bytes = full
"""


def start(folder, before=""):
    """Start a process that runs an experiment with its programs in a folder."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(before=before)],
        env={**os.environ, compilation.VARIABLE: str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def misses(process):
    """Return how many programs the process did not find in the cache."""
    out, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    return int(out.split()[0])


def test_a_second_process_compiles_nothing(tmp_path):
    first = [start(tmp_path), start(tmp_path)]  # they may write the same entries at once
    assert max(misses(process) for process in first) > 0
    assert misses(start(tmp_path)) == 0
    assert {path.name[-6:] for path in tmp_path.iterdir()} == {compilation.SUFFIX}


def test_a_folder_that_cannot_be_made_is_ignored(tmp_path):
    (tmp_path / "file").write_text("")
    misses(start(tmp_path / "file" / "below"))  # it ends well and says nothing


@pytest.mark.skipif(find_spec("etils") is not None, reason="JAX then writes with etils")
def test_a_full_disk_is_ignored(tmp_path):
    assert misses(start(tmp_path / "full", FULL)) > 0
    assert not list((tmp_path / "full").iterdir())


def test_a_damaged_entry_is_compiled_again(tmp_path):
    assert misses(start(tmp_path)) > 0
    for entry in tmp_path.iterdir():
        entry.write_bytes(entry.read_bytes()[:50])
    misses(start(tmp_path))


def test_the_cache_can_be_switched_off_and_moved(tmp_path, monkeypatch):
    monkeypatch.setenv(compilation.VARIABLE, "off")
    assert compilation.cache_folder() is None
    monkeypatch.setenv(compilation.VARIABLE, str(tmp_path))
    assert compilation.cache_folder() == tmp_path
    monkeypatch.delenv(compilation.VARIABLE)
    found = compilation.cache_folder()
    assert found is not None
    assert found.name == "compiled"


@pytest.mark.parametrize("most", [1, 2, 5])
def test_the_oldest_programs_are_removed_and_no_other_file(tmp_path, monkeypatch, most):
    monkeypatch.setattr(compilation, "MOST", most)
    (tmp_path / "thesis.txt").write_text("")
    os.utime(tmp_path / "thesis.txt", (0, 0))
    for i in range(4):
        (tmp_path / f"{i}-cache").write_bytes(b"")
        os.utime(tmp_path / f"{i}-cache", (i, i))
    compilation._remove_oldest(tmp_path)
    left = [f"{i}-cache" for i in range(max(0, 4 - most), 4)]
    assert sorted(path.name for path in tmp_path.iterdir()) == [*left, "thesis.txt"]
