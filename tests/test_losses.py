"""Losses and errors of networks against naive formulas in higher precision."""

import functools

import hypothesis.extra.numpy as hnp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import x64
from hypothesis import given, settings
from hypothesis import strategies as st
from network_helpers import blobs

import latebloom as lb
from latebloom.engines.losses import losses, measured
from latebloom.problems.supervised import LOSSES

CLASSES = 4
Z = np.array(
    [[0.5, -1.0, 2.0, 0.0], [3.0, 3.5, -2.0, 1.0], [0.0, 0.0, 0.0, 0.0], [-5.0, 4.0, -0.5, 1e-3]]
)
Y = np.array([2, 0, 1, 1])


def naive(name, z, y):
    """Return the loss of each example by its definition, in extended precision."""
    z = z.astype(np.longdouble)
    one_hot = np.eye(z.shape[1])[y] if y.ndim == 1 else y.astype(np.longdouble)
    if name == "mse":
        return ((z - one_hot) ** 2).mean(axis=1)
    s = (
        np.exp(z)
        if name == "cross_entropy"
        else np.where(z >= 0, z + 1, 1 / (1 - np.minimum(z, 0)))
    )
    others = (s * (1 - one_hot)).sum(axis=1)
    return np.log1p(others / (s * one_hot).sum(axis=1))


def in_jax(function, *arrays):
    """Return the compiled function of arrays, all in x64, as NumPy arrays."""
    with x64():
        found = jax.jit(function)(*map(jnp.asarray, arrays))
        return jax.tree.map(np.asarray, found)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_their_formulas(name):
    got = in_jax(lambda z, y: losses(name, z, y, jnp.float64), Z, Y)
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, naive(name, Z, Y).astype(float), rtol=1e-14)


def test_real_outputs_have_the_mean_square_and_the_relative_error(rng):
    y = rng.standard_normal((4, CLASSES)).astype(np.float32)
    got = in_jax(lambda z, y: losses("mse", z, y, jnp.float64), Z, y)
    np.testing.assert_allclose(got, naive("mse", Z, y).astype(float), rtol=1e-14)
    loss, error = in_jax(lambda z, y: measured("mse", z, y), Z, y)
    assert loss == pytest.approx(float(naive("mse", Z, y).mean()), rel=1e-14)
    relative = np.linalg.norm(Z - y) / np.linalg.norm(y.astype(float))
    assert error == pytest.approx(relative, rel=1e-14)


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_losses_agree_with_differences(name):
    z, h = Z + 0.1, 1e-6  # StableMax has a bend at 0
    got = in_jax(jax.grad(lambda z, y: losses(name, z, y, jnp.float64).sum()), z, Y)
    for k in range(CLASSES):
        e = h * np.eye(CLASSES)[k]
        slope = (naive(name, z + e, Y) - naive(name, z - e, Y)) / (2 * h)
        np.testing.assert_allclose(got[:, k], slope.astype(float), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("name", LOSSES)
def test_losses_and_their_gradients_are_finite_at_huge_outputs(name):
    z = np.array([[5e3, -5e3, 0.0], [-5e3, 5e3, 5e3]], np.float32)
    y = np.array([0, 0])
    for dtype in (jnp.float32, jnp.float64):
        value, slope = in_jax(
            jax.value_and_grad(lambda z, y, d=dtype: losses(name, z, y, d).sum()), z, y
        )
        assert np.isfinite(value)
        assert np.isfinite(slope).all()
        assert value == pytest.approx(float(naive(name, z, y).sum()), rel=1e-6)


@pytest.mark.parametrize("name", ["cross_entropy", "stablemax"])
def test_errors_may_be_the_mean_of_one_minus_the_probability_or_the_loss(name):
    each = naive(name, Z, Y)  # -log p
    loss, error = in_jax(lambda z, y: measured(name, z, y, "probability"), Z, Y)
    assert loss == pytest.approx(float(each.mean()), rel=1e-14)
    assert error == pytest.approx(float((1 - np.exp(-each)).mean()), rel=1e-14)
    loss, error = in_jax(lambda z, y: measured(name, z, y, "loss"), Z, Y)
    assert error == loss == pytest.approx(float(each.mean()), rel=1e-14)


@pytest.mark.parametrize("targets", [Y, np.eye(CLASSES)[Y]])
def test_the_error_may_be_the_squared_loss(targets):
    loss, error = in_jax(lambda z, y: measured("mse", z, y, "loss"), Z, targets)
    assert error == loss == pytest.approx(float(naive("mse", Z, Y).mean()), rel=1e-14)


# --- What is measured -----------------------------------------------------------------------------


SEE = {name: jax.jit(functools.partial(measured, name)) for name in LOSSES}


def see(name, z, y):
    """Return loss and error as the engine measures them."""
    with x64():
        return tuple(map(np.asarray, SEE[name](jnp.asarray(z), jnp.asarray(y))))


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_is_measured_is_the_mean_loss(name, dtype):
    z = Z.astype(dtype)
    loss, error = see(name, z, Y)
    rounding = {np.float32: 1e-6, np.float64: 1e-14}[dtype]
    assert loss == pytest.approx(float(naive(name, z, Y).mean()), rel=rounding)
    assert error == np.mean([False, True, True, False])  # the third is a tie


@pytest.mark.parametrize("margin", [1.0, 10.0, 20.0, 46.0, 80.0])
def test_tiny_cross_entropies_keep_their_digits_in_single_precision(margin):
    """At a margin of 46 the loss is 1e-20, and log softmax in single precision is exactly 0."""
    z = np.array([[margin + 0.25, 0.25, -1.0, 0.0], [0.5, 0.5 + margin, 0.125, 0.0]], np.float32)
    y = np.array([0, 1])
    loss, error = see("cross_entropy", z, y)
    assert error == 0
    assert loss == pytest.approx(float(naive("cross_entropy", z, y).mean()), rel=1e-5)
    if margin > 20:
        assert float(-jax.nn.log_softmax(jnp.asarray(z))[0, 0]) == 0


def test_tiny_stablemax_losses_keep_their_digits_in_single_precision():
    z = np.array([[1e10, -1e10, -3e9], [1e9, -1e5, -1e10]], np.float32)
    y = np.array([0, 0])
    loss, error = see("stablemax", z, y)
    assert error == 0
    assert loss < 1e-13
    assert loss == pytest.approx(float(naive("stablemax", z, y).mean()), rel=1e-5)


@given(
    hnp.arrays(np.float32, (2, 3), elements=st.floats(-60, 60, width=32)),
    st.lists(st.integers(0, 2), min_size=2, max_size=2),
    st.sampled_from(["cross_entropy", "stablemax"]),
)
@settings(max_examples=60)
def test_any_outputs_are_measured_to_the_accuracy_of_their_type(z, y, name):
    y = np.array(y)
    loss, error = see(name, z, y)
    # Where the exponent is large, its rounding in single precision is that of the result.
    assert loss == pytest.approx(float(naive(name, z, y).mean()), rel=3e-5)
    rivals = np.where(np.eye(3)[y] > 0, -np.inf, z).max(axis=1)
    assert error == (z[np.arange(2), y] <= rivals).mean()


def test_a_tie_is_an_error_wherever_it_is():
    z = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [2.0, 1.0, 1.0]], np.float32)
    for label, wrong in ((0, [True, True, False]), (1, [True, True, True])):
        _, error = see("cross_entropy", z, np.full(3, label))
        assert error == np.mean(wrong)
    # A network that says nothing is always wrong, not right with the first class.
    assert see("mse", np.zeros((2, 3)), np.array([0, 1]))[1] == 1


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_outputs_that_are_not_finite_are_not_measured(name, bad):
    z = Z.astype(np.float32)
    z[1, 2] = bad
    loss, error = see(name, z, Y)
    assert np.isnan(loss)
    assert np.isnan(error)


def test_two_classes_and_one_output_are_allowed():
    loss, error = see("cross_entropy", np.array([[2.0, 1.0]]), np.array([0]))
    assert (loss, error) == (pytest.approx(np.log1p(np.exp(-1))), 0)


@pytest.mark.parametrize("name", ["stablemax", "mse"])  # cross-entropy: test_training.py
def test_runs_start_from_the_loss_and_error_of_the_start(name):
    problem = blobs(loss=name)
    run = lb.simulate(lb.Experiment(problem, model=lb.MLP((4,)), steps=1, precision="float64"))
    params = run.experiment.network_start
    for split, side in (("train", problem.train), ("test", problem.test)):
        z = run.experiment.network.apply(params, side.inputs.astype(float))
        loss = float(naive(name, z, side.targets).mean())
        assert run.trajectory[f"{split}_loss"][0] == pytest.approx(loss, rel=1e-13)
        wrong = (z.argmax(axis=1) != side.targets).mean()
        assert run.trajectory[f"{split}_error"][0] == wrong
