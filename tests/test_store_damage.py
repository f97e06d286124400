"""Stores under fire: disks that fill, bytes really flipped, clusters, files of others."""

import json
import logging
import os
import random
import shutil
import socket
import subprocess
import sys

import pytest
from cli_helpers import refused
from fault_helpers import alive, sweep_file, wait_until
from sweep_helpers import (
    assert_same,
    batch_files,
    grid,
    run,
)

import latebloom as lb
from latebloom.core import files
from latebloom.core.errors import InvalidInput
from latebloom.sweeps.store.batch_file import BatchFile


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory):
    """A store of the whole grid."""
    folder = tmp_path_factory.mktemp("undamaged") / "store"
    run(grid(), folder)
    return folder


@pytest.fixture(scope="module")
def whole(undamaged):
    """What that store holds."""
    return lb.open_store(undamaged).open().load()


@pytest.fixture
def store(undamaged, tmp_path):
    """A copy of the store, to be damaged."""
    return shutil.copytree(undamaged, tmp_path / "store")


# Damage -------------------------------------------------------------------------------------------


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]


@pytest.mark.parametrize(
    "harm",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: flip(data, 3),
        lambda data: flip(data, len(data) // 2),
        lambda data: flip(data, len(data) - 20),
    ],
    ids=["empty", "half", "byte short", "first bytes", "middle", "checksum"],
)
def test_a_damaged_file_is_named_not_believed_and_computed_again(harm, store, whole):
    name = batch_files(store)[2]
    path = store / "batches" / name
    seen = path.stat()
    path.write_bytes(harm(path.read_bytes()))
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))  # silent: time (and size) as before
    opened = lb.open_store(store)
    if path.stat().st_size == seen.st_size:
        with pytest.raises(InvalidInput, match=f"{name} is damaged"):  # checked when it is read
            opened.open().load()
    opened.index.refresh(verify=True)
    assert list(opened.index.damaged) == [name]
    assert opened.progress(grid()).missing == 8
    summary = run(grid(), store)
    assert (summary.damaged, summary.fresh, summary.missing) == ([name], 8, 0)
    assert (store / "batches" / f"{name}.damaged").exists()
    assert_same(lb.open_store(store).open().load(), whole)


def test_every_single_flipped_bit_is_noticed(tmp_path):
    run(grid(seeds=1), tmp_path / "store")
    data = (tmp_path / "store" / "batches" / batch_files(tmp_path / "store")[0]).read_bytes()
    rng = random.Random(0)
    from latebloom.sweeps.store.checksum import Damaged

    for at in [0, len(data) - 1, *(rng.randrange(len(data)) for _ in range(300))]:
        with pytest.raises(Damaged):
            BatchFile(flip(data, at))


def test_the_index_is_derived(store, whole):
    for text in ("", "{", '{"format": 99}', '{"format": 1, "files": {"x.nc": {"size": 1}}}'):
        (store / "index.json").write_text(text)
        assert_same(lb.open_store(store).open().load(), whole)
    (store / "index.json").unlink()
    for path in (store / "sweeps").glob("*.keys.npy"):
        path.write_bytes(b"nonsense")
    assert run(grid(), store).fresh == 0
    assert_same(lb.open_store(store).open().load(), whole)


# Stores that are none -----------------------------------------------------------------------------


def test_folders_that_are_no_store(tmp_path):
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidInput, match="is not a store of sweeps"):
        run(grid(), tmp_path / "letters")
    for name in ("letters", "file", "nowhere"):
        with pytest.raises(InvalidInput, match="is not a store of sweeps"):
            lb.open_store(tmp_path / name)
    assert [p.name for p in (tmp_path / "letters").iterdir()] == ["dear.txt"]


@pytest.mark.parametrize(("version", "words"), [(99, "a newer format"), (0, "an older format")])
def test_stores_of_another_format(version, words, tmp_path):
    run(grid(seeds=1), tmp_path / "store")
    marker = tmp_path / "store" / "latebloom-store.json"
    marker.write_text(json.dumps({"format": version}))
    with pytest.raises(InvalidInput, match=words):
        lb.open_store(tmp_path / "store")
    with pytest.raises(InvalidInput, match=words):
        run(grid(seeds=1), tmp_path / "store")
    marker.write_text("nonsense")
    with pytest.raises(InvalidInput, match="cannot be read"):
        lb.open_store(tmp_path / "store")


def test_an_event_loop_is_silent_about_closed_connections_only(caplog):
    pytest.importorskip("distributed")
    from distributed.comm.core import CommClosedError

    from latebloom.sweeps.workers.dask import DaskPool

    pool = DaskPool(1, None)
    try:
        for error in (CommClosedError("stream is closed"), ValueError("something else")):
            try:
                raise error
            except Exception:
                logging.getLogger("tornado.application").exception("in a callback: %s", error)
    finally:
        pool.close(kill=True)
    assert "something else" in caplog.text
    assert "stream is closed" not in caplog.text


def test_a_scheduler_that_does_not_answer(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("latebloom.sweeps.workers.dask.ANSWER", 0.2)
    arguments = ("--executor", "dask", "--scheduler", "tcp://127.0.0.1:9")
    store = ("--store", str(tmp_path / "store"))
    err = refused(capsys, "sweep", sweep_file(tmp_path), *store, *arguments)
    assert "scheduler tcp://127.0.0.1:9: does not answer within 0.2 s" in err
    assert not (tmp_path / "store").exists()


# submitit leaves the finished processes of its local jobs to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_jobs_of_a_queue(tmp_path):
    from latebloom.sweeps import run_sweep
    from latebloom.sweeps.workers.slurm import SlurmExecutor

    # The same jobs as on SLURM, run by this machine.
    executor = SlurmExecutor(tmp_path / "jobs", cluster="local")
    try:
        summary = run_sweep(grid(batch=12), tmp_path / "store", executor=executor, workers=2)
    finally:
        executor.shutdown()
    assert (summary.done, summary.failed) == (24, 0)
    run(grid(batch=12), tmp_path / "other")
    assert_same(
        lb.open_store(tmp_path / "store").open().load(),
        lb.open_store(tmp_path / "other").open().load(),
    )


# Files beside the batches -------------------------------------------------------------------------


def test_what_is_derived_is_checked_as_well(store, whole):
    [keys] = (store / "sweeps").glob("*.keys.npy")
    for path, at in ((keys, -90), (store / "index.json", 200)):
        data = path.read_bytes()
        path.write_bytes(flip(data, at % len(data)))
        assert_same(lb.open_store(store).open().load(), whole)
        assert run(grid(), store).fresh == 0
        assert_same(lb.open_store(store).open().load(), whole)
    # Its own hash is the name of the file that holds a sweep.
    [spec] = (store / "sweeps").glob("*.json")
    text = spec.read_text()
    for other in (text.replace("0.01", "0.02"), text[: len(text) // 2], "[1]"):
        spec.write_text(other)
        opened = lb.open_store(store)
        assert opened.sweeps == {}
        assert spec.name in next(iter(opened.unreadable.values()))
        assert run(grid(), store).fresh == 0
        assert spec.read_text() == text
        assert_same(lb.open_store(store).open().load(), whole)


def test_a_folder_among_the_batches_is_named(store):
    (store / "batches" / "x.nc").mkdir()
    assert list(lb.open_store(store).index.damaged) == ["x.nc"]
    assert run(grid(), store).damaged == ["x.nc"]


def test_the_draft_of_a_process_that_has_ended_is_removed(tmp_path):
    """Also while its parent has not asked for its exit code, as of an orphan without an init."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    wait_until(lambda: not alive(ended.pid))  # a zombie: `ended` was not waited for
    own = socket.gethostname()
    dead = tmp_path / f"{files.DRAFT}one.nc-{own}-{ended.pid}"
    mine = tmp_path / f"{files.DRAFT}two.nc-{own}-{os.getpid()}"
    for draft in (dead, mine):
        draft.write_bytes(b"half")
    files.remove_drafts(tmp_path)
    assert list(tmp_path.iterdir()) == [mine]
    ended.wait()
