"""Options that several commands have."""

from typing import Annotated

from tyro.conf import Positional, arg

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
    from latebloom.experiment.settings import known_settings

    return known_settings()
