"""The arguments of a command: its own options, which tyro reads, and settings of its experiment.

tyro can return unknown arguments, but it does not know that an unknown option takes a value: in
``run --steps 1e3 fig3`` the next word, ``--steps`` or ``1e3``, would have to be the experiment, and
it stops. It also refuses ``--out -x``, reads ``--json=1`` as ``--json`` and an unknown ``1``, reads
no whole number ``1e4``, and reports a mistake in several lines and exits. So `split` pairs each
option with its value first, and tyro gets arguments that are complete.
"""

import io
import math
import re
import typing
from collections.abc import Sequence
from contextlib import redirect_stderr
from dataclasses import MISSING, fields
from typing import Any, Literal

import tyro

from latebloom.core.errors import InvalidInput, close, shown
from latebloom.core.messages import QUIET, VERBOSE, set_level

from .commands import COMMANDS, DONE, Setting
from .help import arguments_of, print_help

CONFIG = (tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff)
# How near an option must be to be suggested, dashes included: --ran is 0.8 near to --run, and
# --workers 0.75 to --order.
SIMILAR = 0.78
# Options of the program, which stand before the command.
GLOBAL = ("--plugin", "--version", "-V")
# Switches that stand before the command or among its arguments.
LEVELS = {"-v": VERBOSE, "--verbose": VERBOSE, "-q": QUIET, "--quiet": QUIET}


def execute(name: str, tokens: Sequence[str]) -> int:
    """Run a command and return its exit code.

    **Arguments:**

    - `name`: a name in `COMMANDS`.
    - `tokens`: the arguments after the name.

    **Raises:** `InvalidInput` for an unknown option, a missing argument or a bad value.
    """
    kind = COMMANDS[name].load()
    if "-h" in tokens or "--help" in tokens:
        print_help(kind, f"latebloom {name}")
        return DONE
    own, settings = split(name, kind, tokens)
    message = io.StringIO()
    try:
        with redirect_stderr(message):
            command = tyro.cli(kind, args=own, config=CONFIG)
    except SystemExit:
        # Only types that `_checked` does not know get here. The message is in a box.
        words = [word for word in message.getvalue().split() if word.strip("-─│╭╮╰╯")]
        raise InvalidInput(f"{name}: {' '.join(words)}") from None
    return command.execute(settings)


def split(name: str, kind: Any, tokens: Sequence[str]) -> tuple[list[str], list[Setting]]:
    """Return the command's own arguments, complete and checked, and the settings.

    **Arguments:**

    - `name`: of the command.
    - `kind`: its class.
    - `tokens`: the arguments after the name.

    **Raises:** `InvalidInput` as `execute` does.
    """
    types = typing.get_type_hints(kind)
    positional = _positional(kind)
    # tyro wants several arguments without a name next to each other.
    unnamed: list[str] = []
    own: list[str] = []
    settings: list[Setting] = []
    seen: set[str] = set()
    given: set[str] = set()
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        if token in LEVELS and token.lstrip("-") not in _options(kind):
            set_level(LEVELS[token])
            continue
        if not token.startswith("-") or token == "-":  # "-" is standard input
            if not positional:
                raise InvalidInput(
                    f"{shown(token)} is one argument too many for {name}; see {name} --help"
                )
            first = next(iter(positional))
            several = typing.get_origin(types[first]) is tuple  # takes all that follow
            what = positional[first] if several else positional.pop(first)
            given.add(first)
            if not token.strip():
                raise InvalidInput(f"{name} '{token}': is empty; {name} needs {what}")
            unnamed.append(token)
            continue
        option, equals, value = token.partition("=")
        key = option.lstrip("-").replace("-", "_")
        known = option.startswith("--") and key in _options(kind)
        if not known:
            _require_setting(name, kind, option, key)
        if key in seen:
            raise InvalidInput(f"{option}: is given twice; give it once")
        seen.add(key)
        if known and types[key] is bool:
            if equals:
                raise InvalidInput(f"{option} takes no value; leave out '={value}'")
            own.append(option)
            continue
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise InvalidInput(f"{option} needs a value, as in {option} VALUE")
            value = rest.pop(0)
        if known:
            # One argument, because the value may begin with a dash.
            own.append(f"{option}={_checked(option, value, types[key])}")
        else:
            settings.append((key, value))
    for field in fields(kind):
        required = field.default is MISSING and field.default_factory is MISSING
        if field.name in positional and required and field.name not in given:
            raise InvalidInput(f"{name} needs {positional[field.name]}")
    return [*unnamed, *own], settings


def _positional(kind: Any) -> dict[str, str]:
    """Return the arguments without an option's name, in order, and what each of them is."""
    found = {}
    for one in arguments_of(kind):
        if one.positional:
            what = one.text.rstrip(".")
            found[one.field] = what[0].lower() + what[1:] if what else one.typed
    return found


def _options(kind: Any) -> list[str]:
    """Return the names of the options, without dashes."""
    return [one.field for one in arguments_of(kind) if not one.positional]


def _checked(option: str, value: str, kind: Any) -> str:
    """Return the text of an option's value as tyro reads it: 1e4 is the whole number 10000.

    **Raises:** `InvalidInput` if it is no number or none of the choices.
    """
    if not value.strip():
        raise InvalidInput(f"{option} '{value}': is empty; give a value, or leave the option out")
    if typing.get_origin(kind) is Literal and value not in typing.get_args(kind):
        choices = ", ".join(map(str, typing.get_args(kind)))
        raise InvalidInput(f"{option} {value}: must be one of {choices}")
    if kind not in (float, int, float | None, int | None):
        return value
    whole = kind in (int, int | None)
    what = "a whole number" if whole else "a number"
    try:
        number = float(value)
    except ValueError:
        raise InvalidInput(f"{option} {value}: must be {what}") from None
    if not math.isfinite(number) or (whole and number != int(number)):
        raise InvalidInput(f"{option} {value}: must be {what if whole else 'a finite number'}")
    return str(int(number) if whole else number)


def _require_setting(name: str, kind: Any, option: str, key: str) -> None:
    """Raise, naming the nearest option, unless `key` can be a setting of the command.

    The end of a setting's name will do, as in --beta for --penalty.beta; whether the experiment has
    one such field is seen when it is loaded.
    """
    if not re.match(r"\w", key):  # "--" alone, "--=3"
        raise InvalidInput(f"unknown option {shown(option)}; see {name} --help")
    settings = kind.known_settings() if hasattr(kind, "known_settings") else []
    words = {word for setting in settings for word in setting.split(".")}
    parts = [part for part in key.split(".") if not part.isdigit()]
    whole = key.partition(".")[0] in settings
    if option.startswith("--") and (whole or (parts and words.issuperset(parts))):
        return
    if option in GLOBAL:
        raise InvalidInput(f"{option} stands before the command: latebloom {option} ... {name}")
    options = [f"--{key.replace('_', '-')}" for key in _options(kind)]
    short = {setting.rpartition(".")[2] for setting in settings}
    known = [*options, *(f"--{word}" for word in (*settings, *short))]
    hint = close(option, known, SIMILAR) or (
        f"; options: {', '.join(options)} (see latebloom {name} --help)"
    )
    raise InvalidInput(f"unknown option '{option}'{hint}")
