"""How far a run is: the functions that report it, and the bar on standard error."""

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from inspect import Parameter
from typing import Any

from .errors import InvalidInput, shown
from .interrupts import at_end
from .messages import QUIET, level

# Called with (steps done, steps in all) now and then; some add a note of a few words.
Progress = Callable[..., object]


def with_note(given: Any) -> Progress | None:
    """Return a user's function as one of (done, total, note), whether it takes a note or not.

    **Raises:** `InvalidInput` if it is no function of two or three arguments, and not None.

    >>> from latebloom.core.progress import with_note
    >>> with_note(lambda done, total: print(done, "of", total))(1, 2, "a note")
    1 of 2
    """
    if given is None:
        return None
    wanted = "must be a function of (steps done, steps in all) or of these and a note, or None"
    if not callable(given) or isinstance(given, type):
        raise InvalidInput(f"progress = {shown(given)}: {wanted}")
    try:
        signature = inspect.signature(given)
    except (TypeError, ValueError):  # some compiled functions have none
        return lambda done, total, note="": given(done, total)
    # A third one with a default, as in `lambda done, total, bar=bar: ...`, is not for us.
    every = signature.parameters.values()
    third = [p for p in every if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][2:3]
    takes = any(p.default is Parameter.empty or p.name == "note" for p in third)
    count = 3 if takes or any(p.kind is p.VAR_POSITIONAL for p in every) else 2
    with suppress(TypeError):
        signature.bind(*range(count))
        return lambda done, total, note="": given(*(done, total, note)[:count])
    raise InvalidInput(f"progress = {shown(given)}, which takes {signature}: {wanted}")


def listener(name: str, given: Any, of: str) -> Any:
    """Return a user's function of one argument; raises `InvalidInput` for another, not for None.

    **Arguments:**

    - `name`, `given`: of the setting; `of`: what the function is called with.
    """
    with suppress(TypeError, ValueError):
        if given is not None:
            inspect.signature(given).bind(0)
        return given
    raise InvalidInput(f"{name} = {shown(given)}: must be a function of {of}, or None")


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
