"""The command line: arguments to library calls, results to tables and files, errors to one line.

Every verb is a frozen dataclass that tyro turns into options and help. What is not an option of the
verb itself is a setting of the experiment (``--penalty.beta 1e-7``) and goes through the same
reader as a TOML file, so that a mistake gives the same message in both.
"""

import os
import shutil
import sys
import typing
import warnings
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, Union

import tyro

from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.folders import check_folder
from latebloom.core.json_text import dump_json
from latebloom.core.plugins import load_plugins
from latebloom.core.versions import __version__
from latebloom.engines.base import engine_names
from latebloom.engines.checkpoint import Checkpoint
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.presets import Setting, is_family, load, preset, presets
from latebloom.runs.run import FILES
from latebloom.runs.run import Run as Result
from latebloom.sweeps.file import OWN

from .commands import COMMANDS, register_command

DONE, BAD_INPUT, INTERRUPTED = 0, 2, 130

Engine = Annotated[str, tyro.conf.arg(metavar="{" + ",".join(engine_names()) + "}")]
Source = Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="NAME|FILE.toml")]


@dataclass(frozen=True)
class Run:
    """Simulate an experiment and say what happened.

    Settings of the experiment are options too: --penalty.beta 1e-7, --method.alpha 0.05,
    --problem.N 40, --steps 1e9; a name alone changes the type: --method ProximalGradient,
    --penalty none. `latebloom show NAME` prints them all.
    """

    experiment: Source
    """A name from `latebloom list`, or a TOML file."""
    engine: Engine = "auto"
    """How the updates are computed; auto takes the cheapest exact way."""
    out: Path | None = None
    """A new folder for spec, data (netCDF), pictures and result."""
    overwrite: bool = False
    """Replace the earlier result in that folder."""
    force: bool = False
    """Run even if alpha is beyond its limit."""
    small: bool = False
    """The small version, seconds instead of minutes, of those that have one."""
    refine: bool = False
    """Networks: find t1 and t2 to the step, by replaying what lies between two records."""
    checkpoint: Path | None = None
    """Networks: a folder for the state; a run killed or stopped goes on from it."""
    checkpoint_every: float = 60.0
    """Seconds between two states."""
    checkpoint_steps: int | None = None
    """Steps between two states, beside the seconds."""
    json: bool = False
    """Print one JSON document instead of tables."""

    def execute(self, settings: list[Setting]) -> int:
        """Run the command."""
        if not settings and is_family(self.experiment):
            flags = [*(() if self.small else ("--full",)), *(("--json",) if self.json else ())]
            out = [] if self.out is None else [f"--out={self.out}"]
            over = ["--overwrite"] if self.overwrite else []
            return _main([preset(self.experiment).command, self.experiment, *flags, *out, *over])
        return _run(self, load(self.experiment, settings, self.small))


@dataclass(frozen=True)
class Show:
    """Print an experiment as TOML, with the settings given as options."""

    experiment: Source
    """A name from `latebloom list`, or a TOML file."""
    small: bool = False
    """The small version, of those that have one."""
    json: bool = False
    """Print one JSON document instead of TOML."""

    def execute(self, settings: list[Setting]) -> int:
        """Run the command."""
        return _show(self, load(self.experiment, settings, self.small))


@dataclass(frozen=True)
class List:
    """List the experiments that have a name."""

    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Run the command."""
        return _list(self)


@dataclass(frozen=True)
class Predict:
    """Say what theory expects of an experiment, before any run."""

    experiment: Source
    """A name from `latebloom list`, or a TOML file."""
    budget: float | None = None
    """Also say which beta generalizes within so many steps..."""
    error: float | None = None
    """...at a test error of at most this; the test threshold if left out."""
    plan_alpha: float | None = None
    """The step size of that plan; 0.9 of the largest stable one if left out."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Run the command."""
        return _predict(self, load(self.experiment, settings))


@dataclass(frozen=True)
class Check:
    """Simulate an experiment and compare every law with what was measured.

    A law holds, is violated, is vacuous (a hypothesis fails, or it promises nothing here) or
    undecided (the run is too short to tell). Printed statements that are known to be false are
    among them, beside their corrections; `latebloom errata` tells about them.
    """

    experiment: Source
    """A name from `latebloom list`, or a TOML file."""
    engine: Engine = "auto"
    """How the updates are computed; auto takes the cheapest exact way."""
    all: bool = False
    """List the laws too that are about other experiments, and why they are."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Run the command."""
        return _check(self, load(self.experiment, settings))


@dataclass(frozen=True)
class Demo:
    """Run the headline experiments and write one page with pictures and numbers."""

    out: Path = Path("demo")
    """The folder for the page; an earlier demo in it is replaced."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Run the command."""
        return _demo(self)


POSITIONAL = {
    "grid": "a sweep: a name from `latebloom sweep list`, or a TOML file",
    "picture": "a picture: law, phase or curves",
    "log": "a log: a .csv, .jsonl, .json or .parquet file, or event files of TensorBoard",
    "store": "a store: a folder that `latebloom sweep` made",
    "experiment": "an experiment: a name from `latebloom list`, or a TOML file",
    "figure": "a figure, such as fig3, or a group of them: convex, networks, theory, beyond, all",
}
for _name, _summary, _place in (
    ("run", "Simulate an experiment and say what happened.", "main:Run"),
    ("show", "Print an experiment as TOML.", "main:Show"),
    ("list", "List the named experiments.", "main:List"),
    ("predict", "Say what theory expects of an experiment.", "main:Predict"),
    ("check", "Compare every law with a run.", "main:Check"),
    ("demo", "Run the headline experiments and show them on one page.", "main:Demo"),
    ("sweep", "Compute a grid of experiments into a store.", "sweeps:Sweep"),
    ("status", "Say what a store holds.", "sweeps:Status"),
    ("export", "Write the results of a store as a table.", "sweeps:Export"),
    ("plot", "Draw the results of a store.", "sweeps:Plot"),
    ("diagnose", "Say what the curves of any trainer show.", "diagnose:Diagnose"),
):
    register_command(_name, _summary, f"latebloom.cli.{_place}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    **Arguments:**

    - `argv`: the arguments, without the program's name; those of the process if None.

    **Returns:** the exit code: 0 done, 2 bad input, 130 interrupted.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        with warnings.catch_warnings():
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
        # The reader (`| head`) has seen enough. Python flushes once more at exit: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE


def _print_error(error: InvalidInput) -> None:
    """Print an error as one line on standard error."""
    print(f"latebloom: {' '.join(str(error).split())}", file=sys.stderr)


def _warn(message: Warning | str, *_: Any) -> None:
    """Print a warning as one line on standard error."""
    print(f"latebloom: warning: {' '.join(str(message).split())}", file=sys.stderr)


def _main(arguments: list[str]) -> int:
    if arguments[:1] == ["--version"]:
        print(f"latebloom {__version__}")
        return DONE
    if not arguments or arguments[0] in ("-h", "--help"):
        try:
            load_plugins()
        except InvalidInput as error:  # help is there all the same
            _print_error(error)
        _help([])
        return DONE if arguments else BAD_INPUT
    name, rest = arguments[0], arguments[1:]
    load_plugins()
    if name not in COMMANDS:
        raise InvalidInput(f"no command {name!r}{nearest(name, COMMANDS)}")
    if "-h" in rest or "--help" in rest:
        _help([name])
        return DONE
    own, settings = _split(name, rest)
    return _parse([name, *own]).execute(settings)


# Arguments ----------------------------------------------------------------------------------------


def _parse(arguments: list[str]) -> Any:
    """Return the verb that tyro makes of its own, already sorted out, arguments."""
    named = [
        Annotated[command.load(), tyro.conf.subcommand(name)] for name, command in COMMANDS.items()
    ]
    config = (tyro.conf.OmitSubcommandPrefixes, tyro.conf.FlagCreatePairsOff)
    about = "Delayed generalization (grokking), simulated exactly, measured and predicted."
    kind: Any = Union[tuple(named)]  # noqa: UP007 - built from a list
    return tyro.cli(kind, prog="latebloom", description=about, args=arguments, config=config)


def _help(verb: list[str]) -> None:
    try:
        _parse([*verb, "--help"])
    except SystemExit:  # that is how argument parsers end their help
        return


def _split(name: str, tokens: list[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return the verb's own arguments, complete and well-formed, and the experiment's settings."""
    hints = typing.get_type_hints(COMMANDS[name].load())
    places = _positional(name)
    positional = list(places)
    own: list[str] = []
    settings: list[tuple[str, str]] = []
    rest = list(tokens)
    while rest:
        token = rest.pop(0)
        if not token.startswith("-"):
            if not positional:
                raise InvalidInput(
                    f"{token!r} is one argument too many for {name}; see {name} --help"
                )
            positional.pop(0)
            own.append(token)
            continue
        option, equals, value = token.partition("=")
        key = option.lstrip("-").replace("-", "_")
        known = option.startswith("--") and key in hints and key not in places
        if not known:
            _require_setting(name, option, key)
        if known and hints[key] is bool:
            if equals:
                raise InvalidInput(f"{option} takes no value; leave out '={value}'")
            own.append(option)
            continue
        if not equals:
            if not rest or rest[0].startswith("--"):
                raise InvalidInput(f"{option} needs a value, as in {option} VALUE")
            value = rest.pop(0)
        if not known:
            settings.append((key, value))
            continue
        allowed = typing.get_args(hints[key])
        if typing.get_origin(hints[key]) is Literal and value not in allowed:
            raise InvalidInput(f"{option} {value}: must be one of {', '.join(allowed)}")
        if hints[key] in (float, float | None, int | None):
            value = _number(option, value, whole=hints[key] == int | None)
        own += [f"{option}={value}"]  # one token: a value may begin with a dash
    optional = [
        field.name for field in fields(COMMANDS[name].load()) if field.default is not MISSING
    ]
    if positional and positional[0] not in optional:
        what = POSITIONAL[positional[0]]
        raise InvalidInput(f"{name} needs {what}")
    return own, settings


def _positional(name: str) -> list[str]:
    """Return the arguments of a verb that have no option's name, in order."""
    hints = typing.get_type_hints(COMMANDS[name].load(), include_extras=True)
    marked = {k: getattr(hint, "__metadata__", ()) for k, hint in hints.items()}
    return [key for key, metadata in marked.items() if tyro.conf.Positional in metadata]


def _number(option: str, value: str, whole: bool) -> str:
    """Return the text of a number, whole ones without an exponent: 1e4 is 10000."""
    try:
        number = float(value)
        if whole and number != int(number):
            raise ValueError
    except (ValueError, OverflowError):
        kind = "a whole number" if whole else "a number"
        raise InvalidInput(f"{option} {value}: must be {kind}") from None
    return str(int(number) if whole else number)


def _require_setting(name: str, option: str, key: str) -> None:
    """Raise, naming the nearest option, unless `key` can be a setting of the verb's experiment."""
    places = _positional(name)
    flags = [f"--{f.name}" for f in fields(COMMANDS[name].load()) if f.name not in places]
    keys: list[str] = []
    if places[:1] in (["experiment"], ["grid"]):
        from latebloom.experiment.settings import known_settings

        keys = known_settings() + (list(OWN) if places == ["grid"] else [])
        if option.startswith("--") and key.partition(".")[0] in keys:
            return
    same = [f"--{k}" for k in keys if k.rpartition(".")[2] == key]  # --beta for --penalty.beta
    hint = nearest(option, same or [*flags, *(f"--{k}" for k in keys)])
    if hint.startswith("; known"):
        hint = f"; options: {', '.join(flags)} (see latebloom {name} --help)"
    raise InvalidInput(f"unknown option '{option}'{hint}")


# Verbs --------------------------------------------------------------------------------------------


def _list(verb: List) -> int:
    from .tables import print_table

    found = list(presets().values())
    if verb.json:
        keys = ("name", "aliases", "title", "published", "source", "note")
        rest = [
            {
                "family": p.build is None,
                "group": p.group,
                "claims": len(p.facts().get("claims", ())),
            }
            for p in found
        ]
        own = [{k: getattr(p, k) for k in keys} for p in found]
        print(dump_json([a | b for a, b in zip(own, rest, strict=True)]))
    else:
        rows = [
            (
                p.name,
                ", ".join(p.aliases),
                "study" if p.build is None else "run, study" if p.command else "run",
                p.group,
                p.title,
            )
            for p in found
        ]
        print_table(("name", "also", "kind", "group", "what it shows"), rows)
    return DONE


def _show(verb: Show, experiment: Experiment) -> int:
    from .tables import print_spec

    if verb.json:
        print(dump_json({"experiment": experiment.hash, "spec": experiment.to_dict()}))
    else:
        print_spec(experiment)
    return DONE


def _predict(verb: Predict, experiment: Experiment) -> int:
    from latebloom.theory import plan, predict

    from .tables import print_plan, print_prediction

    if verb.budget is None and (verb.error is not None or verb.plan_alpha is not None):
        raise InvalidInput("--error and --plan-alpha are of a plan: give --budget STEPS too")
    wanted = None
    if verb.budget is not None:
        error = experiment.thresholds[1] if verb.error is None else verb.error
        wanted = plan(experiment, verb.budget, error, verb.plan_alpha)
    prediction = predict(experiment)
    if verb.json:
        name = {"experiment": experiment.hash, "name": experiment.name}
        more = {} if wanted is None else {"plan": wanted.to_dict()}
        print(dump_json({**name, **prediction.to_dict(), **more}))
    else:
        print_prediction(experiment, prediction)
        if wanted is not None:
            print_plan(experiment, wanted)
    return DONE


def _simulate(verb: Run | Check, experiment: Experiment) -> Result:
    """Return the run that `run` and `check` are about, with a progress bar meanwhile."""
    from latebloom.core.progress import progress_bar
    from latebloom.simulate import simulate

    more: dict[str, Any] = {}
    if isinstance(verb, Run):
        kept = None
        if verb.checkpoint is not None:
            kept = Checkpoint(verb.checkpoint, verb.checkpoint_every, verb.checkpoint_steps)
        more = {"force": verb.force, "refine": verb.refine, "checkpoint": kept}
    with progress_bar(experiment.name) as progress:
        return simulate(experiment, engine=verb.engine, progress=progress, **more)


def _run(verb: Run, experiment: Experiment) -> int:
    if verb.out is not None:
        check_folder(verb.out, FILES, verb.overwrite)  # before, not after, a long run
    run = _simulate(verb, experiment)
    unsaved = None
    if verb.out is not None:
        try:
            run.save(verb.out, overwrite=verb.overwrite)
        except InvalidInput as error:  # what happened is told even if it cannot be saved
            unsaved = error
    if verb.json:
        print(dump_json(run.to_dict()))
    else:
        from .tables import print_run

        print_run(run, verb.out if unsaved is None else None)
    if unsaved is not None:
        raise unsaved
    return INTERRUPTED if run.interrupted else DONE


def _check(verb: Check, experiment: Experiment) -> int:
    from latebloom.laws import check

    from .tables import print_check

    run = _simulate(verb, experiment)
    report = check(run)
    if verb.json:
        print(dump_json({**run.to_dict(), "check": report.to_dict()}))
    else:
        print_check(run, report, verb.all)
    return INTERRUPTED if run.interrupted else DONE


def _demo(verb: Demo) -> int:
    from latebloom.core.progress import progress_bar

    from .demo import NEXT, demo, print_outcomes

    outcomes = demo(verb.out, progress_bar)
    page = verb.out / "index.html"
    if verb.json:
        print(dump_json({"page": str(page), "runs": [o.run.to_dict() for o in outcomes]}))
    else:
        print_outcomes(outcomes)
        print(f"The pictures and the numbers: {page}\n\nType next:")
        for command in NEXT:
            print(f"  {command.replace('latebloom', _program(), 1)}")
    return INTERRUPTED if any(o.run.interrupted for o in outcomes) else DONE


def _program() -> str:
    """Return what to type to get this program: where it is not on the path, the way it was
    called."""
    called = Path(sys.argv[0])
    on_path = shutil.which("latebloom") is not None or called.name != "latebloom"
    return "latebloom" if on_path else str(called)
