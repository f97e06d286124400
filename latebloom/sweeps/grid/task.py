"""Tasks: what is done with an experiment, as part of the identity of its result."""

from dataclasses import dataclass

# What can be done with an experiment, in the order in which it is done.
TASKS = ("simulate", "predict", "recover")


@dataclass(frozen=True)
class Task:
    """A kind of task and what distinguishes its results.

    **Fields:**

    - `kind`: one of `TASKS`.
    - `engine`: of `simulate`; results of two engines are kept apart.
    - `trajectories`: names of the observables kept over time.

    >>> from latebloom.sweeps.grid.task import Task
    >>> str(Task("simulate", "step", ("test_error",)))
    'simulate:step+test_error'
    >>> Task.parse("simulate:step+test_error").gives(Task("simulate", "step"))
    True
    """

    kind: str
    engine: str = "auto"
    trajectories: tuple[str, ...] = ()

    def __str__(self) -> str:
        engine = "" if self.engine == "auto" else f":{self.engine}"
        return "+".join((f"{self.kind}{engine}", *self.trajectories))

    @classmethod
    def parse(cls, text: str) -> "Task":
        """Return the task that `str` wrote."""
        head, *names = text.split("+")
        kind, _, engine = head.partition(":")
        return cls(kind, engine or "auto", tuple(names))

    def gives(self, wanted: "Task") -> bool:
        """Return whether a result of this task holds all that `wanted` asks for."""
        same = (self.kind, self.engine) == (wanted.kind, wanted.engine)
        return same and set(wanted.trajectories) <= set(self.trajectories)
