"""Penalties on the named parameters of a network: values, gradients, prox, selection, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import unchecked, x64
from network_helpers import differences, refusal

import latebloom as lb
from latebloom.core.arrays import polar
from latebloom.penalties import OfNetwork

# Names in an order that is not that of the alphabet, a bias among the weights, a tall table.
SHAPES = {"table": (5, 3), "layers.0.weight": (3, 4), "layers.0.bias": (3,), "head": (2, 3)}
AXES = {name: len(shape) for name, shape in SHAPES.items()}
WEIGHTS = ("table", "layers.0.weight", "head")
ALL = tuple(SHAPES)


@pytest.fixture
def params(rng):
    """Return generic parameters: matrices of full rank, no entry near 0."""
    drawn = {name: rng.standard_normal(shape) for name, shape in SHAPES.items()}
    return {name: x + 0.2 * np.sign(x) for name, x in drawn.items()}


def joint(params, names):
    """Return the named parameters as one vector."""
    return np.concatenate([params[name].ravel() for name in names])


def nuclear(x):
    """Return the nuclear norm of a matrix; of a vector, its length."""
    return np.linalg.norm(x) if x.ndim == 1 else np.linalg.norm(x, "nuc")


CASES = {
    "L1": (lb.L1(0.3), lambda p: 0.3 * np.abs(joint(p, WEIGHTS)).sum()),
    "L2": (lb.L2(0.7), lambda p: 0.35 * (joint(p, WEIGHTS) ** 2).sum()),
    "Euclidean": (lb.Euclidean(0.4), lambda p: 0.4 * np.linalg.norm(joint(p, WEIGHTS))),
    "Frobenius": (lb.Frobenius(0.4), lambda p: 0.4 * sum(np.linalg.norm(p[n]) for n in WEIGHTS)),
    "Nuclear": (lb.Nuclear(0.2), lambda p: 0.2 * sum(nuclear(p[n]) for n in WEIGHTS)),
    "Nuclear full": (
        lb.Nuclear(0.2, null="full"),
        lambda p: 0.2 * sum(nuclear(p[n]) for n in WEIGHTS),
    ),
    "On all": (lb.On(lb.L1(0.3), "all"), lambda p: 0.3 * np.abs(joint(p, ALL)).sum()),
    "On biases": (lb.On(lb.L2(0.7), "biases"), lambda p: 0.35 * (p["layers.0.bias"] ** 2).sum()),
    "On pattern": (
        lb.On(lb.Euclidean(0.4), "layers.*"),
        lambda p: 0.4 * np.linalg.norm(joint(p, ("layers.0.weight", "layers.0.bias"))),
    ),
    "On name": (lb.On(lb.Nuclear(0.2), "head"), lambda p: 0.2 * nuclear(p["head"])),
    "Nuclear on all": (
        lb.On(lb.Nuclear(0.2), "all"),
        lambda p: 0.2 * sum(nuclear(p[n]) for n in ALL),
    ),
    "Sum": (
        lb.L1(0.3) + lb.On(lb.L2(0.7), "all") + lb.On(lb.Frobenius(0.1), "*a*"),
        lambda p: (
            0.3 * np.abs(joint(p, WEIGHTS)).sum()
            + 0.35 * (joint(p, ALL) ** 2).sum()
            + 0.1 * sum(np.linalg.norm(p[n]) for n in ALL)  # every name has an "a"
        ),
    ),
    "Elastic": (
        lb.L2(0.7) + lb.L1(0.3),
        lambda p: 0.3 * np.abs(joint(p, WEIGHTS)).sum() + 0.35 * (joint(p, WEIGHTS) ** 2).sum(),
    ),
    "Elastic of matrices": (
        lb.Euclidean(0.4) + lb.Frobenius(0.1) + lb.Nuclear(0.2),
        lambda p: (
            0.4 * np.linalg.norm(joint(p, WEIGHTS))
            + sum(0.1 * np.linalg.norm(p[n]) + 0.2 * nuclear(p[n]) for n in WEIGHTS)
        ),
    ),
    "L1 and Nuclear": (
        lb.L1(0.3) + lb.Nuclear(0.2),
        lambda p: sum(0.3 * np.abs(p[n]).sum() + 0.2 * nuclear(p[n]) for n in WEIGHTS),
    ),
    "L2 twice": (lb.L2(0.3) + lb.L2(0.4), lambda p: 0.35 * (joint(p, WEIGHTS) ** 2).sum()),
    "Sum apart": (
        lb.On(lb.L1(0.3), "table") + lb.On(lb.L2(0.7), "biases") + lb.On(lb.Nuclear(0.1), "head"),
        lambda p: (
            0.3 * np.abs(p["table"]).sum()
            + 0.35 * (p["layers.0.bias"] ** 2).sum()
            + 0.1 * nuclear(p["head"])
        ),
    ),
}
every_case = pytest.mark.parametrize(("penalty", "value"), CASES.values(), ids=CASES)


@every_case
def test_value_is_the_formula(penalty, value, params):
    assert OfNetwork(penalty, AXES).value(params) == pytest.approx(value(params), rel=1e-14)


@every_case
def test_subgradient_agrees_with_differences_of_the_formula(penalty, value, params):
    got = OfNetwork(penalty, AXES).subgradient(params)
    expected = differences(value, params)
    assert got.keys() == params.keys()
    for name in params:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-7, atol=1e-8)


def test_subgradients_at_zero_are_zero():
    zero = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    for penalty, _ in CASES.values():
        if penalty == lb.Nuclear(0.2, null="full"):
            continue  # any isometry, as its description says
        for slope in OfNetwork(penalty, AXES).subgradient(zero).values():
            np.testing.assert_array_equal(slope, 0 * slope)


@every_case
def test_prox_minimizes_or_is_refused(penalty, value, params, rng):
    """p is the minimizer if and only if (x - p)/step is a subgradient of the formula at p."""
    acts, step = OfNetwork(penalty, AXES), 0.9
    if acts.no_prox():
        assert "use coupling = 'coupled' or 'decoupled'" in refusal(lambda: acts.prox(params, step))
        assert penalty in [CASES[name][0] for name in ("Sum", "L1 and Nuclear", "L2 twice")]
        return
    found = acts.prox(params, step)
    assert {name: x.shape for name, x in found.items()} == SHAPES
    assert any((found[name] != params[name]).any() for name in params)
    for size in (1e-3, 1.0):
        for _ in range(20):
            other = {n: found[n] + size * rng.standard_normal(s) for n, s in SHAPES.items()}
            inner = sum(
                ((params[n] - found[n]) / step * (other[n] - found[n])).sum() for n in params
            )
            assert value(other) - value(found) - inner >= -1e-12


@every_case
def test_jax_agrees_with_numpy_when_compiled_and_keeps_types(penalty, value, params):
    acts = OfNetwork(penalty, AXES)
    functions = {"value": acts.value, "subgradient": acts.subgradient}
    if not acts.no_prox():
        functions["prox"] = lambda p: acts.prox(p, 0.9)

    def together(params):
        return {name: function(params) for name, function in functions.items()}

    with x64():
        got = jax.jit(together)(jax.tree.map(jnp.asarray, params))
        jax.tree.map(
            lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13),
            got,
            together(params),
        )
        single = {name: x.astype(np.float32) for name, x in params.items()}
        for name in ("subgradient", "prox"):
            if name in functions:
                kept = jax.eval_shape(functions[name], single)
                assert {x.dtype for x in kept.values()} == {np.dtype(np.float32)}


def test_strengths_of_a_sum_go_to_their_terms(params):
    acts = OfNetwork(CASES["Sum apart"][0], AXES)
    strengths = (1.0, 0.0, 2.0)
    expected = np.abs(params["table"]).sum() + 2 * nuclear(params["head"])
    assert acts.value(params, strengths) == pytest.approx(expected, rel=1e-14)
    slopes = acts.subgradient(params, strengths)
    np.testing.assert_array_equal(slopes["table"], np.sign(params["table"]))
    np.testing.assert_array_equal(slopes["layers.0.bias"], np.zeros(3))
    np.testing.assert_array_equal(slopes["layers.0.weight"], np.zeros((3, 4)))


def test_no_penalty_is_zero(params):
    acts = OfNetwork(None, AXES)
    assert acts.value(params) == 0
    assert acts.no_prox() is None
    for name, x in acts.prox(params, 1.0).items():
        np.testing.assert_array_equal(x, params[name])


# --- Selection ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("weights", WEIGHTS),
        ("biases", ("layers.0.bias",)),
        ("all", ALL),
        ("layers.*", ("layers.0.weight", "layers.0.bias")),
        ("head", ("head",)),
        ("*", ALL),
        ("[th]*", ("table", "head")),
    ],
)
def test_patterns_select_names(chosen, names, params):
    slopes = OfNetwork(lb.On(lb.L1(1.0), chosen), AXES).subgradient(params)
    assert {name for name, slope in slopes.items() if slope.any()} == set(names)


def test_a_selection_of_nothing_is_refused_with_the_names():
    for penalty in (lb.On(lb.L1(1.0), "layer.*"), lb.L2(1.0) + lb.On(lb.Nuclear(1.0), "Table")):
        message = refusal(lambda p=penalty: OfNetwork(p, AXES))
        assert "selects no parameter" in message
        assert "weights, biases, all" in message
        assert "table, layers.0.weight, layers.0.bias, head" in message
    assert "selects no parameter" in refusal(lambda: OfNetwork(lb.L1(1.0), {"b": 1}))
    problem = lb.ModularArithmetic(p=5)
    model = lb.TokenPair(width=4, hidden=(6,))
    with pytest.raises(lb.InvalidInput, match="params = 'biases' selects no parameter"):
        lb.Experiment(problem, lb.On(lb.L1(1.0), "biases"), model=model)


def test_on_is_a_restriction_of_one_term():
    restricted = lb.On(lb.L1(lb.SwitchOn(0.5)), "all")
    assert restricted.beta == lb.SwitchOn(0.5)
    assert float(restricted.strength(3, 2)) == 0.5
    assert restricted.with_beta(0.25) == lb.On(lb.L1(0.25), "all")
    assert (restricted.smooth, lb.On(lb.L2(1.0)).smooth) == (False, True)
    assert (restricted.of_matrices, lb.On(lb.Nuclear(1.0)).of_matrices) == (False, True)
    x = np.array([3.0, -4.0])
    assert restricted.dual_norm(x) == 4
    for bad, what in (
        (lb.L1(1.0) + lb.L2(1.0), "write sums as On"),
        (lb.On(lb.L1(1.0)), "must be a single term"),
        (3, "must be a single term"),
        (lb.Sobolev(1.0), "acts on the function"),
    ):
        with unchecked():
            assert what in refusal(lambda b=bad: lb.On(b))


# --- The nuclear norm's subgradient in single precision -------------------------------------------


def low_rank(rng, n1, n2, r, scale):
    """Return a matrix of small integers times a power of two: its rank is exact in float32."""
    left, right = rng.integers(-3, 4, (n1, r)), rng.integers(-3, 4, (r, n2))
    return (scale * (left @ right)).astype(np.float32)


@pytest.mark.parametrize("shape", [(7, 4), (4, 7), (6, 6), (1, 5), (40, 30)])
@pytest.mark.parametrize("scale", [1.0, 2.0**-20])
def test_single_precision_subgradient_is_that_of_the_decomposition(shape, scale, rng):
    for r in (*range(1, min(shape)), None):
        x = low_rank(rng, *shape, r, scale) if r else rng.standard_normal(shape).astype(np.float32)
        if r and r > 3:
            continue
        U, s, Vt = np.linalg.svd(x.astype(np.float64), full_matrices=False)
        kept = s > 1e-6 * s[0]
        expected = U[:, kept] @ Vt[kept]
        with x64():
            got = np.asarray(polar(jnp.asarray(x)))
        assert got.dtype == np.float32
        # Relative to the smallest singular value that is kept, in double the squares' own digits.
        np.testing.assert_allclose(got, expected, atol=3e-7)


def test_single_precision_subgradient_of_ill_conditioned_matrices(rng):
    for condition in (1e2, 1e4):
        U, _ = np.linalg.qr(rng.standard_normal((8, 8)))
        V, _ = np.linalg.qr(rng.standard_normal((8, 8)))
        x = ((U * np.geomspace(1, 1 / condition, 8)) @ V.T).astype(np.float32)
        left, _, right = np.linalg.svd(x.astype(np.float64))
        with x64():
            got = np.asarray(polar(jnp.asarray(x)))
        np.testing.assert_allclose(got, left @ right, atol=5e-7)


def test_subgradient_of_a_zero_matrix_is_zero():
    with x64():
        np.testing.assert_array_equal(polar(jnp.zeros((3, 2), np.float32)), np.zeros((3, 2)))
