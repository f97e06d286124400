"""The command `watch`: a log that grows, in the terminal."""

import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.interrupts import check as check_signals
from latebloom.core.interrupts import listening
from latebloom.core.json_text import dump_json
from latebloom.core.messages import note

from .commands import DONE, INTERRUPTED, Setting
from .curve_options import CurveOptions, save_picture
from .diagnose import print_diagnosis

if TYPE_CHECKING:
    from latebloom.diagnosis import Diagnosis

LOG = arg(metavar="LOG", help="A file that a trainer writes, or a folder, as for diagnose.")
# Heights of a curve, lowest first, and how many of them stand in a line.
BLOCKS, COLUMNS = "▁▂▃▄▅▆▇█", 40
# Reading takes at most this share of the time, however long the log is.
SHARE = 0.1
# A long log takes seconds to read; Ctrl-C waits for it.
GRACE = 60.0
# Seconds between two looks at the signals.
LOOK = 0.1


@dataclass(frozen=True)
class Watch(CurveOptions):
    """Follow a growing log: the curves, t1 and t2 as they are reached. Ctrl-C leaves the diagnosis.

    The log is read again when it has changed. It may not exist yet.
    """

    log: Annotated[str, Positional, LOG]
    every: float = 2.0
    """Seconds between two looks at the log."""
    seconds: float | None = None
    """End after so many seconds; if left out, Ctrl-C ends it."""
    plot: Path | None = None
    """Write a picture at the end, .svg, .png or .pdf."""

    def execute(self, settings: list[Setting]) -> int:
        """Follow the log until Ctrl-C, then print the diagnosis."""
        check.real("--every", self.every, low=0, strict=True)
        if self.seconds is not None:
            check.real("--seconds", self.seconds, low=0)
        if self.plot is not None:
            from latebloom.plots import require_picture

            require_picture(self.plot)
        if os.path.exists(self.log) and not (os.path.isfile(self.log) or os.path.isdir(self.log)):
            raise InvalidInput(
                f"{self.log}: is a pipe or a device, which watch cannot follow; use "
                "latebloom diagnose"
            )
        follower, code = _Follower(self), DONE
        try:
            with listening(GRACE):
                follower.follow()
        except KeyboardInterrupt:
            code = INTERRUPTED
        follower.look(at_once=True)
        if follower.found is None:
            raise InvalidInput(follower.why)
        save_picture(follower.found, self.plot)
        if self.json:
            print(dump_json({"log": self.log, **follower.found.to_dict()}))
        else:
            print_diagnosis(self.log, follower.found, self.plot)
        return code


class _Follower:
    """The log as it was last read.

    - `found`: its diagnosis; None before there is one, and `why` says why.
    """

    def __init__(self, options: Watch) -> None:
        self.options = options
        self.found: Diagnosis | None = None
        self.why = f"{options.log}: is not there yet; give the path of a log"
        self._seen: Any = ()
        self._next = 0.0
        self._said = ""

    def follow(self) -> None:
        """Look at the log until time is over, and show what is new."""
        from rich.console import Console
        from rich.live import Live

        import latebloom.diagnosis  # noqa: F401  slow to import: before the first timed read

        console = Console(stderr=True)
        end = time.monotonic() + (self.options.seconds or 0.0)
        shown = Live(console=console, auto_refresh=False, transient=True)
        with shown if console.is_terminal else nullcontext():
            while True:
                if self.look() and console.is_terminal:
                    shown.update(self.view(), refresh=True)
                elif not console.is_terminal:
                    self.say()
                if self.options.seconds is not None and time.monotonic() >= end:
                    return
                check_signals()
                time.sleep(LOOK)

    def look(self, at_once: bool = False) -> bool:
        """Read the log if it has changed, and if it is time; whether it was read."""
        now = time.monotonic()
        if now < self._next and not at_once:
            return False
        self._next = now + self.options.every
        state = _state(Path(self.options.log))
        if state == self._seen:
            return False
        self._seen = state
        try:
            log, options = self.options.read(self.options.log)
            self.found = options.diagnose(log)
        except InvalidInput as error:
            self.why = str(error)
        took = time.monotonic() - now
        self._next = max(self._next, now + took / SHARE)
        return True

    def say(self) -> None:
        """Say what has changed, in one line: for what is no terminal."""
        text = f"waiting: {self.why}"
        if self.found is not None:
            t1, t2 = (p.words for p in (self.found.t1, self.found.t2))
            reached = [p.high is not None for p in (self.found.t1, self.found.t2)]
            key = f"{self.found.verdict} {reached}"
            text = f"{self.found.verdict}: t1 {t1}, t2 {t2}"
        else:
            key = text
        if key != self._said:
            self._said = key
            note(text)

    def view(self) -> Any:
        """The table of a terminal."""
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, show_header=False, title=Text(self.options.log))
        if self.found is None:
            table.add_row(Text(self.why))
            return table
        for curve in (self.found.train, self.found.test):
            last = f"{float(curve.values[-1]):.4g} at step {int(curve.steps[-1]):,}"
            table.add_row(Text(curve.name), Text(sparkline(curve.steps, curve.values)), Text(last))
        table.add_row("t1 (memorized)", Text(self.found.t1.words), "")
        table.add_row("t2 (generalized)", Text(self.found.t2.words), "")
        table.add_row("verdict", Text(str(self.found.verdict)), "Ctrl-C leaves the diagnosis")
        return table


def sparkline(steps: Any, values: Any, columns: int = COLUMNS) -> str:
    """Return a curve as a line of blocks over the steps, from its least to its largest value.

    >>> sparkline([0, 1, 2, 3], [0.0, 0.5, 0.5, 1.0], 4)
    '▁▅▅█'
    """
    import numpy as np

    k, v = np.asarray(steps, dtype=float), np.asarray(values, dtype=float)
    places = np.linspace(k[0], k[-1], columns)
    drawn = v[np.clip(np.searchsorted(k, places, "right") - 1, 0, len(v) - 1)]
    finite = drawn[np.isfinite(drawn)]
    if not len(finite):
        return " " * columns
    low, span = float(finite.min()), float(np.ptp(finite)) or 1.0
    top = len(BLOCKS) - 1
    return "".join(
        BLOCKS[int(top * (x - low) / span + 0.5)] if np.isfinite(x) else " " for x in drawn
    )


def _state(path: Path) -> tuple[tuple[str, int, int], ...]:
    """Sizes and times of a file, or of the files of a folder: another if the log has changed."""
    from latebloom.diagnosis.logs.folder import MOST_FILES

    try:
        # A folder with more files is refused as soon as it is read.
        files = sorted(islice(path.rglob("*"), MOST_FILES)) if path.is_dir() else [path]
        return tuple((str(p), (s := p.stat()).st_size, s.st_mtime_ns) for p in files)
    except OSError:  # not there yet, or just moved
        return ()
