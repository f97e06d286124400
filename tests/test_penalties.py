"""Penalties: convex analysis decides, for every registered member and for sums of them."""

from math import inf, nan

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import of_matrices, penalties, unchecked, x64
from hypothesis import given, settings
from scipy.optimize import minimize_scalar

import latebloom as lb
from latebloom.core.spec import FAMILIES
from latebloom.penalties import Sum, Term

PENALTIES = penalties()
# Single terms on an array. `On`, one of them on some of a network's parameters, is in `PENALTIES`.
TERMS = {name: ex for name, ex in PENALTIES.items() if type(ex) in FAMILIES["penalty"].values()}
TERMS = {name: ex for name, ex in TERMS.items() if not isinstance(ex, Sum | lb.On)}

every_penalty = pytest.mark.parametrize("penalty", PENALTIES.values(), ids=PENALTIES)
every_term = pytest.mark.parametrize("penalty", TERMS.values(), ids=TERMS)
few = settings(max_examples=40)  # times the number of penalties

entries = st.floats(-5, 5).map(lambda v: 0.0 if abs(v) < 1e-6 else v)
matrices = [(2, 3), (3, 2), (1, 1), (2, 2, 3)]  # the last a stack, as of the factors of a product


def draw(data, penalty, count):
    """Draw points of one shape that the penalty acts on."""
    shapes = matrices if of_matrices(penalty) else [(1,), (5,), (2, 3), (2, 2, 3)]
    shape = data.draw(st.sampled_from(shapes))
    return [data.draw(hnp.arrays(np.float64, shape, elements=entries)) for _ in range(count)]


def shape_for(penalty):
    """Return one shape that the penalty acts on."""
    return (2, 3) if of_matrices(penalty) else (5,)


steps = st.floats(1e-2, 10)


def norm_behind(penalty, x):
    """Return the norm that the penalty is (degree 1) or half squares (degree 2), without beta."""
    value = float(penalty.value(x, 1.0))
    degree = np.log2(float(penalty.value(2 * x, 1.0)) / value)
    if degree == pytest.approx(1, abs=1e-9):
        return value
    assert degree == pytest.approx(2, abs=1e-9)
    return np.sqrt(2 * value)


# --- Values and subgradients ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("penalty", "value"),
    [
        (lb.L1(0.5), 0.5 * 7),
        (lb.L2(0.5), 0.5 * 25 / 2),
        (lb.Euclidean(0.5), 0.5 * 5),
        (lb.L1(0.5) + lb.L2(2.0), 0.5 * 7 + 25),
        (lb.Nuclear(0.5), 0.5 * 7),
        (lb.Frobenius(0.5), 0.5 * 5),
    ],
)
def test_value_at_a_point(penalty, value):
    x = np.array([3.0, 0.0, -4.0])
    if of_matrices(penalty):
        x = np.diag(x)
    assert penalty.value(x) == pytest.approx(value, rel=1e-15)


@every_penalty
@given(data=st.data())
@few
def test_subgradient_inequality(penalty, data):
    x, u = draw(data, penalty, 2)
    g = penalty.subgradient(x)
    assert g.shape == x.shape
    gap = penalty.value(u) - penalty.value(x) - np.sum(g * (u - x))
    assert gap >= -1e-12 * (1 + np.abs(penalty.value(x)) + np.abs(penalty.value(u)))


@every_penalty
def test_value_is_a_convex_gauge_with_its_minimum_at_zero(penalty, rng):
    zero = np.zeros(shape_for(penalty))
    assert penalty.value(zero) == 0
    np.testing.assert_array_equal(penalty.subgradient(zero), zero)  # the paper's sign(0) = 0
    for x in rng.standard_normal((10, *zero.shape)):
        assert 0 < penalty.value(x) == pytest.approx(penalty.value(-x), rel=1e-14)


@every_penalty
def test_smooth_means_no_kink_at_zero(penalty, rng):
    """Along any line through 0 a kink makes value(t u)/t tend to a positive number, not to 0."""
    t = 1e-9
    slope = penalty.value(t * rng.standard_normal(shape_for(penalty))) / t
    assert penalty.smooth == bool(slope < 1e-6)


# --- Proximal operators ---------------------------------------------------------------------------


@every_penalty
@given(data=st.data(), step=steps)
@few
def test_prox_satisfies_its_optimality_condition(penalty, data, step):
    """p = prox(x) if and only if (x - p)/step is a subgradient of beta h at p."""
    x, u = draw(data, penalty, 2)
    p = penalty.prox(x, step)
    assert p.shape == x.shape
    gap = penalty.value(u) - penalty.value(p) - np.sum((x - p) / step * (u - p))
    assert gap >= -1e-10 * (1 + penalty.value(u))


@every_penalty
@given(data=st.data(), step=steps)
@few
def test_prox_is_firmly_nonexpansive(penalty, data, step):
    x, y = draw(data, penalty, 2)
    difference = penalty.prox(x, step) - penalty.prox(y, step)
    assert np.sum(difference * (x - y)) >= np.sum(difference**2) - 1e-12 * (
        1 + np.sum((x - y) ** 2)
    )


@every_term
@given(data=st.data(), step=steps)
@few
def test_moreau_decomposition_of_norms(penalty, data, step):
    """For a norm, x - prox(x) is the projection on the dual ball of radius step beta."""
    (x,) = draw(data, penalty, 1)
    if not x.any() or penalty.value(2 * x) != pytest.approx(2 * penalty.value(x), rel=1e-9):
        return
    p = penalty.prox(x, step)
    radius = step * penalty.beta
    rest = x - p
    rounding = 1e-14 * np.abs(x).sum()  # of x - p, however small the radius
    assert penalty.dual_norm(rest) <= radius * (1 + 1e-12) + rounding
    assert np.sum(rest * p) == pytest.approx(radius * penalty.value(p, 1.0), abs=1e-12)


@every_penalty
def test_prox_without_strength_or_step_is_the_identity(penalty, rng):
    x = rng.standard_normal(shape_for(penalty))
    off = tuple(0.0 for _ in penalty.terms) if isinstance(penalty, Sum) else 0.0
    # To the bit, except where a matrix is taken apart into singular vectors and values.
    rounding = 1e-15 * of_matrices(penalty)
    np.testing.assert_allclose(penalty.prox(x, 1.0, off), x, rtol=0, atol=rounding)
    np.testing.assert_allclose(penalty.prox(x, 0.0), x, rtol=0, atol=rounding)
    np.testing.assert_array_equal(penalty.prox(0 * x, 1.0), 0 * x)


@given(x=st.floats(-5, 5), step=steps, l1=st.floats(0, 2), l2=st.floats(0, 2))
@few
def test_elastic_net_prox_minimizes(x, step, l1, l2):
    def objective(u):
        return 0.5 * (u - x) ** 2 + step * (l1 * abs(u) + 0.5 * l2 * u**2)

    best = minimize_scalar(objective, bounds=(-6, 6), method="bounded", options={"xatol": 1e-10})
    p = (lb.L1(l1) + lb.L2(l2)).prox(np.array([x]), step)[0]
    assert p == pytest.approx(best.x, abs=1e-6)
    assert objective(p) <= best.fun + 1e-14


@pytest.mark.parametrize("make", TERMS.values(), ids=TERMS)
def test_two_terms_of_a_kind_are_one_with_the_sum_of_strengths(make, rng):
    x = rng.standard_normal(shape_for(make))
    kind = type(make)
    two, one = kind(0.3) + kind(0.5), kind(0.8)
    np.testing.assert_allclose(two.prox(x, 0.7), one.prox(x, 0.7), rtol=1e-14, atol=1e-15)
    np.testing.assert_allclose(two.subgradient(x), one.subgradient(x), rtol=1e-14, atol=1e-15)
    assert two.value(x) == pytest.approx(one.value(x), rel=1e-14)


# --- Dual norms -----------------------------------------------------------------------------------


@every_term
@given(data=st.data())
@few
def test_dual_norm_bounds_the_inner_product(penalty, data):
    x, z = draw(data, penalty, 2)
    if x.any():
        bound = norm_behind(penalty, x) * float(penalty.dual_norm(z))
        assert np.sum(z * x) <= bound * (1 + 1e-12)


@every_term
@given(data=st.data())
@few
def test_dual_norm_is_attained(penalty, data):
    """A subgradient z of the norm, or of half its square, has <z, x> = norm(x) dual_norm(z)."""
    (x,) = draw(data, penalty, 1)
    if x.any():
        z = penalty.subgradient(x)
        attained = norm_behind(penalty, x) * float(penalty.dual_norm(z))
        assert np.sum(z * x) == pytest.approx(attained, rel=1e-12)


def leading(Z):
    """Return the rank-one matrix of the leading singular vectors."""
    U, _, Vt = np.linalg.svd(Z)
    return np.outer(U[:, 0], Vt[0])


@pytest.mark.parametrize(
    ("penalty", "maximizer"),
    [
        (lb.L1(1.0), lambda z: np.sign(z) * (np.arange(z.size) == np.argmax(np.abs(z)))),
        (lb.L2(1.0), lambda z: z / np.linalg.norm(z)),
        (lb.Euclidean(1.0), lambda z: z / np.linalg.norm(z)),
        (lb.Nuclear(1.0), leading),
        (lb.Frobenius(1.0), lambda z: z / np.linalg.norm(z)),
    ],
)
def test_dual_norm_is_a_supremum_over_the_unit_ball(penalty, maximizer, rng):
    for z in rng.standard_normal((20, *shape_for(penalty))):
        x = maximizer(z)
        assert norm_behind(penalty, x) == pytest.approx(1, rel=1e-14)
        assert penalty.dual_norm(z) == pytest.approx(np.sum(z * x), rel=1e-14)


def test_dual_norm_of_a_sum_is_refused():
    with pytest.raises(lb.Unsupported, match="terms one by one"):
        (lb.L1(1.0) + lb.L2(1.0)).dual_norm(np.ones(2))


# --- NumPy and JAX --------------------------------------------------------------------------------


@every_penalty
def test_jax_agrees_with_numpy_also_when_compiled(penalty, rng):
    x = rng.standard_normal((2, 4))
    x[0, 0] = 0.0
    beta = penalty.strength()
    functions = {
        "value": lambda x, beta: penalty.value(x, beta),
        "subgradient": lambda x, beta: penalty.subgradient(x, beta),
        "prox": lambda x, beta: penalty.prox(x, 0.4, beta),
    }
    if not isinstance(penalty, Sum):
        functions["dual_norm"] = lambda x, beta: penalty.dual_norm(x)
    with x64():
        for function in functions.values():
            compiled = jax.jit(function)(jnp.asarray(x), beta)
            assert isinstance(compiled, jax.Array)
            assert compiled.dtype == np.float64
            expected = function(x, beta)
            if of_matrices(penalty):  # two decompositions
                np.testing.assert_allclose(compiled, expected, rtol=1e-13, atol=1e-14)
            else:
                np.testing.assert_allclose(compiled, expected, rtol=1e-14, atol=1e-300)


@every_penalty
def test_gradient_by_autodiff_away_from_kinks(penalty, rng):
    x = rng.standard_normal(shape_for(penalty))
    with x64():
        gradient = jax.grad(penalty.value)(jnp.asarray(x))
    np.testing.assert_allclose(penalty.subgradient(x), gradient, rtol=1e-13, atol=1e-14)


# --- Strengths and schedules ----------------------------------------------------------------------


@every_term
def test_strength_follows_the_schedule_and_an_explicit_strength_wins(penalty, rng):
    kind, x = type(penalty), rng.standard_normal(shape_for(penalty))
    scheduled = kind(beta=lb.Piecewise((0, 10), (0.2, 0.6)))
    assert [float(scheduled.strength(t)) for t in (0, 9, 10, 99)] == [0.2, 0.2, 0.6, 0.6]
    assert scheduled.value(x) == kind(0.2).value(x)
    for name, arguments in (("value", ()), ("subgradient", ()), ("prox", (0.5,))):
        got = getattr(scheduled, name)(x, *arguments, scheduled.strength(10))
        np.testing.assert_array_equal(got, getattr(kind(0.6), name)(x, *arguments))


def test_strength_of_a_sum_has_one_entry_per_term():
    penalty = lb.L1(lb.SwitchOn(0.5)) + lb.L2(0.25)
    assert tuple(map(float, penalty.strength(7, -1))) == (0.0, 0.25)
    assert tuple(map(float, penalty.strength(7, 3))) == (0.5, 0.25)
    x = np.array([2.0, -1.0])
    assert penalty.value(x) == pytest.approx(0.25 * 5 / 2)
    assert penalty.value(x, penalty.strength(7, 3)) == pytest.approx(0.5 * 3 + 0.25 * 5 / 2)


def test_a_sum_is_of_penalties_only():
    with unchecked(), pytest.raises(lb.InvalidInput, match="parts contains 3: must be a penalty"):
        lb.Sum((lb.L1(1.0), 3))


@pytest.mark.parametrize("value", [-1e-300, -1.0, nan, inf, -inf, 10**400, True, "1", None])
@every_term
def test_impossible_strengths_are_refused(penalty, value):
    kind = type(penalty)
    with unchecked(), pytest.raises(lb.InvalidInput, match=f"{kind.__name__}.beta") as error:
        kind(beta=value)
    assert "must be a finite number >= 0" in str(error.value)
    assert "\n" not in str(error.value)


def test_zero_strength_is_allowed_and_is_no_penalty(rng):
    for name, penalty in TERMS.items():
        x = rng.standard_normal(shape_for(penalty))
        off = FAMILIES["penalty"][name](beta=0)
        assert off.value(x) == 0
        np.testing.assert_allclose(off.prox(x, 1.0), x, rtol=1e-14)


# --- Sums -----------------------------------------------------------------------------------------


def test_sums_are_flat_however_they_are_bracketed():
    a, b, c = lb.L1(0.1), lb.L2(0.2), lb.Euclidean(0.3)
    assert ((a + b) + c).terms == (a + (b + c)).terms == Sum((Sum((a, b)), c)).terms == (a, b, c)
    assert Sum((Sum((a, b)), c)) == a + b + c
    assert not any(isinstance(part, Sum) for part in Sum((Sum((a, b)), Sum((c,)))).parts)


def test_order_of_the_terms_does_not_matter(rng):
    x = rng.standard_normal(5)
    a, b, c = lb.L1(0.1), lb.L2(0.2), lb.Euclidean(0.3)
    reference = (a + b + c).prox(x, 0.5)
    for order in (a + c + b, b + a + c, b + c + a, c + a + b, c + b + a):
        np.testing.assert_array_equal(order.prox(x, 0.5), reference)


def test_smoothness_of_a_sum_needs_every_term():
    assert (lb.L2(1.0) + lb.L2(2.0)).smooth
    assert not (lb.L2(1.0) + lb.L1(2.0)).smooth


def test_what_is_not_a_penalty_cannot_be_added():
    with unchecked(), pytest.raises(lb.InvalidInput, match="cannot add 3"):
        lb.L1(1.0) + 3
    with pytest.raises(lb.InvalidInput, match="at least one"):
        Sum(())


def test_prox_of_l1_with_the_nuclear_norm_is_refused_with_the_method_that_works():
    penalty = lb.L1(1.0) + lb.L2(1.0) + lb.Nuclear(1.0)
    with pytest.raises(lb.Unsupported, match=r"L1 and Nuclear.*use method Subgradient"):
        penalty.prox(np.eye(2), 1.0)
    for method in (lb.ProximalGradient(0.1), lb.FISTA(0.1)):
        with pytest.raises(lb.Unsupported, match=r"L1 and Nuclear.*methods that work: .*Subgrad"):
            method.require(penalty, lb.Linear())
    np.testing.assert_allclose(penalty.subgradient(np.eye(2)), 3 * np.eye(2), rtol=1e-15)


class Unknown(Term):
    """A penalty that no rule for sums knows."""

    beta = 1.0

    def value(self, x, beta=None):
        """Return 0."""
        return 0.0 * x.sum()

    def subgradient(self, x, beta=None):
        """Return 0."""
        return 0.0 * x

    def prox(self, x, step, beta=None):
        """Return x."""
        return x

    def dual_norm(self, z):
        """Return 0."""
        return 0.0


def test_prox_of_a_sum_without_a_rule_names_the_method_that_works(rng):
    penalty = lb.L1(1.0) + Unknown()
    with pytest.raises(lb.Unsupported, match=r"Unknown.*use method Subgradient"):
        penalty.prox(np.ones(2), 1.0)
    with pytest.raises(lb.Unsupported, match=r"Unknown.*methods that work: .*Subgradient"):
        lb.ProximalGradient(0.1).require(penalty, lb.Linear())
    assert lb.Subgradient(0.1).require(penalty, lb.Linear()) is None
