"""Transformations of optax as methods: the same updates as their own loop, under a name."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import linear_data, unchecked, x64
from network_helpers import blobs, refusal

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.runs.file import to_bytes

DATA = linear_data()
BETA, STEPS = 1e-2, 300


def chain():
    return optax.chain(optax.clip(0.5), optax.trace(0.9), optax.scale(-0.01))


def experiment(method, steps=STEPS, **settings):
    return lb.Experiment(DATA, lb.L1(BETA), method, steps=steps, init=0.1, **settings)


def by_hand(steps=STEPS):
    """Return the parameters after clipped heavy-ball steps in NumPy, written without optax."""
    a, momentum = np.full(DATA.X.shape[1], 0.1), np.zeros(DATA.X.shape[1])
    for _ in range(steps):
        gradient = DATA.X.T @ (DATA.X @ a - DATA.y_star) + BETA * np.sign(a)
        momentum = 0.9 * momentum + np.clip(gradient, -0.5, 0.5)
        a = a - 0.01 * momentum
    return a


def test_a_transformation_makes_its_updates_on_least_squares():
    run = lb.simulate(experiment(lb.Optax(chain(), name="clipped")))
    assert run.engine == "step"
    np.testing.assert_allclose(run.params, by_hand(), rtol=1e-9)


def test_a_function_of_the_learning_rate_is_called_with_it():
    def make(rate):
        return optax.chain(optax.clip(0.5), optax.sgd(rate, 0.9))

    run = lb.simulate(experiment(lb.Optax(0.01, name="clipped", transformation=make)))
    np.testing.assert_allclose(run.params, by_hand(), rtol=1e-9)


def test_alpha_multiplies_the_updates_of_a_transformation():
    free = optax.chain(optax.clip(0.5), optax.trace(0.9), optax.scale(-1.0))
    run = lb.simulate(experiment(lb.Optax(0.01, name="clipped", transformation=free)))
    np.testing.assert_allclose(run.params, by_hand(), rtol=1e-9)
    late = lb.Optax(lb.Piecewise((0, 300), (0.01, 0.0)), name="late", transformation=free)
    stopped = lb.simulate(experiment(late, steps=400))
    np.testing.assert_allclose(stopped.params, by_hand(), rtol=1e-9)


def test_experiments_with_one_transformation_advance_together():
    method = lb.Optax(chain(), name="clipped")
    batch = [experiment(method), experiment(method).with_(beta=1e-3)]
    apart = [lb.simulate(one).params for one in batch]
    for together, alone in zip(lb.simulate_batch(batch), apart, strict=True):
        np.testing.assert_allclose(together.params, alone, rtol=1e-9)


def test_a_transformation_trains_a_network_as_optax_does():
    problem, model = blobs(), lb.MLP((4,))
    method = lb.Optax(optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-2)), name="mine")
    base = lb.Experiment(problem, None, method, model, steps=20, precision="float64")
    run = lb.simulate(base)
    with x64():
        inputs, targets = jnp.asarray(problem.train.inputs, float), problem.train.targets
        params = {k: jnp.asarray(v) for k, v in base.network_start.items()}

        def loss(p):
            outputs = model.apply(p, inputs)
            return optax.softmax_cross_entropy_with_integer_labels(outputs, targets).mean()

        rule = optax.chain(optax.clip_by_global_norm(0.1), optax.adam(1e-2))
        state = rule.init(params)
        for _ in range(20):
            change, state = rule.update(jax.grad(loss)(params), state, params)
            params = optax.apply_updates(params, change)
    for name, value in params.items():
        np.testing.assert_allclose(run.params[name], value, rtol=1e-7, atol=1e-10)


def test_the_name_is_the_identity():
    one, same = (experiment(lb.Optax(chain(), name="clipped")) for _ in range(2))
    other = experiment(lb.Optax(chain(), name="clipped 2"))
    assert one.hash == same.hash != other.hash
    assert one != same  # the functions are others, and only their author knows what they do
    assert one == one.with_(name="label")
    method = one.to_dict()["method"]
    assert method["name"] == "clipped"
    assert "transformation" not in method


def test_a_transformation_is_not_read_from_a_file(tmp_path):
    one = experiment(lb.Optax(chain(), name="clipped"))
    for read in (
        lambda: lb.Experiment.from_toml(one.to_toml()),
        lambda: lb.Experiment.from_dict(one.to_dict()),
        lambda: lb.sweep(one, {"beta": [1e-3]}).run(tmp_path / "store", workers=1),
    ):
        assert "cannot be kept in a file: make the method in Python" in refusal(read)


def test_its_saved_runs_are_opened_with_the_experiment(tmp_path):
    one = experiment(lb.Optax(chain(), name="clipped"))
    run = lb.simulate(one)
    (tmp_path / "run.nc").write_bytes(to_bytes(run.to_dataset()))
    assert "open_run(path, experiment)" in refusal(lambda: lb.open_run(tmp_path))
    again = lb.open_run(tmp_path, one)
    assert again.phases == run.phases
    np.testing.assert_array_equal(again.params, run.params)
    assert one.hash in refusal(lambda: lb.open_run(tmp_path, one.with_(beta=1.0)))


def test_no_law_covers_a_transformation():
    one = experiment(lb.Optax(chain(), name="clipped"))
    prediction = lb.predict(one)
    assert (prediction.t1, prediction.t2, prediction.t2_least) == (None, None, None)
    assert any("Optax" in note for note in prediction.notes)
    assert lb.limit(one) is None


def wrong_state():
    return optax.GradientTransformation(lambda p: 0, lambda g, s, p=None: (g, s + 0.5))


REFUSED = {
    "no name": (lambda: lb.Optax(chain()), "a name of its own"),
    "an empty name": (lambda: lb.Optax(chain(), name=" "), "a name of its own"),
    "a name of optax": (lambda: lb.Optax(chain(), name="lion"), "a name of its own"),
    "a number for a name": (lambda: lb.Optax(chain(), name=3), "a name of its own"),
    "options": (lambda: lb.Optax(chain(), name="x", options={"b1": 0.9}), "leave them out"),
    "two": (lambda: lb.Optax(chain(), name="x", transformation=chain()), "optax.chain"),
    "decoupled without a rate": (
        lambda: lb.Optax(chain(), name="x", coupling="decoupled"),
        "needs the learning rate",
    ),
    "a function without a rate": (lambda: lb.Optax(optax.adam, name="x"), "needs the learning"),
    "a function of gradients": (
        lambda: lb.Optax(0.1, name="x", transformation=lambda g: 0.1 * g),
        "optax.stateless_with_tree_map",
    ),
    "no function": (lambda: lb.Optax(0.1, name="x", transformation=3), "must be an optax"),
    "a line search": (lambda: lb.Optax(optax.lbfgs(), name="x"), "nothing else such as a loss"),
    "a state of changing type": (lambda: lb.Optax(wrong_state(), name="x"), "its state changes"),
    "updates of another shape": (
        lambda: lb.Optax(optax.stateless_with_tree_map(lambda g, p: g.sum()), name="x"),
        "another shape",
    ),
    "a word": (lambda: lb.Optax("adam"), "Optax.alpha = 'adam'"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_method_is_refused_in_one_line(kind):
    make, message = REFUSED[kind]
    assert message in refusal(make)


def test_an_optax_transformation_in_place_of_a_method_is_refused_with_what_takes_it():
    with unchecked(), pytest.raises(InvalidInput, match=r"lb\.Optax\(transformation"):
        lb.load("fig3").with_(method=optax.adam(1e-3))


def test_only_optimizers_are_listed_as_optimizers():
    with pytest.raises(InvalidInput, match="no such optimizer") as refusal:
        lb.Optax(3, name="x")
    assert "State" not in str(refusal.value)
