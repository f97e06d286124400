"""What an engine is, and the registry of engines."""

import abc
import hashlib
import importlib
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, Unsupported
from latebloom.core.installed import lacking
from latebloom.core.plugins import load_plugins
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.problems import Supervised

from .result import EngineResult, Records

AUTO = "auto"
# The engines of this package, in the order in which they are listed, and their modules, which are
# imported when an engine is first needed.
NAMES = ("step", "jump", "spectral", "slow")
MODULES = ("step_engine", "jump", "spectral", "slow", "flow_engine")
NONE_APPLIES = "no exact engine applies; name an engine to see why not"
# Engines by name, those of least squares (False) and those of networks (True).
_ENGINES: dict[bool, dict[str, "Engine"]] = {False: {}, True: {}}
# What decides the outcome of a run and of its check: the updates, what is recorded, the verdict.
SOURCES = (
    *("core", "engines", "experiment", "methods", "models", "penalties", "problems", "runs"),
    *("theory", "laws", "simulate.py"),
)

E = TypeVar("E", bound="Engine")


class Engine(abc.ABC):
    """A way to compute the updates of a method; `register_engine` makes it known by its `name`."""

    name: str
    networks = False  # whether it is for networks; else for least squares
    # Modules that it imports and that an installation may lack, as in a browser.
    needs: tuple[str, ...] = ()
    # Whether it uses closed forms, which there are for methods, penalties and models of this
    # package only: a class of one's own may derive from one of them and do something else.
    closed_form = False

    @abc.abstractmethod
    def why_not(self, experiment: Experiment) -> str | None:
        """Return why the engine does not apply to an experiment, or None if it does."""

    @abc.abstractmethod
    def cost(self, experiment: Experiment) -> float:
        """Return a rough guess of the time in seconds on one core, made without any computation.

        Engine `auto` takes the engine of the least cost. The engines of this package give 0.001
        (`spectral`), 0.01 (`jump`) and at least 1 (`step`, which compiles).
        """

    def exact(self, experiment: Experiment) -> bool:
        """Return whether t1 and t2 are exact to the step; `auto` considers no other engines."""
        return True

    def records(self, experiment: Experiment) -> Records:
        """Return what the recorded parameters are: `iterates` of the method, the `average` that it
        chatters about, or the `flow` in continuous time that it follows."""
        return "iterates"

    @abc.abstractmethod
    def run(self, experiment: Experiment, progress: Progress | None = None) -> EngineResult:
        """Simulate an experiment to which `why_not` answers None.

        **Arguments:**

        - `experiment`: what to simulate.
        - `progress`: called with (steps done, steps in all) now and then.

        **Returns:** an `EngineResult`: parameters at the recorded steps, t1 and t2.
        """

    def run_bounded(self, experiment: Experiment) -> EngineResult:
        """Simulate as far as a bound on the work allows, one that no machine changes: for horizons
        that no user has chosen. By default to the horizon."""
        return self.run(experiment)


def register_engine(engine: E) -> E:
    """Make an engine known to `simulate`, to sweeps and to the option ``--engine``.

    **Returns:** the engine.

    **Raises:** `InvalidInput` if it is not an `Engine`, or if another one has its name.

    >>> from latebloom.engines.base import find_engine, register_engine
    >>> import latebloom as lb
    >>> e = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3), steps=100)
    >>> register_engine(find_engine("step", e)).name  # the same engine once more changes nothing
    'step'
    """
    if not isinstance(engine, Engine):
        raise InvalidInput(f"register_engine({engine!r}): must be an instance of Engine")
    family, kind = _ENGINES[engine.networks], type(engine)
    other = type(family.get(engine.name, engine))
    same = (other.__module__, other.__qualname__) == (kind.__module__, kind.__qualname__)
    ours = engine.name in (AUTO, *NAMES) and not kind.__module__.startswith(f"{__package__}.")
    if ours or not same:
        raise InvalidInput(f"engine {engine.name!r}: the name is taken; choose another")
    family[engine.name] = engine
    return engine


def _known(networks: bool) -> dict[str, Engine]:
    """Return the engines for networks or for least squares by name."""
    for module in MODULES:
        importlib.import_module(f"{__package__}.{module}")
    return _ENGINES[networks]


def engine_types() -> list[type]:
    """Return the classes of the engines that are registered so far."""
    return [type(engine) for family in _ENGINES.values() for engine in family.values()]


def engine_names() -> tuple[str, ...]:
    """Return what the setting `engine` may be: `auto` and the names of all engines.

    >>> from latebloom.engines.base import engine_names
    >>> engine_names()[:5]
    ('auto', 'step', 'jump', 'spectral', 'slow')
    """
    return tuple(dict.fromkeys((AUTO, *NAMES, *_ENGINES[False], *_ENGINES[True])))


def require_engine(name: str) -> None:
    """Raise `InvalidInput` unless `name` is `auto` or the name of an engine."""
    if isinstance(name, str) and name not in engine_names():
        load_plugins()
    check.one_of("engine", name, engine_names())


def find_engine(name: str, experiment: Experiment) -> Engine:
    """Return the engine for an experiment.

    **Arguments:**

    - `name`: of an engine, or `auto` for the exact engine of the least cost; where `step` lacks a
      module, for the cheapest engine if no exact one applies.
    - `experiment`: least squares and networks have engines of their own.

    **Raises:** `InvalidInput` for an unknown name; `Unsupported` if the engine does not apply.
    """
    require_engine(name)
    networks = isinstance(experiment.problem, Supervised)
    engines = _known(networks)
    without_step = lacking(engines["step"].needs)
    if name == AUTO:
        order = sorted(engines.values(), key=lambda e: e.cost(experiment))
        exact = [e for e in order if e.exact(experiment)]
        for engine in (*exact, *(order if without_step else ())):
            if _reason_against(engine, experiment) is None:
                return engine
        why = f"only 'step' applies, and {without_step}" if without_step else NONE_APPLIES
        raise Unsupported(f"engine 'auto': {why}")
    if name not in engines:
        what, own = ("least squares", "networks") if networks else ("networks", "least squares")
        others = ", ".join(repr(other) for other in engine_names() if other in engines)
        raise Unsupported(f"engine {name!r}: is for {what}; {own} have {others}")
    reason = _reason_against(engines[name], experiment)
    if reason:
        hint = "" if name == "step" or without_step else "; use engine 'step'"
        raise Unsupported(f"engine {name!r}: {reason}{hint}")
    return engines[name]


def _reason_against(engine: Engine, experiment: Experiment) -> str | None:
    """Return why an engine does not apply, or None if it does."""
    if missing := lacking(engine.needs):
        return missing
    if engine.closed_form:
        package = __name__.partition(".")[0]
        for part in (experiment.method, experiment.model, *experiment.terms):
            if type(part).__module__.partition(".")[0] != package:
                return f"it has no closed form for {type(part).__name__}"
    return engine.why_not(experiment)


def run_engine(name: str, experiment: Experiment, progress: Progress | None = None) -> EngineResult:
    """Return what an engine gives for an experiment; arguments and errors as of `find_engine`.

    >>> import latebloom as lb
    >>> from latebloom.engines.base import run_engine
    >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    >>> e = lb.Experiment(problem, lb.L1(1e-9), lb.ProximalGradient(0.1), steps=10**12)
    >>> run_engine("jump", e).t2.kind
    'exact'
    """
    return find_engine(name, experiment).run(experiment, progress)


def records_of(name: str, experiment: Experiment) -> Records:
    """Return what an engine records of an experiment; see `Engine.records`."""
    engine = _known(isinstance(experiment.problem, Supervised)).get(name)
    return "iterates" if engine is None else engine.records(experiment)


def choose_engine(experiment: Experiment) -> str:
    """Return the name of the cheapest engine that is exact for the experiment."""
    return find_engine(AUTO, experiment).name


def fingerprint(name: str = AUTO, parts: Iterable[type] = ()) -> str:
    """Return 16 hex digits that change whenever the code of an engine does.

    They are a digest of the sources of this package that decide the outcome of a run, and of the
    modules of engines and parts that come from elsewhere. What is kept under them is computed anew
    after a change of the code; no version number has to be raised by hand.

    **Arguments:**

    - `name`: of an engine, or `auto` for all that are registered.
    - `parts`: classes of plugins that a run has: penalties, problems, methods.

    >>> from latebloom.engines.base import fingerprint
    >>> len(fingerprint("jump"))
    16
    """
    digest = hashlib.sha256(_package_digest().encode())
    engines = [engine for family in (_known(False), _known(True)) for engine in family.values()]
    kinds = [type(engine) for engine in engines if name in (AUTO, engine.name)]
    foreign = [kind for kind in kinds if not kind.__module__.startswith(f"{__package__}.")]
    for kind in (*foreign, *parts):
        file = getattr(sys.modules.get(kind.__module__), "__file__", None)
        digest.update(b"" if file is None else Path(file).read_bytes())
    return digest.hexdigest()[:16]


@cache
def _package_digest() -> str:
    root, digest = Path(__file__).parent.parent, hashlib.sha256()
    for name in SOURCES:
        for file in sorted((root / name).rglob("*.py")) or [root / name]:
            text = file.read_bytes()
            digest.update(f"{file.relative_to(root)} {len(text)}\n".encode() + text)
    return digest.hexdigest()
