"""Teacher and student: activations and derivatives, laws, and bad input."""

import itertools
from math import nan, sqrt

import jax
import numpy as np
import pytest
from helpers import x64
from network_helpers import assert_same, refusal

from latebloom.problems import TeacherStudent
from latebloom.problems.activations import ACTIVATIONS, FIRST, SECOND, SMOOTH

# --- Activations ----------------------------------------------------------------------------------

Z = np.array([-30.0, -2.5, -0.3, 0.0, 0.2, 1.0, 3.0, 30.0])


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_activations_agree_in_numpy_and_jax_and_keep_types(name, dtype):
    z = Z.astype(dtype)
    with x64():
        for table in (ACTIVATIONS, FIRST, SECOND):
            if name in table:
                ours, theirs = table[name](z), table[name](jax.numpy.asarray(z))
                assert ours.dtype == theirs.dtype == dtype
                np.testing.assert_allclose(ours, theirs, rtol=100 * np.finfo(dtype).eps)


@pytest.mark.parametrize(
    ("name", "reference"),
    [
        ("relu", jax.nn.relu),
        ("tanh", jax.numpy.tanh),
        ("softplus", jax.nn.softplus),
        ("square", jax.numpy.square),
        ("gelu", lambda z: jax.nn.gelu(z, approximate=False)),
        ("identity", lambda z: z),
    ],
)
def test_activations_and_derivatives_are_those_of_jax(name, reference):
    with x64():
        z = jax.numpy.asarray(Z)
        np.testing.assert_allclose(ACTIVATIONS[name](Z), reference(z), rtol=1e-13, atol=1e-15)
        # The reverse mode of our function, and of the reference, at 0 as well.
        ours = jax.vmap(jax.grad(ACTIVATIONS[name]))(z)
        np.testing.assert_allclose(ours, jax.vmap(jax.grad(reference))(z), rtol=1e-12, atol=1e-15)
        second = jax.vmap(jax.grad(jax.grad(reference)))(z)
        assert bool(second.any()) == (name in SMOOTH)
        if name in FIRST:
            np.testing.assert_allclose(FIRST[name](Z), ours, rtol=1e-12, atol=1e-15)
            np.testing.assert_allclose(SECOND[name](Z), second, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_do_not_hide_what_is_not_a_number(name):
    with np.errstate(invalid="ignore"):
        assert np.isnan(ACTIVATIONS[name](np.array([nan, 1.0]))).tolist() == [True, False]
    assert np.isnan(ACTIVATIONS[name](jax.numpy.array([nan, 1.0]))).tolist() == [True, False]


# --- Teacher and student --------------------------------------------------------------------------

PHI = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "softplus": lambda z: np.log(1 + np.exp(z)),
    "square": lambda z: z**2,
}
every_teacher = pytest.mark.parametrize("activation", PHI)


def teacher(activation, **settings):
    """Return a small teacher's problem and its function in float64."""
    problem = TeacherStudent(
        **{"d": 4, "hidden": 7, "C": 3, "N": 6, "N_test": 5, "activation": activation, **settings}
    )
    A, B = problem.teacher
    return problem, lambda x: np.array([B @ PHI[activation](A @ row) for row in x])


@every_teacher
def test_targets_are_the_teachers_outputs(activation):
    problem, f = teacher(activation)
    for side in (problem.train, problem.test):
        exact = f(side.inputs.astype(np.float64))
        np.testing.assert_allclose(side.targets, exact, rtol=1e-6, atol=1e-7)
    assert problem.loss == "mse"
    assert not problem.classification


@every_teacher
def test_derivatives_agree_with_finite_differences(activation):
    problem, f = teacher(activation)
    x = problem.train.inputs.astype(np.float64)
    h = 1e-4  # truncation h^2 and rounding 1e-16/h^2 both below 1e-7
    steps = h * np.eye(problem.d)
    first = np.stack([(f(x + e) - f(x - e)) / (2 * h) for e in steps], axis=-1)
    np.testing.assert_allclose(problem.jacobian, first, rtol=2e-6, atol=2e-6)
    second = np.zeros((problem.N, problem.C, problem.d, problem.d))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            mixed = f(x + a + b) - f(x + a - b) - f(x - a + b) + f(x - a - b)
            second[:, :, i, j] = mixed / (4 * h * h)
    np.testing.assert_allclose(problem.hessian, second, rtol=1e-5, atol=2e-6)
    assert problem.hessian.dtype == problem.jacobian.dtype == np.float32
    assert problem.smooth == (activation != "relu") == bool(problem.hessian.any())


def test_teacher_and_inputs_have_the_published_laws():
    problem = TeacherStudent(N=500)
    A, B = problem.teacher
    assert A.shape == (500, 100)
    assert B.shape == (2, 500)
    # Sums of squares are chi-squared.
    for squares, number in (
        ((A**2).sum(), A.size),
        ((500 * B) ** 2, B.size),
        (problem.train.inputs**2, 500 * 100),
        (problem.test.inputs**2, 1000 * 100),
    ):
        assert abs(np.sum(squares, dtype=np.float64) - number) < 4 * sqrt(2 * number)


def test_streams_are_independent_of_each_other_and_of_a_students_start():
    problem = TeacherStudent(d=20, hidden=20, N=20, N_test=20)
    A = problem.teacher.A
    student = np.random.default_rng(problem.seed).standard_normal((20, 20))
    arrays = [A, student, problem.train.inputs, problem.test.inputs]
    for one, two in itertools.combinations(arrays, 2):
        assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.25  # 5 / sqrt(400)


@pytest.mark.parametrize("name", ["teacher_seed", "data_seed"])
def test_separate_seeds_change_only_their_own_arrays(name):
    base, other = teacher("tanh")[0], teacher("tanh", **{name: 5})[0]
    assert np.array_equal(base.teacher.A, other.teacher.A) == (name == "data_seed")
    for side in ("train", "test"):
        same = np.array_equal(getattr(base, side).inputs, getattr(other, side).inputs)
        assert same == (name == "teacher_seed")
    explicit = teacher("tanh", **{name: 0})[0]
    assert_same(explicit, base)


@pytest.mark.parametrize(
    ("name", "value"),
    [(n, v) for n in ("d", "hidden", "C", "N", "N_test") for v in (0, -1, 2.5, True, "3", None)]
    + [("activation", "gelu"), ("activation", "?"), ("activation", None), ("seed", -1)]
    + [("teacher_seed", 2**32), ("data_seed", 1.5)],
)
def test_impossible_teachers_are_refused_in_one_line(name, value):
    message = refusal(lambda: TeacherStudent(**{name: value}))
    assert message.startswith(f"{name} = {value!r}")
    assert "must be" in message


@pytest.mark.parametrize(
    "sizes", [{"N": 10**6}, {"N_test": 10**7}, {"hidden": 10**7}, {"C": 10**6}, {"d": 10**6}]
)
def test_arrays_that_do_not_fit_are_refused_before_they_are_made(sizes):
    assert "GiB" in refusal(lambda: TeacherStudent(**sizes))


def test_a_hessian_that_does_not_fit_is_refused_when_it_is_asked_for():
    problem = TeacherStudent(d=2000, hidden=3, N=20)
    assert problem.jacobian.shape == (20, 2, 2000)
    assert "GiB" in refusal(lambda: problem.hessian)
