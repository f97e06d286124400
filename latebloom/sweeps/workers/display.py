"""The display of a running sweep, on standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from .runner import Standing, Watch


@contextmanager
def sweep_display(title: str) -> Iterator[Watch]:
    """Give a function that shows done, running, failed, remaining, rate and time left.

    Where no one watches (a file, CI) it does nothing.
    """
    if not sys.stderr.isatty():
        yield lambda standing: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[words]}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(escape(title), total=None, words="")

        def move(standing: Standing) -> None:
            bar.update(
                task,
                total=standing.total,
                completed=standing.done + standing.failed,
                words=escape(words(standing)),
            )

        yield move


def words(standing: Standing) -> str:
    """Return how a sweep stands, in one line.

    >>> from latebloom.sweeps.workers.runner import Standing
    >>> words(Standing(total=100, done=40, failed=2, running=8, fresh=20, seconds=10.0))
    '40 done, 8 running, 2 failed, 58 remaining; 2.0/s, 0:00:29 left'
    """
    text = (
        f"{standing.done:,} done, {standing.running:,} running, {standing.failed:,} failed, "
        f"{standing.remaining:,} remaining"
    )
    left = standing.seconds_left
    if left is None:
        return text
    hours, rest = divmod(round(left), 3600)
    return f"{text}; {standing.rate:.1f}/s, {hours}:{rest // 60:02}:{rest % 60:02} left"
