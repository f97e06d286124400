"""The Sobolev penalty: derivatives, values and pulls against finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import x64
from network_helpers import FIRST, SECOND, differences, refusal

import latebloom as lb
from latebloom.penalties.sobolev import NORMS, derivatives

PROBLEM = lb.TeacherStudent(d=3, hidden=5, C=2, N=4, N_test=4, activation="tanh")
MODEL = lb.MLP(widths=(4,), activation="tanh")
X = PROBLEM.train.inputs.astype(np.float64)
TEACHER = (PROBLEM.jacobian.astype(np.float64), PROBLEM.hessian.astype(np.float64))
CASES = [(order, norm) for order in (1, 2) for norm in NORMS]
every_case = pytest.mark.parametrize(("order", "norm"), CASES)


def student(params, x):
    """Return V tanh(W x) in NumPy."""
    return np.tanh(x @ params[FIRST].T) @ params[SECOND].T


def by_hand(params, x):
    """Return Jacobian and Hessian of V tanh(W x), from the derivatives of tanh."""
    W, V = params[FIRST], params[SECOND]
    t = np.tanh(x @ W.T)
    first = np.einsum("ch,nh,hi->nci", V, 1 - t**2, W)
    second = np.einsum("ch,nh,hi,hj->ncij", V, -2 * t * (1 - t**2), W, W)
    return first, second


def formula(params, order, norm, beta=0.3):
    """Return the penalty from the derivatives by hand."""
    total = 0.0
    for own, true in list(zip(by_hand(params, X), TEACHER, strict=True))[:order]:
        square = ((own - true) ** 2).sum()
        total += np.sqrt(square) if norm == "batch" else square / len(X)
    return beta * total


@pytest.fixture
def params():
    """Return the student's parameters at step 0."""
    return MODEL.start(PROBLEM, seed=3)


def evaluated(term, params):
    """Return the value and the gradient in the parameters, in float64."""
    with x64():
        teacher = tuple(map(jnp.asarray, TEACHER[: term.order]))

        def of(params):
            return term.of(lambda x: MODEL.apply(params, x), jnp.asarray(X), teacher)

        found = jax.jit(jax.value_and_grad(of))(jax.tree.map(jnp.asarray, params))
        return jax.tree.map(np.asarray, found)


def test_derivatives_agree_with_differences_in_the_inputs(params):
    with x64():
        function = jax.tree_util.Partial(MODEL.apply, jax.tree.map(jnp.asarray, params))
        first, second = (np.asarray(d) for d in derivatives(function, jnp.asarray(X), 2))
    h = 1e-4
    steps = h * np.eye(3)
    expected = [(student(params, X + e) - student(params, X - e)) / (2 * h) for e in steps]
    np.testing.assert_allclose(first, np.stack(expected, axis=-1), rtol=1e-6, atol=1e-8)
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            mixed = (
                student(params, X + a + b)
                - student(params, X + a - b)
                - student(params, X - a + b)
                + student(params, X - a - b)
            )
            np.testing.assert_allclose(second[..., i, j], mixed / (4 * h * h), atol=1e-6)
    np.testing.assert_allclose(first, by_hand(params, X)[0], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(second, by_hand(params, X)[1], rtol=1e-12, atol=1e-14)


@every_case
def test_value_is_the_formula_and_the_pull_agrees_with_its_differences(order, norm, params):
    value, got = evaluated(lb.Sobolev(0.3, order=order, norm=norm), params)
    assert value == pytest.approx(formula(params, order, norm), rel=1e-12)
    expected = differences(lambda p: formula(p, order, norm), params)
    for name in params:
        np.testing.assert_allclose(got[name], expected[name], rtol=1e-6, atol=1e-8)


@every_case
def test_a_student_that_is_its_teacher_is_not_pulled(order, norm):
    """The batch norm has no gradient at 0: the one of least norm, 0, is taken, not NaN."""
    same = {FIRST: PROBLEM.teacher.A, SECOND: PROBLEM.teacher.B}
    model = lb.MLP(widths=(5,), activation="tanh")
    with x64():
        params = jax.tree.map(jnp.asarray, same)
        inputs = jnp.asarray(X)

        def of(params):
            fixed = jax.lax.stop_gradient(params)
            exact = derivatives(lambda x: model.apply(fixed, x), inputs, order)
            term = lb.Sobolev(0.3, order=order, norm=norm)
            return term.of(lambda x: model.apply(params, x), inputs, exact)

        value, slopes = jax.tree.map(np.asarray, jax.jit(jax.value_and_grad(of))(params))
    assert value == 0
    for slope in slopes.values():
        np.testing.assert_array_equal(slope, 0 * slope)


@pytest.mark.parametrize(("order", "norm"), [(1, "mean_square"), (2, "batch")])
def test_training_takes_the_gradient_of_loss_and_penalty(order, norm, params):
    """One step of plain gradient descent, coupled, with another penalty besides."""
    beta, decay, alpha = 0.3, 0.2, 0.5
    experiment = lb.Experiment(
        PROBLEM,
        lb.Sobolev(beta, order=order, norm=norm) + lb.L2(decay),
        lb.SGD(alpha),
        MODEL,
        lb.Drawn(seed=3),
        steps=1,
        record=lb.Every(1),
        precision="float64",
    )
    run = lb.simulate(experiment)

    def objective(p):
        fit = ((student(p, X) - PROBLEM.train.targets) ** 2).mean()
        half_square = sum((w**2).sum() for w in p.values()) / 2
        return fit + formula(p, order, norm, beta) + decay * half_square

    slopes = differences(objective, params)
    for name in params:
        expected = params[name] - alpha * slopes[name]
        np.testing.assert_allclose(run.params[name], expected, rtol=1e-7, atol=1e-8)
    half_square = sum((w**2).sum() for w in params.values()) / 2
    value = formula(params, order, norm, beta) + decay * half_square
    assert run.trajectory["penalty_value"][0] == pytest.approx(value, rel=1e-10)
    fit = ((student(params, X) - PROBLEM.train.targets) ** 2).mean()
    assert run.trajectory["train_loss"][0] == pytest.approx(fit, rel=1e-10)  # without penalties


@every_case
def test_a_minibatch_takes_its_own_examples_only(order, norm, params):
    """Three of four examples, then the last one alone, beside padding that must not count."""
    beta, alpha = 0.3, 0.5
    experiment = lb.Experiment(
        PROBLEM,
        lb.Sobolev(beta, order=order, norm=norm),
        lb.SGD(alpha, batch=3),
        MODEL,
        lb.Drawn(seed=3),
        steps=2,
        record=lb.Every(1),
        precision="float64",
    )
    middle = lb.simulate(experiment.with_(steps=1)).params
    last = lb.simulate(experiment).params

    def stepped(before, rows):
        def objective(p):
            fit = ((student(p, X[rows]) - PROBLEM.train.targets[rows]) ** 2).mean()
            total = 0.0
            for own, true in list(zip(by_hand(p, X[rows]), TEACHER, strict=True))[:order]:
                square = ((own - true[rows]) ** 2).sum()
                total += np.sqrt(square) if norm == "batch" else square / len(rows)
            return fit + beta * total

        slopes = differences(objective, before)
        return {name: before[name] - alpha * slopes[name] for name in before}

    def far(found, expected):
        return max(abs(found[name] - expected[name]).max() for name in found)

    # Which example was left for the second update is not said: one choice fits both, to rounding.
    rests = [np.delete(np.arange(4), i) for i in range(4)]
    misses = [
        max(far(middle, stepped(params, rest)), far(last, stepped(middle, np.array([i]))))
        for i, rest in enumerate(rests)
    ]
    assert min(misses) < 1e-7
    assert sorted(misses)[1] > 1e-4


def test_what_has_no_second_derivatives_is_refused_with_the_reason():
    order = lb.Sobolev(0.1, order=2)
    relu = lb.TeacherStudent(d=3, hidden=5, C=2, N=4, N_test=4)
    message = refusal(lambda: lb.Experiment(relu, order, model=lb.MLP((4,))))
    assert "the Hessian of the model is zero wherever it exists, as of every ReLU" in message
    assert "use order = 1, or a smooth activation such as tanh" in message
    assert refusal(lambda: lb.Experiment(PROBLEM, order, model=lb.MLP((4,)))) == message
    assert "the Hessian of the teacher" in refusal(lambda: lb.Experiment(relu, order, model=MODEL))
    assert lb.Experiment(relu, lb.Sobolev(0.1, order=1), model=lb.MLP((4,))).penalty.order == 1
    assert lb.Experiment(PROBLEM, order, model=MODEL).penalty == order


@pytest.mark.parametrize("problem", [lb.ModularArithmetic(p=5), lb.Images(n_train=30, n_test=20)])
def test_without_a_teacher_it_is_refused_naming_the_problem_that_has_one(problem):
    message = refusal(lambda: lb.Experiment(problem, lb.Sobolev(0.1)))
    assert f"{type(problem).__name__} does not know the derivatives" in message
    assert message.endswith("use TeacherStudent")


def test_it_is_no_penalty_on_parameters():
    term, x = lb.Sobolev(0.1), np.ones(3)
    calls = (
        lambda: term.value(x),
        lambda: term.subgradient(x),
        lambda: term.prox(x, 1.0),
        lambda: term.dual_norm(x),
    )
    for call in calls:
        assert "acts on the function, not on parameters" in refusal(call)
    message = refusal(
        lambda: lb.Experiment(PROBLEM, term, lb.Adam(1e-3, coupling="proximal"), MODEL)
    )
    assert "a penalty on the function has no proximal operator" in message
    data = lb.LinearData(np.eye(3), np.ones(3))
    assert "penalty Sobolev: is for networks" in refusal(lambda: lb.Experiment(data, term))


@pytest.mark.parametrize(("settings", "what"), [({"order": 3}, "1..2"), ({"norm": "?"}, "batch")])
def test_impossible_settings_are_refused(settings, what):
    assert what in refusal(lambda: lb.Sobolev(0.1, **settings))
