"""The penalties of `which-grok`: convex analysis and plain searches decide, NumPy against JAX."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import x64

from latebloom_paper.properties import GroupNorm, NegativePart, Slope, TotalVariation

PENALTIES = {
    "groups": GroupNorm(0.7, size=2),
    "negative part": NegativePart(0.7),
    "SLOPE": Slope(0.7, theta=2.0),
    "total variation": TotalVariation(0.7),
}
every = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)


def points(rng, count, n=6):
    """Return vectors, half of them with ties and zeros."""
    return [
        rng.normal(size=n) * 2 if k % 2 else rng.integers(-2, 3, size=n) * 1.0 for k in range(count)
    ]


def plain_values(x):
    """Return the four penalties at x without their strength, by their definitions."""
    falling = sorted(np.abs(x), reverse=True)
    n = len(x)
    return {
        "groups": sum(np.hypot(x[k], x[k + 1]) for k in range(0, n, 2)),
        "negative part": sum(-v for v in x if v < 0),
        # OSCAR: of each pair the larger size, which is that of the one that ranks before.
        "SLOPE": sum(falling)
        + 2.0 / (n - 1) * sum(max(abs(u), abs(v)) for u, v in itertools.combinations(x, 2)),
        "total variation": sum(abs(u - v) for u, v in zip(x[1:], x[:-1], strict=True)),
    }


def test_values_are_those_of_the_definitions(rng):
    for x in points(rng, 20):
        for name, value in plain_values(x).items():
            assert PENALTIES[name].value(x) == pytest.approx(0.7 * value, rel=1e-12, abs=1e-14)


@every
def test_a_subgradient_gives_a_lower_bound(penalty, rng):
    for x, u in itertools.pairwise(points(rng, 100)):
        bound = penalty.value(x) + penalty.subgradient(x) @ (u - x)
        assert penalty.value(u) >= bound - 1e-12


@every
def test_the_proximal_operator_satisfies_its_optimality_condition(penalty, rng):
    """p = prox(x) if and only if (x - p)/step is a subgradient of beta h at p."""
    for x in points(rng, 40):
        for step in (0.05, 0.6, 4.0):
            p = penalty.prox(x, step)
            for u in (
                *points(rng, 20),
                *(p + 1e-3 * d for d in np.vstack([np.eye(6), -np.eye(6)])),
            ):
                gap = penalty.value(u) - penalty.value(p) - (x - p) / step @ (u - p)
                assert gap >= -1e-11


def least(objective, n, rounds=40, count=9):
    """Return the minimizer of a convex function of n numbers by a grid that shrinks about its best
    point, without a derivative."""
    centre, half = np.zeros(n), 4.0
    for _ in range(rounds):
        grid = itertools.product(np.linspace(-half, half, count), repeat=n)
        trials = [centre + np.array(d) for d in grid]
        centre = min(trials, key=objective)
        half *= 0.6
    return centre


@every
def test_the_proximal_operator_is_the_least_point_of_a_plain_search(penalty, rng):
    for x in points(rng, 3, n=2):
        found = least(lambda u, x=x: 0.5 * np.sum((u - x) ** 2) + 0.8 * penalty.value(u), 2)
        np.testing.assert_allclose(penalty.prox(x, 0.8), found, atol=1e-6)


@every
def test_a_strength_of_zero_changes_nothing(penalty, rng):
    for x in points(rng, 4):
        np.testing.assert_allclose(penalty.prox(x, 1.0, 0.0), x, rtol=1e-14)


@every
def test_jax_agrees_with_numpy_when_compiled(penalty, rng):
    with x64():
        for x in points(rng, 4):
            for function in (
                penalty.value,
                penalty.subgradient,
                lambda x: penalty.prox(x, 0.4),
            ):
                compiled = jax.jit(function)(jnp.asarray(x))
                np.testing.assert_allclose(compiled, function(x), rtol=1e-13, atol=1e-14)


def test_large_strengths_reach_the_points_that_cost_nothing(rng):
    x = rng.normal(size=6)
    np.testing.assert_array_equal(PENALTIES["groups"].prox(x, 99.0), np.zeros(6))
    np.testing.assert_array_equal(PENALTIES["SLOPE"].prox(x, 99.0), np.zeros(6))
    np.testing.assert_array_equal(PENALTIES["negative part"].prox(x, 99.0), np.maximum(x, 0))
    np.testing.assert_allclose(PENALTIES["total variation"].prox(x, 99.0), np.full(6, x.mean()))


def test_dual_norms_bound_the_inner_product_and_are_attained(rng):
    for name in ("groups", "SLOPE"):
        penalty = PENALTIES[name]
        for x, z in itertools.pairwise(points(rng, 40)):
            norm = penalty.value(x, 1.0)
            assert z @ x <= norm * penalty.dual_norm(z) + 1e-12
            if x.any():
                g = penalty.subgradient(x, 1.0)
                assert g @ x == pytest.approx(norm * penalty.dual_norm(g), rel=1e-12)
