"""Options that several commands have."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput

from .commands import Setting

if TYPE_CHECKING:
    from latebloom.experiment import Experiment

# The file of a saved run that holds its experiment.
SPEC = "experiment.toml"

SOURCE = arg(
    metavar="NAME|FILE.toml", help="An experiment: a name from `latebloom list`, or a TOML file."
)
Source = Annotated[str, Positional, SOURCE]
STORE = arg(
    metavar="STORE", help="A store: a folder that `latebloom sweep` made, or the URL of one."
)
StorePath = Annotated[str, Positional, STORE]


def experiment_settings() -> list[str]:
    """Return the settings of experiments, for the commands that read one."""
    from latebloom.experiment.keys import known_settings

    return known_settings()


def load_experiment(
    source: str, settings: Sequence[Setting] = (), small: bool = False
) -> "Experiment":
    """Return the experiment that the arguments of a command name, with its settings.

    **Raises:** `InvalidInput` as `load` does, and for a sweep or a folder, naming what to type.
    """
    from latebloom.experiment.presets import load

    with sources_explained(source):
        return load(source, settings, small)


def has_small(source: str, settings: Sequence[Setting]) -> bool:
    """Return whether there is a small version of a named experiment, without settings."""
    from latebloom.experiment.presets import presets

    found = presets().get(source)
    return not settings and found is not None and found.small is not None


@contextmanager
def sources_explained(source: str) -> Iterator[None]:
    """Say of a sweep or a folder that was given as an experiment what it is, and what to type."""
    from latebloom.core.files import read_toml

    path = Path(source)
    if os.path.isdir(path):  # of Path, it raises for a name that is too long
        inside = path / SPEC
        hint = f"its experiment is {inside}" if inside.is_file() else "give a TOML file"
        raise InvalidInput(f"{source}: is a folder; {hint}")
    is_sweep = path.suffix == ".toml" and os.path.isfile(path) and "base" in read_toml(path)
    try:
        if not is_sweep:
            yield
            return
    except InvalidInput:
        from latebloom.sweeps.named import sweep_files

        if os.path.exists(path) or source not in sweep_files():
            raise
    raise InvalidInput(f"{source}: is a sweep, not an experiment: latebloom sweep {source}")
