"""Worlds: which settings of an experiment can be dragged, and how far."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from latebloom.core import schedules
from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.files import read_toml
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.presets import Setting, engine_of, load, presets

Number = int | float

# The least horizon: a run shows at least its first phase.
LEAST_STEPS = 1000
PER_DECADE = 10
# The grids of runs that a world has.
GRIDS = ("law", "phase")
# Without ranges of its own, a whole number of a named experiment goes to so many times its value.
BEYOND = 2


@dataclass(frozen=True)
class Control:
    """A setting that can be dragged.

    **Fields:**

    - `key`: its dotted key; `name`: what it is called; `text`: what it is.
    - `scale`: `log`, `linear` or `integer`.
    - `low`, `high`: its range; `why`: the reason for it.
    - `step`: between two values on a linear scale.
    - `start`: the value of the world's experiment, one of the values in any case.
    """

    key: str
    name: str
    text: str
    scale: str
    low: Number
    high: Number
    why: str
    step: float = 1.0
    start: Number = 0

    @cached_property
    def values(self) -> tuple[Number, ...]:
        """All values, increasing; on a log scale ten per decade, of two digits.

        >>> Control("penalty.beta", "beta", "", "log", 1e-3, 1e-2, "", start=1e-3).values
        (0.001, 0.0013, 0.0016, 0.002, 0.0025, 0.0032, 0.004, 0.005, 0.0063, 0.0079, 0.01)
        """
        if self.scale == "integer":
            found: list[Number] = list(range(int(self.low), int(self.high) + 1))
        elif self.scale == "linear":
            count = round((self.high - self.low) / self.step)
            found = [round(self.low + i * self.step, 10) for i in range(count + 1)]
        else:
            first = round(PER_DECADE * math.log10(self.low))
            last = round(PER_DECADE * math.log10(self.high))
            found = [float(f"{10 ** (i / PER_DECADE):.1e}") for i in range(first, last + 1)]
            if isinstance(self.start, int):
                found = [int(value) for value in found]
        return tuple(sorted({*found, self.start}))

    def read(self, value: object) -> Number:
        """Return a value, or the text of one, as a number of the range.

        **Raises:** `InvalidInput` for what is no number of this range.
        """
        try:
            number = float(str(value))
        except ValueError:
            number = math.nan
        whole = isinstance(self.start, int)
        if not self.values[0] <= number <= self.values[-1] or (whole and number != int(number)):
            what = "a whole number" if whole else "a number"
            raise InvalidInput(
                f"{self.name} = {shown(value)}: must be {what} from {self.values[0]:g} to "
                f"{self.values[-1]:g}; {self.why}"
            )
        return int(number) if whole else number


@dataclass(frozen=True)
class Axis:
    """A setting of a grid of runs and its values."""

    name: str
    values: tuple[Number, ...]


@dataclass(frozen=True)
class World:
    """An experiment and the settings of it that can be dragged.

    **Fields:**

    - `name`, `title`, `text`: how to call it, and what it shows.
    - `source`, `settings`: the named experiment, and what is changed in it.
    - `engine`: the engine that computes it.
    - `controls`: what can be dragged.
    - `horizon`: if given, the steps are the next power of ten above horizon/(alpha beta).
    - `grids`: the axes x and y of its grids of runs, by name: `law` and `phase`.
    """

    name: str
    title: str
    text: str
    source: str
    settings: tuple[Setting, ...]
    engine: str
    controls: tuple[Control, ...]
    horizon: float | None = None
    grids: Mapping[str, tuple[Axis, Axis]] = field(default_factory=dict)

    @property
    def start(self) -> dict[str, Number]:
        """The value of each control in the world's experiment, by name."""
        return {control.name: control.start for control in self.controls}

    def control(self, name: str) -> Control:
        """Return the control called `name`, or of this key; `InvalidInput` if there is none."""
        for control in self.controls:
            if name in (control.name, control.key):
                return control
        names = [control.name for control in self.controls]
        raise InvalidInput(f"{self.name}: no setting {shown(name)}{nearest(name, names)}")

    @cached_property
    def _base(self) -> Experiment:
        return load(self.source, self.settings)

    def settings_at(self, values: Mapping[str, Number]) -> list[Setting]:
        """Return what has to be changed in the named experiment, as pairs (key, text), each once.

        **Arguments:**

        - `values`: of controls, by name; those left out keep their start.
        """
        changed = [
            (control.key, str(value))
            for control in self.controls
            if (value := values.get(control.name, control.start)) != control.start
        ]
        steps = self.steps_at(values)
        if steps not in (None, self._base.steps):
            changed.append(("steps", str(steps)))
        pairs = [*self.settings, *changed]
        keys = [Experiment.full_name(self._base, key) for key, _ in pairs]
        return list(dict(zip(keys, pairs, strict=True)).values())

    def steps_at(self, values: Mapping[str, Number]) -> int | None:
        """Return the horizon that follows from alpha and beta; None if none does."""
        if self.horizon is None:
            return None
        alpha, beta = (values.get(name, self.start[name]) for name in ("alpha", "beta"))
        steps = self.horizon / (alpha * beta)
        # The 1e-9 keeps rounding errors from lifting an exact power of ten to the next one.
        return max(LEAST_STEPS, 10 ** math.ceil(math.log10(steps) - 1e-9))

    def experiment(self, values: Mapping[str, Number]) -> Experiment:
        """Return the experiment with these values of its controls, by name.

        **Raises:** `InvalidInput` for values that do not fit together, such as s > n.
        """
        return load(self.source, self.settings_at(values))


@cache
def _tables() -> tuple[dict[str, Control], dict[str, Any]]:
    """Return the known controls by name, and the tables of the worlds."""
    tables = read_toml(Path(__file__).with_name("worlds.toml"))
    return {table["name"]: Control(**table) for table in tables["controls"]}, tables["worlds"]


def names() -> tuple[str, ...]:
    """Return the names of the worlds.

    >>> names()
    ('sparse', 'mirage', 'matrix', 'deep', 'network')
    """
    return tuple(_tables()[1])


@cache
def world(name: str) -> World:
    """Return a world, or a named experiment as one.

    **Arguments:**

    - `name`: of a world, or of `latebloom list`: such a world has the controls that its experiment
      has settings for. Of a figure of many runs it is one of them.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest; for what trains nothing.

    >>> world("sparse").start["beta"], world("fig5").control("r").start
    (1e-05, 2)
    """
    known, tables = _tables()
    if name in tables:
        return _of_table(name, tables[name], known)
    single = single_runs(name)
    if not single:
        every = [*tables, *experiments()]
        raise InvalidInput(f"explore: no world or experiment {shown(name)}{nearest(name, every)}")
    name, preset = single[0], presets()[single[0]]
    spec = preset.experiment().to_dict()
    controls = []
    for control in known.values():
        start = _value(spec, control.key)
        if start is None:
            continue
        low, high = min(control.low, start), max(control.high, start)
        if control.scale == "integer" and control.name != "seed":
            high = max(start * BEYOND, control.low)
        controls.append(replace(control, start=start, low=low, high=high))
    return World(
        name,
        f"{name}: {preset.title}",
        preset.note,
        name,
        (),
        engine_of(name),
        tuple(controls),
    )


@cache
def experiments() -> tuple[str, ...]:
    """Return the named experiments that are single runs, in the order of their names."""
    return tuple(name for name, preset in presets().items() if preset.build is not None)


@cache
def single_runs(name: str) -> tuple[str, ...]:
    """Return the experiment of this name or alias; of a family of runs NAME those called NAME-...

    >>> single_runs("fig3"), single_runs("fig30"), single_runs("fig19")
    (('fig3',), ('fig1-l1', 'fig1-l2'), ())
    """
    called = {one: {one, *presets()[one].aliases} for one in experiments()}
    own = tuple(one for one, every in called.items() if name in every)
    parts = (one for one, every in called.items() if any(n.startswith(f"{name}-") for n in every))
    return own or (tuple(parts) if name in presets() else ())


def _of_table(name: str, table: dict[str, Any], known: dict[str, Control]) -> World:
    settings = tuple((key, text) for key, text in table["settings"])
    spec = load(table["experiment"], settings).to_dict()
    ranges = table.get("ranges", {})
    controls = []
    for own in table["controls"]:
        control = replace(known[own], **ranges.get(own, {}))
        start = _value(spec, control.key)
        assert start is not None
        controls.append(replace(control, start=start))
    grids = {}
    for kind in GRIDS:
        x, y = (Axis(table[kind][at]["name"], tuple(table[kind][at]["values"])) for at in "xy")
        grids[kind] = (x, y)
    return World(
        name,
        table["title"],
        table["text"],
        table["experiment"],
        settings,
        table["engine"],
        tuple(controls),
        table.get("horizon"),
        grids,
    )


def _value(spec: Any, key: str) -> Number | None:
    """Return the number at a dotted key of a spec as dictionaries; None if there is none."""
    for part in key.split("."):
        spec = spec.get(part) if isinstance(spec, dict) else None
    if isinstance(spec, bool) or not isinstance(spec, int | float) or spec == schedules.AUTO:
        return None
    return spec if key == "problem.seed" or spec > 0 or key == "problem.tau" else None
