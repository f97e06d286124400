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
# What a function needs although each of its parameters has a default.
TOGETHER = {"diagnose": ("steps", "train", "test", "kind", "thresholds")}
# Methods that sweeps and stores call on each other.
INNER = ("Store.enter", "Sweep.value")
# What no argument of a function is meant to be; some fit some of them.
ODD: tuple[Any, ...] = (
    *(None, True, 0, 3, -1, 1.5, float("nan"), float("inf"), 10**400, 2**63, 1j, np.int64(3)),
    *("", "a", "x" * 1000, "a\0b", b"x", [], [1], [None], ["a"], (1, 2), [[1], [2, 3]], range(3)),
    *({}, {"a": 1}, {1: 2}, set(), object(), int, lb, lb.L1, lb.L1(1e-3), np.array(3), np.ones(3)),
    *(np.zeros((0, 3)), np.array([np.nan]), np.array(["a"]), np.array([None]), np.array([1j])),
)


@cache
def targets() -> dict[str, Callable[..., Any]]:
    """Return the public functions and classes by name, and the methods of what they give."""
    every = {name: getattr(lb, name) for name in sorted(lb.__all__) if name not in LEFT_OUT}
    found = {name: one for name, one in every.items() if inspect.isfunction(one) or _is_input(one)}
    known = right()
    store = lb.open_store("store")
    for one in (known["experiment"], known["run"], known["sweep"], store, lb.Run, lb.Experiment):
        kind = one if isinstance(one, type) else type(one)
        for name in (name for name in dir(kind) if name[0] != "_"):
            static, whole = inspect.getattr_static(kind, name), f"{kind.__name__}.{name}"
            of_class = isinstance(static, classmethod)
            if (of_class if one is kind else inspect.isfunction(static)) and whole not in INNER:
                found[whole] = getattr(one, name)
    return found


def _is_input(one: Any) -> bool:
    """Return whether a class is made by users; others are results."""
    return hasattr(one, "__spec_family__") or one in (
        lb.Experiment,
        lb.Checkpoint,
        lb.Rules,
        lb.Monitor,
    )


@cache
def right() -> dict[str, Any]:
    """Return arguments that are right, by the name of the parameter."""
    problem = lb.SparseRecovery(n=20, s=2, N=12)
    experiment = lb.Experiment(problem, lb.L1(1e-3), steps=50)
    matrix = np.outer([1.0, 2.0, 0.0], [1.0, 0.0])
    run = lb.simulate(experiment)
    return {
        "experiment": experiment,
        "base": experiment,
        "experiments": [experiment, experiment],
        "problem": problem,
        "run": run,
        "dataset": run.to_dataset(),
        "data": experiment.to_dict(),
        "sweep": lb.open_store("store").sweep("sweep"),  # commands may have added others
        "keys": [],
        "penalty": lb.L1(1e-3),
        "method": lb.ProximalGradient(0.1),
        "model": lb.Linear(),
        "a": np.zeros(20),
        "A": matrix,
        "X": np.eye(3, 5),
        "y_star": np.ones(3),
        "y": np.ones(3),
        "mask": matrix > 0,
        "Y": matrix,
        **{f"{which}_{part}": np.ones((3, 2)) for which in "xy" for part in ("train", "test")},
        "loss": "squared_error",
        "steps": [0, 1, 2, 3, 4, 5],
        "train": [1.0, 0.5, 0.0, 0.0, 0.0, 0.0],
        "test": [1.0, 1.0, 1.0, 1.0, 0.0, 0.0],
        "thresholds": (0.1, 0.2),
        "kind": "error",
        "axes": {"N": [8, 12]},
        "path": "store",
        "folder": "state",
        "source": "beta0",
        "name": "beta",
        "params": {},
        "function": abs,
        "transformation": "sgd",
        "beta": 1e-3,
        "alpha": 0.1,
        "zeta": 1.0,
        "value": 1e-3,
        "values": [1e-3, 1e-4],
        "n1": 5,
        "n2": 4,
        "r": 1,
        "budget": 1e4,
        "error": 1e-2,
        "engine": "auto",
        "start": np.zeros(20),
    }


def call(rng: random.Random) -> tuple[str, Callable[..., Any], dict[str, Any]]:
    """Return the name of a function, the function and its arguments by name."""
    name = rng.choice(list(targets()))
    arguments: dict[str, Any] = {}
    for parameter, needed in _parameters(name):
        if needed or chance(rng, 0.3):
            arguments[parameter] = _value(rng, parameter)
    return name, targets()[name], arguments


@cache
def _parameters(name: str) -> list[tuple[str, bool]]:
    """Return the parameters of a function that have names, and whether they are needed."""
    try:
        every = inspect.signature(targets()[name]).parameters.values()
    except ValueError:
        return []
    named = (p for p in every if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
    return [(p.name, p.default is p.empty) for p in named]


def _value(rng: random.Random, name: str) -> Any:
    known = right()
    if name in known and chance(rng, 0.5):
        return known[name]
    return rng.choice([rng.choice(OBJECTS), rng.choice(list(known.values())), rng.choice(ODD)])


@cache
def odd_arguments() -> list[tuple[str, str, Any]]:
    """Return each parameter of each function with each odd value: (function, parameter, value)."""
    every = [
        (name, parameter, value)
        for name in targets()
        for parameter, _ in _parameters(name)
        for value in ODD
        # A function that is called with what it does not take is the caller's.
        if parameter != "progress" or not callable(value)
    ]
    random.Random(0).shuffle(every)  # the first few are of all kinds
    return every


def odd_call(i: int) -> tuple[str, Callable[..., Any], dict[str, Any]]:
    """Return a call that is right but for one argument, the i-th of `odd_arguments`."""
    name, odd, value = odd_arguments()[i]
    known = right()
    needed = {
        parameter: known[parameter]
        for parameter, is_needed in _parameters(name)
        if parameter in known and (is_needed or parameter in TOGETHER.get(name, ()))
    }
    return name, targets()[name], {**needed, odd: value}
