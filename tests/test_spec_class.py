"""Specs as people write them: numbers of any type, fields by name, equality as of the hashes."""

import copy
import dataclasses
import pickle
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest
from helpers import example, examples, linear_data, matrix_data, unchecked
from hypothesis import given, settings
from hypothesis import strategies as st
from network_helpers import blobs, refusal

import latebloom as lb
from latebloom.core.spec import FAMILIES, canonical_hash
from latebloom.core.spec_class import complete, replaced
from latebloom.problems import VectorLeastSquares

PROBLEM = lb.SparseRecovery(n=20, s=2, N=10)
BASE = lb.Experiment(PROBLEM, lb.L1(1e-3))


@complete
@dataclass(frozen=True)
class Measured(VectorLeastSquares):
    """A problem as a plugin may write it: arrays in a dataclass with the default settings."""

    X: np.ndarray
    y_star: np.ndarray
    a_star: np.ndarray | None = None
    tags: tuple[str, ...] = ()
    level: float = 0.0
    count: int = 1


Measured.__spec_family__ = "problem"  # what `register` does, without keeping the name


def measured(**changes):
    fields = {"X": np.arange(6.0).reshape(2, 3), "y_star": np.ones(2), **changes}
    return Measured(**fields)


# --- Equality -------------------------------------------------------------------------------------

PROBLEMS = {
    "drawn": lambda: lb.SparseRecovery(n=9, s=2, N=6),
    "arrays": lambda: lb.LinearData(linear_data().X.copy(), linear_data().y_star.copy()),
    "matrix": lambda: lb.SensedMatrix(**{"y": matrix_data().y, "X": matrix_data().X}),
    "mask": lambda: lb.MaskedMatrix(mask=np.ones((2, 2)), A_star=np.ones((2, 2))),
    "classes": blobs,
    "plugin": measured,
}


@pytest.mark.parametrize("kind", PROBLEMS)
def test_equal_experiments_are_equal_and_hash_alike(kind):
    one, two = (lb.Experiment(PROBLEMS[kind](), name=name) for name in ("one", "two"))
    assert one.problem is not two.problem
    assert one == two
    assert one.hash == two.hash
    assert hash(one) == hash(two)
    assert len({one, two, one.problem, two.problem}) == 2
    assert one != one.with_(steps=one.steps + 1)
    assert one != one.problem
    assert one != 1


@pytest.mark.parametrize("kind", PROBLEMS)
def test_an_experiment_is_equal_to_its_copies(kind):
    one = lb.Experiment(PROBLEMS[kind]())
    others = [copy.copy(one), copy.deepcopy(one), one.with_(), dataclasses.replace(one)]
    others += [pickle.loads(pickle.dumps(one))]
    if kind != "plugin":  # which is not registered
        others += [lb.Experiment.from_toml(one.to_toml()), lb.Experiment.from_dict(one.to_dict())]
    for other in others:
        assert other == one
        assert hash(other) == hash(one)


@pytest.mark.parametrize("family", FAMILIES)
def test_members_of_all_families_are_equal_to_their_twins_only(family):
    first, second = examples(family), examples(family)
    for name, one in first.items():
        assert one == second[name], name
        assert hash(one) == hash(second[name]), name
        others = [other for key, other in second.items() if key != name]
        assert all(one != other for other in others), name


numbers = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 1e-7, 0.1, float("nan"), 5e-324, 1e300]),
    st.floats(),
    st.integers(-3, 3),
)


@given(st.lists(numbers, min_size=2, max_size=2), numbers, st.integers(-3, 3))
def test_equality_is_equality_of_hashes(entries, level, count):
    """Whatever the numbers: NaN, both zeros, integers beside the same floats."""
    one = measured(y_star=np.array(entries), level=level, count=count)
    for other in (
        measured(y_star=np.array(entries), level=level, count=count),
        measured(y_star=np.array(entries, dtype=float), level=float(level), count=float(count)),
        measured(y_star=np.array(entries[::-1]), level=level, count=count),
        measured(y_star=np.array(entries), level=-level, count=count),
        measured(y_star=np.array(entries), level=level, count=-count),
    ):
        assert (one == other) == (canonical_hash(one) == canonical_hash(other))
        assert one != other or hash(one) == hash(other)
    assert one == measured(y_star=np.array(entries), level=level, count=count)


@settings(max_examples=20)
@given(st.sampled_from([0.0, -0.0, 0, 1, 1.0]), st.sampled_from([0, 0.0, -0.0, 1e-3]))
def test_equality_of_experiments_is_equality_of_their_hashes(init, beta):
    one = BASE.with_(init=init, beta=beta)
    for other_init, other_beta in ((init, beta), (float(init), float(beta)), (-init, beta), (1, 0)):
        other = lb.Experiment(problem_twin(), lb.L1(other_beta), init=other_init)
        assert (one == other) == (one.hash == other.hash)
        assert one != other or hash(one) == hash(other)
    assert one == lb.Experiment(problem_twin(), lb.L1(beta), init=init)


def problem_twin():
    """Return the problem of BASE, made anew."""
    return dataclasses.replace(PROBLEM)


def test_arrays_are_equal_by_shape_and_value_whatever_their_type():
    one = measured()
    for X in (
        np.arange(6).reshape(2, 3),
        np.arange(6, dtype=np.float32).reshape(2, 3),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    ):
        assert measured(X=X) == one
        assert hash(measured(X=X)) == hash(one)
    assert measured(X=np.arange(6.0).reshape(3, 2)) != one
    assert measured(y_star=np.array([1.0, np.nextafter(1.0, 2.0)])) != one
    assert measured(a_star=np.zeros(3)) != one
    assert measured(level=-0.0) != one  # they have other hashes
    assert measured(level=float("nan")) == measured(level=float("nan"))


def test_functions_are_part_of_equality_but_not_of_the_hash():
    def double(params, x):
        return 2 * x @ params["w"].T

    def triple(params, x):
        return 3 * x @ params["w"].T

    one, same, other = (
        lb.Experiment(blobs(), model=lb.Custom("mine", {"w": np.ones((3, 3))}, f))
        for f in (double, double, triple)
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one.hash == other.hash
    assert one != other


def test_a_class_may_keep_its_own_equality_and_repr():
    @complete
    @dataclass(frozen=True, eq=False, repr=False)
    class Own:
        value: float

        def __eq__(self, other):
            return isinstance(other, Own)

        def __hash__(self):
            return 1

        def __repr__(self):
            return "mine"

    assert Own(1.0) == Own(2.0)
    assert hash(Own(1.0)) == 1
    assert repr(Own(1.0)) == "mine"


# --- Numbers --------------------------------------------------------------------------------------

WHOLE = [40.0, np.float64(40), np.int32(40), np.uint8(40), np.array(40), jnp.asarray(40), 4e1]


@pytest.mark.parametrize("value", WHOLE, ids=lambda v: type(v).__name__)
def test_whole_numbers_may_be_of_any_type(value):
    with unchecked():
        problem = lb.SparseRecovery(N=value, seed=value)
        experiment = lb.Experiment(problem, steps=value)
    assert (problem.N, type(problem.N), type(problem.seed)) == (40, int, int)
    assert (experiment.steps, type(experiment.steps)) == (40, int)
    assert experiment == lb.Experiment(lb.SparseRecovery(N=40, seed=40), steps=40)


@pytest.mark.parametrize("value", [0.25, np.float32(0.25), np.array(0.25), jnp.asarray(0.25)])
def test_numbers_may_be_of_any_type(value):
    with unchecked():
        assert lb.L1(value) == lb.L1(0.25)
        assert type(lb.L1(value).beta) is float
        assert lb.Experiment(PROBLEM, init=value).init == 0.25


NO_STEPS = [1.5, float("nan"), float("inf"), 1e300, "1e6", True, np.True_, 5 + 0j, [5]]


@pytest.mark.parametrize("value", NO_STEPS, ids=repr)
def test_what_is_no_whole_number_is_refused_with_the_value(value):
    shown = value.item() if isinstance(value, np.generic) else value
    assert f"steps = {shown!r}: must be an integer" in refusal(lambda: BASE.with_(steps=value))


def test_lists_stand_for_tuples():
    with unchecked():
        for at in ([1, 2.0], (1, 2), np.array([1, 2]), range(1, 3)):
            assert lb.At(at) == lb.At((1, 2))
            assert lb.At(at).at == (1, 2)
        assert lb.MLP([4.0, 3]) == lb.MLP((4, 3))
        assert lb.Piecewise([0, 5.0], np.array([0.0, 1.0])) == lb.Piecewise((0, 5), (0.0, 1.0))
        for thresholds in ([0.1, 0.2], np.array([0.1, 0.2])):
            assert BASE.with_(thresholds=thresholds).thresholds == (0.1, 0.2)
    assert "must be a list of steps" in refusal(lambda: lb.At({1, 2}))
    assert "must be a list of steps" in refusal(lambda: lb.At(3))
    assert "must be (train, test)" in refusal(lambda: BASE.with_(thresholds=0.1))


def test_sweeps_take_numbers_of_any_type():
    with unchecked():
        grid = lb.sweep(BASE, {"beta": np.array([1e-3, 1e-4])}, seeds=2.0, batch=np.float64(5))
    assert grid.size == 4
    assert grid.batch == 5
    assert "must be a table" in refusal(lambda: lb.sweep(BASE, ["beta"]))


def test_a_class_in_place_of_a_spec_is_refused_with_an_example():
    assert "such as L1(1e-5)" in refusal(lambda: lb.Experiment(PROBLEM, lb.L1))
    assert "such as L1(1e-5)" in refusal(lambda: lb.Experiment(PROBLEM, 1e-5))
    assert "such as ProximalGradient(0.1)" in refusal(lambda: BASE.with_(method="Adam"))
    assert "such as Every(10)" in refusal(lambda: BASE.with_(record=10))


# --- Fields by name -------------------------------------------------------------------------------


def test_fields_of_parts_are_changed_by_their_names():
    with unchecked():  # annotated as an integer
        changed = BASE.with_(beta=1e-7, N=15, alpha=0.05, steps=1e3, per_decade=10)
    problem = dataclasses.replace(PROBLEM, N=15)
    record = lb.LogSpaced(10)
    expected = lb.Experiment(problem, lb.L1(1e-7), lb.Subgradient(0.05), steps=1000, record=record)
    assert changed == expected
    assert BASE.with_(**{"penalty.beta": 1e-7}) == BASE.with_(penalty=lb.L1(1e-7))
    assert BASE.with_(beta=lb.SwitchOn(1e-7)).with_(before=1e-9).penalty == lb.L1(
        lb.SwitchOn(1e-7, 1e-9)
    )


def test_fields_that_fit_together_are_changed_together():
    assert BASE.with_(n=5, s=5, N=3).problem == lb.SparseRecovery(n=5, s=5, N=3)
    assert BASE.with_(N=3, s=5, n=5).problem == lb.SparseRecovery(n=5, s=5, N=3)


def test_a_new_part_is_changed_not_the_old_one():
    start = BASE.with_(init=lb.Gaussian(1.0), zeta=0.5)
    assert start.init == lb.Gaussian(0.5)
    assert BASE.with_(zeta=0.5, init=lb.Gaussian(1.0)) == start


def test_parts_that_are_not_changed_stay_the_same_objects():
    model = lb.Custom("mine", {"w": np.ones((3, 3))}, lambda p, x: x @ p["w"].T)
    base = lb.Experiment(blobs(), lb.L2(1e-3), model=model)
    changed = base.with_(beta=1e-5, name="x")
    assert changed.model is model
    assert changed.problem is base.problem
    assert (changed.penalty, changed.name, changed.method) == (lb.L2(1e-5), "x", base.method)


def test_a_name_that_is_not_clear_is_refused_with_the_choices():
    both = BASE.with_(penalty=lb.L1(1e-3) + lb.L2(1e-4))
    message = refusal(lambda: both.with_(beta=1.0))
    assert "penalty.parts.0.beta or penalty.parts.1.beta" in message
    assert both.with_(**{"penalty.parts.1.beta": 0.5}).penalty == lb.L1(1e-3) + lb.L2(0.5)
    assert "did you mean 'beta'" in refusal(lambda: BASE.with_(betta=1.0))
    assert "problem.seed or init.seed" in refusal(lambda: BASE.with_(init=lb.Gaussian(1.0), seed=3))
    assert "L1.beta = -1" in refusal(lambda: BASE.with_(beta=-1))


@pytest.mark.parametrize("name", sorted(FAMILIES["penalty"].keys() - {"Sum", "On"}))
def test_replacing_a_field_is_what_dataclasses_do(name):
    one = example(FAMILIES["penalty"][name])
    assert replaced(one, {("beta",): 0.5}) == dataclasses.replace(one, beta=0.5)
    assert replaced((one, one), {("1", "beta"): 0.5}) == (one, dataclasses.replace(one, beta=0.5))
    assert replaced(one, {}) is one
