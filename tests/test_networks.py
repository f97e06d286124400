"""Networks: outputs against loops over single examples, laws of the start, models of the user."""

import dataclasses
import re
from math import erf, sqrt

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import affine, examples, unchecked, x64
from network_helpers import differences, refusal

import latebloom as lb
from latebloom.core.spec import canonical_hash
from latebloom.models import Network
from latebloom.models.network import LAWS, bias, weight

TABLE = lb.ModularArithmetic(p=5)
TEACHER = lb.TeacherStudent(d=3, hidden=5, C=2, N=6, N_test=4)
NETWORKS = {name: m for name, m in examples("model").items() if isinstance(m, Network)}
PAIRS = {
    f"{combine} {tables}": lb.TokenPair(width=4, hidden=(6,), tables=tables, combine=combine)
    for combine in ("hadamard", "sum", "concat", "matrix_product")
    for tables in (1, 2)
}
MODELS = {
    **NETWORKS,
    **PAIRS,
    "MLP with biases": lb.MLP((4, 3), "tanh", biases=True, law="uniform"),
    "MLP linear": lb.MLP(()),
    "TokenPair with biases": lb.TokenPair(4, hidden=(6, 5), biases=True, law="uniform"),
}
every_model = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)

PHI = {
    "relu": lambda z: max(z, 0.0),
    "tanh": np.tanh,
    "softplus": lambda z: np.log1p(np.exp(z)),
    "square": lambda z: z**2,
    "gelu": lambda z: z * (1 + erf(z / sqrt(2))) / 2,
    "identity": lambda z: z,
}


def problem_for(model):
    """Return a problem whose inputs the model takes."""
    return TEACHER if model.why_not(TABLE) else TABLE


def plain_layers(params, x, activation):
    """Return the output of a perceptron for one input vector, neuron by neuron."""
    depth = sum(name.startswith("layers.") and name.endswith("weight") for name in params)
    for k in range(depth):
        W = params[f"layers.{k}.weight"]
        b = params.get(f"layers.{k}.bias", np.zeros(len(W)))
        x = [
            sum(w * v for w, v in zip(row, x, strict=True)) + c for row, c in zip(W, b, strict=True)
        ]
        if k < depth - 1:
            x = [PHI[activation](v) for v in x]
    return np.array(x)


# --- Outputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", PHI)
@pytest.mark.parametrize("biases", [False, True])
def test_mlp_is_the_sum_over_neurons(activation, biases):
    model = lb.MLP((4, 3), activation, biases=biases, law="uniform")
    params = model.start(TEACHER, seed=1)
    x = TEACHER.test.inputs.astype(np.float64)
    expected = [plain_layers(params, row, activation) for row in x]
    np.testing.assert_allclose(model.apply(params, x), expected, rtol=1e-12)


def test_mlp_reads_images_of_any_shape_as_vectors():
    model, params = lb.MLP((4,)), lb.MLP((4,)).start(TEACHER, seed=1)
    x = TEACHER.test.inputs
    np.testing.assert_array_equal(model.apply(params, x[:, :, None]), model.apply(params, x))


def plain_pair(combine, e1, e2):
    """Return two embeddings combined, entry by entry."""
    d = len(e1)
    if combine == "hadamard":
        return [e1[i] * e2[i] for i in range(d)]
    if combine == "sum":
        return [e1[i] + e2[i] for i in range(d)]
    if combine == "concat":
        return [*e1, *e2]
    k = round(sqrt(d))
    return [
        sum(e1[i * k + m] * e2[m * k + j] for m in range(k)) for i in range(k) for j in range(k)
    ]


@pytest.mark.parametrize("name", PAIRS)
def test_token_pair_looks_up_combines_and_classifies(name):
    model = PAIRS[name]
    params = model.start(TABLE, seed=3)
    assert sum(key.startswith("embedding") for key in params) == model.tables
    right = params["embedding.1" if model.tables == 2 else "embedding.0"]
    expected = [
        plain_layers(params, plain_pair(model.combine, params["embedding.0"][x], right[y]), "relu")
        for x, y in TABLE.test.inputs
    ]
    np.testing.assert_allclose(model.apply(params, TABLE.test.inputs), expected, rtol=1e-12)


def plain_transformer(model, params, x, y):
    """Return the outputs for one pair: every position, head by head, then the last position."""
    tokens = [x, y, len(params["embedding"]) - 1]
    h = [params["embedding"][t] + params["position"][i] for i, t in enumerate(tokens)]
    size = model.width // model.heads
    after = []
    for here in h:
        heads = []
        for k in range(model.heads):
            own = slice(k * size, (k + 1) * size)
            q = params["attention.query"][own] @ here
            scores = np.array([q @ (params["attention.key"][own] @ there) for there in h])
            shares = np.exp(scores / np.sqrt(size))
            shares /= shares.sum()
            values = [params["attention.value"][own] @ there for there in h]
            heads.append(sum(a * v for a, v in zip(shares, values, strict=True)))
        after.append(here + params["attention.output"] @ np.concatenate(heads))
    hidden = np.maximum(params["layers.0.weight"] @ after[2], 0)
    return params["unembedding"] @ (after[2] + params["layers.1.weight"] @ hidden)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_transformer_is_full_attention_read_at_the_last_position(heads):
    model = lb.Transformer(width=8, heads=heads, hidden=6)
    params = model.start(TABLE, seed=2, scale=3.0)
    expected = [plain_transformer(model, params, x, y) for x, y in TABLE.test.inputs]
    np.testing.assert_allclose(model.apply(params, TABLE.test.inputs), expected, rtol=1e-11)


@every_model
def test_jax_agrees_with_numpy_also_when_compiled(model):
    problem = problem_for(model)
    params = model.start(problem, seed=0)
    expected = model.apply(params, problem.train.inputs)
    assert expected.shape == (len(problem.train.inputs), problem.outputs)
    with x64():
        got = jax.jit(model.apply)(jax.tree.map(jnp.asarray, params), problem.train.inputs)
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-14)
    single = {name: array.astype(np.float32) for name, array in params.items()}
    assert jax.eval_shape(model.apply, single, problem.train.inputs).dtype == np.float32


@pytest.mark.parametrize("name", ["matrix_product 1", "matrix_product 2", "Transformer"])
def test_reverse_mode_agrees_with_differences(name, rng):
    """Matrix products have a derivative of their own; that of the others is JAX's."""
    model, inputs = MODELS[name], TABLE.train.inputs
    params = model.start(TABLE, seed=5)
    ways = rng.standard_normal((len(inputs), TABLE.outputs))
    with x64():
        slopes = jax.jit(jax.grad(lambda p: (ways * model.apply(p, inputs)).sum()))(
            jax.tree.map(jnp.asarray, params)
        )
    expected = differences(lambda p: (ways * model.apply(p, inputs)).sum(), params)
    for key, slope in slopes.items():
        np.testing.assert_allclose(slope, expected[key], rtol=1e-6, atol=1e-7)


def test_smooth_is_having_second_derivatives():
    smooth = {a: lb.MLP((4,), a).smooth for a in PHI}
    assert smooth == dict.fromkeys(PHI, True) | {"relu": False, "identity": False}
    assert not lb.MLP((), "tanh").smooth
    assert lb.Transformer().smooth


# --- Laws of the start ----------------------------------------------------------------------------


def moments(draws):
    """Return the mean and the mean square, in standard errors from 0 and times the count."""
    return draws.mean() * sqrt(draws.size), (draws**2).mean()


@pytest.mark.parametrize("table", [False, True])
@pytest.mark.parametrize("law", LAWS)
def test_weights_have_their_laws(law, table, rng):
    outputs, inputs = 300, 50
    drawn = weight(rng, law, outputs, inputs, table)
    assert drawn.shape == ((inputs, outputs) if table else (outputs, inputs))
    variance = {"fan_in": 1 / 50, "fan_out": 1 / 300, "uniform": 1 / (3 * 50)}[law]
    assert abs(drawn.mean()) < 5 * sqrt(variance / drawn.size)
    # The squares' relative standard deviation is sqrt(2) of a normal law, less of the uniform one.
    assert (drawn**2).mean() == pytest.approx(variance, rel=5 * sqrt(2 / drawn.size))
    largest = np.abs(drawn).max()
    bound = 1 / sqrt(50)
    assert (0.999 * bound < largest <= bound) if law == "uniform" else largest > 3 * sqrt(variance)


def test_biases_start_at_zero_unless_uniform(rng):
    for law in ("fan_in", "fan_out"):
        np.testing.assert_array_equal(bias(rng, law, 9, 4), np.zeros(9))
    drawn = bias(rng, "uniform", 2000, 4)
    assert 0.49 < np.abs(drawn).max() <= 0.5
    assert (drawn**2).mean() == pytest.approx(1 / 12, rel=0.1)


def test_transformer_embeds_with_rows_of_norm_one():
    problem = lb.ModularArithmetic(p=97)
    params = lb.Transformer(width=64, heads=4, hidden=8).start(problem, seed=0)
    assert params["embedding"].shape == (98, 64)
    assert (params["embedding"] ** 2).sum(axis=1).mean() == pytest.approx(1, abs=0.1)
    assert (params["position"] ** 2).sum(axis=1) == pytest.approx(np.ones(3), abs=0.9)


def test_shapes_are_those_of_the_description():
    params = lb.TokenPair(width=4, hidden=(6, 5), biases=True, combine="concat").start(TABLE, 0)
    assert {name: array.shape for name, array in params.items()} == {
        "embedding.0": (5, 4),
        "embedding.1": (5, 4),
        "layers.0.weight": (6, 8),
        "layers.0.bias": (6,),
        "layers.1.weight": (5, 6),
        "layers.1.bias": (5,),
        "layers.2.weight": (5, 5),
        "layers.2.bias": (5,),
    }


@every_model
def test_scale_multiplies_and_seeds_draw(model):
    problem = problem_for(model)
    one, again, other, large = (
        model.start(problem, seed, scale)
        for seed, scale in ((0, 1.0), (0, 1.0), (1, 1.0), (0, 3.0))
    )
    for name, array in one.items():
        assert array.dtype == np.float64
        np.testing.assert_array_equal(array, again[name])
        np.testing.assert_array_equal(3.0 * array, large[name])
        drawn = not isinstance(model, lb.Custom) and array.any()
        assert np.array_equal(array, other[name]) != drawn
    experiment = lb.Experiment(problem, model=model, init=lb.Drawn(seed=1, scale=2.0))
    for name, array in experiment.network_start.items():
        np.testing.assert_array_equal(array, 2 * other[name])


# --- What does not fit ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "problem", "what"),
    [
        (lb.MLP((4,)), TABLE, "MLP: takes real inputs.*use TokenPair or Transformer"),
        (lb.TokenPair(4), TEACHER, "TokenPair: takes pairs of tokens.*use MLP"),
        (lb.Transformer(8), TEACHER, "Transformer: takes pairs of tokens.*use MLP"),
        (
            lb.TokenPair(4),
            lb.SupervisedData(np.eye(3), np.arange(3), np.eye(3), np.arange(3), "mse", tokens=2),
            r"TokenPair: takes pairs of tokens, and these inputs have shape \(3, 3\)",
        ),
        (lb.Custom("own", {"w": np.ones((2, 4))}, affine), TEACHER, "own cannot take inputs"),
        (
            lb.Custom("own", {"w": np.ones((3, 3))}, affine),
            TEACHER,
            r"own returns \(6, 3\) for inputs of shape \(6, 3\), needed: \(6, 2\)",
        ),
        (lb.Custom("own", {"w": np.ones(1)}, lambda p, x: None), TEACHER, "own returns NoneType"),
        (
            lb.Custom("own", {"w": np.ones((2, 3))}, lambda p, x: affine(p, x) > 0),
            TEACHER,
            "own returns numbers of type bool, needed: floating point",
        ),
        (
            lb.Custom("own", {"w": np.ones((2, 3))}, lambda p, x: affine(p, x) * 1j),
            TEACHER,
            "own returns numbers of type complex",
        ),
    ],
)
def test_models_that_do_not_fit_are_refused_with_the_reason(model, problem, what):
    with unchecked(), pytest.raises(lb.InvalidInput, match=what) as error:
        lb.Experiment(problem, model=model)
    assert str(error.value).startswith(f"model {type(model).__name__}: ")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: lb.TokenPair(8, combine="matrix_product"), "width = 8.*use a square"),
        (lambda: lb.TokenPair(4, tables=3), "tables = 3: must be an integer in 1..2"),
        (lambda: lb.TokenPair(4, combine="product"), "did you mean 'matrix_product'"),
        (lambda: lb.TokenPair(4, hidden=(4, 0)), "hidden = 0: must be an integer"),
        (lambda: lb.TokenPair(4, law="fanin"), "did you mean 'fan_in'"),
        (lambda: lb.TokenPair(4, table_law="?"), "TokenPair.table_law = '\\?'"),
        (lambda: lb.MLP((2.5,)), "widths = 2.5: must be an integer"),
        (lambda: lb.MLP((2**21,)), "must be an integer in 1..1048576"),
        (lambda: lb.MLP(activation="rely"), "did you mean 'relu'"),
        (lambda: lb.MLP(True), "widths = True: must be a list of widths"),
        (lambda: lb.MLP(biases=1), "MLP.biases = 1: must be true or false"),
        (lambda: lb.TokenPair(4, biases="no"), "TokenPair.biases = 'no': must be true or false"),
        (lambda: lb.Transformer(width=8, heads=3), "heads = 3: must divide width = 8"),
        (lambda: lb.Transformer(hidden=0), "Transformer.hidden = 0"),
        (lambda: lb.Custom("own", {}, affine), "params is empty"),
        (lambda: lb.Custom("own", {"w": np.ones(2)}, 3), "must be a function"),
        (lambda: lb.Custom("own", {"w": np.ones(2, int)}, affine), "of type int64.*eqx.partition"),
        (lambda: lb.Custom("own", [np.ones(2)], affine), "is a list: must be a dict.*Custom.of"),
        (lambda: lb.Custom(None, {"w": np.ones(2)}, affine), "name = None: must be a text"),
        (lambda: lb.Custom.of("own", affine, {"w": np.tanh}), "type object.*eqx.partition"),
        (lambda: lb.Custom("own", {"w": np.array([np.nan])}, affine), "must be finite"),
    ],
)
def test_impossible_models_are_refused_in_one_line(make, what):
    assert re.search(what, refusal(make))


# --- Models of the user's own ---------------------------------------------------------------------


def test_a_custom_model_keeps_its_own_copy_of_the_parameters():
    w = np.ones((2, 3))
    model = lb.Custom("own", {"w": w}, affine)
    w[0, 0] = 7
    np.testing.assert_array_equal(model.params["w"], np.ones((2, 3)))
    with pytest.raises(ValueError, match="read-only"):
        model.params["w"][0] = 0


def test_a_custom_model_is_identified_by_its_name_and_parameters_only():
    def same(params, inputs):
        return affine(params, inputs)

    base = lb.Custom("own", {"w": np.ones((2, 3))}, affine)
    assert canonical_hash(base) == canonical_hash(dataclasses.replace(base, function=same))
    assert canonical_hash(base) != canonical_hash(dataclasses.replace(base, name="other"))
    changed = {"w": 2 * np.ones((2, 3))}
    assert canonical_hash(base) != canonical_hash(dataclasses.replace(base, params=changed))


def test_parameters_of_any_structure_are_named_by_their_paths():
    tree = {
        "layers": [(np.ones((4, 3)), np.zeros(4)), (np.ones((2, 4)), np.zeros(2))],
        "s": np.ones(()),
    }

    def function(tree, x):
        for W, b in tree["layers"]:
            x = jnp.tanh(x @ W.T + b)
        return tree["s"] * x

    model = lb.Custom.of("nested", function, tree)
    assert set(model.params) == {"layers.0.0", "layers.0.1", "layers.1.0", "layers.1.1", "s"}
    x = TEACHER.train.inputs
    np.testing.assert_allclose(
        model.apply(model.start(TEACHER, 0), x), function(tree, x), rtol=1e-6
    )
    run = lb.simulate(lb.Experiment(TEACHER, lb.L2(1e-3), model=model, steps=3))
    assert set(run.params) == set(model.params)
    assert run.trajectory["train_loss"][-1] < run.trajectory["train_loss"][0]


def test_parameters_of_one_path_are_refused():
    twice = {"a.b": np.ones(2), "a": {"b": np.ones(2)}}
    message = refusal(lambda: lb.Custom.of("twice", lambda p, x: x, twice))
    assert "two parameters are called 'a.b'" in message


def test_a_custom_model_cannot_be_read_from_a_file():
    model = lb.Custom("own", {"w": np.ones((2, 3))}, affine)
    toml = lb.Experiment(TEACHER, model=model).to_toml()
    message = refusal(lambda: lb.Experiment.from_toml(toml))
    assert "a function cannot be kept in a file: make the model in Python" in message


def test_widths_may_be_a_list():
    with unchecked():
        assert lb.MLP([4, 5]) == lb.MLP((4, 5))
        assert hash(lb.TokenPair(4, hidden=[6])) == hash(lb.TokenPair(4, hidden=(6,)))


def test_an_equinox_module_trains():
    equinox = pytest.importorskip("equinox")
    module = equinox.nn.MLP(3, 2, 4, depth=1, key=jax.random.key(0))
    arrays, rest = equinox.partition(module, equinox.is_array)

    def function(arrays, x):
        return jax.vmap(equinox.combine(arrays, rest))(x)

    model = lb.Custom.of("equinox MLP", function, arrays)
    assert {a.shape for a in model.params.values()} == {(4, 3), (4,), (2, 4), (2,)}
    run = lb.simulate(lb.Experiment(TEACHER, model=model, steps=3))
    expected = jax.vmap(module)(TEACHER.train.inputs)
    loss = ((np.asarray(expected, float) - TEACHER.train.targets) ** 2).mean()
    assert run.trajectory["train_loss"][0] == pytest.approx(loss, rel=1e-5)
    assert run.trajectory["train_loss"][-1] < run.trajectory["train_loss"][0]
