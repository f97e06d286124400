"""The command line: arguments to library calls, results to tables and files, errors to one line.

Every command is a frozen dataclass that tyro turns into options and help; its module is imported
when the command is used. What is no option of the command itself is a setting of the experiment
(``--penalty.beta 1e-7``) and goes through the same reader as a TOML file, so that a mistake gives
the same message in both.
"""

import errno
import io
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.json_text import dump_json
from latebloom.core.messages import NORMAL, QUIET, note, set_level
from latebloom.core.plugins import VARIABLE, load_plugins
from latebloom.core.versions import __version__

from .arguments import LEVELS, execute
from .commands import BAD_INPUT, COMMANDS, DONE, FAULT, INTERRUPTED
from .help import print_program_help

# The environment variable that shows where a fault is.
DEBUG = "LATEBLOOM_DEBUG"
# Modules that are part of every installation but the one in a browser.
DEPENDENCIES = ("h5netcdf", "h5py", "jax", "jaxlib", "matplotlib", "optax", "safetensors")
# Why standard output may not take what is printed; such errors name no file.
UNWRITTEN = (errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    **Arguments:**

    - `argv`: the arguments, without the program's name; those of the process if None. With
      ``--json`` among them an error is a JSON document as well.

    **Returns:** the exit code: 0 done, 1 done in part (cells failed or are missing), 2 bad input,
    70 a fault of latebloom, 130 interrupted. With the environment variable ``LATEBLOOM_DEBUG`` a
    fault raises what it is.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with warnings.catch_warnings(), _environment():
            warnings.simplefilter("once", UserWarning)
            warnings.showwarning = _warn
            _require_streams()
            code = _main(arguments)
        sys.stdout.flush()
        return code
    except InvalidInput as error:
        return _failed(str(error), type(error).__name__, BAD_INPUT, arguments)
    except KeyboardInterrupt:
        return _failed("interrupted", "KeyboardInterrupt", INTERRUPTED, arguments)
    except BrokenPipeError:  # the reader (`| head`) has closed the pipe
        _drop_output()
        return DONE
    except MemoryError as error:
        message = f"not enough memory ({error or 'no more to have'}); make the problem smaller"
        return _failed(message, "MemoryError", BAD_INPUT, arguments)
    except Exception as error:
        if isinstance(error, OSError) and error.filename is None and error.errno in UNWRITTEN:
            note(f"standard output: cannot be written ({error.strerror})", at=QUIET)
            _drop_output()
            return BAD_INPUT
        if os.environ.get(DEBUG):
            raise
        kind = type(error).__name__
        if message := _of_the_machine(error):
            return _failed(message, kind, BAD_INPUT, arguments)
        message = f"this is a fault of latebloom, please report it: {kind}: {error}"
        return _failed(f"{message} ({DEBUG}=1 shows more)", kind, FAULT, arguments)


def _of_the_machine(error: Exception) -> str:
    """Return the message for an error caused by the installation or the machine; "" for others."""
    if "Unable to initialize backend" in str(error):
        return f"JAX finds no device ({str(error).partition('. ')[0]}): see JAX_PLATFORMS"
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG and error.filename:
        return f"{shown(str(error.filename))}: cannot be used ({error.strerror})"
    if isinstance(error, ImportError) and "failed to map segment" in str(error):
        return f"not enough memory to load a library ({error}); allow more, see ulimit -v"
    package = (getattr(error, "name", None) or "").partition(".")[0]
    if isinstance(error, ModuleNotFoundError) and package in DEPENDENCIES:
        return f"this needs {package}, which is not installed: pip install {package}"
    return ""


def _require_streams() -> None:
    """Raise `InvalidInput` if nothing can be printed (`>&-`), before anything is computed."""
    if sys.stderr is None:  # nobody wants to read messages
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        raise InvalidInput("standard output is closed; redirect it, for example > result.txt")
    if isinstance(sys.stdout, io.TextIOWrapper):  # a name that is no text, a terminal without Greek
        sys.stdout.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what is still to be written to standard output go nowhere: Python flushes at exit."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _main(arguments: list[str]) -> int:
    arguments = _read_options(arguments)
    name, *rest = arguments or ["--help"]
    if name == "help":
        name, *rest = [*rest[:1], "--help"]
    if name in ("-V", "--version"):
        print(f"latebloom {__version__}")
        return DONE
    if name.partition("=")[0] == "--completion":
        name, *rest = ["completion", *filter(None, [name.partition("=")[2]]), *rest]
    if name in ("-h", "--help"):
        try:
            load_plugins()
        except InvalidInput as error:  # the help is printed nevertheless
            note(str(error), at=QUIET)
        print_program_help()
        return DONE if arguments else BAD_INPUT
    load_plugins()
    if name not in COMMANDS and name.startswith("-"):
        raise InvalidInput(f"a command must come first: latebloom COMMAND ... {name}")
    if name not in COMMANDS:
        raise InvalidInput(f"no command {shown(name)}{nearest(name, COMMANDS)}")
    return execute(name, rest)


def _read_options(arguments: Sequence[str]) -> list[str]:
    """Return the arguments after the options of the program.

    Every ``--plugin MODULE`` is added to the environment, where the processes of a sweep find it
    and import it too.
    """
    rest = list(arguments)
    while rest:
        option, equals, module = rest[0].partition("=")
        if rest[0] in LEVELS:
            set_level(LEVELS[rest.pop(0)])
            continue
        if option != "--plugin":
            break
        del rest[0]
        if not equals and rest and not rest[0].startswith("-"):
            module = rest.pop(0)
        if not module:
            raise InvalidInput(f"{option} needs a value, as in {option} MODULE")
        os.environ[VARIABLE] = ",".join(filter(None, (os.environ.get(VARIABLE), module)))
    return rest


@contextmanager
def _environment() -> Iterator[None]:
    """Restore the list of plugins in the environment, and how much is said, at the end."""
    before, level = os.environ.get(VARIABLE), set_level(NORMAL)
    try:
        yield
    finally:
        set_level(level)
        os.environ.pop(VARIABLE, None)
        if before is not None:
            os.environ[VARIABLE] = before


def _failed(message: str, kind: str, code: int, arguments: Sequence[str]) -> int:
    """Print why there is no result: a line on standard error, and with --json a document."""
    note(message, at=QUIET)
    if "--json" in arguments:
        try:
            print(dump_json({"error": message, "kind": kind, "exit_code": code}), flush=True)
        except OSError:  # standard error has the message
            _drop_output()
    return code


def _warn(message: Warning | str, *_: Any) -> None:
    """Print a warning as one line on standard error."""
    note(f"warning: {message}")
