"""The command line: arguments to library calls, results to tables and files, errors to one line.

Every command is a frozen dataclass that tyro turns into options and help; its module is imported
when the command is used. What is no option of the command itself is a setting of the experiment
(``--penalty.beta 1e-7``) and goes through the same reader as a TOML file, so that a mistake gives
the same message in both.
"""

import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import make_dataclass
from typing import Annotated, Any, Union

import tyro

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.plugins import VARIABLE, load_plugins
from latebloom.core.versions import __version__

from .arguments import execute, print_help
from .commands import BAD_INPUT, COMMANDS, DONE, INTERRUPTED

ABOUT = "Delayed generalization (grokking), simulated exactly, measured and predicted."


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    **Arguments:**

    - `argv`: the arguments, without the program's name; those of the process if None.

    **Returns:** the exit code: 0 done, 1 done in part (cells failed or are missing), 2 bad input,
    130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with warnings.catch_warnings(), _environment():
            warnings.simplefilter("once", UserWarning)
            warnings.showwarning = _warn
            code = _main(arguments)
        sys.stdout.flush()
        return code
    except InvalidInput as error:
        _print_error(error)
        return BAD_INPUT
    except KeyboardInterrupt:
        print("latebloom: interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader (`| head`) has closed the pipe. Python flushes once more at exit: to nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _main(arguments: list[str]) -> int:
    arguments = _read_plugins(arguments)
    name, *rest = arguments or ["--help"]
    if name == "--version":
        print(f"latebloom {__version__}")
        return DONE
    if name in ("-h", "--help"):
        try:
            load_plugins()
        except InvalidInput as error:  # the help is printed nevertheless
            _print_error(error)
        print_help(_program(), "latebloom", ABOUT)
        return DONE if arguments else BAD_INPUT
    load_plugins()
    if name not in COMMANDS:
        raise InvalidInput(f"no command {name!r}{nearest(name, COMMANDS)}")
    return execute(name, rest)


def _read_plugins(arguments: Sequence[str]) -> list[str]:
    """Return the arguments after every ``--plugin MODULE``; add the modules to the environment.

    The processes of a sweep find them there and import them too.
    """
    rest = list(arguments)
    while rest and rest[0].partition("=")[0] == "--plugin":
        option, equals, module = rest.pop(0).partition("=")
        if not equals and rest and not rest[0].startswith("-"):
            module = rest.pop(0)
        if not module:
            raise InvalidInput(f"{option} needs a value, as in {option} MODULE")
        os.environ[VARIABLE] = ",".join(filter(None, (os.environ.get(VARIABLE), module)))
    return rest


@contextmanager
def _environment() -> Iterator[None]:
    """Restore the list of plugins in the environment at the end, for callers from Python."""
    before = os.environ.get(VARIABLE)
    try:
        yield
    finally:
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before


def _program() -> type:
    """Return the class whose help is that of the program; no command is imported for it."""
    kinds = [
        Annotated[make_dataclass(name, ()), tyro.conf.subcommand(name, description=command.summary)]
        for name, command in COMMANDS.items()
    ]
    plugin = tyro.conf.arg(
        metavar="MODULE", help="Import a module that registers parts of one's own."
    )
    version = tyro.conf.arg(help="Print the version and exit.")
    return make_dataclass(
        "Program",
        [
            ("command", Union[tuple(kinds)]),  # noqa: UP007 - built from a list
            ("plugin", Annotated[tyro.conf.UseAppendAction[list[str]], plugin]),
            ("version", Annotated[bool, version], False),
        ],
    )


def _print_error(error: InvalidInput) -> None:
    """Print an error as one line on standard error."""
    print(f"latebloom: {' '.join(str(error).split())}", file=sys.stderr)


def _warn(message: Warning | str, *_: Any) -> None:
    """Print a warning as one line on standard error."""
    print(f"latebloom: warning: {' '.join(str(message).split())}", file=sys.stderr)
