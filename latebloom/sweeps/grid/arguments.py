"""The checks of a sweep's arguments, before anything is made of them."""

from collections.abc import Mapping
from typing import Any

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.engines.base import require_engine

from .task import TASKS


def check_arguments(
    axes: Any, zipped: Any, matched: Any, engine: Any, tasks: Any, trajectories: Any, batch: Any
) -> None:
    """Raise `InvalidInput` unless arguments of `sweep`, of these names, are of their kinds.

    **Arguments:**

    - `axes`, `zipped`: a table, or None; a list of tables.
    - `matched`, `engine`: True or False; the name of an engine.
    - `tasks`, `trajectories`: lists of names.
    - `batch`: a number of cells, or None.
    """
    if axes is not None and not isinstance(axes, Mapping):
        raise InvalidInput(f"axes = {axes!r}: must be a table, {{'beta': [1e-5, 1e-6]}}")
    require_engine(engine)
    check.boolean("matched", matched)
    for what, words in (("tasks", tasks), ("trajectories", trajectories)):
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise InvalidInput(f"{what} = {words!r}: must be a list of names")
    for task in tasks:
        check.one_of("tasks", task, TASKS)
    if isinstance(zipped, Mapping) or not all(isinstance(group, Mapping) for group in zipped):
        raise InvalidInput("zip: must be a list of groups, each a table of axes")
    if not tasks:
        raise InvalidInput(f"tasks = []: give at least one of {', '.join(TASKS)}")
    if batch is not None:
        check.integer("batch", batch, low=1, high=10**6)
