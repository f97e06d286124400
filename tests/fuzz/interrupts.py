"""Interrupting commands at random moments: ``python -m fuzz.interrupts`` prints a table.

A signal is sent when a command has used a random part of the processor time that it may take, which
does not depend on what else the machine does. Whatever it does then, it ends with the code 128 +
signal, without a traceback, and leaves no draft and no process behind.
"""

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from latebloom.core.files import DRAFT

from .cases import accept_ctrl_c
from .files import furnish

# Command lines, and the processor seconds in which they do all that is worth interrupting.
LINES: tuple[tuple[float, str], ...] = (
    (0.4, "list --json"),
    (0.6, "show fig3"),
    (1.5, "predict fig3"),
    (1.5, "check small.toml"),
    (1.5, "diagnose log.csv --train train_acc --test val_acc"),
    (1.5, "diagnose - --json < log.csv"),
    (1.5, "compare log.csv logs/no_suffix --json"),
    (2.0, "watch log.csv --every 0.1"),
    (1.5, "export store --out table.csv"),
    (2.5, "plot phase store --out picture.svg"),
    (3.0, "run fig3 --engine step --method.alpha 1e-4 --steps 1e9 --out out"),
    (2.0, "run fig3 --method ProximalGradient --out out"),
    (6.0, "run blog-fig1 --checkpoint state --checkpoint-every 0.5"),
    (3.0, "run completion200 --json"),
    (6.0, "run slow-teacher --out out"),
    (6.0, "check completion200"),
    (5.0, "sweep phase-small --workers 1"),
    (2.0, "sweep sweep.toml --dry-run"),
    (5.0, "reproduce fig3 --store paper.store --workers 1"),
    (5.0, "reproduce fig1 --full --store paper.store --workers 1"),
    (2.0, "errata --run"),
    (4.0, "demo --out demo"),
)
# Seconds after which a process hangs. A command ends within `LIMIT`, which depends on the machine:
# it is reported, not tested.
HANG, LIMIT = 120.0, 3.0
# Processor seconds in which Python ends. A command that works longer after a signal and then ends
# well has swallowed it.
ENDING = 0.3
# A process that does nothing for so long, waiting for a reader, is interrupted too.
IDLE = 5.0


@dataclass(frozen=True)
class Interrupted:
    """What a signal did: the exit code, None if the command had ended before; what is wrong; the
    seconds until the end by the clock, and of the processor, which do not depend on other work."""

    code: int | None = None
    fault: str = ""
    seconds: float = 0.0
    worked: float = 0.0


def start(argv: list[str], folder: Path) -> "subprocess.Popen[str]":
    """Start a command and wait until it answers signals, which Python itself does not.

    Standard input is the file after ``<``, the last argument.
    """
    accept_ctrl_c()  # the process inherits it
    piped = (folder / argv[-1]).read_text() if "<" in argv else ""
    argv = argv[: argv.index("<")] if piped else argv
    process = subprocess.Popen(
        [sys.executable, "-m", "latebloom", *argv],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(piped)  # it stays open: a reader waits for more
    process.stdin.flush()
    while process.poll() is None and not _answers(process.pid):
        time.sleep(0.002)
    return process


def _answers(pid: int) -> bool:
    """Return whether a process has a handler of SIGTERM."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGTERM - 1) & 1)


def interrupt(
    argv: list[str], folder: Path, delay: float, number: int = signal.SIGINT
) -> Interrupted:
    """Start a command in a folder, send it a signal after `delay` processor seconds and judge its
    end."""
    process = start(argv, folder)
    used, since = 0.0, time.monotonic()
    while process.poll() is None and used < delay and time.monotonic() - since < IDLE:
        time.sleep(0.005)
        before, used = used, spent(process.pid)
        since = time.monotonic() if used > before else since
    if process.poll() is not None:
        out, err = process.communicate()
        return Interrupted(None, _fault(process, folder, out, err))
    used = spent(process.pid)  # before the signal: what has ended is counted no more
    os.killpg(process.pid, number)  # as a terminal does
    return finish(process, folder, number, used)


def spent(group: int) -> float:
    """Return the processor seconds that the processes of a group have used so far."""
    ticks = 0
    for fields in _group(group):
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def finish(
    process: "subprocess.Popen[str]", folder: Path, number: int, used: float = 0.0
) -> Interrupted:
    """Wait for the end of a command that got a signal, and judge it; `used`: the processor seconds
    that it had taken before."""
    began, before = time.monotonic(), _ended()
    try:
        out, err = process.communicate(timeout=HANG)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return Interrupted(-1, "it hangs", HANG, HANG)
    seconds, worked = time.monotonic() - began, _ended() - before - used
    code = process.returncode
    fault = _fault(process, folder, out, err)
    # A signal after the last line, while Python ends, finds everything done; Python has given its
    # handlers back by then, and a shell shows 128 + signal for a process that a signal has ended.
    late = code in (0, 1, -number) and out and worked <= ENDING
    if code != 128 + number and not late:
        fault = f"exit code {code}: {err[-1000:]}"
    return Interrupted(code, fault, seconds, max(0.0, worked))


def _ended() -> float:
    """Return the processor seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _fault(process: "subprocess.Popen[str]", folder: Path, out: str, err: str) -> str:
    if any(word in out + err for word in ("Traceback", "Exception ignored", "leaked", "Fatal")):
        return f"standard error: {err[-3000:]}"
    drafts = [str(p) for p in folder.rglob(".*") if p.name.startswith((DRAFT, ".out.", ".demo."))]
    if drafts:
        return f"drafts are left: {drafts}"
    until = time.monotonic() + HANG
    while any(_group(process.pid)):
        if time.monotonic() > until:
            os.killpg(process.pid, signal.SIGKILL)
            return "processes are left"
        time.sleep(0.02)
    return ""


def _group(group: int) -> Iterator[list[str]]:
    """Yield what /proc/PID/stat says of the processes of a group, from their state on; those that
    have ended and that nobody waits for are left out."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            yield fields


def moment(i: int, seed: int, share: float = 1.0) -> tuple[str, float, int]:
    """Return the command line, the delay and the signal of moment i; `share`: the part of the
    time of a command, from its start, in which all moments lie."""
    rng = random.Random(f"{seed} interrupt {i}")
    seconds, line = LINES[i % len(LINES)]
    number = signal.SIGTERM if rng.random() < 0.2 else signal.SIGINT
    return line, share * rng.uniform(0, seconds), number


def main() -> int:
    """Interrupt commands and print what happened, by command."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.interrupts", description=__doc__)
    parser.add_argument("--count", type=int, default=300, help="moments (of 300)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", help="command lines that begin so")
    options = parser.parse_args()
    rows: dict[str, list[Interrupted]] = {line: [] for _, line in LINES}
    for i in range(options.count):
        line, delay, number = moment(i, options.seed)
        if not line.startswith(options.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            furnish(Path(folder))
            found = interrupt(line.split(), Path(folder), delay, number)
        rows[line].append(found)
        if found.fault:
            print(f"moment {i}: {line} after {delay:.2f} s, signal {number}: {found.fault}")
    print(f"{'command':<66} signals ended  codes          longest  worked  late faults")
    for line, found in rows.items():
        sent = [one for one in found if one.code is not None]
        codes = sorted({one.code for one in sent if one.code is not None})
        longest = max((one.seconds for one in sent), default=0.0)
        worked = max((one.worked for one in sent), default=0.0)
        late = sum(one.worked > LIMIT for one in sent)
        faults = sum(bool(one.fault) for one in found)
        print(
            f"{line:<66} {len(sent):7d} {len(found) - len(sent):5d}  {codes!s:<14} "
            f"{longest:5.2f} s {worked:5.2f} s {late:5d} {faults:6d}"
        )
    every = [one for found in rows.values() for one in found]
    faults = sum(bool(one.fault) for one in every)
    sent = sum(one.code is not None for one in every)
    longest = max(one.worked for one in every)
    print(f"{sent} signals: {faults} faults; longest work after one {longest:.2f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
