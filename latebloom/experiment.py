"""The experiment: a frozen spec of everything a run depends on."""

import tomllib
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from jaxtyping import Float

from . import _checks as check
from ._errors import InvalidInput, Unsupported
from .initialization import Gaussian
from .methods import Method, Subgradient
from .models import Linear, Model
from .penalties import Nuclear, Penalty
from .problems import LeastSquares, Problem, VectorLeastSquares
from .record import LogSpaced, Record
from .spec import canonical_hash, from_dict, to_dict

# Arrays up to this many entries are written into the TOML file, larger ones beside it as .npy.
INLINE_ARRAY = 64
# Records may take this many numbers (1 GiB of float64).
MAX_RECORDED = 2**27
# The longest horizon: by then every mode with a rate above 10^-15 per step has died out.
MAX_STEPS = 10**15


@dataclass(frozen=True, eq=False)
class Experiment:
    """Problem, model, penalty, method, horizon and what to record.

    **Arguments:**

    - `problem`: the data, the ground truth and the training loss.
    - `penalty`: beta h, or None.
    - `method`: the update rule with its step size alpha.
    - `model`: how the parameters make the predictor.
    - `init`: a number z (z * ones for vectors, z * identity for matrices and their products), an
      array of the parameters' shape, or `Gaussian(zeta, seed)`.
    - `steps`: the horizon; step 0 is the initialization, step k is after k updates.
    - `thresholds`: (train, test) relative errors ||Xa - y*||/||y*|| and ||a - a*||/||a*|| at or
      below which the model has memorized (t1) and generalized (t2).
    - `record`: at which steps to keep the parameters.
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
    method: Method = Subgradient(alpha=0.1)  # noqa: RUF009 - frozen; the paper's method and alpha
    model: Model = Linear()  # noqa: RUF009 - frozen
    init: float | Gaussian | np.ndarray = 1e-6  # the paper's small initialization
    steps: int = 10**6  # ten times the delay at the paper's alpha beta = 1e-6
    thresholds: tuple[float, float] = (1e-3, 1e-3)  # the published figure's, see the docs on 1e-4
    record: Record = LogSpaced()  # noqa: RUF009 - frozen
    name: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.problem, LeastSquares):
            raise InvalidInput(
                f"problem = {self.problem!r}: must be a problem such as SparseRecovery"
            )
        kinds = {"penalty": Penalty, "method": Method, "model": Model, "record": Record}
        for name, kind in kinds.items():
            value = getattr(self, name)
            if not isinstance(value, kind) and not (name == "penalty" and value is None):
                raise InvalidInput(f"{name} = {value!r}: must be a {name}")
        check.integer("steps", self.steps, low=1, high=MAX_STEPS)
        if not isinstance(self.thresholds, tuple | list) or len(self.thresholds) != 2:
            raise InvalidInput(f"thresholds = {self.thresholds!r}: must be (train, test)")
        for name, value in zip(("train", "test"), self.thresholds, strict=True):
            check.real(f"thresholds ({name})", value, low=0, strict=True)
        if isinstance(self.init, np.ndarray | list):
            array = check.real_array("init", self.init)
            shape = self.model.shape(self.problem.shape)
            if array.shape != shape:
                raise InvalidInput(
                    f"init has shape {array.shape}: the parameters of {type(self.model).__name__} "
                    f"have shape {shape}"
                )
            object.__setattr__(self, "init", array)
        elif not isinstance(self.init, Gaussian):
            check.real("init", self.init)
        self.method.require(self.penalty, self.model)
        self._require_shapes(self.problem.shape)
        self.problem.validate()

    def _require_shapes(self, unknown: tuple[int, ...]) -> None:
        """Raise if the model or the penalty is made for unknowns of another shape."""
        self.model.shape(unknown)
        terms = self.penalty.terms if self.penalty else ()
        for term in terms:
            name = type(term).__name__
            if term.of_matrices and len(unknown) != 2:
                raise InvalidInput(
                    f"penalty {name} acts on matrices, but the unknown has shape {unknown}: use "
                    "L1, L2 or Euclidean, or a matrix problem such as MatrixCompletion"
                )
            full = isinstance(term, Nuclear) and term.null == "full"
            if full and np.any(self.model.used(unknown) != 1):
                raise InvalidInput(
                    "Nuclear.null = 'full': needs factors of one square shape, here they are "
                    "padded with zeros; use null = 'minimal'"
                )

    @property
    def data(self) -> LeastSquares:
        """The problem as a least squares problem."""
        assert isinstance(self.problem, LeastSquares)
        return self.problem

    @property
    def vector_data(self) -> VectorLeastSquares:
        """The problem as least squares in a vector; raises `Unsupported` for a matrix."""
        if not isinstance(self.problem, VectorLeastSquares):
            raise Unsupported(
                f"{type(self.problem).__name__}: needs a problem in a vector with a design matrix"
            )
        return self.problem

    @cached_property
    def start(self) -> Float[np.ndarray, "..."]:
        """The initial parameters."""
        unknown = self.data.shape
        if isinstance(self.init, np.ndarray):
            return self.init
        if isinstance(self.init, Gaussian):
            drawn = self.init.draw(self.model.shape(unknown), max(unknown))
            return drawn * self.model.used(unknown)
        return self.model.initial(self.init, unknown)

    @cached_property
    def record_steps(self) -> np.ndarray:
        """The steps to record; raises `InvalidInput` if they would not fit in memory."""
        steps = self.record.steps(self.steps)
        if steps.size * self.start.size > MAX_RECORDED:
            raise InvalidInput(
                f"{steps.size} records of {self.start.size} parameters take "
                f"{steps.size * self.start.size * 8 / 2**30:.1f} GiB: record fewer steps "
                "(LogSpaced, or Every with a larger k)"
            )
        return steps

    @cached_property
    def hash(self) -> str:
        """16 hex digits that identify the experiment; the same spec has the same hash
        everywhere."""
        return canonical_hash(replace(self, name=""))

    def with_(self, **changes: Any) -> "Experiment":
        """Return a copy with some fields replaced."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the spec as nested dictionaries."""
        return to_dict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any], folder: Path | None = None) -> "Experiment":
        """Return the experiment described by nested dictionaries; unknown keys are errors."""
        return from_dict(cls, data, folder=folder)

    def to_toml(self, folder: Path | None = None) -> str:
        """Return the spec as TOML; with a `folder`, large arrays go there as .npy files."""

        def externalize(value: Any, name: str) -> Any:
            if isinstance(value, dict):
                return {k: externalize(v, k) for k, v in value.items()}
            if isinstance(value, np.ndarray):
                if folder is None or value.size <= INLINE_ARRAY:
                    return value.tolist()
                np.save(folder / f"{name}.npy", value, allow_pickle=False)
                return f"{name}.npy"
            return value

        return tomli_w.dumps({k: externalize(v, k) for k, v in self.to_dict().items()})

    @classmethod
    def from_toml(cls, source: str | Path) -> "Experiment":
        """Return the experiment in a TOML file (a Path) or a TOML text (a str)."""
        folder = None
        text = source
        if isinstance(source, Path):
            folder = source.parent
            try:
                text = source.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                raise InvalidInput(f"{source}: cannot be read ({error})") from None
        try:
            data = tomllib.loads(str(text))
        except tomllib.TOMLDecodeError as error:
            raise InvalidInput(
                f"{source if folder else 'TOML'}: not valid TOML ({error})"
            ) from None
        return cls.from_dict(data, folder)
