"""The progress bar of a run, on standard error."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .interrupts import at_end
from .messages import QUIET, level

# Called with (steps done, steps in all) now and then; some add a note of a few words.
Progress = Callable[..., None]


@contextmanager
def progress_bar(title: str) -> Iterator[Progress]:
    """Give a function (done, total) that moves a bar; where no one watches (a file, CI) it does
    nothing."""
    if not sys.stderr.isatty() or level() == QUIET:
        yield lambda done, total, note="": None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Bar(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
    with at_end(bar.stop), bar:  # a bar hides the cursor
        task = bar.add_task(escape(title), total=None)

        def move(done: int, total: int, note: str = "") -> None:
            words = escape(f"{title}: {note}" if note else title)
            bar.update(task, completed=done, total=total, description=words)

        yield move
