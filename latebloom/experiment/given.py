"""The experiment that a caller gives: itself, its name, its file, or what has one."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.problems import Problem

from .experiment import Experiment
from .presets import Preset, load

Given = Experiment | str | Path


def experiment_of(given: Any, caller: str) -> Experiment:
    """Return the experiment that an argument stands for.

    **Arguments:**

    - `given`: an experiment; a name of `latebloom list`, or the path of a TOML file; a preset; the
      dictionary of an experiment; a run, whose experiment it is.
    - `caller`: the function that takes it, for the message.

    **Raises:** `InvalidInput` for anything else, with what is wanted.

    >>> from latebloom.experiment.given import experiment_of
    >>> experiment_of("fig3", "predict").name
    'fig3'
    """
    if isinstance(given, Experiment):
        return given
    if isinstance(given, str | Path):
        return load(given)
    if isinstance(given, Preset):
        return given.experiment()
    if isinstance(given, Mapping):
        return Experiment.from_dict(dict(given))
    own = getattr(given, "experiment", None)
    if isinstance(own, Experiment):
        return own
    if isinstance(given, Problem):
        raise InvalidInput(
            f"{caller} takes an experiment, and {type(given).__name__} is a problem alone: give "
            "lb.Experiment(problem, penalty), with a penalty such as lb.L1(1e-5), or None"
        )
    kind = f"the class {given.__name__}" if isinstance(given, type) else type(given).__name__
    many = isinstance(given, Sequence) and any(isinstance(one, Experiment) for one in given)
    hint = f"; call {caller} for each of them" if many else ""
    if many and caller == "simulate":
        hint = "; lb.simulate_batch takes several"
    raise InvalidInput(
        f"{caller} takes an experiment, a name such as 'fig3' or a TOML file; this is {kind}{hint}"
    )
