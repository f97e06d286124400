"""What problems with a drawn low-rank ground truth have in common."""

import abc
import math
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput

from .base import MatrixLeastSquares
from .drawn import Drawn, floor_of, freeze
from .nuclear_recovery import NuclearRecovery, nuclear_recovery
from .operators import Operator
from .tangent import Matrix
from .targets import TARGETS, low_rank_target

# Draws before `recoverable=True` gives up: with one instance in ten recoverable, 100 draws fail
# with a chance of 3e-5.
MAX_DRAWS = 100


class MatrixInstance(NamedTuple):
    """The arrays of one drawn problem, and how many draws were rejected before it."""

    operator: Operator
    y_star: Float[np.ndarray, "..."]
    a_star: Float[np.ndarray, "n1 n2"]
    rejected: int
    recovery: NuclearRecovery | None = None  # if `recoverable`


@dataclass(frozen=True)
class LowRankProblem(Drawn, MatrixLeastSquares):  # pyright: ignore
    """A matrix of rank r, drawn, and N linear measurements of it; see the members."""

    PURPOSES = ("target", "measurement", "noise")
    most_why = ""  # of the largest allowed N

    n1: int = 10  # the paper's sizes, rank and number of measurements
    n2: int = 10
    r: int = 2
    N: int = 70
    seed: int = 0
    target_seed: int | None = None
    measurement_seed: int | None = None
    noise_seed: int | None = None
    target: str = "orthogonal"  # the text's choice: the random orthogonal model
    singular_values: tuple[float, ...] | None = None
    norm: float | None = None
    snr: float | None = None
    tau: float = 0.0
    recoverable: bool = False

    def __post_init__(self) -> None:
        check.integer("n1", self.n1, low=1)
        check.integer("n2", self.n2, low=1)
        small = min(self.n1, self.n2)
        check.integer("r", self.r, low=0, high=small, why=f" (min(n1, n2) = {small})")
        check.integer("N", self.N, low=1, high=self.most_measurements, why=self.most_why)
        self.check_law()
        check.one_of("target", self.target, TARGETS)
        if self.singular_values is not None:
            values = check.real_array("singular_values", self.singular_values, 1)
            if values.size != self.r or not (values > 0).all():
                raise InvalidInput(
                    f"singular_values = {values.tolist()}: must be r = {self.r} positive numbers"
                )
            object.__setattr__(self, "singular_values", tuple(values.tolist()))
        if self.norm is not None:
            check.real("norm", self.norm, low=0, strict=True)
        check.boolean("recoverable", self.recoverable)
        if self.n1 * self.n2 > 2**27:
            raise InvalidInput(
                f"n1 = {self.n1}, n2 = {self.n2}: a matrix of {self.n1 * self.n2:,} entries; "
                "choose n1 n2 below 2^27"
            )

    @property
    def most_measurements(self) -> int | None:
        """The largest allowed N, or None."""
        return None

    @property
    def coherent(self) -> int:
        """The number floor(tau N) of measurements that are chosen for their coherence."""
        return floor_of(self.tau, self.N)

    @abc.abstractmethod
    def draw_operator(self, a_star: Matrix, rng: np.random.Generator) -> Operator:
        """Return the measurements of a ground truth."""

    def _draw(self, attempt: int) -> MatrixInstance:
        again = (attempt,) if attempt else ()
        rng, size = self.rng("target", *again), (self.n1, self.n2, self.r)
        a_star = low_rank_target(self.target, *size, rng, self.singular_values, self.norm)
        operator = self.draw_operator(a_star, self.rng("measurement", *again))
        y_star = clean = operator.forward(a_star)
        if self.snr is not None and not self.noiseless:
            scale = float(np.linalg.norm(clean)) / math.sqrt(self.N * self.snr)
            noise = self.rng("noise", *again).standard_normal(clean.shape)
            y_star = clean + operator.observed(scale * noise)
        freeze(*operator, y_star, a_star)
        return MatrixInstance(operator, y_star, a_star, attempt)

    @cached_property
    def instance(self) -> MatrixInstance:
        """The drawn arrays; with `recoverable` those of the first certified draw."""
        if not self.recoverable:
            return self._draw(0)
        first = None
        for attempt in range(MAX_DRAWS):
            drawn = self._draw(attempt)
            found = nuclear_recovery(drawn.operator, drawn.a_star)
            if found.recoverable:
                return drawn._replace(recovery=found)
            first = first or found
        assert first is not None
        raise InvalidInput(
            f"recoverable = True: none of {MAX_DRAWS} draws could be certified (the first: "
            f"{first.reason}); raise N = {self.N}"
        )

    @property
    def rejected_fraction(self) -> float:
        """The fraction of draws that `recoverable` rejected before this instance."""
        rejected = self.instance.rejected
        return rejected / (rejected + 1)

    @cached_property
    def recovery(self) -> NuclearRecovery:
        """Whether the nuclear norm can recover the ground truth."""
        return self.instance.recovery or nuclear_recovery(self.operator, self.a_star)

    @property
    def shape(self) -> tuple[int, int]:  # pyright: ignore
        """The shape (n1, n2) of the unknown."""
        return (self.n1, self.n2)

    @property
    def operator(self) -> Operator:  # pyright: ignore
        """The measurements as a linear map."""
        return self.instance.operator
