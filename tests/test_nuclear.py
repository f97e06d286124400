"""The nuclear norm: its subdifferential, its proximal operator, and what its steps do."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import unchecked, x64
from hypothesis import given, settings

import latebloom as lb
from latebloom.core.arrays import thin_svd

NULLS = ("minimal", "full")
every_null = pytest.mark.parametrize("null", NULLS)
few = settings(max_examples=60)

entries = st.floats(-5, 5).map(lambda v: 0.0 if abs(v) < 1e-6 else v)
shapes = st.shared(st.sampled_from([(1, 1), (1, 3), (2, 2), (3, 2), (3, 4)]), key="shape")
matrices = hnp.arrays(np.float64, shapes, elements=entries)
# Whole numbers: many of them lack rank.
deficient = hnp.arrays(np.float64, shapes, elements=st.integers(-1, 1).map(float))
strengths = st.floats(0.01, 5)


def low_rank(rng, n1, n2, r):
    """Return a random matrix of rank r."""
    return rng.standard_normal((n1, r)) @ rng.standard_normal((r, n2))


# --- Value and subgradient ------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (1, 5), (2, 3, 3)])
def test_value_is_the_trace_of_the_root(shape, rng):
    x = rng.standard_normal(shape)
    grams = x @ x.swapaxes(-1, -2)
    expected = np.sqrt(np.maximum(np.linalg.eigvalsh(grams), 0)).sum()
    assert lb.Nuclear(0.7).value(x) == pytest.approx(0.7 * expected, rel=1e-6)
    assert lb.Nuclear(0.7).value(x) == pytest.approx(
        0.7 * sum(np.linalg.norm(A, "nuc") for A in x.reshape(-1, *shape[-2:])), rel=1e-13
    )


@every_null
@given(A=st.one_of(matrices, deficient), B=matrices)
@few
def test_subgradient_inequality_also_where_rank_is_lacking(null, A, B):
    h = lb.Nuclear(1.3, null=null)
    H = h.subgradient(A)
    assert H.shape == A.shape
    gap = h.value(B) - h.value(A) - np.sum(H * (B - A))
    assert gap >= -1e-12 * (1 + h.value(A) + h.value(B))


@pytest.mark.parametrize(("n1", "n2", "r"), [(5, 4, 2), (4, 5, 1), (4, 4, 3), (3, 3, 3)])
def test_the_two_subgradients_where_rank_is_lacking(n1, n2, r, rng):
    A = low_rank(rng, n1, n2, r)
    U, _, Vt = np.linalg.svd(A)
    U, Vt = U[:, :r], Vt[:r]
    minimal = lb.Nuclear(1.0).subgradient(A)
    np.testing.assert_allclose(minimal, U @ Vt, atol=1e-13)
    # The other adds W with U^T W = 0, W V = 0, an isometry between the null spaces.
    W = lb.Nuclear(1.0, null="full").subgradient(A) - minimal
    np.testing.assert_allclose(U.T @ W, 0, atol=1e-12)
    np.testing.assert_allclose(W @ Vt.T, 0, atol=1e-12)
    s = np.linalg.svd(W, compute_uv=False)
    np.testing.assert_allclose(s, np.arange(min(n1, n2)) < min(n1, n2) - r, atol=1e-12)


def test_minimal_is_the_subgradient_of_least_norm_and_zero_at_zero(rng):
    A = low_rank(rng, 4, 4, 2)
    norms = [np.linalg.norm(lb.Nuclear(1.0, null=null).subgradient(A)) for null in NULLS]
    np.testing.assert_allclose(norms, np.sqrt([2, 4]), rtol=1e-13)
    assert not lb.Nuclear(1.0).subgradient(np.zeros((3, 2))).any()


@pytest.mark.parametrize("value", ["maximal", "", None, 1])
def test_another_choice_of_subgradient_is_refused(value):
    with unchecked(), pytest.raises(lb.InvalidInput, match=r"Nuclear.null = .*minimal, full"):
        lb.Nuclear(1.0, null=value)


# --- The proximal operator ------------------------------------------------------------------------


def project(A, radius):
    """Return the projection on the ball of the spectral norm: singular values clipped."""
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return U @ np.diag(np.minimum(s, radius)) @ Vt


@given(A=st.one_of(matrices, deficient), step=strengths)
@few
def test_moreau_identity_with_the_projection_on_the_spectral_ball(A, step):
    P = lb.Nuclear(0.6).prox(A, step)
    np.testing.assert_allclose(A - P, project(A, 0.6 * step), atol=1e-13)


@given(A=matrices, B=matrices, step=strengths)
@few
def test_prox_is_nonexpansive(A, B, step):
    h = lb.Nuclear(0.6)
    apart = np.linalg.norm(h.prox(A, step) - h.prox(B, step))
    assert apart <= np.linalg.norm(A - B) * (1 + 1e-12) + 1e-13


@given(A=st.one_of(matrices, deficient), step=strengths)
@few
def test_prox_satisfies_the_conditions_of_the_subdifferential(A, step):
    """P = prox(A) if and only if (A - P)/(step beta) = U V^T + W of the subdifferential at P."""
    P = lb.Nuclear(0.6).prox(A, step)
    Z = (A - P) / (0.6 * step)
    U, s, Vt = np.linalg.svd(P)
    r = int((s > 1e-9).sum())
    U, Vt = U[:, :r], Vt[:r]
    W = Z - U @ Vt
    np.testing.assert_allclose(U.T @ Z @ Vt.T, np.eye(r), atol=1e-9)
    if r == 0 or s[r - 1] > 1e-6:
        np.testing.assert_allclose(U.T @ W, 0, atol=1e-6)
        np.testing.assert_allclose(W @ Vt.T, 0, atol=1e-6)
    assert np.linalg.norm(Z, 2) <= 1 + 1e-9


def test_a_large_step_gives_zero_exactly(rng):
    A = rng.standard_normal((3, 4))
    step = np.linalg.norm(A, 2)
    assert not lb.Nuclear(1.0).prox(A, step * 1.000001).any()
    assert np.linalg.matrix_rank(lb.Nuclear(1.0).prox(A, step * 0.99), tol=1e-9) == 1


# --- Stacks, NumPy and JAX ------------------------------------------------------------------------


@every_null
@pytest.mark.parametrize("shape", [(3, 4, 2), (2, 3, 3), (2, 2, 3, 4)])
def test_a_stack_is_its_matrices_one_by_one(null, shape, rng):
    h, x = lb.Nuclear(0.6, null=null), rng.standard_normal(shape)
    x[0, ..., 0, :] = 0
    single = x.reshape(-1, *shape[-2:])
    for function in (h.subgradient, lambda v: h.prox(v, 0.5)):
        expected = np.array([function(A) for A in single]).reshape(shape)
        np.testing.assert_allclose(function(x), expected, atol=1e-14)
    assert h.value(x) == pytest.approx(sum(h.value(A) for A in single), rel=1e-14)
    assert h.dual_norm(x) == pytest.approx(max(np.linalg.norm(A, 2) for A in single), rel=1e-14)


def test_the_rank_of_a_small_matrix_does_not_depend_on_its_neighbours(rng):
    small, large = 1e-20 * rng.standard_normal((3, 3)), rng.standard_normal((3, 3))
    h = lb.Nuclear(0.6)
    together = h.subgradient(np.array([small, large]))
    np.testing.assert_allclose(together[0], h.subgradient(1e20 * small), atol=1e-12)
    assert np.linalg.matrix_rank(together[0]) == 3


@every_null
@pytest.mark.parametrize("shape", [(4, 3), (3, 4), (2, 3, 3)])
def test_numpy_and_jax_agree_to_rounding(null, shape, rng):
    h, x = lb.Nuclear(0.6, null=null), rng.standard_normal(shape)
    functions = [h.value, h.subgradient, lambda v: h.prox(v, 0.5), h.dual_norm]
    with x64():
        for function in functions:
            compiled = np.asarray(jax.jit(function)(jnp.asarray(x)))
            np.testing.assert_allclose(compiled, function(x), rtol=1e-12, atol=1e-13)


def test_numpy_and_jax_agree_where_rank_is_lacking(rng):
    x, h = low_rank(rng, 4, 3, 1), lb.Nuclear(0.6)
    with x64():
        for function in (h.subgradient, lambda v: h.prox(v, 0.5)):
            compiled = np.asarray(jax.jit(function)(jnp.asarray(x)))
            np.testing.assert_allclose(compiled, function(x), atol=1e-13)


@pytest.mark.parametrize("shape", [(4, 3), (2, 3, 4)])
def test_the_decomposition_of_what_is_not_finite_is_not_a_number(shape):
    x = np.full(shape, np.nan)
    with x64():
        for parts in (thin_svd(x), thin_svd(jnp.asarray(x))):
            assert [part.shape for part in parts] == [
                (*shape[:-1], 3),
                (*shape[:-2], 3),
                (*shape[:-2], 3, shape[-1]),
            ]
            assert all(np.isnan(np.asarray(part)).all() for part in parts)


# --- Steps against the penalty alone --------------------------------------------------------------


@every_null
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5)])
def test_steps_reflect_each_singular_value_and_keep_the_singular_vectors(null, shape, rng):
    """Without a gradient sigma becomes |sigma - alpha beta|: down by equal steps, then chatter."""
    A, rate = rng.standard_normal(shape), 0.013
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    h = lb.Nuclear(0.13, null=null)
    for _ in range(150):
        A = A - 0.1 * h.subgradient(A)
        s = np.abs(s - rate)
        inside = U.T @ A @ Vt.T  # in the first vectors: diagonal, the signs free
        np.testing.assert_allclose(np.abs(inside), np.diag(s), atol=1e-12)
        got = np.linalg.svd(A, compute_uv=False)
        np.testing.assert_allclose(got, np.sort(s)[::-1], atol=1e-12)
        np.testing.assert_allclose(U @ inside @ Vt, A, atol=1e-12)
    assert s.min() <= rate  # the smallest arrived


def test_one_step_moves_null_singular_values_only_with_the_full_subgradient(rng):
    A, rate = low_rank(rng, 4, 3, 1), 0.01
    s = np.linalg.norm(A, 2)
    for null, others in (("minimal", 0.0), ("full", rate)):
        end = A - 0.1 * lb.Nuclear(0.1, null=null).subgradient(A)
        got = np.linalg.svd(end, compute_uv=False)
        np.testing.assert_allclose(got, [s - rate, others, others], atol=1e-14)
