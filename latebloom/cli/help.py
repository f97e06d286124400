"""The help of the program and of its commands, in the width of the terminal."""

import ast
import inspect
import itertools
import shutil
import textwrap
import typing
from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any, Literal, NamedTuple

import tyro

from .commands import COMMANDS
from .table import WHOLE

ABOUT = "Delayed generalization (grokking), simulated exactly, measured and predicted."
# Width of help in a file or a pipe, and the most that lines take: longer ones are hard to read.
WIDTH, WIDEST = 80, 100
# Text beside a name needs this many columns; else it goes below.
BESIDE = 40
# What options of these types take.
METAVARS = {"int": "N", "float": "NUMBER", "Path": "PATH", "str": "TEXT"}
# Options of the program, which stand before the command, and those that stand anywhere.
PROGRAM = (
    ("--plugin MODULE", "Import a module that registers parts of one's own; may be repeated."),
    ("-V, --version", "Print the version and exit."),
    ("--completion SHELL", "Print the script of `latebloom completion SHELL`: bash, zsh or fish."),
)
EVERYWHERE = (
    ("-v, --verbose", "Say on standard error how the result comes about."),
    ("-q, --quiet", "Print no notes, warnings and progress on standard error."),
    ("-h, --help", "Print this help and exit."),
)


class Argument(NamedTuple):
    """An argument of a command: the field, what to type for it, what it is, and its default."""

    field: str
    typed: str
    text: str
    default: Any
    positional: bool

    @property
    def required(self) -> bool:
        """Whether the command cannot do without it."""
        return self.default is MISSING


def arguments_of(kind: Any) -> list[Argument]:
    """Return the arguments of a command, in the order of its fields."""
    texts, found = _texts(kind), []
    hints = typing.get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        hint = hints[field.name]
        metadata = getattr(hint, "__metadata__", ())
        metavar = next((m for x in metadata if (m := getattr(x, "metavar", None))), None)
        text = next((h for x in metadata if (h := getattr(x, "help", None))), None)
        positional = tyro.conf.Positional in metadata
        typed = (metavar or field.name.upper()).strip("[]")
        if not positional:
            value = metavar or _metavar(hint)
            typed = f"--{field.name.replace('_', '-')}{f' {value}' if value else ''}"
        default = field.default
        if default is MISSING and field.default_factory is not MISSING:
            default = field.default_factory()
        text = text or texts.get(field.name, "")
        found.append(Argument(field.name, typed, text, default, positional))
    return found


def _metavar(hint: Any) -> str:
    """Return what an option of this type takes, "" for a switch."""
    while hasattr(hint, "__metadata__"):
        hint = hint.__origin__
    if hint is bool:
        return ""
    if typing.get_origin(hint) is Literal:
        return "|".join(map(str, typing.get_args(hint)))
    kinds = [kind for kind in typing.get_args(hint) or (hint,) if kind is not type(None)]
    return METAVARS.get(getattr(kinds[0], "__name__", ""), "VALUE")


def _texts(kind: type) -> dict[str, str]:
    """Return the text below each field of a class, by field."""
    found: dict[str, str] = {}
    for cls in reversed(kind.__mro__):
        try:
            [body] = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        except (OSError, TypeError, SyntaxError, ValueError):  # made without a source
            continue
        nodes = getattr(body, "body", [])
        for node, below in itertools.pairwise(nodes):
            match node, below:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                    value=ast.Constant(value=text)
                ):
                    found[name] = " ".join(str(text).split())
    return found


def print_help(kind: Any, program: str) -> None:
    """Print the help of a command, whose class's fields are its arguments."""
    found = arguments_of(kind)
    positional = [one for one in found if one.positional]
    options = [one for one in found if not one.positional]
    words = [one.typed if one.required else f"[{one.typed}]" for one in positional]
    _print(f"usage: {' '.join((program, *words, '[OPTIONS]'))}", indent=" " * 7)
    for paragraph in inspect.cleandoc(kind.__doc__ or "").split("\n\n"):
        print()
        _print(paragraph)
    _section("arguments", [(one.typed, one.text) for one in positional])
    _section("options", [*((one.typed, _with_default(one)) for one in options), *EVERYWHERE])


def _with_default(argument: Argument) -> str:
    default = argument.default
    if default is None or default is False or default == "" or default is MISSING:
        return argument.text
    return f"{argument.text} (default: {default})"


def print_program_help() -> None:
    """Print the help of the program; no command is imported for it."""
    _print("usage: latebloom [OPTIONS] COMMAND ...", indent=" " * 7)
    print()
    _print(ABOUT)
    _section("commands", [(name, command.summary) for name, command in COMMANDS.items()])
    _section("options", [*PROGRAM, *EVERYWHERE])
    print()
    _print(
        "latebloom help COMMAND: its arguments. Exit codes: 0 done, 1 done in part, 2 bad input, "
        "70 an internal error, 130 interrupted."
    )


def _section(title: str, rows: Iterable[tuple[str, str]]) -> None:
    """Print names with their texts, beside them or, in a narrow terminal, below them."""
    rows = list(rows)
    if not rows:
        return
    print(f"\n{title}:")
    width = _width()
    column = min(max(len(name) for name, _ in rows) + 4, 30)
    beside = width - column >= BESIDE
    for name, text in rows:
        indent = " " * (column if beside else 6)
        lines = textwrap.wrap(text, width - len(indent), **WHOLE)
        heads = _broken(name, width - 2)
        if beside and len(heads) == 1 and len(name) + 4 <= column and lines:
            print(f"  {name:<{column - 2}}{lines.pop(0)}")
        else:
            print("\n".join(f"  {head}" for head in heads))
        for line in lines:
            print(f"{indent}{line}")


def _broken(name: str, width: int) -> list[str]:
    """Return what to type in lines that fit: a list of choices is broken after a comma or bar."""
    if len(name) <= width:
        return [name]
    spaced = name.replace(",", ",\0").replace("|", "|\0").replace(" ", " \0").split("\0")
    lines = [""]
    for part in spaced:
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("    ")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _print(text: str, indent: str = "") -> None:
    print(textwrap.fill(" ".join(text.split()), _width(), subsequent_indent=indent, **WHOLE))


def _width() -> int:
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDEST)
