"""Random command lines, from the real commands, options, names and settings."""

import random
import typing
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, Literal

from latebloom.cli.arguments import _positional
from latebloom.cli.commands import COMMANDS
from latebloom.experiment.keys import Fields, known_settings
from latebloom.experiment.presets import load, presets
from latebloom.sweeps.named import sweep_names

from .files import DIAGNOSIS
from .values import TEXTS, chance, misspelt

# Commands that compute for long are drawn seldom, and stopped.
SELDOM = ("demo", "reproduce", "report", "sweep", "claims", "errata", "explore")
# Logs of other trainers, which `furnish` copies.
LOGS = [f"logs/{path.name}" for path in sorted(DIAGNOSIS.iterdir())]
# What an argument without a name may be, where it is right.
RIGHT = {
    "experiment": [
        "fig3",
        "fig3",
        "beta0",
        "blog-fig4",
        "own.toml",
        "small.toml",
        "blog-fig1",
        "completion200",
    ],
    "grid": ["list", "phase-small", "law", "sweep.toml"],
    "store": ["store", "store", "folder", "empty.store"],
    "log": ["log.csv", "log.jsonl", "own.toml", *LOGS],
    "world": ["sparse", "matrix?N=20"],
    "other": ["log.csv", "log.jsonl", *LOGS],
    "picture": ["law", "phase", "agreement", "curves"],
    "figure": ["fig3", "fig99", "convex"],
    "claim": ["", "fig3", "fig3-delay"],
    "id": ["E-01", "e8", "B-99"],
}
OPTIONS = {
    "out": ["out", "out/deep/er", "picture.svg", "table.csv", "table.nc", "report.html", "log.csv"],
    "store": ["store", "new.store"],
    "kind": ["accuracy", "loss", "loss,accuracy"],
    "train": ["train_acc", "val_acc", "accuracy", "loss", "log.csv:train_acc"],
    "test": ["val_acc", "val_accuracy", "val_loss", "nope", "log.csv:val_acc"],
    "step": ["step", "epoch", "row", "step,step", "nope"],
    "where": ["seed=0", "split=test", "split=test,seed=1", "attempt=2", "seed", "nope=1", "=", ","],
    "by": ["seed", "split", "attempt", "step", "nope"],
    "norm": ["norm", "l2", "step"],
    "engine": ["auto", "step", "jump", "spectral", "slow"],
    "x": ["N", "s"],
    "y": ["s", "nope"],
    "plot": ["picture.png", "picture.xyz"],
}
# What stands before a command, and what may stand anywhere.
BEFORE = (["-V"], ["--version"], ["--plugin", "nope"], ["--plugin=latebloom_paper"], ["--plugin"])
ANYWHERE = ("-v", "--verbose", "-q", "--quiet", "-h", "--help")
NUMBERS = ("1", "2", "10", "1e3", "0.5")
# Settings that are right, by their last part.
SETTINGS = {
    "beta": ["1e-3", "1e-5", "0"],
    "alpha": ["0.1", "1e-2", "10"],
    "steps": ["10", "100", "1e3"],
    "N": ["10", "40"],
    "n": ["20", "60"],
    "s": ["1", "3"],
    "seed": ["0", "5"],
    "method": ["ProximalGradient", "Subgradient", "FISTA", "Adam"],
    "penalty": ["L1", "L2", "Nuclear", "none"],
    "model": ["Linear", "Hadamard"],
}


def command_line(rng: random.Random) -> list[str]:
    """Return a command line, right or wrong."""
    name = rng.choice([n for n in COMMANDS if n not in SELDOM or chance(rng, 0.25)])
    if chance(rng, 0.03):
        return [rng.choice([misspelt(rng, name), *TEXTS]), *_settings(rng, 1)]
    if chance(rng, 0.03):
        return ["help", *rng.choice([[], [name], [misspelt(rng, name)], [name, name]])]
    kind = COMMANDS[name].load()
    positional, hints = _positional(kind), typing.get_type_hints(kind)
    tokens = [_positional_value(rng, key) for key in positional if not chance(rng, 0.03)]
    options = [f.name for f in fields(kind) if f.name not in positional]
    for key in rng.sample(options, k=min(len(options), rng.choice([0, 1, 1, 2, 3]))):
        tokens += _option(rng, key, hints[key])
    if hasattr(kind, "known_settings"):
        tokens += _settings(rng, rng.choice([0, 1, 1, 2]))
        if "--steps" not in tokens and name != "sweep" and chance(rng, 0.9):
            tokens += ["--steps", rng.choice(["10", "1e3"])]
    if name == "sweep" and chance(rng, 0.7):
        tokens.append("--dry-run")
    argv = [name, *(_slip(rng, tokens) if chance(rng, 0.1) else tokens)]
    if chance(rng, 0.1):
        argv.insert(rng.randrange(len(argv) + 1), rng.choice(ANYWHERE))
    return [*(rng.choice(BEFORE) if chance(rng, 0.03) else []), *argv]


def _positional_value(rng: random.Random, key: str) -> str:
    if chance(rng, 0.85):
        return rng.choice(RIGHT.get(key, ["fig3"]))
    every = [*_names(), *TEXTS]
    return rng.choice([misspelt(rng, rng.choice(_names())), rng.choice(every)])


@cache
def _names() -> list[str]:
    return [*(name for name, one in presets().items() if one.build is None), *sweep_names()]


def _option(rng: random.Random, key: str, hint: Any) -> list[str]:
    option = f"--{key.replace('_', '-')}"
    if hint is bool:
        return [option, *(["1"] if chance(rng, 0.03) else [])]
    if typing.get_origin(hint) is Literal:
        right = list(typing.get_args(hint))
    elif hint in (int, float, int | None, float | None):
        right = list(NUMBERS)
    else:
        right = OPTIONS.get(key, ["out" if hint in (Path, Path | None) else "a"])
    value = rng.choice(right if chance(rng, 0.75) else TEXTS)
    return [f"{option}={value}"] if chance(rng, 0.2) else [option, value]


def _settings(rng: random.Random, count: int) -> list[str]:
    tokens: list[str] = []
    for _ in range(count):
        key = rng.choice(_known() if chance(rng, 0.2) else _usual())
        if chance(rng, 0.5):
            last = rng.choice(list(SETTINGS))
            key = rng.choice([k for k in _usual() if k.rpartition(".")[2] == last] or [last])
        last = key.rpartition(".")[2]
        right = SETTINGS.get(last, NUMBERS)
        key = last if chance(rng, 0.3) else key
        value = rng.choice(right if chance(rng, 0.7) else TEXTS)
        tokens += [f"--{misspelt(rng, key) if chance(rng, 0.05) else key}", value]
    return tokens


@cache
def _known() -> list[str]:
    return known_settings()


@cache
def _usual() -> list[str]:
    """Return the settings that most experiments have."""
    return list(Fields(load("fig3")).known)


def _slip(rng: random.Random, tokens: list[str]) -> list[str]:
    """Return the arguments with one dropped, doubled, misspelt or put elsewhere."""
    if not tokens:
        return [rng.choice(TEXTS)]
    at = rng.randrange(len(tokens))
    kind = rng.randrange(5)
    if kind == 0:
        return tokens[:at] + tokens[at + 1 :]
    if kind == 1:
        return tokens + tokens[at:]
    if kind == 2:
        return [*tokens[:at], misspelt(rng, tokens[at]), *tokens[at + 1 :]]
    if kind == 3:
        return rng.sample(tokens, len(tokens))
    return [*tokens[:at], rng.choice(TEXTS), *tokens[at:]]
