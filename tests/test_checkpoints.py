"""Checkpoints: a run that goes on is the run that never stopped, to the bit; wrong files."""

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from network_helpers import blobs, refusal
from safetensors.numpy import load_file, save_file
from training_helpers import BASE, assert_same_run, interrupting

import latebloom as lb
from latebloom.engines import checkpoint as module
from latebloom.engines import training

# Everything that has a state: moments, slow gradients, orders of batches, t1 in a strength.
FULL = lb.Experiment(
    blobs(),
    lb.L2(lb.SwitchOn(0.05, before=0.001)),
    lb.Adam(0.05, batch=5, batch_seed=3, transforms=(lb.GrokfastEMA(0.9, 0.5),)),
    lb.MLP((4,)),
    lb.Drawn(seed=1),
    steps=30,
    thresholds=(0.2, 0.35),
    record=lb.Every(4),
)


@pytest.fixture
def every_update(monkeypatch):
    """Make one update per call, and tell the progress after each."""
    monkeypatch.setattr(training, "SECONDS_PER_MOVE", -1.0)
    monkeypatch.setattr(training, "SECONDS_PER_CALL", 1e-9)


@pytest.fixture(scope="module")
def whole():
    """Return the uninterrupted run, with its passages to the step."""
    return lb.simulate(FULL, refine=True)


@pytest.mark.parametrize("at", [1, 2, 4, 5, 11, 12, 28, 29])
@pytest.mark.usefixtures("every_update")
def test_a_stopped_run_goes_on_as_if_it_had_not(at, whole, tmp_path):
    """Stopped between records and at them, before and after t1 and t2."""
    kept = lb.Checkpoint(tmp_path / "state")
    first = lb.simulate(FULL, progress=interrupting(at), checkpoint=kept, refine=True)
    assert first.interrupted
    second = lb.simulate(FULL, checkpoint=kept, refine=True)
    assert not second.interrupted
    assert second.notes == (f"resumed at step {at}",)
    assert_same_run(second, whole)
    assert second.phases == whole.phases
    assert whole.phases.t1.kind == whole.phases.t2.kind == "exact"


@pytest.mark.parametrize("at", [8, 30])
def test_a_run_stopped_while_it_measures_goes_on_with_that_record(at, whole, tmp_path, monkeypatch):
    """The record is due, its updates are done: it must neither be missing nor be there twice."""
    measure = training.Trainer._measure

    def stopped(self, state, t, t1):
        if t == at:
            raise KeyboardInterrupt
        return measure(self, state, t, t1)

    kept = lb.Checkpoint(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "_measure", stopped)
        first = lb.simulate(FULL, checkpoint=kept, refine=True)
    assert first.interrupted
    assert first.trajectory["step"][-1] < at
    second = lb.simulate(FULL, checkpoint=kept, refine=True)
    assert second.notes[:1] == (f"resumed at step {at}",)
    assert_same_run(second, whole)
    assert second.phases == whole.phases


@pytest.mark.usefixtures("every_update")
def test_steps_that_nobody_looked_at_are_not_called_exact(whole, tmp_path):
    kept = lb.Checkpoint(tmp_path)
    lb.simulate(FULL, progress=interrupting(2), checkpoint=kept)
    second = lb.simulate(FULL, checkpoint=kept, refine=True)
    assert "not known to the step" in second.notes[0]
    assert_same_run(second, whole)
    for found, true in ((second.phases.t1, whole.phases.t1), (second.phases.t2, whole.phases.t2)):
        assert found.kind == "bracketed"
        assert found.low <= true.step <= found.high


@pytest.mark.usefixtures("every_update")
def test_a_run_may_be_stopped_again_and_again(whole, tmp_path):
    kept, stops = lb.Checkpoint(tmp_path), [3, 4, 7, 19, 26]
    for at in stops:
        assert lb.simulate(FULL, progress=interrupting(at), checkpoint=kept).interrupted
    assert_same_run(lb.simulate(FULL, checkpoint=kept), whole)


def test_a_finished_run_is_read_back_without_an_update(whole, tmp_path, monkeypatch):
    kept = lb.Checkpoint(tmp_path)
    lb.simulate(FULL, checkpoint=kept)
    monkeypatch.setattr(training.Trainer, "_advance", None)
    again = lb.simulate(FULL, checkpoint=kept)
    assert again.notes == ("resumed at step 30",)
    assert_same_run(again, whole)


@pytest.mark.usefixtures("every_update")
def test_a_batch_goes_on_too(tmp_path):
    together = [
        BASE.with_(penalty=lb.L2(beta), method=lb.Adam(alpha), record=lb.Every(6))
        for beta, alpha in ((0.02, 0.05), (0.0, 0.02), (0.5, 0.1))
    ]
    whole, kept = lb.simulate_batch(together), lb.Checkpoint(tmp_path)
    lb.simulate_batch(together, progress=interrupting(8), checkpoint=kept)
    for one, two in zip(lb.simulate_batch(together, checkpoint=kept), whole, strict=True):
        assert one.notes == ("resumed at step 8",)
        assert_same_run(one, two)
        assert one.phases == two.phases
    message = refusal(lambda: lb.simulate_batch(together[::-1], checkpoint=kept))
    assert "is of another run" in message
    message = refusal(lambda: lb.simulate_batch(together[:2], checkpoint=kept))
    assert "number of experiments is 3 there and 2 here" in message


@pytest.mark.usefixtures("every_update")
def test_states_are_kept_every_so_many_updates(tmp_path):
    kept = lb.Checkpoint(tmp_path, every_seconds=3600.0, every_steps=7)
    seen = []

    def look(done, total, note=""):
        if kept.path.exists():
            seen.append(header(kept)["info"]["t"])

    lb.simulate(FULL, progress=look, checkpoint=kept)
    assert sorted(set(seen)) == [7, 14, 21, 28, 30]


def test_states_are_kept_between_records_and_in_long_calls(tmp_path, monkeypatch):
    kept = lb.Checkpoint(tmp_path, every_seconds=3600.0, every_steps=7)
    seen, save = [], lb.Checkpoint.save

    def noted(self, specs, arrays, info):
        seen.append(info["t"])
        save(self, specs, arrays, info)

    monkeypatch.setattr(lb.Checkpoint, "save", noted)
    lb.simulate(FULL.with_(record=lb.Every(30)), checkpoint=kept)
    assert seen == [7, 14, 21, 28, 30]  # and each once


def test_a_file_of_a_batch_has_two_states_of_each(tmp_path):
    together = [BASE.with_(thresholds=(2.0, 2.0), init=lb.Drawn(seed)) for seed in range(6)]
    sizes = []
    for batch in (together[:3], together):
        kept = lb.Checkpoint(tmp_path / str(len(batch)))
        lb.simulate_batch(batch, checkpoint=kept)
        arrays = load_file(kept.path)
        sizes.append(sum(a.nbytes for name, a in arrays.items() if name[:6] != "measur"))
    assert sizes[1] < 2.1 * sizes[0]  # in proportion to the batch


KILLED = """
import sys, time
import latebloom as lb
from latebloom.engines import training

training.SECONDS_PER_MOVE, training.SECONDS_PER_CALL = -1.0, 1e-9
experiment = lb.Experiment.from_toml(sys.argv[1])


def slow(done, total, note=""):
    if done >= 9:
        time.sleep(60)


kept = lb.Checkpoint(sys.argv[2], every_steps=3)
lb.simulate(experiment, progress=slow, checkpoint=kept, refine=True)
"""


def test_a_killed_run_goes_on(whole, tmp_path):
    kept = lb.Checkpoint(tmp_path / "state")
    command = [sys.executable, "-c", KILLED, FULL.to_toml(), str(kept.folder)]
    process = subprocess.Popen(command, env={**os.environ, "JAX_PLATFORMS": "cpu"})
    try:
        deadline = time.monotonic() + 120
        while not kept.path.exists() or header(kept)["info"]["t"] < 6:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGKILL
    run = lb.simulate(FULL, checkpoint=kept, refine=True)
    assert run.notes[0] in {f"resumed at step {t}" for t in (6, 9)}
    assert_same_run(run, whole)
    assert run.phases == whole.phases


# --- The file -------------------------------------------------------------------------------------


def header(kept):
    """Return the document in the file's header."""
    with kept.path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        return json.loads(json.loads(file.read(size))["__metadata__"]["latebloom"])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return the checkpoint of a finished run."""
    kept = lb.Checkpoint(tmp_path_factory.mktemp("state"))
    lb.simulate(FULL, checkpoint=kept)
    return kept


def copy(written, folder, change=None, arrays=None):
    """Return a checkpoint with the same file, its header changed."""
    kept, document = lb.Checkpoint(folder / "copy"), header(written)
    if change:
        change(document)
    kept.path.parent.mkdir()
    found = load_file(written.path) if arrays is None else arrays
    save_file(found, kept.path, {"latebloom": json.dumps(document)})
    return kept


def test_the_folder_has_one_file_with_the_arrays_and_a_document(written):
    assert [p.name for p in written.path.parent.iterdir()] == ["checkpoint.safetensors"]
    document = header(written)
    assert document["format"] == module.FORMAT
    assert document["versions"]["jax"]
    assert document["info"]["t"] == 30
    names = set(load_file(written.path))
    assert any(name.startswith("state") and "layers.0.weight" in name for name in names)
    raw = written.path.read_bytes()
    assert not raw.startswith(b"\x80")
    assert b"pickle" not in raw


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"steps": 31}, "steps is 30 there and 31 here"),
        ({"penalty": lb.L2(lb.SwitchOn(0.06, before=0.001))}, "penalty.beta.value is 0.05 there"),
        ({"method": dataclasses.replace(FULL.method, batch_seed=4)}, "method.batch_seed is 3 "),
        ({"model": lb.MLP((5,))}, "model.widths is [4] there and [5] here"),
        ({"init": lb.Drawn(seed=2)}, "init.seed is 1 there and 2 here"),
        ({"precision": "float64"}, "precision is 'mixed' there and 'float64' here"),
        ({"thresholds": (0.2, 0.3)}, "thresholds is [0.2, 0.35] there"),
        ({"problem": blobs(seed=1)}, "problem.x_train.sha256 is "),
        ({"penalty": None}, "penalty is {'type': 'L2', "),
    ],
)
def test_a_file_of_another_run_is_refused_with_what_differs(changes, what, written):
    message = refusal(lambda: lb.simulate(FULL.with_(**changes), checkpoint=written))
    assert message.startswith(str(written.path))
    assert "is of another run" in message
    assert what in message
    assert message.endswith("choose another folder, or delete the file to start anew")


def test_another_name_is_the_same_run(written, whole):
    renamed = lb.simulate(FULL.with_(name="another"), checkpoint=written)
    assert renamed.notes == ("resumed at step 30",)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d: d["versions"].update(jax="0.0.1"), "version of jax is '0.0.1' there"),
        (lambda d: d["versions"].pop("latebloom"), "version of latebloom is None there"),
        (lambda d: d.update(format=99), "format is 99 there and"),
    ],
)
def test_a_file_of_another_version_is_refused_with_both(change, what, written, tmp_path):
    kept = copy(written, tmp_path, change)
    assert what in refusal(lambda: lb.simulate(FULL, checkpoint=kept))


def test_damaged_files_are_refused_with_a_remedy(written, tmp_path):
    whole = written.path.read_bytes()
    kept = lb.Checkpoint(tmp_path / "damaged")
    kept.path.parent.mkdir()
    for data in (b"", whole[:7], whole[:500], whole[:-1], b"\xff" * 100, whole[:8] + b"{" * 900):
        kept.path.write_bytes(data)
        message = refusal(lambda: lb.simulate(FULL, checkpoint=kept))
        assert message.startswith(str(kept.path))
        assert "cannot be read as a checkpoint" in message
        assert "delete it, or choose another folder" in message
        assert kept.path.read_bytes() == data  # left as it was


@pytest.mark.parametrize("missing", ["steps", "state", "recorded", "measures"])
def test_a_file_without_some_of_its_arrays_is_refused(missing, written, tmp_path):
    arrays = {k: v for k, v in load_file(written.path).items() if not k.startswith(missing)}
    kept = copy(written, tmp_path, arrays=arrays)
    message = refusal(lambda: lb.simulate(FULL, checkpoint=kept))
    assert "cannot be read as a checkpoint" in message


def test_a_safetensors_file_of_something_else_is_refused(tmp_path):
    kept = lb.Checkpoint(tmp_path)
    for metadata in (None, {"latebloom": "not JSON"}, {"latebloom": "{}"}, {"other": "x"}):
        save_file({"w": np.ones(3)}, kept.path, metadata)
        message = refusal(lambda: lb.simulate(FULL, checkpoint=kept))
        assert "cannot be read as a checkpoint" in message


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    kept = lb.Checkpoint(tmp_path / "file" / "state")
    message = refusal(lambda: lb.simulate(FULL, checkpoint=kept))
    assert "cannot be written" in message


def test_a_disk_that_fills_up_costs_the_checkpoint_not_the_run(whole, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    kept = lb.Checkpoint(tmp_path, every_steps=10)
    with pytest.warns(UserWarning, match=r"No space left on device\); the run goes on without"):
        run = lb.simulate(FULL, checkpoint=kept)
    assert_same_run(run, whole)
    assert list(tmp_path.iterdir()) == []  # no half-written file


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"every_seconds": -1.0}, "every_seconds = -1.0: must be a finite number >= 0"),
        ({"every_seconds": float("nan")}, "every_seconds = nan"),
        ({"every_steps": 0}, "every_steps = 0: must be an integer >= 1"),
    ],
)
def test_impossible_intervals_are_refused(settings, what):
    assert what in refusal(lambda: lb.Checkpoint("state", **settings))


def test_states_are_due_by_time_or_by_updates():
    assert lb.Checkpoint("s", every_seconds=10.0).due(10.0, 0)
    assert not lb.Checkpoint("s", every_seconds=10.0).due(9.9, 10**9)
    assert lb.Checkpoint("s", every_seconds=10.0, every_steps=5).due(0.0, 5)
    assert not lb.Checkpoint("s", every_seconds=10.0, every_steps=5).due(0.0, 4)
