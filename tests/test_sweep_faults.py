"""Sweeps under fire: processes are really killed, disks really full."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import xarray as xr
from cli_helpers import call, refused
from fault_helpers import GRID, PATIENCE, alive, finish, go_on, start, sweep_file, wait_until
from sweep_helpers import (
    assert_same,
    batch_files,
    command,
    descendants,
    kill_group,
    write_sweep,
)

import latebloom as lb
from latebloom.sweeps.store.batch_file import BatchFile

CELLS = 6 * 2 * 4


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    """The results of the sweep that nobody disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    go_on(folder)
    results = lb.open_store(folder / "store").open().load()
    assert (results.status == "done").all()
    return results


def working(pid: int) -> list[int]:
    """Return the worker processes below one."""
    found = []
    for child in descendants(pid):
        try:
            line = Path(f"/proc/{child}/cmdline").read_text()
        except OSError:
            continue
        if "spawn_main" in line:
            found.append(child)
    return found


def assert_whole(folder: Path, whole: xr.Dataset) -> None:
    """The store holds every cell once, and what an undisturbed sweep gives."""
    store = lb.open_store(folder / "store")
    assert store.index.damaged == {}
    hashes = []
    for name in batch_files(folder / "store"):
        file = BatchFile((folder / "store" / "batches" / name).read_bytes())
        hashes += file.column("hash").tolist()
    assert len(hashes) == CELLS
    assert len(set(hashes)) == CELLS
    assert_same(store.open().load(), whole)


def disturb(folder: Path, whole: xr.Dataset, seed: int) -> None:
    """Kill -9 something at a random moment, look, go on, and compare."""
    rng = random.Random(seed)
    victim = ("worker", "parent", "group")[seed % 3]
    moment = rng.randrange(0, 10)  # batches that are there when it happens
    process = start(folder, "--workers", "2")
    wait_until(
        lambda: (
            (folder / "store" / "batches").is_dir()
            and len(batch_files(folder / "store")) >= moment
            and len(working(process.pid)) >= 1
        ),
        process,
    )
    time.sleep(rng.random() * 0.3)
    below = working(process.pid)
    if victim == "worker" and below:
        os.kill(rng.choice(below), signal.SIGKILL)
        code, _, err = finish(process)  # the sweep goes on by itself
        assert code == 0, err
    elif victim == "parent":
        process.kill()
        process.wait()
        wait_until(lambda: not any(alive(pid) for pid in below))  # no worker outlives it
    else:
        kill_group(process)
    if process.stdout is not None and victim != "worker":
        process.communicate()
    before = batch_files(folder / "store")
    store = lb.open_store(folder / "store")  # it opens, whatever happened
    assert store.index.damaged == {}
    done = store.progress(store.sweep()).done if store.sweeps else 0
    kept = [BatchFile((folder / "store/batches" / name).read_bytes()) for name in before]
    assert done == sum(len(file.column("hash")) for file in kept)
    assert go_on(folder).fresh == CELLS - done
    assert set(before) <= set(batch_files(folder / "store"))
    assert_whole(folder, whole)
    assert not list((folder / "store" / "batches").glob(".draft*"))


@pytest.mark.parametrize("seed", range(2))
def test_kill_minus_nine(seed, tmp_path, whole):
    disturb(tmp_path, whole, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 52))
def test_kill_minus_nine_at_fifty_moments(seed, tmp_path, whole):
    disturb(tmp_path, whole, seed)


def test_a_cell_that_kills_its_worker_fails_alone(tmp_path):
    script = tmp_path / "deadly.py"
    script.write_text(
        "import os, sys\n"
        "import latebloom as lb\n"
        "from latebloom.sweeps.workers import training\n"
        "sys.path.insert(0, os.path.dirname(__file__))\n"
        "from sweep_helpers import grid\n"
        "real = training.simulate\n"
        "def deadly(experiment, **settings):\n"
        "    if experiment.problem.N == 5 and experiment.penalty.beta == 1e-2:\n"
        "        os._exit(9)\n"
        "    return real(experiment, **settings)\n"
        "training.simulate = deadly\n"
        "if __name__ == '__main__':\n"
        "    s = grid(seeds=2, batch=3).run(sys.argv[1], workers=2)\n"
        "    print(s.done, s.failed, s.deaths > 0)\n"
        "    print(sorted(s.failures))\n"
    )
    shutil.copy(Path(__file__).with_name("sweep_helpers.py"), tmp_path)
    found = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "store")],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert found.stdout.splitlines()[0] == "10 2 True", found.stderr
    assert "beta=0.01, N=5, seed=0" in found.stdout
    assert "its worker process died" in found.stdout
    results = lb.open_store(tmp_path / "store").open()
    failed = (results.status == "failed").values
    assert failed.sum() == 2
    assert failed[1, 2].all()


SCRIPT = """\
import latebloom as lb
{part}
base = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=8), {penalty}(1e-3), steps=20)
print(lb.sweep(base, {{"N": [8, 9]}}).run("store", workers=1).done)
"""
PART = """
from dataclasses import dataclass
@lb.register("penalty")
@dataclass(frozen=True)
class Mine(lb.L1):
    pass
"""


@pytest.mark.parametrize("piped", [True, False])
def test_a_script_without_a_guard_does_not_start_itself_again(piped, tmp_path):
    (tmp_path / "plain.py").write_text(SCRIPT.format(part="", penalty="lb.L1"))
    with (tmp_path / "plain.py").open() as text:
        found = subprocess.run(
            [sys.executable, *([] if piped else ["plain.py"])],
            stdin=text if piped else None,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    assert (found.stdout, found.stderr) == ("2\n", "")


def test_a_script_with_parts_needs_a_guard(tmp_path):
    (tmp_path / "own.py").write_text(SCRIPT.format(part=PART, penalty="Mine"))
    found = subprocess.run(
        [sys.executable, "own.py"], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE
    )
    error = found.stderr.splitlines()[-1]
    assert "Mine is registered by a script that worker processes import" in error
    assert 'below `if __name__ == "__main__":`' in error
    assert list((tmp_path / "store").rglob("*.nc")) == []  # no cell is called failed


def test_two_parents_on_one_store(tmp_path, whole):
    both = [start(tmp_path, "--workers", "1") for _ in range(2)]
    for process in both:
        code, _, err = finish(process)
        assert code == 0, err
    assert_whole(tmp_path, whole)


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path, whole):
    process = start(tmp_path, "--workers", "1")
    wait_until(
        lambda: (
            (tmp_path / "store" / "batches").is_dir() and len(batch_files(tmp_path / "store")) >= 3
        ),
        process,
    )
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    code, out, err = finish(process)
    assert code == 130, err
    assert "the same command goes on" in out
    assert "Traceback" not in err
    store = lb.open_store(tmp_path / "store")
    done = store.progress(store.sweep()).done
    assert 0 < done < CELLS
    code, out, err = finish(start(tmp_path, "--workers", "1", "--json"))
    assert (code, json.loads(out)["fresh"]) == (0, CELLS - done), err
    assert_whole(tmp_path, whole)


def test_failed_runs_are_summed_up_and_make_the_exit_code(tmp_path, capsys):
    text = GRID.replace("N = { start = 8, stop = 18, step = 2 }", "alpha = [0.1, 50.0]")
    path = write_sweep(tmp_path, text.replace("s = [2, 3]", ""))
    process = command("sweep", str(path), "--store", "store", "--workers", "1", cwd=tmp_path)
    code, out, err = finish(process)
    assert code == 1, err
    assert "failed: alpha=50.0, seed=" in out
    assert "not stable" in out
    assert "--retry-failed" in out
    code, out, _ = call(capsys, "status", str(tmp_path / "store"), "--failures")
    assert code == 0
    assert out.count("not stable") == 4


# Disks --------------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, small; needs the right to mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(folder)], capture_output=True
    )
    if made.returncode:
        pytest.skip("no right to mount a small disk here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_a_full_disk_stops_the_sweep_and_costs_nothing_that_was_done(disk, tmp_path, whole):
    code, _, err = finish(start(disk, "--workers", "1"))
    assert code == 2
    assert "No space left on device" in err
    assert "the same command goes on" in err
    assert "Traceback" not in err
    before = batch_files(disk / "store")
    assert before
    store = lb.open_store(disk / "store")
    assert store.index.damaged == {}
    done = store.progress(store.sweep()).done
    assert 0 < done < CELLS
    remount(disk, "size=20m")
    assert go_on(disk).fresh == CELLS - done
    assert_whole(disk, whole)


def test_a_store_made_read_only_in_the_middle(disk, whole, capsys):
    remount(disk, "size=20m")
    process = start(disk, "--workers", "1")
    wait_until(
        lambda: (disk / "store" / "batches").is_dir() and len(batch_files(disk / "store")) >= 2,
        process,
    )
    while subprocess.run(["mount", "-o", "remount,ro", str(disk)], capture_output=True).returncode:
        time.sleep(0.01)  # a file is being written
    code, _, err = finish(process)
    assert code == 2
    assert "Read-only file system" in err or "read-only" in err
    assert "Traceback" not in err
    store = lb.open_store(disk / "store")  # reading works
    done = store.progress(store.sweep()).done
    assert (store.open().status == "done").sum() == done > 0
    code, _, err = call(capsys, "status", str(disk / "store"))
    assert code == 0, err
    arguments = ("sweep", sweep_file(disk), "--store", str(disk / "store"))
    assert "cannot be written" in refused(capsys, *arguments)
    remount(disk, "rw")
    go_on(disk)
    assert_whole(disk, whole)


# Clusters -----------------------------------------------------------------------------------------


def dask_workers(pid: int) -> list[int]:
    """Return the worker processes of a local Dask cluster, one below each nanny."""
    return working(pid)


def test_a_dask_worker_killed_in_the_middle_of_a_batch(tmp_path, whole):
    process = start(tmp_path, "--executor", "dask", "--workers", "2", "--json")
    wait_until(
        lambda: (
            (tmp_path / "store" / "batches").is_dir()
            and len(batch_files(tmp_path / "store")) >= 3
            and len(dask_workers(process.pid)) >= 2
        ),
        process,
    )
    os.kill(dask_workers(process.pid)[0], signal.SIGKILL)
    code, out, err = finish(process)
    assert code == 0, err
    assert json.loads(out)["done"] == CELLS
    assert_whole(tmp_path, whole)


def test_a_dask_scheduler_killed_in_the_middle(tmp_path, whole):
    file = tmp_path / "scheduler.json"
    own = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": environment}
    scheduler = subprocess.Popen(
        [*own, "--no-dashboard", "--scheduler-file", str(file)], start_new_session=True, **quiet
    )
    worker = None
    try:
        wait_until(lambda: file.exists() and file.read_text().endswith("}"), scheduler)
        address = json.loads(file.read_text())["address"]
        own = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--no-dashboard"]
        worker = subprocess.Popen([*own, "--nthreads", "1"], start_new_session=True, **quiet)
        process = start(tmp_path, "--executor", "dask", "--scheduler", address)
        wait_until(
            lambda: (
                (tmp_path / "store" / "batches").is_dir()
                and len(batch_files(tmp_path / "store")) >= 3
            ),
            process,
        )
        kill_group(scheduler)
        code, _, err = finish(process)
        assert code == 2
        assert "the Dask scheduler is gone" in err
        assert "the same command goes on" in err
        assert "Traceback" not in err
    finally:
        kill_group(scheduler)
        if worker is not None:
            kill_group(worker)
    store = lb.open_store(tmp_path / "store")
    assert store.progress(store.sweep()).done >= 12
    go_on(tmp_path)
    assert_whole(tmp_path, whole)
