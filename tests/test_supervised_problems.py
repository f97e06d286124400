"""What every supervised problem promises, and problems given by their arrays."""

import dataclasses
import tomllib
from math import inf, nan

import numpy as np
import pytest
import tomli_w
from helpers import changed, example, examples, unchecked
from network_helpers import assert_same, refusal, rows

from latebloom.core.spec import FAMILIES, canonical_hash, from_dict, to_dict
from latebloom.problems import (
    Images,
    ModularArithmetic,
    PermutationComposition,
    Supervised,
    SupervisedData,
    TeacherStudent,
)

PROBLEMS = {k: p for k, p in examples("problem").items() if isinstance(p, Supervised)}
DRAWN = [name for name, p in PROBLEMS.items() if hasattr(p, "seed")]
every_problem = pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)


# --- What every supervised problem promises -------------------------------------------------------


@every_problem
def test_shapes_and_types_are_as_promised_and_arrays_are_read_only(problem):
    assert problem.validate() is None
    for inputs, targets in (problem.train, problem.test):
        assert len(inputs) == len(targets) > 0
        assert inputs.shape[1:] == problem.train.inputs.shape[1:] != ()
        if problem.tokens is None:
            assert inputs.dtype == np.float32
            assert np.isfinite(inputs).all()
        else:
            assert inputs.dtype == np.int32
            assert set(inputs.ravel()) <= set(range(problem.tokens))
        if problem.classification:
            assert (targets.ndim, targets.dtype) == (1, np.int32)
            assert set(targets) <= set(range(problem.outputs))
        else:
            assert targets.shape[1:] == (problem.outputs,)
            assert targets.dtype == np.float32
        for array in (inputs, targets):
            with pytest.raises(ValueError, match="read-only"):
                array[:1] = 0


@pytest.mark.parametrize("name", PROBLEMS)
def test_same_spec_gives_the_same_arrays_through_toml(name):
    problem = PROBLEMS[name]
    assert_same(problem, example(FAMILIES["problem"][name]))
    plain = {
        key: value.tolist() if isinstance(value, np.ndarray) else value
        for key, value in to_dict(problem).items()
    }
    again = from_dict("problem", tomllib.loads(tomli_w.dumps(plain)))
    assert type(again) is type(problem)
    assert canonical_hash(again) == canonical_hash(problem)
    assert_same(again, problem)


@pytest.mark.parametrize("name", DRAWN)
def test_another_seed_gives_other_arrays(name):
    other = dataclasses.replace(PROBLEMS[name], seed=1)
    for side in ("train", "test"):
        assert rows(getattr(other, side)) != rows(getattr(PROBLEMS[name], side))


@pytest.mark.parametrize(
    ("name", "field"), [(n, f.name) for n, p in PROBLEMS.items() for f in dataclasses.fields(p)]
)
def test_hash_changes_with_every_field(name, field):
    other = changed(PROBLEMS[name], field)
    assert other is not None
    assert canonical_hash(other) != canonical_hash(PROBLEMS[name])


@every_problem
def test_only_the_teacher_knows_derivatives(problem):
    known = isinstance(problem, TeacherStudent)
    assert (problem.jacobian is not None) == known
    assert (problem.hessian is not None) == known


# --- Explicit arrays ------------------------------------------------------------------------------

REALS = np.array([[0.5, 1.0], [2.0, -1.0], [0.0, 3.0]])


def given_data(**replaced):
    """Return explicit arrays with real inputs and two classes."""
    arrays = {"x_train": REALS, "y_train": [0, 1, 0], "x_test": REALS[:1], "y_test": [1]}
    return SupervisedData(**{**arrays, "loss": "cross_entropy", **replaced})


@pytest.mark.parametrize("cls", [ModularArithmetic, TeacherStudent, Images, PermutationComposition])
def test_from_arrays_copies_freezes_and_casts(cls):
    x, y = REALS.copy(), np.array([0.0, 2.0, 1.0])
    problem = cls.from_arrays(x, y, x[:2], y[:2], loss="cross_entropy")
    assert isinstance(problem, SupervisedData)
    x[0, 0] = y[0] = 7
    np.testing.assert_array_equal(problem.train.inputs, REALS.astype(np.float32))
    assert problem.train.targets.tolist() == [0, 2, 1]
    assert problem.train.targets.dtype == np.int32
    assert problem.train.inputs.dtype == np.float32
    assert (problem.outputs, problem.tokens) == (3, None)


def test_two_columns_of_whole_numbers_are_real_outputs():
    with unchecked():
        problem = given_data(y_train=[[0, 1], [1, 0], [1, 1]], y_test=[[0, 1]], loss="mse")
    assert not problem.classification
    assert problem.outputs == 2
    assert problem.train.targets.dtype == np.float32


def test_outputs_given_or_found_are_one_problem():
    with unchecked():
        assert canonical_hash(given_data()) == canonical_hash(given_data(outputs=2))
        assert given_data(outputs=5).outputs == 5


@pytest.mark.parametrize(
    ("replaced", "what"),
    [
        ({"x_train": [[nan, 1.0]] * 3}, "x_train contains a non-finite value"),
        ({"x_train": [[1e39, 1.0]] * 3}, "x_train contains 1e+39: too large for float32"),
        ({"x_train": [[1j, 1.0]] * 3}, "x_train is complex"),
        ({"x_train": [[1.0], [1.0, 2.0]]}, "rows of equal length"),
        ({"x_train": [1.0, 2.0, 3.0]}, "x_train has shape (3,)"),
        ({"x_train": np.zeros((0, 2)), "y_train": []}, "x_train has shape (0, 2)"),
        ({"x_train": REALS[:2]}, "y_train has 3 entries but x_train has 2 rows"),
        ({"x_test": [[1.0, 2.0, 3.0]]}, "x_test has shape (1, 3)"),
        ({"y_test": [[1]], "y_train": [0, 1, 0]}, "y_test has shape (1, 1)"),
        ({"y_train": np.zeros((3, 1, 1))}, "y_train has shape (3, 1, 1)"),
        ({"y_train": [0, 0.5, 1]}, "y_train contains 0.5: labels must be whole numbers"),
        ({"y_train": [0, -1, 1]}, "y_train contains -1: labels"),
        ({"y_train": [0, 1e12, 1]}, "y_train contains 1e+12: labels"),
        ({"y_train": [0, inf, 1]}, "y_train contains a non-finite value"),
        ({"y_test": [2], "outputs": 2}, "y_test contains 2: labels must be whole numbers in 0..1"),
        ({"tokens": 3}, "x_train contains 0.5: tokens must be whole numbers in 0..2"),
        ({"x_train": [[0, 1], [1, 3], [0, 0]], "tokens": 3}, "x_train contains 3: tokens"),
        ({"tokens": 0}, "tokens = 0"),
        ({"outputs": 2.5}, "outputs = 2.5"),
        ({"outputs": 2**30}, "outputs = 1073741824"),
        ({"loss": "?"}, "loss = '?'"),
        ({"y_train": REALS, "y_test": REALS[:1]}, "loss = 'cross_entropy': needs class labels"),
        ({"y_train": REALS, "y_test": REALS[:1], "loss": "mse", "outputs": 3}, "outputs = 3"),
        ({"y_train": REALS, "y_test": 0 * REALS[:1], "loss": "mse"}, "relative error undefined"),
    ],
)
def test_bad_arrays_are_refused_in_one_line(replaced, what):
    assert what in refusal(lambda: given_data(**replaced))
