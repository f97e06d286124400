"""The experiment: a frozen spec of everything a run depends on."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeVar

import numpy as np
from jaxtyping import Float

from latebloom.core import schedules
from latebloom.core.brief import brief_value
from latebloom.core.errors import InvalidInput, Unsupported, shown
from latebloom.core.files import parse_toml, read_toml
from latebloom.core.html import facts
from latebloom.core.identity import same_functions
from latebloom.core.plugins import load_plugins_of
from latebloom.core.spec import (
    canonical,
    canonical_hash,
    field_values,
    from_dict,
    hash_of,
    to_dict,
)
from latebloom.core.spec_class import complete, replaced
from latebloom.methods import Method
from latebloom.models import Model, Network
from latebloom.penalties import Penalty, Term
from latebloom.problems import LeastSquares, Problem, Supervised, VectorLeastSquares

from . import compatibility, own_fields
from .initialization import Drawn, Gaussian
from .own_fields import MAX_STEPS as MAX_STEPS
from .record import Record
from .toml_text import toml_text

T = TypeVar("T")

# Records may take this many numbers (1 GiB of float64).
MAX_RECORDED = 2**27
# The share of the stability limit that alpha = "auto" takes: near the fastest first phase, and off
# the limit by more than rounding.
AUTO_SHARE = 0.9


@complete
@dataclass(frozen=True, eq=False)
class Experiment:
    """Problem, model, penalty, method, horizon and what to record.

    What is left out gets the default of the kind of problem, least squares / supervised.

    **Arguments:**

    - `problem`: the data, the ground truth and the training loss.
    - `penalty`: beta h, or None.
    - `method`: the update rule with its step size alpha; Subgradient(0.1) / Adam(1e-3). On least
      squares `alpha="auto"` is 0.9 of the largest stable step size, and recorded as that number.
    - `model`: how the parameters make the predictor; Linear / TokenPair or MLP.
    - `init`: a number z (z * ones for vectors, z * identity for matrices and their products), an
      array of the parameters' shape, or `Gaussian(zeta, seed)`; 1e-6. For networks
      `Drawn(seed, scale)`.
    - `steps`: the horizon; step 0 is the initialization, step k is after k updates; 10^6 / 10^4.
    - `thresholds`: (train, test) errors at or below which the model has memorized (t1) and
      generalized (t2): relative errors ||Xa - y*||/||y*|| and ||a - a*||/||a*||, for classes error
      rates; 1e-3 / 0.01 for classes, 0.1 else.
    - `record`: at which steps to keep the parameters, or to measure a network; log spaced / every
      tenth.
    - `precision`: of networks: `mixed` (float32, the loss in float64), `float32` or `float64`.
    - `measure`: of networks: what their errors are, if not the fraction of wrong classes or the
      relative error: `probability`, the mean of 1 - p, p the probability of the right class, or
      `loss`, the mean loss. Neither jumps where an example becomes right.
    - `name`: a label; not part of the identity.

    **Raises:** `InvalidInput` for values out of range, `Unsupported` for a method that does not
    apply to the penalty or model, naming those that do.

    >>> import latebloom as lb
    >>> experiment = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3), steps=10)
    >>> lb.Experiment.from_toml(experiment.to_toml()).hash == experiment.hash
    True
    """

    problem: Problem
    penalty: Penalty | None = None
    # None stands for the default of the kind of problem, see `compatibility.defaults`; it is
    # replaced as soon as the experiment is made.
    method: Method = None  # pyright: ignore
    model: Model | Network = None  # pyright: ignore
    init: float | Gaussian | Drawn | np.ndarray = None  # pyright: ignore
    steps: int = None  # pyright: ignore
    thresholds: tuple[float, float] = None  # pyright: ignore
    record: Record = None  # pyright: ignore
    precision: str | None = None
    measure: Literal["probability", "loss"] | None = None
    name: str = ""

    def __post_init__(self) -> None:
        own_fields.require_problem(self.problem)
        for name, value in compatibility.defaults(self.problem).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        own_fields.require(self)
        names = compatibility.Parts._fields
        parts = compatibility.Parts(*(getattr(self, name) for name in names))
        init, network = compatibility.require(parts)
        object.__setattr__(self, "init", init)
        if self.method.alpha == schedules.AUTO:
            method: Any = self.method
            object.__setattr__(self, "method", replace(method, alpha=self._auto_alpha()))
        object.__setattr__(self, "_network_start", network)

    # Finds the dotted key of a name; `settings`, which knows experiments, sets it.
    full_name: ClassVar[Callable[["Experiment | Mapping[str, Any]", str], str]]

    def _auto_alpha(self) -> float:
        """Return `AUTO_SHARE` of the largest stable step size; `Unsupported` if none is known."""
        limit = self.alpha_limit if isinstance(self.problem, LeastSquares) else math.inf
        if math.isinf(limit):
            raise Unsupported(
                f"alpha = 'auto': no stability limit is known for {type(self.method).__name__} on "
                f"{type(self.problem).__name__} with {type(self.model).__name__}; give a number"
            )
        return AUTO_SHARE * limit

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms of the penalty; none without a penalty."""
        return self.penalty.terms if self.penalty else ()

    @property
    def data(self) -> LeastSquares:
        """The problem as a least squares problem; raises `Unsupported` for any other."""
        why = (
            "needs a least squares problem such as SparseRecovery; no law about networks is "
            "known here"
        )
        return _of_kind(self.problem, LeastSquares, why)

    @property
    def least_squares_model(self) -> Model:
        """The model as one of a least squares problem; raises `Unsupported` for a network."""
        return _of_kind(self.model, Model, "this needs a least squares problem")

    @property
    def supervised(self) -> Supervised:
        """The problem as a supervised one; raises `Unsupported` for any other."""
        return _of_kind(self.problem, Supervised, "this needs a supervised problem")

    @property
    def counts(self) -> bool:
        """Whether the errors of a network are fractions of wrong examples, which jump."""
        return self.supervised.classification and self.measure is None

    @property
    def network(self) -> Network:
        """The model as a network; raises `Unsupported` for any other."""
        return _of_kind(self.model, Network, "this needs a network")

    @property
    def vector_data(self) -> VectorLeastSquares:
        """The problem as least squares in a vector; raises `Unsupported` for a matrix."""
        why = "needs a problem in a vector with a design matrix"
        return _of_kind(self.problem, VectorLeastSquares, why)

    @property
    def network_start(self) -> dict[str, np.ndarray]:
        """The parameters of a network at step 0, by name, in float64."""
        start: dict[str, np.ndarray] | None = self.__dict__["_network_start"]
        assert start is not None
        return start

    @cached_property
    def start(self) -> Float[np.ndarray, "..."]:
        """The initial parameters of a least squares problem."""
        assert not isinstance(self.init, Drawn)
        unknown = self.data.shape
        if isinstance(self.init, np.ndarray):
            return self.init
        if isinstance(self.init, Gaussian):
            drawn = self.init.draw(self.least_squares_model.shape(unknown), max(unknown))
            return drawn * self.least_squares_model.used(unknown)
        return self.least_squares_model.initial(self.init, unknown)

    @cached_property
    def record_steps(self) -> np.ndarray:
        """The steps to record; raises `InvalidInput` if they would not fit in memory."""
        steps = self.record.steps(self.steps)
        if isinstance(self.problem, LeastSquares) and steps.size * self.start.size > MAX_RECORDED:
            raise InvalidInput(
                f"{steps.size} records of {self.start.size} parameters take "
                f"{steps.size * self.start.size * 8 / 2**30:.1f} GiB: record fewer steps "
                "(LogSpaced, or Every with a larger k)"
            )
        return steps

    @cached_property
    def alpha_limit(self) -> float:
        """The step size from which on the method is not stable on least squares, or inf."""
        return self.method.alpha_limit(self.data, self.penalty, self.least_squares_model)

    def unstable(self) -> str | None:
        """Return a sentence if the step size reaches its limit at some step, else None."""
        alpha, limit = schedules.largest(self.method.alpha), self.alpha_limit
        if alpha < limit:
            return None
        return f"it needs a stable step size, and alpha = {alpha:g} is not below {limit:.6g}"

    @cached_property
    def hash(self) -> str:
        """16 hex digits that identify the experiment; the same spec has the same hash
        everywhere."""
        return canonical_hash(replace(self, name=""))

    def __eq__(self, other: object) -> bool:
        """Return whether both are the same experiment, whatever their labels: their hashes are
        equal, and so is what no hash knows, such as a function of one's own."""
        if self is other or not isinstance(other, Experiment):
            return self is other
        return self.hash == other.hash and same_functions(self, other)

    def __hash__(self) -> int:
        """Return the hash of the identity, `hash`."""
        return hash(self.hash)

    def with_(self, **changes: Any) -> "Experiment":
        """Return a copy with some fields replaced, its own or those of its parts.

        **Arguments:**

        - `changes`: field -> value. A field of a part has its dotted key, such as `penalty.beta`
          (which is written `with_(**{"penalty.beta": 1e-7})`), or the end of it where no other
          field is called so: `with_(beta=1e-7)`. With a new part its fields are meant.

        **Raises:** `InvalidInput` for an unknown name, naming the nearest, and for one that several
        fields have, naming them.

        >>> import latebloom as lb
        >>> base = lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5))
        >>> changed = base.with_(beta=1e-7, N=40, steps=10**8)
        >>> changed.penalty, changed.problem.N, changed.steps
        (L1(beta=1e-07), 40, 100000000)
        """
        own = {field.name: getattr(self, field.name) for field in fields(self)}
        own |= {name: value for name, value in changes.items() if name in own}
        deep: dict[tuple[str, ...], Any] = {}
        for name, value in changes.items():
            if name in own:
                continue
            path = tuple(Experiment.full_name(own, name).split("."))
            if path in deep:
                raise InvalidInput(f"{'.'.join(path)}: is given by two names; give it once")
            deep[path] = value
        return Experiment(**replaced(own, deep))

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as nested dictionaries."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any], folder: Path | None = None) -> "Experiment":
        """Return the experiment described by nested dictionaries; unknown keys are errors.

        The key `plugins` lists modules to import before; it is not part of the experiment.
        """
        return from_dict(cls, load_plugins_of(data, folder), folder=folder)

    @classmethod
    def hash_of_dict(cls, data: dict[str, Any]) -> str:
        """Return the hash of the experiment described by nested dictionaries, without drawing its
        data and so without proof that its parts fit together.

        >>> import latebloom as lb
        >>> experiment = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3))
        >>> lb.Experiment.hash_of_dict(experiment.to_dict()) == experiment.hash
        True
        """
        values: dict[str, Any] = field_values(cls, data)
        values["name"] = ""
        if getattr(values.get("method"), "alpha", None) == schedules.AUTO:
            return cls.from_dict(data).hash  # the number depends on the data
        missing = {
            name: value
            for name, value in compatibility.defaults(values["problem"]).items()
            if values.get(name) is None
        }
        return hash_of(canonical(values | missing))

    def _repr_html_(self) -> str:
        """Return the parts as a table, for notebooks."""
        title = f"{self.name}, experiment {self.hash}" if self.name else f"Experiment {self.hash}"
        parts = {field.name: getattr(self, field.name) for field in fields(self) if field.init}
        del parts["name"]
        return facts(title, {name: brief_value(value) for name, value in parts.items()})

    def to_toml(self, folder: Path | None = None, brief: bool = False) -> str:
        """Return the spec as TOML, see `toml_text`.

        **Arguments:**

        - `folder`: where arrays of more than 64 entries go, as .npy files.
        - `brief`: for people: shape and hash stand for these arrays; it cannot be read back.
        """
        return toml_text(self.to_dict(), folder, brief)

    @classmethod
    def from_toml(cls, source: str | Path) -> "Experiment":
        """Return the experiment in a TOML file (a Path, or a name that ends in .toml) or a text."""
        if not isinstance(source, str | Path):
            raise InvalidInput(f"from_toml({shown(source)}): must be the path of a file, or a text")
        if isinstance(source, Path) or (source.endswith(".toml") and "\n" not in source):
            path = Path(source)
            return cls.from_dict(read_toml(path), path.parent)
        return cls.from_dict(parse_toml(source.removeprefix("\ufeff")))


def _of_kind(part: object, kind: type[T], why: str) -> T:
    """Return the part if it is of this kind, else raise `Unsupported`."""
    if not isinstance(part, kind):
        raise Unsupported(f"{type(part).__name__}: {why}")
    return part
