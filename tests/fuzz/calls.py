"""Random calls of the public functions and classes."""

import inspect
import random
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

import latebloom as lb

from .values import OBJECTS, chance

# Given a function, or changing what is registered for all cases to come.
LEFT_OUT = ("register", "register_engine", "register_law", "register_preset", "register_sweeps")


@cache
def targets() -> dict[str, Callable[..., Any]]:
    """Return the public functions and classes by name."""
    every = {name: getattr(lb, name) for name in sorted(lb.__all__) if name not in LEFT_OUT}
    return {name: one for name, one in every.items() if inspect.isfunction(one) or _is_input(one)}


def _is_input(one: Any) -> bool:
    """Return whether a class is made by users; others are results."""
    return hasattr(one, "__spec_family__") or one in (lb.Experiment, lb.Checkpoint, lb.Rules)


@cache
def right() -> dict[str, Any]:
    """Return arguments that are right, by the name of the parameter."""
    problem = lb.SparseRecovery(n=20, s=2, N=12)
    experiment = lb.Experiment(problem, lb.L1(1e-3), steps=50)
    matrix = np.outer([1.0, 2.0, 0.0], [1.0, 0.0])
    return {
        "experiment": experiment,
        "base": experiment,
        "experiments": [experiment, experiment],
        "problem": problem,
        "run": lb.simulate(experiment),
        "penalty": lb.L1(1e-3),
        "method": lb.ProximalGradient(0.1),
        "model": lb.Linear(),
        "a": np.zeros(20),
        "A": matrix,
        "X": np.eye(3, 5),
        "y_star": np.ones(3),
        "y": np.ones(3),
        "steps": [0, 1, 2],
        "train": [1.0, 0.5, 0.0],
        "test": [1.0, 1.0, 0.0],
        "kind": "error",
        "axes": {"N": [8, 12]},
        "path": "store",
        "beta": 1e-3,
        "alpha": 0.1,
        "budget": 1e4,
        "error": 1e-2,
        "engine": "auto",
        "start": np.zeros(20),
    }


def call(rng: random.Random) -> tuple[str, Callable[..., Any], dict[str, Any]]:
    """Return the name of a function, the function and its arguments by name."""
    name = rng.choice(list(targets()))
    function = targets()[name]
    arguments: dict[str, Any] = {}
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        parameters = ()
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        needed = parameter.default is parameter.empty
        if needed or chance(rng, 0.3):
            arguments[parameter.name] = _value(rng, parameter.name)
    return name, function, arguments


def _value(rng: random.Random, name: str) -> Any:
    known = right()
    if name in known and chance(rng, 0.5):
        return known[name]
    odd = [np.zeros((0, 3)), np.array([np.nan]), np.array(["a"]), 1j, object(), None, len, b"x"]
    return rng.choice([rng.choice(OBJECTS), rng.choice(list(known.values())), rng.choice(odd)])
