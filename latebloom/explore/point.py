"""A point: a world and the values of its controls, as a link, a command, a file or a program."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, urlencode, urlsplit

from latebloom.core.errors import InvalidInput
from latebloom.experiment.experiment import Experiment

from .world import Number, World, world

# What the address names beside the controls: the world, and which panel is open.
WORLD, PANEL = "world", "panel"
RUN = "run"
PANELS = {
    RUN: "Run",
    "law": "Law",
    "phase": "Phase diagram",
    "diagnose": "Diagnose a log",
    "paper": "The paper",
}
DEFAULT_WORLD = "sparse"
# What else an address may hold: it belongs to the server.
OF_SERVER = ("access_token", "session_id", "file", "show-chrome", "kiosk", "view-as")


@dataclass(frozen=True)
class Point:
    """A world and the values of its controls.

    **Fields:**

    - `world`: what is shown.
    - `values`: of its controls, by name.
    - `panel`: what is open on the page.

    >>> Point.of("sparse", {"beta": "1e-6"}).experiment().penalty
    L1(beta=1e-06)
    """

    world: World
    values: Mapping[str, Number] = field(default_factory=dict)
    panel: str = RUN

    @classmethod
    def of(cls, name: str, values: Mapping[str, object] | None = None) -> "Point":
        """Return a point from the name of its world and some values, also as text.

        **Raises:** `InvalidInput` for an unknown world or control, or a value out of range.
        """
        found = world(name)
        read = {}
        for key, value in (values or {}).items():
            control = found.control(key)
            read[control.name] = control.read(value)
        return cls(found, {**found.start, **read})

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "Point":
        """Return the point of an address, from its parameters.

        >>> Point.from_query({"world": "matrix", "N": "20", "panel": "law"}).values["N"]
        20
        """
        rest = {key: value for key, value in query.items() if key not in OF_SERVER}
        panel = rest.pop(PANEL, RUN)
        if panel not in PANELS:
            raise InvalidInput(f"panel = {panel!r}: must be one of {', '.join(PANELS)}")
        return replace(cls.of(rest.pop(WORLD, DEFAULT_WORLD), rest), panel=panel)

    @classmethod
    def of_address(cls, query: Mapping[str, str]) -> tuple["Point", str]:
        """Return the point of an address and ""; or where the page starts, and what is wrong.

        >>> Point.of_address({"world": "sparse", "N": "1000"})[1][:10]
        "N = '1000'"
        """
        try:
            return cls.from_query(query), ""
        except InvalidInput as error:
            return cls.of(DEFAULT_WORLD), str(error)

    @classmethod
    def from_link(cls, link: str) -> "Point":
        """Return the point of a link, of its part after `?`, or of the name of a world.

        >>> Point.from_link("http://127.0.0.1:2718/?world=sparse&N=40").values["N"]
        40
        >>> Point.from_link("sparse?N=40") == Point.from_link("world=sparse&N=40")
        True
        """
        path, mark, query = link.partition("?")
        if not mark and "=" in path:
            path, query = "", path
        values = dict(parse_qsl(query, keep_blank_values=True))
        if path and not urlsplit(path).scheme and WORLD not in values:
            values[WORLD] = path
        return cls.from_query(values)

    def query(self) -> dict[str, str]:
        """Return the parameters of the address: all values, so that new defaults change no link."""
        values = {name: str(value) for name, value in self.values.items()}
        return {WORLD: self.world.name, PANEL: self.panel, **values}

    def link(self) -> str:
        """Return the part of the address after `?`."""
        return urlencode(self.query())

    def with_values(self, **values: Number) -> "Point":
        """Return the point with some values replaced."""
        return replace(self, values={**self.values, **values})

    def experiment(self) -> Experiment:
        """Return the experiment; `InvalidInput` for values that do not fit together."""
        return self.world.experiment(self.values)

    def toml(self) -> str:
        """Return the experiment as the text of a TOML file."""
        return self.experiment().to_toml()

    def command(self) -> str:
        """Return the command that runs the experiment."""
        settings = [
            part for key, text in self.world.settings_at(self.values) for part in (f"--{key}", text)
        ]
        engine = [] if self.world.engine == "auto" else ["--engine", self.world.engine]
        return shlex.join(["latebloom", "run", self.world.source, *settings, *engine])

    def python(self) -> str:
        """Return a program that runs the experiment."""
        settings = "".join(
            f"    ({key!r}, {text!r}),\n" for key, text in self.world.settings_at(self.values)
        )
        listed = f", [\n{settings}]" if settings else ""
        engine = "" if self.world.engine == "auto" else f", engine={self.world.engine!r}"
        return (
            "import latebloom as lb\n\n"
            f"experiment = lb.load({self.world.source!r}{listed})\n"
            f"run = lb.simulate(experiment{engine})\n"
            "print(run.phases)\n"
            'run.plot("run.svg")\n'
        )
