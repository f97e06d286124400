"""The display of a running sweep, on standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .summary import SweepProgress, Watch


@contextmanager
def sweep_display(title: str) -> Iterator[Watch]:
    """Give a function that shows done, running, failed, remaining, rate and time left.

    Where no one watches (a file, CI) it does nothing.
    """
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(title), total=None, words="")

        def move(progress: SweepProgress) -> None:
            bar.update(
                task,
                total=progress.total,
                completed=progress.done + progress.failed,
                words=escape(words(progress)),
            )

        yield move


def words(progress: SweepProgress) -> str:
    """Return the progress of a sweep in one line.

    >>> from latebloom.sweeps.workers.summary import SweepProgress
    >>> words(SweepProgress(total=100, done=40, failed=2, running=8, fresh=20, seconds=10.0))
    '40 done, 8 running, 2 failed, 58 remaining; 2.0/s, 0:00:29 left'
    """
    text = (
        f"{progress.done:,} done, {progress.running:,} running, {progress.failed:,} failed, "
        f"{progress.remaining:,} remaining"
    )
    left = progress.seconds_left
    if left is None:
        return text
    hours, rest = divmod(round(left), 3600)
    return f"{text}; {progress.rate:.1f}/s, {hours}:{rest // 60:02}:{rest % 60:02} left"
