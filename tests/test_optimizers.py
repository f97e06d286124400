"""Optimizers against a few lines of NumPy on a two-layer network with a gradient by hand."""

import functools
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import unchecked, x64
from network_helpers import (
    FIRST,
    PlainAdam,
    PlainSGD,
    blobs,
    differences,
    each,
    plain_gradient,
    plain_loss,
    refusal,
)

import latebloom as lb
from latebloom.core.spec import from_dict, to_dict
from latebloom.methods import Oracle, Step
from latebloom.methods.optimizer import COUPLINGS
from latebloom.penalties import OfNetwork

DATA = blobs()
X, Y = DATA.train.inputs.astype(np.float64), DATA.train.targets
START = lb.MLP((4,)).start(DATA, seed=1)
AXES = {name: array.ndim for name, array in START.items()}
ALPHA, BETA = 0.05, 0.1


def gradient(params):
    """Return the gradient by hand of the loss."""
    return plain_gradient(each(np.asarray, params), X, Y)


def library(method, penalty=None, steps=5, radius=None):
    """Return the parameters after each update of the library's method."""

    def project(params):
        size = jnp.sqrt(sum((x**2).sum() for x in params.values()))
        return {name: radius / size * x for name, x in params.items()}

    acts = None if penalty is None else OfNetwork(penalty, AXES)
    with x64():
        params = jax.tree.map(jnp.asarray, START)
        memory, found = method.start(params), []
        oracle = Oracle(lambda p: jax.tree.map(jnp.asarray, gradient(p)), project)
        for t in range(steps):
            strength = penalty and penalty.strength()
            step = Step(oracle, acts, method.alpha, strength, t)
            params, memory = method.update(params, memory, step)
            found.append(each(np.asarray, params))
    return found


def by_hand(rule, coupling="coupled", pull=None, prox=None, transform=None, steps=5):
    """Return the same from a rule, the penalty's subgradient and its proximal operator."""
    rules = {name: rule() for name in START}
    params, found = START, []
    for _ in range(steps):
        g = gradient(params)
        if pull and coupling == "coupled":
            g = each(lambda a, x: a + pull(x), g, params)
        if transform:
            g = transform(g, params)
        u = {name: rules[name](g[name]) for name in g}
        new = each(lambda x, d: x - ALPHA * d, params, u)
        if pull and coupling == "decoupled":
            new = each(lambda x, old: x - ALPHA * pull(old), new, params)
        if prox and coupling == "proximal":
            new = each(prox, new)
        params = new
        found.append(params)
    return found


def assert_equal(got, expected):
    """Assert that two lists of parameters agree to rounding."""
    for one, two in zip(got, expected, strict=True):
        for name in START:
            np.testing.assert_allclose(one[name], two[name], rtol=1e-11, atol=1e-13)


def test_gradient_by_hand_is_that_of_the_loss():
    expected = differences(lambda p: plain_loss(p, X, Y), START)
    for name, slope in gradient(START).items():
        np.testing.assert_allclose(slope, expected[name], rtol=1e-6, atol=1e-8)


PENALTIES = {
    "L2": (
        lb.L2(BETA),
        lambda x: BETA * x,
        lambda x: x / (1 + ALPHA * BETA),
    ),
    "L1": (
        lb.L1(BETA),
        lambda x: BETA * np.sign(x),
        lambda x: np.sign(x) * np.maximum(np.abs(x) - ALPHA * BETA, 0),
    ),
}
RULES = {
    "Adam": (lb.Adam, PlainAdam),
    "momentum": (functools.partial(lb.SGD, momentum=0.9), PlainSGD),
    "nesterov": (
        functools.partial(lb.SGD, momentum=0.9, nesterov=True),
        functools.partial(PlainSGD, nesterov=True),
    ),
    "gradient descent": (lb.SGD, lambda: lambda g: g),
}


@pytest.mark.parametrize("penalty", PENALTIES)
@pytest.mark.parametrize("coupling", COUPLINGS)
@pytest.mark.parametrize("rule", RULES)
def test_updates_are_those_of_the_formula(rule, coupling, penalty):
    method, plain = RULES[rule]
    spec, pull, prox = PENALTIES[penalty]
    got = library(method(ALPHA, coupling=coupling), spec)
    assert_equal(got, by_hand(plain, coupling, pull, prox))
    moved = max(np.abs(got[-1][name] - START[name]).max() for name in START)
    assert moved > 0.01


def test_without_a_penalty_couplings_are_the_same():
    expected = by_hand(PlainAdam)
    for coupling in COUPLINGS:
        assert_equal(library(lb.Adam(ALPHA, coupling=coupling)), expected)


def test_decoupled_adam_with_l2_is_adamw():
    got = library(lb.Adam(ALPHA, coupling="decoupled"), lb.L2(BETA))
    assert_equal(got, library(lb.Optax(ALPHA, name="adamw", options={"weight_decay": BETA})))


# --- Transforms and the sphere --------------------------------------------------------------------


def test_grokfast_adds_the_running_mean_of_the_gradient():
    memory = {}

    def transform(g, params):
        for name, value in g.items():
            memory[name] = 0.7 * memory.get(name, value) + 0.3 * value
        return each(lambda a, m: a + 1.5 * m, g, memory)

    method = lb.SGD(ALPHA, transforms=(lb.GrokfastEMA(decay=0.7, gain=1.5),))
    assert_equal(library(method), by_hand(lambda: lambda g: g, transform=transform))


@pytest.mark.parametrize("rescale", [False, True])
def test_orthogonal_gradient_has_no_part_along_the_parameters(rescale):
    def transform(g, params):
        def one(a, w):
            rest = a - (a * w).sum() / (w * w).sum() * w
            return rest * np.linalg.norm(a) / np.linalg.norm(rest) if rescale else rest

        return each(one, g, params)

    method = lb.SGD(ALPHA, transforms=(lb.OrthogonalGradient(rescale=rescale),))
    assert_equal(library(method), by_hand(lambda: lambda g: g, transform=transform))


def test_orthogonal_gradient_of_zero_or_parallel_arrays_is_finite():
    apply = lb.OrthogonalGradient().apply
    zero, one = {"w": jnp.zeros((2, 2))}, {"w": jnp.ones((2, 2))}
    np.testing.assert_array_equal(apply(one, (), zero)[0]["w"], one["w"])  # nothing to take away
    np.testing.assert_array_equal(apply(zero, (), one)[0]["w"], zero["w"])
    assert np.abs(apply(one, (), one)[0]["w"]).max() < 1e-6  # nothing is left


def test_transforms_act_in_their_order_after_the_penalty():
    """The slow part is amplified first; then the part along the parameters goes."""
    memory = {}

    def transform(g, params):
        for name, value in g.items():
            memory[name] = 0.98 * memory.get(name, value) + 0.02 * value
        g = each(lambda a, m: a + 2.0 * m, g, memory)
        return each(lambda a, w: a - (a * w).sum() / (w * w).sum() * w, g, params)

    transforms = (lb.GrokfastEMA(), lb.OrthogonalGradient(rescale=False))
    got = library(lb.Adam(ALPHA, transforms=transforms), lb.L1(BETA))
    pull = PENALTIES["L1"][1]
    assert_equal(got, by_hand(PlainAdam, pull=pull, transform=transform))
    turned = library(lb.Adam(ALPHA, transforms=transforms[::-1]), lb.L1(BETA))
    assert np.abs(turned[-1][FIRST] - got[-1][FIRST]).max() > 1e-4


def test_the_sphere_keeps_the_joint_norm():
    free = library(lb.SGD(ALPHA), steps=1)[0]
    for params in library(lb.SGD(ALPHA, sphere=2.0), radius=2.0):
        assert sum((x**2).sum() for x in params.values()) == pytest.approx(4, rel=1e-14)
    size = np.sqrt(sum((x**2).sum() for x in free.values()))
    on = library(lb.SGD(ALPHA, sphere=2.0), radius=2.0, steps=1)[0]
    for name in START:
        np.testing.assert_allclose(on[name], 2.0 / size * free[name], rtol=1e-13)


# --- Optax ----------------------------------------------------------------------------------------


def test_lion_is_the_sign_of_two_means():
    class Lion:
        m = 0.0

        def __call__(self, g):
            u = np.sign(0.9 * self.m + 0.1 * g)
            self.m = 0.99 * self.m + 0.01 * g
            return u

    assert_equal(library(lb.Optax(ALPHA, name="lion")), by_hand(Lion))


def test_steps_that_begin_at_the_learning_rate_do():
    """Those of rprop, which are kept in its state; in a batch each run has its own."""
    base = lb.Experiment(DATA, model=lb.MLP((4,)), init=lb.Drawn(1), steps=3, precision="float64")
    batch = [base.with_(method=lb.Optax(alpha, name="rprop")) for alpha in (ALPHA, 3 * ALPHA)]
    for run in lb.simulate_batch(batch):
        alone = lb.simulate(run.experiment)
        for name, array in run.params.items():
            np.testing.assert_allclose(array, alone.params[name], rtol=1e-12)
    linear = lb.LinearData(np.eye(3), np.ones(3))
    for alpha in (1e-3, 1e-2):
        method = lb.Optax(alpha, name="rprop")
        end = lb.simulate(lb.Experiment(linear, None, method, init=1e-6, steps=2)).params
        # Optax's own moves one update late.
        np.testing.assert_allclose(end, 1e-6 + alpha, rtol=1e-12)


def test_weight_decay_is_a_penalty_unless_it_is_asked_for():
    plain = library(lb.Optax(ALPHA, name="adamw"))
    assert_equal(plain, by_hand(PlainAdam))
    assert lb.Optax(ALPHA, name="adamw").options == (("weight_decay", 0.0),)
    asked = lb.Optax(ALPHA, name="adamw", options={"weight_decay": BETA})
    assert_equal(library(asked), by_hand(PlainAdam, "decoupled", lambda x: BETA * x))


@pytest.mark.parametrize(
    "name", ["adamax", "rmsprop", "adafactor", "radam", "lamb", "nadam", "rprop"]
)
def test_optimizers_by_name_are_those_of_optax(name):
    with x64():
        params = jax.tree.map(jnp.asarray, START)
        rule = getattr(optax, name)(learning_rate=ALPHA)
        state, expected = rule.init(params), []
        for _ in range(3):
            change, state = rule.update(jax.tree.map(jnp.asarray, gradient(params)), state, params)
            params = optax.apply_updates(params, change)
            expected.append(each(np.asarray, params))
    assert_equal(library(lb.Optax(ALPHA, name=name), steps=3), expected)


def test_optimizers_that_optax_calls_contributed_are_known():
    assert lb.Optax(ALPHA, name="ademamix").options[-1] == ("weight_decay", 0.0)
    run = lb.simulate(
        lb.Experiment(DATA, None, lb.Optax(ALPHA, name="muon"), lb.MLP((4,)), steps=20)
    )
    assert run.trajectory["train_loss"][-1] < run.trajectory["train_loss"][0]


def test_options_survive_a_file_booleans_and_numbers():
    method = lb.Optax(0.1, name="sgd", options={"nesterov": True, "momentum": 0.5})
    assert method.options == (("momentum", 0.5), ("nesterov", True))
    again = from_dict("method", to_dict(method))
    assert again == method
    assert again.options[1][1] is True
    other = lb.Optax(0.1, name="sgd", options=(("nesterov", True), ("momentum", 0.5)))
    assert other == method


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: lb.Optax(0.1, name="adamx"), "no such optimizer; did you mean 'adam"),
        (lambda: lb.Optax(0.1, name="chain"), "no such optimizer"),
        (lambda: lb.Optax(0.1, name="scale_by_rprop"), "no such optimizer"),
        (lambda: lb.Optax(0.1, name=3), "Optax.name = '?3'?: no such optimizer"),
        (lambda: lb.Optax(0.1, name="adamw", options={"mask": 1.0}), "has no 'mask'"),
        (lambda: lb.Optax(0.1, name="__doc__"), "no such optimizer"),
        (lambda: lb.Optax(0.1, options={"beta1": 0.5}), "has no 'beta1'; did you mean 'b1'?"),
        (lambda: lb.Optax(0.1, options={"learning_rate": 0.5}), "has no 'learning_rate'"),
        (lambda: lb.Optax(0.1, name="lbfgs"), "lbfgs cannot be used .* nothing but gradients"),
        (lambda: lb.Adam(0.1, coupling="couple"), "did you mean 'coupled'"),
        (lambda: lb.Adam(0.1, batch=0), "Adam.batch = 0: must be an integer >= 1"),
        (lambda: lb.Adam(0.1, batch_seed=-1), "batch_seed = -1: must be an integer in 0.."),
        (lambda: lb.Adam(0.1, b2=1.0), "Adam.b2 = 1: must be below 1"),
        (lambda: lb.Adam(0.1, b1=1.5), r"must be a fraction in \[0, 1\]"),
        (lambda: lb.Adam(0.1, eps=0.0), "Adam.eps = 0.0: must be a finite number > 0"),
        (lambda: lb.SGD(0.1, momentum=1.0), "SGD.momentum = 1: must be below 1"),
        (lambda: lb.SGD(0.1, sphere=0.0), "SGD.sphere = 0.0: must be a finite number > 0"),
        (lambda: lb.SGD(0.1, transforms=("ema",)), "transforms contains 'ema'"),
        (lambda: lb.GrokfastEMA(decay=1.0), "decay = 1: must be below 1"),
        (lambda: lb.GrokfastEMA(gain=-1.0), "gain = -1.0: must be a finite number >= 0"),
    ],
)
def test_impossible_optimizers_are_refused_in_one_line(make, what):
    assert re.search(what, refusal(make))


@pytest.mark.parametrize("settings", [{"batch": 2}, {"sphere": 1.0}])
def test_what_is_for_networks_is_refused_for_least_squares(settings):
    data = lb.LinearData(np.eye(3), np.ones(3))
    message = refusal(lambda: lb.Experiment(data, None, lb.Adam(0.1, **settings)))
    assert "minibatches and the sphere are for networks" in message
    assert "methods that work: Adam, " in message


def test_least_squares_take_optimizers():
    data = lb.LinearData(np.eye(3), np.array([1.0, -0.5, 0.01]))
    ends = {}
    for coupling in ("coupled", "proximal"):
        method = lb.SGD(0.1, coupling=coupling)
        ends[coupling] = lb.simulate(lb.Experiment(data, lb.L1(0.1), method, steps=400)).params
    for end in ends.values():
        np.testing.assert_allclose(end[:2], [0.9, -0.4], atol=1e-6)
    assert ends["proximal"][2] == 0  # thresholded; the other chatters
    with unchecked():
        message = refusal(lambda: lb.Experiment(data, lb.L1(0.1), method, lb.Hadamard(2)))
    assert "the proximal operator is known for the linear model only" in message
