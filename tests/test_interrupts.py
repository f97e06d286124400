"""Signals: nothing is swallowed, what is done is kept, nothing is left behind."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from fuzz.files import furnish
from fuzz.interrupts import HANG, finish, interrupt, moment, start
from safetensors import safe_open

import latebloom as lb
from latebloom.core.folders import new_folder
from latebloom.core.interrupts import at_end, check, listening
from latebloom.sweeps import Training

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.fixture(autouse=True)
def python_handler():
    """Let Ctrl-C be handled as Python does, also where the tests run in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


# Blocks that count --------------------------------------------------------------------------------


class Trap:
    """Sends Ctrl-C from a finalizer, where Python drops the exception that it would raise."""

    def __del__(self):
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_a_finalizer_is_not_lost():
    @listening()
    def collecting():
        trap = Trap()
        del trap
        check()

    with pytest.raises(KeyboardInterrupt):
        collecting()


def test_the_end_of_the_block_raises_what_no_check_has():
    with pytest.raises(KeyboardInterrupt), listening():
        signal.raise_signal(signal.SIGINT)
    check()  # nothing is left to raise


def test_a_second_ctrl_c_raises_at_once():
    reached = []

    @listening()
    def pressed():
        for i in range(3):
            signal.raise_signal(signal.SIGINT)
            reached.append(i)

    with pytest.raises(KeyboardInterrupt):
        pressed()
    assert reached == [0]


def test_blocks_nest_and_give_back_the_handler():
    with contextlib.suppress(KeyboardInterrupt), listening():
        with listening(grace=1.0):
            check()
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_somebody_else_goes_on():
    heard = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(1))
    with listening():
        signal.raise_signal(signal.SIGINT)
        check()
    assert heard == [1]


def test_other_threads_are_left_alone():
    found = []

    def work():
        with listening():
            check()
            found.append(1)

    thread = threading.Thread(target=work)
    with contextlib.suppress(KeyboardInterrupt), listening():
        signal.raise_signal(signal.SIGINT)
        thread.start()
        thread.join()
    assert found == [1]


def test_an_engine_keeps_what_was_done():
    problem = lb.SparseRecovery(n=20, s=2, N=10)
    experiment = lb.Experiment(problem, lb.L1(1e-9), lb.ProximalGradient(0.1), steps=10**12)

    def press(*_, **__):
        signal.raise_signal(signal.SIGINT)

    run = lb.simulate(experiment, engine="jump", progress=press)
    assert run.interrupted
    assert 0 < run.last_step < experiment.steps


# Programs -----------------------------------------------------------------------------------------


PROGRAM = """
import os, signal, sys, time
from latebloom.core.interrupts import at_end, check, end_program, keeping_nothing, listening
from latebloom.core.interrupts import take_over
take_over()
{body}
sys.exit(end_program(0))
"""


def ended(body):
    """Return exit code and standard error of a program that sends itself Ctrl-C."""
    script = PROGRAM.format(body=body)
    start = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    done = subprocess.run(
        [sys.executable, "-c", start + script], capture_output=True, text=True, timeout=HANG
    )
    return done.returncode, done.stderr


KILL = "os.kill(os.getpid(), signal.SIGINT)"


@pytest.mark.parametrize(
    "body",
    [
        f"{KILL}\nwhile True: pass",
        f"with listening(0.1):\n    {KILL}\n    while True: pass",
        f"with listening():\n    {KILL}\n    {KILL}\n    time.sleep(600)",
        f"try:\n    with listening():\n        {KILL}\nexcept KeyboardInterrupt: pass",
        f"try:\n    {KILL}\n    time.sleep(600)\nexcept BaseException: time.sleep(600)",
        f"with keeping_nothing(), listening(600):\n    {KILL}\n    time.sleep(600)",
    ],
    ids=["no block", "no check", "twice", "answered", "nothing is raised", "nothing to keep"],
)
def test_a_program_ends_with_130(body):
    code, err = ended(body)
    assert code == 130
    assert "Traceback" not in err


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_other_signals_have_codes_of_their_own(name):
    body = f"os.kill(os.getpid(), signal.{name})\ntime.sleep(600)"
    assert ended(body)[0] == 128 + getattr(signal, name)


def test_a_program_cleans_up_before_it_ends(tmp_path):
    file = tmp_path / "draft"
    file.write_text("")
    body = f"with at_end(lambda: os.unlink({str(file)!r})):\n    {KILL}\n    time.sleep(600)"
    assert ended(body) == (130, "latebloom: interrupted\n")
    assert not file.exists()


def test_what_the_shell_has_set_to_be_ignored_stays_so():
    body = f"{KILL}\ntime.sleep(0.1)\nprint('done', file=sys.stderr)"
    script = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n" + PROGRAM
    done = subprocess.run(
        [sys.executable, "-c", script.format(body=body)], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "done\n")


def test_actions_end_with_their_block():
    done = []
    with at_end(lambda: done.append(1)):
        pass
    assert done == []


# Commands -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("i", range(30))
def test_a_signal_at_a_random_moment(i, tmp_path):
    furnish(tmp_path)
    # Half of the time holds imports, compilation and the first work; the rest costs twice as much.
    line, delay, number = moment(i, seed=1, share=0.5)
    assert interrupt(line.split(), tmp_path, delay, number).fault == ""


@pytest.mark.slow
@pytest.mark.parametrize("i", range(300))
def test_a_signal_at_many_random_moments(i, tmp_path):
    furnish(tmp_path)
    line, delay, number = moment(i, seed=2)
    assert interrupt(line.split(), tmp_path, delay, number).fault == ""


def wait_for(condition, process):
    until = time.monotonic() + HANG
    while not condition() and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.02)


SMALL = """
steps = 1000000
[problem]
type = "ModularArithmetic"
p = 7
[model]
type = "TokenPair"
width = 16
"""


@pytest.mark.parametrize("number", SIGNALS)
def test_a_training_run_keeps_its_state(number, tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    state = tmp_path / "state" / "checkpoint.safetensors"
    argv = ["run", "small.toml", "--checkpoint", "state", "--checkpoint-steps", "500", "--json"]
    process = start(argv, tmp_path)
    wait_for(state.exists, process)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=HANG)
    assert process.returncode == 128 + number, err
    found = json.loads(out)
    assert found["interrupted"] is True
    with safe_open(state, framework="numpy") as file:
        kept = json.loads(file.metadata()["latebloom"])["info"]["t"]
    assert kept >= found["last_step"] > 0  # the state at the signal, not that 500 steps before


@pytest.mark.parametrize("number", SIGNALS)
def test_workers_end_with_an_interrupted_study(number, tmp_path):
    argv = ["reproduce", "fig1", "--full", "--workers", "1", "--store", "store"]
    process = start(argv, tmp_path)
    wait_for(lambda: (tmp_path / "store").exists(), process)
    time.sleep(1.0)
    os.kill(process.pid, number)  # as a process manager does: not to the workers
    assert finish(process, tmp_path, number).fault == ""


def test_a_worker_that_is_stopped_keeps_the_state_of_its_networks(tmp_path):
    problem = lb.ModularArithmetic(p=5)
    made = [lb.Experiment(problem, lb.On(lb.L2(beta)), steps=60) for beta in (1e-3, 1e-4)]
    folder, looks = tmp_path / "state", []

    def stop():
        looks.append(1)
        return True

    stopped = Training(folder, stop).run(made, "step")
    assert all(run.interrupted for run in stopped)
    assert looks
    assert (folder / "checkpoint.safetensors").exists()
    resumed = Training(folder).run(made, "step")
    assert all("resumed at step" in run.notes[0] for run in resumed)
    assert not folder.exists()
    for run, whole in zip(resumed, Training().run(made, "step"), strict=True):
        assert run.trajectory.equals(whole.trajectory)


def test_a_state_that_cannot_be_read_is_no_obstacle(tmp_path):
    (tmp_path / "checkpoint.safetensors").write_bytes(b"damaged")
    [run] = Training(tmp_path).run([lb.Experiment(lb.ModularArithmetic(p=5), steps=3)], "step")
    assert run.last_step == 3
    assert not tmp_path.exists()


# Two processes, one folder ------------------------------------------------------------------------


def test_one_of_two_writers_of_a_folder_wins_and_the_other_says_so(tmp_path):
    out = tmp_path / "out"

    def both():
        with new_folder(out, ("result",)) as slow:
            (slow / "result").write_text("slow")
            with new_folder(out, ("result",)) as fast:
                (fast / "result").write_text("fast")

    with pytest.raises(lb.InvalidInput, match="another process has written"):
        both()
    assert (out / "result").read_text() == "fast"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_fuzzer_sees_a_signal_that_is_swallowed(tmp_path):
    """A command that goes on after it, and ends well, has swallowed it."""
    deaf = "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    busy = "print('on', flush=True)\nwhile time.process_time() < 1.5: pass\nprint('done')"
    command = [sys.executable, "-c", deaf + busy]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "on\n"
    process.send_signal(signal.SIGINT)
    assert finish(process, tmp_path, signal.SIGINT).fault.startswith("exit code 0")
