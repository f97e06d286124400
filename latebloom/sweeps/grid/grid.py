"""The sweep: a labelled grid of experiments."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, TypeVar

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.html import facts
from latebloom.core.spec import SPEC_VERSION, canonical
from latebloom.core.spec_class import as_hinted
from latebloom.engines.base import fingerprint
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.given import Given, experiment_of
from latebloom.experiment.keys import Fields, child_of
from latebloom.experiment.settings import change, copied

from .arguments import check_arguments
from .axis import label
from .dimensions import RESERVED, Values, axis_of, named, seed_axis
from .expression import Expression
from .foreign import foreign_parts
from .seeding import derived_seed, seed_keys
from .structure import structure_of
from .task import TASKS, Task

T = TypeVar("T")
# Raise it when the meaning of a sweep's spec changes.
SWEEP_VERSION = 1


class Grid:
    """A grid of experiments; see `sweep` for the arguments.

    **Fields:**

    - `base`: the experiment that all cells start from.
    - `axes`: the dimensions, in order; the seeds, if any, are the last.
    - `derive`: dotted key -> formula, in order of evaluation.
    - `only`: the condition of a cell to be part of the sweep, or None.
    - `engine`, `tasks`, `trajectories`, `batch`, `name`: as given.
    """

    # What `from_dict` makes: `Sweep`, which can be computed, sets it when it is defined.
    kind: ClassVar[Any] = None

    def __init__(
        self,
        base: Given,
        axes: Values | None = None,
        zip: Sequence[Values] = (),
        seeds: int | Sequence[int] | None = None,
        derive: Mapping[str, str] | None = None,
        only: str | None = None,
        matched: bool = True,
        engine: str = "auto",
        tasks: Sequence[str] = ("simulate",),
        trajectories: Sequence[str] = (),
        batch: int | None = None,
        name: str = "",
    ) -> None:
        base = experiment_of(base, "sweep")
        seeds, batch = as_hinted(seeds, int), as_hinted(batch, int)
        check_arguments(axes, zip, matched, engine, tasks, trajectories, batch)
        self.base, self.engine, self.matched, self.batch = base, engine, matched, batch
        self.tasks = tuple(dict.fromkeys(tasks))
        self.trajectories = tuple(sorted(set(trajectories)))
        self.name = name or base.name or "sweep"
        self.fields = fields = Fields(base)
        groups = [*({key: values} for key, values in (axes or {}).items()), *zip]
        self.axes = named([axis_of(group, fields) for group in groups])
        self.seeded = seeds is not None
        if seeds is not None:
            self.axes = (*self.axes, seed_axis(seeds))
        swept = {key for axis in self.axes for key in axis.values}
        self.derive: dict[str, Expression] = {}
        self._names: dict[str, str] = {}
        keys = {fields.key(short, "derive") for short in derive or {}}
        for short, text in (derive or {}).items():
            key = fields.key(short, "derive")
            if key in swept:
                raise InvalidInput(f"derive: {short} is an axis as well; choose one")
            formula = self._formula(f"derive {short}", text)
            late = (keys - self.derive.keys()) & {self._names[name] for name in formula.names}
            if late:
                raise InvalidInput(
                    f"derive: {key} = {formula.text!r} uses {min(late)}, which is derived after "
                    "it: write that one first"
                )
            self.derive[key] = formula
        self.only = None if only is None else self._formula("only", only)
        self._base = {key: value for key, value in base.to_dict().items() if key != "name"}
        self._seed_keys: dict[str, tuple[str, ...]] = {}

    def _formula(self, what: str, text: Any) -> Expression:
        formula = Expression(str(text))
        for name in formula.names:
            seed = self.seeded and name == "seed"  # the sweep's own
            self._names[name] = "seed" if seed else self.fields.key(name, what)
        return formula

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values of every dimension."""
        return tuple(axis.size for axis in self.axes)

    @property
    def size(self) -> int:
        """The number of cells, those that `only` leaves out included."""
        return math.prod(self.shape)

    @cached_property
    def coords(self) -> dict[str, tuple[str, tuple[Any, ...]]]:
        """Name -> (dimension, its values as labels); zipped fields share a dimension."""
        taken = {axis.name for axis in self.axes}
        found: dict[str, tuple[str, tuple[Any, ...]]] = {}
        for axis in self.axes:
            for i, (key, values) in enumerate(axis.values.items()):
                short = key.rpartition(".")[2]
                name = axis.name if i == 0 else key if short in (*taken, *RESERVED) else short
                taken.add(name)
                found[name] = (axis.name, tuple(label(v) for v in values))
        return found

    def settings(self, i: int) -> dict[str, Any] | None:
        """Return the fields that cell i changes in the base, derived ones included.

        The last dimension runs fastest.

        **Returns:** dotted key -> value, `seed` for the sweep's own seed; None if `only` leaves the
        cell out.
        """
        found: dict[str, Any] = {}
        for axis, k in zip(self.axes, self._place(i), strict=True):
            found |= {key: values[k] for key, values in axis.values.items()}
        for key, formula in self.derive.items():
            found[key] = formula(self._values(formula, found))
        inside = self.only is None or self.only(self._values(self.only, found))
        return found if inside else None

    def _place(self, i: int) -> tuple[Any, ...]:
        """Return the index of cell i along each dimension."""
        check.integer("i", i, low=0, high=self.size - 1, why=", the cells of the sweep")
        return np.unravel_index(i, self.shape)

    def value(self, key: str, settings: Mapping[str, Any]) -> Any:
        """Return what the field `key` of a cell with these settings is, None if it has none."""
        if key in settings:
            return settings[key]
        node: Any = self._base
        if any(key.startswith(f"{above}.") for above in settings):  # the type itself is chosen
            node = self._changed({k: v for k, v in settings.items() if k != "seed"})
        for part in key.split("."):
            node = child_of(node, part)
        return node

    def _changed(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Return the base with these changes."""
        data = copied(self._base)
        # Types first, as on the command line: then beta belongs to the type that was chosen.
        for key, value in sorted(settings.items(), key=lambda item: item[0].count(".")):
            change(data, key, copied(value))
        return data

    def _values(self, formula: Expression, settings: Mapping[str, Any]) -> dict[str, Any]:
        values = {}
        for name in formula.names:
            value = self.value(self._names[name], settings)
            value = value.get("type") if isinstance(value, Mapping) else value
            if not isinstance(value, bool | int | float | str):
                raise InvalidInput(
                    f"{formula.text!r}: {name} is {'not set' if value is None else 'no number'}"
                )
            values[name] = value
        return values

    def experiment(self, i: int) -> Experiment | None:
        """Return the experiment of cell i, or None if `only` leaves it out.

        **Raises:** `InvalidInput` if the cell's values make no experiment, naming the cell.
        """
        return self._of_cell(i, Experiment.from_dict)

    def key(self, i: int) -> str | None:
        """Return the hash of the experiment of cell i, without drawing its data; None if left out.

        **Raises:** `InvalidInput` if a value is no value of its field, naming the cell.
        """
        return self._of_cell(i, Experiment.hash_of_dict)

    def _of_cell(self, i: int, made: Callable[[dict[str, Any]], T]) -> T | None:
        data = self.spec(i)
        try:
            return None if data is None else made(data)
        except InvalidInput as error:
            raise InvalidInput(
                f"cell {self.describe(i)}: {error}; `only` leaves cells out"
            ) from None

    def spec(self, i: int) -> dict[str, Any] | None:
        """Return the experiment of cell i as nested dictionaries, None if it is left out."""
        settings = self.settings(i)
        if settings is None:
            return None
        own = {key: value for key, value in settings.items() if key != "seed"}
        data = self._changed(own)
        if self.seeded:
            cell = None if self.matched else {k: label(v) for k, v in own.items()}
            for key in self._seeds_of(data):
                if key not in own:
                    change(data, key, derived_seed(settings["seed"], key, cell))
        return data

    def _seeds_of(self, data: dict[str, Any]) -> tuple[str, ...]:
        """Return the keys of the seeds of an experiment, which depend on its types alone."""
        structure = structure_of(data)[0]
        if structure not in self._seed_keys:
            keys = tuple(seed_keys(Experiment.from_dict(data)))
            if not keys:
                raise InvalidInput("seeds: nothing in the experiment is drawn; leave seeds out")
            self._seed_keys[structure] = keys
        return self._seed_keys[structure]

    def describe(self, i: int) -> str:
        """Return the coordinates of cell i in words.

        >>> import latebloom as lb
        >>> base = lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5))
        >>> lb.sweep(base, {"N": [20, 30]}, seeds=2).describe(3)
        'N=30, seed=1'
        """
        names = (axis.name for axis in self.axes)
        at = dict(zip(names, self._place(i), strict=True))
        return ", ".join(f"{name}={values[at[dim]]}" for name, (dim, values) in self.coords.items())

    def cells(self) -> Iterator[tuple[int, Experiment]]:
        """Yield number and experiment of every cell that is part of the sweep."""
        for i in range(self.size):
            experiment = self.experiment(i)
            if experiment is not None:
                yield i, experiment

    def to_dict(self) -> dict[str, Any]:
        """Return the sweep as plain values (arrays of the base stay arrays)."""
        grid = [
            {"name": axis.name, "values": {key: list(v) for key, v in axis.values.items()}}
            for axis in (self.axes[:-1] if self.seeded else self.axes)
        ]
        found: dict[str, Any] = {
            "name": self.name,
            "base": self._base,
            "grid": grid,
            "derive": {key: formula.text for key, formula in self.derive.items()},
            "matched": self.matched,
            "engine": self.engine,
            "tasks": list(self.tasks),
            "trajectories": list(self.trajectories),
        }
        if self.seeded:
            found["seeds"] = list(self.axes[-1].values["seed"])
        if self.only is not None:
            found["only"] = self.only.text
        if self.batch is not None:
            found["batch"] = self.batch
        return found

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Any:
        """Return the sweep that `to_dict` describes."""
        rest = {k: v for k, v in data.items() if k not in ("base", "grid")}
        groups = [dict(axis["values"]) for axis in data["grid"]]
        kind = Grid.kind or cls
        return kind(Experiment.from_dict(dict(data["base"])), zip=groups, **rest)

    def made_by(self, task: Task) -> str:
        """Return the digest of the code that computes a task: the engines, and the sources of the
        parts that plugins brought."""
        check.instance("task", task, Task, ", of `tasks_of(sweep)`")
        return fingerprint(task.engine, self._foreign)

    @cached_property
    def _foreign(self) -> tuple[type, ...]:
        """The classes from outside of the package that the sweep names."""
        return foreign_parts(self.to_dict())

    @cached_property
    def hash(self) -> str:
        """16 hex digits that identify the grid and what is done with it, whatever it is called."""
        data = {k: v for k, v in self.to_dict().items() if k not in ("name", "batch", "base")}
        data["derive"] = list(data["derive"].items())  # their order matters
        data["version"] = [SWEEP_VERSION, SPEC_VERSION]
        data["base"] = canonical(self.base.with_(name=""))
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _repr_html_(self) -> str:
        """Return the axes as a table, for notebooks."""
        axes = {a.name: f"{a.size}: {', '.join(map(str, a.values))}" for a in self.axes}
        return facts(repr(self), {**axes, "base": self.base.name or self.base.hash})

    def __repr__(self) -> str:
        grid = " x ".join(f"{axis.name} {axis.size}" for axis in self.axes) or "one cell"
        return f"{type(self).__name__}({self.name!r}: {grid}; {', '.join(self.tasks)})"


def tasks_of(sweep: Grid) -> list[Task]:
    """Return the tasks of a sweep, in the order of `TASKS`."""
    own = Task("simulate", sweep.engine, sweep.trajectories)
    return [own if kind == own.kind else Task(kind) for kind in TASKS if kind in sweep.tasks]
