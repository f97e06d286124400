"""From words to an experiment: a name or a TOML file, and settings written as dotted keys."""

import os
from collections.abc import Sequence
from pathlib import Path

from latebloom._errors import InvalidInput
from latebloom.experiment import Experiment
from latebloom.settings import change, scalar

from .catalogue import preset

# (dotted key, text): ("penalty.beta", "1e-7").
Setting = tuple[str, str]


def is_family(source: str) -> bool:
    """Return whether `source` names a family of runs rather than an experiment."""
    return not _is_file(source) and preset(source).build is None


def _is_file(source: str) -> bool:
    return source.endswith(".toml") or os.sep in source or Path(source).is_file()


def load(source: str, settings: Sequence[Setting] = (), small: bool = False) -> Experiment:
    """Return the experiment that `source` names, with some settings changed.

    **Arguments:**

    - `source`: a name of the catalogue, or the path of a TOML file.
    - `small`: take the small version, which some experiments of the catalogue have.
    - `settings`: pairs (dotted key, text). A text is a TOML value; for a key that holds a spec, it
      is the name of a type (fields that the old and the new type share are kept), or `none`.

    **Returns:** the experiment; its name says what was changed.

    **Raises:** `InvalidInput` for an unknown name, key or type (naming the nearest) or value.

    >>> from latebloom.paper.load import load
    >>> load("fig3", [("method", "ProximalGradient"), ("steps", "1e9")]).method
    ProximalGradient(alpha=0.1)
    """
    is_file = _is_file(source)
    if is_file:
        if small:
            raise InvalidInput(f"{source}: --small is for names of the catalogue, not for files")
        experiment = Experiment.from_toml(Path(source))
        experiment = experiment.with_(name=experiment.name or Path(source).stem)
    else:
        experiment = preset(source).experiment(small)
    if not settings:
        return experiment
    data = experiment.to_dict()
    changes = [f"{key}={text}" for key, text in settings if key != "name"]
    data["name"] = " ".join([experiment.name, *changes])
    # Types first: `--penalty.beta 1 --penalty L1` and the reverse order mean the same.
    for key, text in sorted(settings, key=lambda setting: setting[0].count(".")):
        change(data, key, text if key == "name" else scalar(text))
    return Experiment.from_dict(data, Path(source).parent if is_file else None)
