"""The Runge-Kutta-Chebyshev method, against Chebyshev polynomials of NumPy and SciPy's Radau."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.polynomial import chebyshev as polynomials
from scipy.integrate import solve_ivp

from latebloom.core.arrays import double_precision
from latebloom.engines import chebyshev


@pytest.fixture(autouse=True)
def double():
    with double_precision():
        yield


@chebyshev.Field.of
def linear(y, eigenvalues):
    return jax.tree.map(lambda x, e: e * x, y, eigenvalues)


def stability(s, z):
    """Return the polynomial P_s(z) = a + b T_s(w0 + w1 z) of RKC2."""
    T = [polynomials.Chebyshev.basis(s)]
    T += [T[0].deriv(1), T[0].deriv(2)]
    w0 = 1 + 2 / (13 * s**2)
    value, first, second = (float(t(w0)) for t in T)
    b = second / first**2
    return 1 - b * value + b * T[0](w0 + first / second * z)


def attempt(eigenvalues, h, s):
    y = {"a": jnp.ones(eigenvalues.size)}
    E = {"a": jnp.asarray(eigenvalues)}
    weights = chebyshev._weights(s)
    return chebyshev._attempt(linear, y, linear.slope(y, E), h, *weights, 1.0, E)


@pytest.mark.parametrize("s", [2, 3, 10, 51])
def test_a_step_of_a_linear_problem_is_the_stability_polynomial(s):
    z = -np.linspace(0, 0.65 * s**2, 40)
    y, F, _ = attempt(z / 0.7, 0.7, s)
    np.testing.assert_allclose(y["a"], stability(s, z), rtol=0, atol=1e-11)
    np.testing.assert_allclose(F["a"], z / 0.7 * y["a"], rtol=0, atol=1e-9 * s**2)


@pytest.mark.parametrize("hr", [0.1, 3.0, 500.0, 1e6])
def test_the_stages_make_the_step_stable(hr):
    s = chebyshev.stages(1.0, hr)
    # The damping keeps the polynomial away from 1 beyond the first half of its first wave.
    z = -np.linspace(0, hr, 2001)
    y = np.asarray(attempt(z, 1.0, s)[0]["a"])
    assert np.all(np.abs(y) <= 1 + 1e-9)
    assert np.all(np.abs(y[z < -4]) < 0.98)
    # With a fifth fewer stages it is not.
    fewer = int(0.8 * s)
    if hr > 100:
        assert not np.all(np.abs(np.asarray(attempt(z, 1.0, fewer)[0]["a"])) <= 1.5)


def test_the_longest_step_takes_the_most_stages():
    h = chebyshev.longest(123.0)
    assert chebyshev.stages(h * (1 - 1e-9), 123.0) in (
        chebyshev.MOST_STAGES - 1,
        chebyshev.MOST_STAGES,
    )
    assert chebyshev.longest(0.0) == np.inf


@chebyshev.Field.of
def reaction(y, k):
    """Return the slopes of a reaction and diffusion, u' = u'' + u - u^3 on the unit interval."""
    u = jnp.pad(y["u"], 1)
    return {"u": k * (u[2:] - 2 * u[1:-1] + u[:-2]) + y["u"] - y["u"] ** 3, "v": -2 * y["v"]}


GRID = 40
K = float((GRID + 1) ** 2)
SMOOTH = np.sin(np.pi * np.arange(1, GRID + 1) / (GRID + 1)) * 3
ROUGH = SMOOTH + np.linspace(0, 1, GRID)  # does not fit the boundary


def radau(begin, end):
    def slopes(_, y):
        u = np.pad(y, 1)
        return K * (u[2:] - 2 * u[1:-1] + u[:-2]) + y - y**3

    return solve_ivp(slopes, (0, end), begin, method="Radau", rtol=1e-11, atol=1e-12).y[:, -1]


def test_it_is_of_second_order():
    y = {"u": jnp.asarray(SMOOTH), "v": jnp.ones(1)}
    end, errors = 0.05, []
    truth = radau(SMOOTH, end)
    for count in (20, 40, 80):
        h, z = end / count, y
        weights = chebyshev._weights(chebyshev.stages(end / 20, 4 * K))  # of the longest step
        for _ in range(count):
            z, _, _ = chebyshev._attempt(reaction, z, reaction.slope(z, K), h, *weights, 1.0, K)
        errors.append(np.abs(np.asarray(z["u"]) - truth).max())
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.all((orders > 1.8) & (orders < 2.3))


def integrate(field, arguments, y, end, rtol, keep=None):
    state = chebyshev.start(field, arguments, y, end)
    while state.t < end:
        state, stretch = chebyshev.advance(field, arguments, state, end, rtol)
        if keep is not None:
            keep.append(stretch)
    return state


@pytest.mark.parametrize("rtol", [1e-3, 1e-5, 1e-7])
def test_the_error_falls_with_the_tolerance(rtol):
    y = {"u": jnp.asarray(ROUGH), "v": jnp.ones(1)}
    end = 0.3
    state = integrate(reaction, K, y, end, rtol)
    assert state.t == end
    truth = np.append(radau(ROUGH, end), np.exp(-2 * end))
    found = np.concatenate([state.y["u"], state.y["v"]])
    error = np.linalg.norm(found - truth) / np.linalg.norm(truth)
    # About rtol^(-1/3) steps have an error of rtol each.
    assert 0.05 * rtol ** (2 / 3) < error < 1.5 * rtol ** (2 / 3)


def test_evaluations_grow_more_slowly_than_those_of_a_method_that_is_not_stabilized():
    y = {"u": jnp.asarray(ROUGH), "v": jnp.ones(1)}
    end, times = 3.0, 16
    few, many = (integrate(reaction, k, y, end, 1e-3).evaluations for k in (K, times * K))
    # Forward Euler is stable up to steps of 2 / rho, with rho = 4 k: `times` as many of them.
    assert few < end * (4 * K) / 2 / 3
    assert many < times * end * (4 * K) / 2 / 9
    assert many < times**0.75 * few


def test_the_estimate_is_that_of_the_error_of_a_step():
    for s in (2, 5, 30):
        for z in (-0.02, -0.05):
            y, _, estimate = attempt(np.array([z]), 1.0, s)
            error = abs(float(y["a"][0]) - np.exp(z))
            assert error < float(estimate) < 2 * error


def test_the_radius_is_that_of_the_jacobian(rng):
    A = rng.standard_normal((30, 30))
    A = -A @ A.T
    field = chebyshev.Field.of(lambda y, A: {"x": A @ y["x"]})
    y = {"x": jnp.asarray(rng.standard_normal(30))}
    state = chebyshev.start(field, jnp.asarray(A), y, 1.0)
    assert state.radius == pytest.approx(np.linalg.norm(A, 2), rel=0.03)
    after, _ = chebyshev.advance(field, jnp.asarray(A), state, 1.0, 1e-3)
    assert after.radius == pytest.approx(np.linalg.norm(A, 2), rel=0.02)


def test_the_cubic_inside_a_step_is_of_the_accuracy_of_its_ends():
    keep: list[chebyshev.Stretch] = []
    y = {"u": jnp.asarray(ROUGH), "v": jnp.ones(1)}
    integrate(reaction, K, y, 0.1, 1e-4, keep)
    for stretch in keep[len(keep) // 2 :: 5]:
        t = 0.3 * stretch.begin + 0.7 * stretch.end
        assert float(stretch.at(t)["v"][0]) == pytest.approx(np.exp(-2 * t), rel=1e-3)
        np.testing.assert_allclose(stretch.at(t)["u"], radau(ROUGH, t), rtol=0, atol=2e-3)
        for side, end in ((stretch.before, stretch.begin), (stretch.after, stretch.end)):
            np.testing.assert_allclose(stretch.at(end)["u"], side[0]["u"], rtol=1e-14)


def test_a_field_that_is_not_finite_collapses_the_steps():
    @chebyshev.Field.of
    def explodes(y, _):
        return {"x": y["x"] ** 2}

    @chebyshev.Field.of
    def nothing(y, _):
        return {"x": y["x"] * jnp.nan}

    with pytest.raises(chebyshev.Collapsed, match="step size"):
        integrate(explodes, None, {"x": jnp.ones(1)}, 2.0, 1e-3)
    with pytest.raises(chebyshev.Collapsed, match="not finite"):
        integrate(nothing, None, {"x": jnp.ones(1)}, 2.0, 1e-3)


def test_a_stationary_point_takes_a_few_steps():
    state = integrate(linear, {"x": jnp.array([0.0, 0.0])}, {"x": jnp.ones(2)}, 1e9, 1e-3)
    assert state.evaluations < 20
    np.testing.assert_array_equal(state.y["x"], 1.0)
