"""Running a case in this process, and what may be wrong with its end."""

import contextlib
import faulthandler
import importlib
import io
import json
import os
import pkgutil
import random
import re
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import latebloom
import latebloom_paper
from latebloom.cli.main import DEBUG, main
from latebloom.core.errors import InvalidInput
from latebloom.core.interrupts import listening

from .calls import call, odd_call
from .commands import command_line
from .files import file_case

# Seconds until a case gets Ctrl-C, and until one that does not end then is a hang.
PATIENCE, HANG = 2.0, 180.0
# Seconds until the second one, which is raised wherever the case is, and which Python may drop.
AGAIN = 90.0
CODES = (0, 1, 2, 130)
LONGEST_MESSAGE = 2500
# Arguments with which a command prints something else than its result.
TALK = {"-h", "--help", "-V", "--version", "help"}


@dataclass
class Ended:
    """How a case ended: what it was, its exit code, and what is wrong with it, "" for nothing."""

    case: str
    code: int
    fault: str
    seconds: float


def accept_ctrl_c() -> None:
    """Undo what a shell does to a job in the background, which ignores Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextlib.contextmanager
def limited() -> Iterator[None]:
    """Send Ctrl-C to what takes longer than `PATIENCE`; end the process at `HANG`, with a trace.

    The first is counted, as in a program: raised anywhere, Python might drop it.
    """
    accept_ctrl_c()
    before = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    faulthandler.dump_traceback_later(HANG, exit=True, file=sys.__stderr__)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE, AGAIN)
    try:
        with listening():
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


def run_line(argv: list[str], label: str, named: bool = True) -> Ended:
    """Run a command line and judge its end; `named`: whether what is wrong is in it."""
    out, err, fault, code = io.StringIO(), io.StringIO(), "", -1
    began = time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            with _debugging(), limited():
                code = main(argv)
        except KeyboardInterrupt:  # it came after the end
            code = 130
        except BaseException:
            fault = traceback.format_exc()
    fault = fault or _fault(argv if named else None, code, out.getvalue(), err.getvalue())
    if not fault and code == 0 and "--json" in argv and not TALK.intersection(argv):
        fault = _no_json(out.getvalue())
    return Ended(label, code, fault, time.monotonic() - began)


@contextlib.contextmanager
def _debugging() -> Iterator[None]:
    os.environ[DEBUG] = "1"
    try:
        yield
    finally:
        os.environ.pop(DEBUG, None)


def _fault(argv: list[str] | None, code: int, out: str, err: str) -> str:
    if code not in CODES:
        return f"exit code {code}: {err[:300]}"
    if "Traceback" in err + out:
        return f"a traceback: {err[-3000:]}"
    if len(err) > LONGEST_MESSAGE:
        return f"{len(err)} characters on standard error: {err[:300]}"
    before = ("latebloom: warning: ", "latebloom: waiting: ")
    lines = [line for line in err.splitlines() if not line.startswith(before)]
    if code == 2:
        if len(lines) != 1 or not lines[0].startswith("latebloom: "):
            return f"a refusal is one line on standard error: {err[:500]!r}"
        return _vague(argv, lines[0].removeprefix("latebloom: "))
    return ""


def _no_json(out: str) -> str:
    try:
        json.loads(out, parse_constant=_no_constant)
    except ValueError as error:
        return f"no JSON ({error}): {out[:200]!r}"
    return ""


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


# A refusal says what is allowed, or what to do.
ADVICE = re.compile(
    r"must|needs?\b|needed|give|choose|did you mean|known|use |try|instead|see |leave|one of|only|"
    r"such as|go(es)? with|is for|are |has |have |cannot|does not|no such|take|beyond|not stable|"
    r"is a |pip install|make|write|below|between|set aside|too |not valid|missing|does that"
)


def _vague(argv: list[str] | None, message: str) -> str:
    """Return what is missing in a refusal: it says what is wanted, and names what was given."""
    if not ADVICE.search(message):
        return f"a refusal without advice: {message[:400]}"
    texts = [text for token in argv or () for text in (token, token.partition("=")[2])]
    words = [w for text in texts for w in (text, *re.split(r"[=.\s]+|--", text)) if w]
    named = any(word[:50] in message for word in words)
    if argv is None or named or re.search(r"'[^']*'| = ", message):
        return ""
    return f"a refusal that names nothing: {message[:400]}"


def load_all() -> None:
    """Import everything first: an import that Ctrl-C ends half-way leaves broken modules."""
    for package in (latebloom, latebloom_paper):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)


# The kinds of cases -------------------------------------------------------------------------------


def command(rng: random.Random, _: int) -> Ended:
    """Run a random command line."""
    argv = command_line(rng)
    return run_line(argv, f"latebloom {' '.join(_brief(a) for a in argv)}")


def file(rng: random.Random, _: int) -> Ended:
    """Run a command on a random TOML file, which stays where it is until the next one."""
    data, line = file_case(rng)
    Path("case.toml").write_bytes(data)
    argv = ["case.toml" if token == "FILE" else token for token in line]
    text = _brief(data.decode(errors="replace"), 1500)
    return run_line(argv, f"latebloom {' '.join(argv)} with {text}", named=False)


def api(rng: random.Random, _: int) -> Ended:
    """Call a random public function or class."""
    return _called(*call(rng))


def argument(_: random.Random, i: int) -> Ended:
    """Call a public function with one argument of a wrong type."""
    return _called(*odd_call(i))


def _called(name: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Ended:
    label = f"lb.{name}({', '.join(f'{k}={_brief(_repr(v))}' for k, v in arguments.items())})"
    fault, code, began = "", 0, time.monotonic()
    try:
        with warnings.catch_warnings(), limited():
            warnings.simplefilter("ignore", UserWarning)
            function(**arguments)
    except InvalidInput as error:
        code, message = 2, str(error)
        if "\n" in message or len(message) > LONGEST_MESSAGE or len(message) < 15:
            fault = f"a refusal is one line: {message[:300]!r}"
    except KeyboardInterrupt:
        code = 130
    except MemoryError:
        code = 2
    except BaseException:
        code, fault = -1, traceback.format_exc()
    return Ended(label, code, fault, time.monotonic() - began)


def _repr(value: Any) -> str:
    try:
        return " ".join(repr(value).split())
    except ValueError:
        return f"<{type(value).__name__}>"


def _brief(text: str, most: int = 60) -> str:
    quoted = text if (text and " " not in text) or most > 60 else repr(text)
    return quoted if len(quoted) <= most else f"{quoted[:most]}...({len(text)})"


KINDS: dict[str, Callable[[random.Random, int], Ended]] = {
    "command": command,
    "file": file,
    "call": api,
    "argument": argument,
}


def case(kind: str, seed: int, i: int) -> Ended:
    """Run case i of a kind; it is the same whenever the seed is."""
    ended = KINDS[kind](random.Random(f"{seed} {kind} {i}"), i)
    return Ended(f"{kind} {i}: {ended.case}", ended.code, ended.fault, ended.seconds)
