"""Teacher and student: learn a two-layer network from its outputs."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Float32

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import register

from .activations import ACTIVATIONS, FIRST, SECOND, SMOOTH
from .drawn import freeze
from .supervised import Split, Supervised, read_only, stream

# The position of a purpose in this list is part of its seed: append, never reorder.
PURPOSES = ("teacher", "train", "test")
MAX_NUMBERS = 2**28  # an array of this many takes 2 GiB while it is computed, in float64
MAX_HESSIAN = 2**27  # 0.5 GiB in float32


class Teacher(NamedTuple):
    """The teacher's weights, float64."""

    A: Float[np.ndarray, "hidden d"]
    B: Float[np.ndarray, "C hidden"]


@register("problem")
@dataclass(frozen=True)
class TeacherStudent(Supervised):
    r"""Learn the network $y = B\,\phi(A x)$ from its outputs at N random inputs.

    $x \sim N(0, I_d)$, A has entries N(0, 1) and B has entries N(0, 1/hidden^2), which makes
    outputs of size $1/\sqrt{\mathrm{hidden}}$ times that of $\phi(\sqrt d\,\xi)$, $\xi$ normal. The
    test inputs are fresh. Everything is drawn and computed in float64; the inputs are rounded to
    float32, and outputs and derivatives, computed at the rounded inputs, are rounded too. The
    targets are real, so that the loss is `mse`.

    **Arguments:**

    - `d`, `hidden`, `C`: inputs, hidden units, outputs of the teacher.
    - `N`, `N_test`: examples to train on and to test.
    - `activation`: $\phi$: `relu`, `tanh`, `softplus` or `square`.
    - `seed`: seeds teacher and inputs, each with its own stream; `teacher_seed` and `data_seed`
      (training and test inputs) replace it for one of them.

    **Raises:** `InvalidInput` for impossible sizes and values.

    Source: arXiv 2506.05718, section 4 and appendix H.3.2.

    >>> from latebloom.problems import TeacherStudent
    >>> problem = TeacherStudent(d=3, hidden=4, C=2, N=5, activation="tanh")
    >>> problem.train.targets.shape, problem.jacobian.shape, problem.hessian.shape
    ((5, 2), (5, 2, 3), (5, 2, 3, 3))
    """

    d: int = 100  # the paper's sizes
    hidden: int = 500
    C: int = 2
    N: int = 100
    N_test: int = 1000  # so that the relative error is known to a few percent
    activation: str = "relu"  # the paper's
    seed: int = 0
    teacher_seed: int | None = None
    data_seed: int | None = None

    loss = "mse"
    tokens = None

    def __post_init__(self) -> None:
        for name in ("d", "hidden", "C", "N", "N_test"):
            check.integer(name, getattr(self, name), low=1)
        check.one_of("activation", self.activation, tuple(FIRST))
        check.seeds(self, "seed", "teacher_seed", "data_seed")
        wide = max(self.d, self.hidden)
        products = {
            "N": self.N * wide,
            "N_test": self.N_test * wide,
            "hidden": wide * max(self.d, self.C),
            "C": self.N * self.C * wide,  # the Jacobian
        }
        name = max(products, key=lambda key: products[key])
        if products[name] > MAX_NUMBERS:
            raise InvalidInput(
                f"{name} = {getattr(self, name)}: an array of {products[name]:,} numbers would "
                f"need {products[name] * 8 / 2**30:.0f} GiB; choose sizes with at most "
                f"{MAX_NUMBERS:,} (d = {self.d}, hidden = {self.hidden}, C = {self.C}, "
                f"N = {self.N})"
            )

    def _stream(self, purpose: str, own: int | None) -> np.random.Generator:
        return stream(self.seed if own is None else own, PURPOSES.index(purpose))

    @cached_property
    def teacher(self) -> Teacher:
        """The teacher's weights A and B, float64."""
        rng = self._stream("teacher", self.teacher_seed)
        A = rng.standard_normal((self.hidden, self.d))
        B = rng.standard_normal((self.C, self.hidden)) / self.hidden
        freeze(A, B)
        return Teacher(A, B)

    def _preactivations(self, x: Float32[np.ndarray, "N d"]) -> Float[np.ndarray, "N hidden"]:
        return x.astype(np.float64) @ self.teacher.A.T

    @cached_property
    def sides(self) -> tuple[Split, Split]:  # pyright: ignore
        """Training inputs, shape (N, d), with the teacher's outputs, shape (N, C), and as many
        fresh ones as N_test says."""
        drawn = []
        for purpose, size in (("train", self.N), ("test", self.N_test)):
            rng = self._stream(purpose, self.data_seed)
            x = rng.standard_normal((size, self.d)).astype(np.float32)
            hidden = ACTIVATIONS[self.activation](self._preactivations(x))
            drawn.append(read_only(x, (hidden @ self.teacher.B.T).astype(np.float32)))
        return drawn[0], drawn[1]

    @property
    def outputs(self) -> int:  # pyright: ignore
        """The number of outputs, C."""
        return self.C

    @property
    def smooth(self) -> bool:
        """Whether the teacher's Hessian is not identically zero."""
        return self.activation in SMOOTH

    @cached_property
    def jacobian(self) -> Float32[np.ndarray, "N C d"]:  # pyright: ignore
        r"""The Jacobian $B\,\mathrm{diag}(\phi'(Ax))\,A$ at the training inputs."""
        A, B = self.teacher
        slopes = FIRST[self.activation](self._preactivations(self.train.inputs))
        jacobian = ((slopes[:, None] * B) @ A).astype(np.float32)
        freeze(jacobian)
        return jacobian

    @cached_property
    def hessian(self) -> Float32[np.ndarray, "N C d d"]:  # pyright: ignore
        r"""The Hessian $A^\top\mathrm{diag}(B_c\,\phi''(Ax))\,A$ of every output c at the training
        inputs; zero for `relu`, whose second derivative is zero wherever it exists."""
        numbers = self.N * self.C * self.d**2
        if numbers > MAX_HESSIAN:
            raise InvalidInput(
                f"N = {self.N}, C = {self.C}, d = {self.d}: the Hessian has N C d^2 = {numbers:,} "
                f"numbers ({numbers * 4 / 2**30:.1f} GiB); at most {MAX_HESSIAN:,} are made: "
                "choose a smaller d or N"
            )
        A, B = self.teacher
        hessian = np.zeros((self.N, self.C, self.d, self.d), np.float32)
        if self.smooth:
            curvatures = SECOND[self.activation](self._preactivations(self.train.inputs))
            for n, curvature in enumerate(curvatures):
                for c, row in enumerate(B):
                    hessian[n, c] = (A.T * (row * curvature)) @ A
        freeze(hessian)
        return hessian
