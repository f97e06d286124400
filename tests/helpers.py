"""What the tests share: an example of every registered member, the methods in plain NumPy.

A new member of a family is covered by every parametrized test as soon as it is registered. It needs
a line here only if its fields need more than their types say (`EXAMPLES`), or if it is a method
(`UPDATES`, its update rule in plain NumPy).
"""

import contextlib
import dataclasses
import functools
import re
import typing
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jaxtyping
import numpy as np

import latebloom as lb
from latebloom import problems
from latebloom.core.arrays import double_precision
from latebloom.core.spec import FAMILIES
from latebloom.methods import Oracle, Step
from latebloom.models import Model
from latebloom.penalties import Term
from latebloom.problems import LeastSquares
from latebloom.problems.operators import Entries, Operator, RankOne, Tensor


def x64() -> Any:
    """Return the context in which JAX computes in float64."""
    return double_precision()


@contextlib.contextmanager
def unchecked() -> Iterator[None]:
    """Switch the run-time checks of annotations off: a user meets only the library's own errors."""
    before = jaxtyping.config.jaxtyping_disable
    jaxtyping.config.update("jaxtyping_disable", True)
    try:
        yield
    finally:
        jaxtyping.config.update("jaxtyping_disable", before)


# --- Examples of every member ---------------------------------------------------------------------


@functools.cache  # read-only, and the same object finds compiled oracles again
def linear_data(N: int = 6, n: int = 9, seed: int = 0) -> lb.LinearData:
    """Return a dense Gaussian problem without noise."""
    rng = np.random.default_rng([seed, 1])  # not the stream of the fixture `rng`
    X, a_star = rng.standard_normal((N, n)), rng.standard_normal(n)
    return lb.LinearData(X=X, y_star=X @ a_star, a_star=a_star)


@functools.cache
def matrix_data() -> lb.SensedMatrix:
    """Return a 3 x 4 matrix of rank 2 seen through 10 full measurements without noise."""
    rng = np.random.default_rng(2)
    A = rng.standard_normal((3, 2)) @ rng.standard_normal((2, 4))
    X = rng.standard_normal((10, 3, 4))
    return lb.SensedMatrix(y=np.einsum("kij,ij->k", X, A), X=X, A_star=A)


def masked_matrix() -> lb.MaskedMatrix:
    """Return a 3 x 4 matrix of rank 1 seen on a checkerboard; the other half would do as well."""
    mask = np.indices((3, 4)).sum(axis=0) % 2
    A = np.outer([1.0, -2.0, 0.5], [1.0, 0.5, -1.0, 2.0])
    return lb.MaskedMatrix(mask=mask, Y=A, A_star=A)


def sensed_matrix() -> lb.SensedMatrix:
    """Return a 3 x 4 matrix of rank 1 seen through 8 measurements of rank one."""
    rng = np.random.default_rng(3)
    left, right = rng.standard_normal((8, 3)), rng.standard_normal((8, 4))
    A = np.outer([1.0, -2.0, 0.5], [1.0, 0.5, -1.0, 2.0])
    y = np.array([u @ A @ v for u, v in zip(left, right, strict=True)])
    return lb.SensedMatrix(y=y, left=left, right=right, A_star=A)


def supervised_data() -> problems.SupervisedData:
    """Return pairs of the tokens 0 and 1 with two labels; a third token could be there."""
    x, y = np.indices((2, 2)).reshape(2, 4).T, np.array([0, 1, 1, 0])
    return problems.SupervisedData(x[:3], y[:3], x[2:], y[2:], "cross_entropy", tokens=3)


def affine(params: Any, inputs: Any) -> Any:
    """Return the outputs of a model without hidden layers."""
    return inputs @ params["w"].T


KINDS = ("entries", "rank one", "tensor")


def measure(kind: str, rng: np.random.Generator, n1: int, n2: int, N: int) -> Operator:
    """Return N random measurements of an n1 x n2 matrix."""
    if kind == "entries":
        mask = np.zeros(n1 * n2)
        mask[rng.choice(n1 * n2, N, replace=False)] = 1.0
        return Entries(mask.reshape(n1, n2))
    if kind == "rank one":
        return RankOne(rng.standard_normal((N, n1)), rng.standard_normal((N, n2)))
    return Tensor(rng.standard_normal((N, n1, n2)))


EXAMPLES: dict[str, Callable[[], Any]] = {
    # The identity basis allows both generators, so that every field can be changed on its own.
    "SparseRecovery": lambda: lb.SparseRecovery(n=9, s=2, N=6, basis="identity", snr=1e3, tau=0.4),
    "LinearData": linear_data,
    # So many measurements, so well spread, that no other value of a field leaves a row empty.
    "MatrixCompletion": lambda: lb.MatrixCompletion(n1=4, n2=3, r=1, N=10, snr=1e3),
    "MatrixSensing": lambda: lb.MatrixSensing(n1=4, n2=3, r=1, N=10, snr=1e3),
    "MaskedMatrix": masked_matrix,
    "SensedMatrix": sensed_matrix,
    "ModularArithmetic": lambda: problems.ModularArithmetic(p=7),
    "PermutationComposition": lambda: problems.PermutationComposition(k=3),
    "TeacherStudent": lambda: problems.TeacherStudent(d=3, hidden=5, C=2, N=6, N_test=4),
    # Fewer than there are, and named, so that every field can be changed on its own.
    "Images": lambda: problems.Images(n_train=30, n_test=20, classes=(3, 7)),
    "SupervisedData": supervised_data,
    # Small networks, and one of the user's own for the inputs and outputs of TeacherStudent above.
    "MLP": lambda: lb.MLP(widths=(4,)),
    "TokenPair": lambda: lb.TokenPair(width=4, hidden=(8,)),
    "Transformer": lambda: lb.Transformer(width=8, heads=2, hidden=16),
    "Custom": lambda: lb.Custom("affine", {"w": np.ones((2, 3))}, affine),
    "On": lambda: lb.On(lb.L1(0.3), "weights"),
    "Sum": lambda: lb.L1(0.3) + lb.L2(0.2),
    "Piecewise": lambda: lb.Piecewise(steps=(0, 3), values=(0.5, 0.25)),
    "At": lambda: lb.At((3, 1)),
}


def example(cls: type) -> Any:
    """Return an instance of a registered class, its required fields filled by their types."""
    if cls.__name__ in EXAMPLES:
        return EXAMPLES[cls.__name__]()
    hints = typing.get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            options = typing.get_args(hints[field.name]) or (hints[field.name],)
            values[field.name] = next(v for t, v in ((float, 0.125), (int, 2)) if t in options)
    return cls(**values)


def examples(family: str) -> dict[str, Any]:
    """Return an example of every member of a family, by name."""
    return {name: example(cls) for name, cls in sorted(FAMILIES[family].items())}


def linear_problems() -> dict[str, LeastSquares]:
    """Return an example of every least squares problem, by name."""
    return {name: p for name, p in examples("problem").items() if isinstance(p, LeastSquares)}


def linear_models() -> dict[str, Model]:
    """Return an example of every model of least squares, by name."""
    return {name: m for name, m in examples("model").items() if isinstance(m, Model)}


def all_examples() -> dict[str, Any]:
    """Return an example of every registered class, as family.name."""
    return {f"{fam}.{name}": ex for fam in sorted(FAMILIES) for name, ex in examples(fam).items()}


def penalties() -> dict[str, Any]:
    """Return every registered penalty on an array, and sums that have a proximal operator."""
    single = {name: ex for name, ex in examples("penalty").items() if isinstance(ex, Term)}
    return {
        **{name: ex for name, ex in single.items() if not ex.of_function},
        "L1 + L2": lb.L1(0.3) + lb.L2(0.7),
        "L1 + Euclidean": lb.L1(0.3) + lb.Euclidean(0.4),
        "L2 + Euclidean + L1": lb.L2(0.7) + lb.Euclidean(0.4) + lb.L1(0.3),
        "L2 + L2": lb.L2(0.7) + lb.L2(0.5),
        "L1 + Euclidean + L1": lb.L1(0.3) + lb.Euclidean(0.4) + lb.L1(0.2),
        "Nuclear + L2": lb.Nuclear(0.3) + lb.L2(0.7),
        "Frobenius + Nuclear": lb.Frobenius(0.4) + lb.Nuclear(0.3),
        "L1 + Frobenius + Euclidean": lb.L1(0.3) + lb.Frobenius(0.2) + lb.Euclidean(0.4),
        "Nuclear + Euclidean + Nuclear": lb.Nuclear(0.3) + lb.Euclidean(0.4) + lb.Nuclear(0.2),
    }


def of_matrices(member: Any) -> bool:
    """Return whether a model or penalty is made for matrices only."""
    if isinstance(member, lb.MatrixProduct):
        return True
    terms = getattr(member, "terms", ())
    return any(term.of_matrices for term in terms)


def data_for(*members: Any) -> Any:
    """Return a problem that suits models and penalties: in a vector unless one needs a matrix."""
    return matrix_data() if any(map(of_matrices, members)) else linear_data()


def unknowns(*members: Any) -> list[tuple[int, ...]]:
    """Return shapes of unknowns that suit models and penalties: wide, tall, square, thin."""
    matrices = [(3, 4), (4, 3), (3, 3), (1, 2)]
    return matrices if any(map(of_matrices, members)) else [(5,), (1,), *matrices]


def others(value: Any, refusal: str = "", hint: Any = None) -> Iterator[Any]:
    """Yield values of the same kind as `value` and different from it.

    A string is one of a list of choices, which the error for a wrong one (`refusal`) spells out.
    Nothing (None) becomes what the type of the field allows besides (`hint`).
    """
    if value is None:
        tuples = any(typing.get_origin(option) is tuple for option in typing.get_args(hint))
        yield from ((1.0,), (1.0, 1.0)) if tuples else (1, 0.5)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, str):
        listed = re.search(r"must be one of ([^;]*)", refusal)
        yield from (c for c in (listed.group(1).split(", ") if listed else ["else"]) if c != value)
    elif isinstance(value, int | np.ndarray):
        yield from (value + 1, value - 1, 1 - value)
    elif isinstance(value, float):
        yield from (value / 2 or 0.5, value + 1)
    elif isinstance(value, tuple) and value:
        yield from (((*value[:-1], other)) for other in others(value[-1]))
    elif dataclasses.is_dataclass(value):
        yield from (c for f in dataclasses.fields(value) if (c := changed(value, f.name)))
        yield from (ex for ex in examples(type(value).__spec_family__).values())


# Fields that do not change alone: another spec instead.
INSTEAD: dict[tuple[str, str], Callable[[], Any]] = {
    ("SensedMatrix", "X"): matrix_data,
    ("MaskedMatrix", "mask"): lambda: dataclasses.replace(masked_matrix(), mask=np.ones((3, 4))),
    ("ModularArithmetic", "operation"): lambda: problems.ModularArithmetic(p=7, operation="xy"),
    ("Transformer", "width"): lambda: lb.Transformer(width=10, heads=2, hidden=16),
    ("On", "params"): lambda: lb.On(lb.L1(0.3), "layers.*"),
    ("Custom", "params"): lambda: lb.Custom("affine", {"w": np.eye(2, 3)}, affine),
    ("Optax", "name"): lambda: lb.Optax(0.125, name="lion"),
    ("Optax", "options"): lambda: lb.Optax(0.125, options=(("b1", 0.5),)),
    **{
        (name, "transforms"): lambda kind=kind: kind(0.125, transforms=(lb.OrthogonalGradient(),))
        for name, kind in (("Adam", lb.Adam), ("SGD", lb.SGD), ("Optax", lb.Optax))
    },
}


def changed(spec: Any, field: str) -> Any:
    """Return a copy of the spec with another valid value of the field, or None if there is none."""
    if (type(spec).__name__, field) in INSTEAD:
        return INSTEAD[type(spec).__name__, field]()
    value, refusal = getattr(spec, field), ""
    if isinstance(value, str):
        try:
            return dataclasses.replace(spec, **{field: "?"})
        except lb.InvalidInput as error:
            refusal = str(error)
    for other in others(value, refusal, typing.get_type_hints(type(spec)).get(field)):
        try:
            return dataclasses.replace(spec, **{field: other})
        except lb.InvalidInput:
            continue
    return None


# --- The library's own methods, step by step ------------------------------------------------------


def design(problem: Any) -> np.ndarray:
    """Return the measurements as the rows of a matrix, from their definition.

    The unknown is a matrix written row by row; of a mask every entry has its row, some zero.
    """
    X = problem.operator
    if hasattr(X, "mask"):
        return np.diag(X.mask.ravel())
    if hasattr(X, "left"):
        return np.array([np.outer(u, v).ravel() for u, v in zip(X.left, X.right, strict=True)])
    return X.X.reshape(len(X.X), -1)


def numpy_oracle(problem: Any) -> Oracle:
    """Return the oracle of the linear model in NumPy."""
    X, y, inverse = problem.operator, problem.y_star, problem.operator.inverse()
    return Oracle(
        lambda a: X.adjoint(X.forward(a) - y),
        lambda a: a - X.correction(X.forward(a) - y, inverse),
    )


@functools.cache
def jax_oracle(problem: Any, model: Any) -> Oracle:
    """Return the oracle of any model by automatic differentiation; use it inside `x64`."""
    X = type(problem.operator)(*map(jax.numpy.asarray, problem.operator))
    y, inverse = map(jax.numpy.asarray, (problem.y_star, problem.operator.inverse()))

    def g(params: Any) -> Any:
        return 0.5 * ((X.forward(model.predictor(params, problem.shape)) - y) ** 2).sum()

    return Oracle(jax.jit(jax.grad(g)), lambda a: a - X.correction(X.forward(a) - y, inverse))


def iterate(method: Any, penalty: Any, oracle: Oracle, params: Any, steps: int) -> list[Any]:
    """Return the parameters at steps 0..steps under a method with constant alpha and beta."""
    out, memory = [params], method.start(params)
    beta = penalty.strength() if penalty else None
    for t in range(steps):
        params, memory = method.update(params, memory, Step(oracle, penalty, method.alpha, beta, t))
        out.append(params)
    return out


def lasso_residual(problem: Any, a: np.ndarray, beta: float) -> float:
    """Return the largest violation of -X^T (X a - y) in beta d||a||_1, relative to beta."""
    G = problem.X.T @ (problem.X @ a - problem.y_star)
    violation = np.where(a != 0, np.abs(G + beta * np.sign(a)), np.maximum(np.abs(G) - beta, 0))
    return float(violation.max()) / beta
