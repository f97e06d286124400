"""The time that a command will take, announced before it starts if it is more than a minute."""

from contextlib import suppress
from typing import TYPE_CHECKING

from latebloom.core.messages import NORMAL, VERBOSE, note
from latebloom.core.text import duration

if TYPE_CHECKING:
    from latebloom.engines.base import Engine
    from latebloom.experiment import Experiment
    from latebloom.sweeps import Sweep

# Commands that take longer are announced, with a quicker one.
LONG = 60.0
# Cells of a sweep whose cost is guessed.
SAMPLED = 20
# Flows of a network that a plan follows, beside that of the prediction.
FLOWS = 5
# An inexact engine is proposed where it takes this share of the time at most.
SHORTER = 0.1


def rough(seconds: float) -> str:
    """Return a guess of a time in words, to one digit or two.

    >>> rough(283), rough(40), rough(9000)
    ('4 min 40 s', '40 s', '2 h 30 min')
    """
    if seconds < 1.5:
        return "a second"
    unit = 1 if seconds < 60 else 10 if seconds < 600 else 60 if seconds < 3600 else 600
    return duration(round(seconds / unit) * unit).replace(" 0 s", "").replace(" 0 min", "")


def say(what: str, seconds: float, cheaper: str) -> None:
    """Say how long something will take, and what takes less, if it is more than a minute."""
    hint = f"; {cheaper}" if cheaper and seconds > LONG else ""
    note(f"{what}: about {rough(seconds)}{hint}", at=NORMAL if seconds > LONG else VERBOSE)


def say_run(experiment: "Experiment", engine: str, source: str, small: bool) -> None:
    """Say how long a run will take, and what takes less.

    **Arguments:**

    - `experiment`, `engine`: what is run, and how; `auto` stands for what it chooses.
    - `source`: the name or file that was typed.
    - `small`: whether there is a small version.
    """
    from latebloom.engines.base import find_engine

    chosen = find_engine(engine, experiment)
    seconds = chosen.cost(experiment)
    cheaper = ""
    if small:
        cheaper = f"latebloom run {source} --small takes seconds"
    elif seconds > LONG:
        quick = _quicker(experiment, seconds)
        brackets = f"--engine {quick} takes seconds and gives brackets of t1 and t2"
        cheaper = brackets if quick else _shorter(chosen, experiment)
    say(f"{experiment.steps:,} updates by engine {chosen.name}", seconds, cheaper)


def say_prediction(experiment: "Experiment", source: str, small: bool, plans: bool) -> None:
    """Say how long the prediction of a network will take, which follows its flow.

    **Arguments:**

    - `experiment`, `source`, `small`: as of `say_run`.
    - `plans`: whether a plan is asked for too.
    """
    from latebloom.engines.flow_engine import COMPILING, NetworkFlowEngine
    from latebloom.problems import Supervised
    from latebloom.theory.network_predict import why_not

    if not isinstance(experiment.problem, Supervised) or why_not(experiment):
        return
    one = NetworkFlowEngine().cost(experiment)
    every = one + FLOWS * (one - COMPILING)
    cheaper = f"latebloom predict {source} --small takes seconds" if small else ""
    if plans:
        cheaper = cheaper or f"without --budget it takes {rough(one)}"
        say("a plan, and a prediction along the flow of the network", every, cheaper)
    else:
        say("a prediction along the flow of the network", one, cheaper)


def say_sweep(sweep: "Sweep", workers: int | None) -> None:
    """Say how long a sweep may take, from a few of its cells, and what takes less.

    Cells that advance together take less, and what is in the store takes no time.
    """
    from latebloom.core.errors import InvalidInput
    from latebloom.engines.base import find_engine
    from latebloom.sweeps.workers.pools import cpus

    costs = []
    for i in range(0, sweep.size, max(sweep.size // SAMPLED, 1)):
        with suppress(InvalidInput):
            cell = sweep.experiment(i)
            costs.append(0.0 if cell is None else find_engine(sweep.engine, cell).cost(cell))
    if not costs or "simulate" not in sweep.tasks:
        return
    count = workers or cpus()
    seconds = sum(costs) / len(costs) * sweep.size / count
    cheaper = "--dry-run measures a few cells"
    if sweep.seeded and sweep.axes[-1].size > 1:
        cheaper += f"; --seeds 1 takes {rough(seconds / sweep.axes[-1].size)}"
    say(f"{sweep.size:,} cells on {count} workers, if the store has none of them", seconds, cheaper)


def _shorter(engine: "Engine", experiment: "Experiment") -> str:
    """Return the option for a horizon that takes half a minute, "" if there is none."""
    steps = experiment.steps
    while steps > 1 and engine.cost(experiment.with_(steps=steps)) > LONG / 2:
        steps = int(0.8 * steps)
    return f"--steps {steps:.0e} takes half a minute" if steps > 1 else ""


def _quicker(experiment: "Experiment", seconds: float) -> str | None:
    """Return an engine that takes much less time, and is not exact."""
    from latebloom.core.errors import InvalidInput
    from latebloom.engines.base import engine_names, find_engine

    for name in engine_names()[1:]:
        try:
            if find_engine(name, experiment).cost(experiment) < SHORTER * seconds:
                return name
        except InvalidInput:
            continue
    return None
