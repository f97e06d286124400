"""Experiments as specs: errors in files, validation, initialization, records, schedules."""

import dataclasses
import json
import math
from math import inf, nan

import numpy as np
import pytest
from experiment_helpers import BASE, MATRIX, MEMBERS, PROBLEM
from helpers import examples, linear_models, of_matrices, unchecked
from hypothesis import given
from hypothesis import strategies as st

import latebloom as lb
from latebloom.core.schedules import Schedule
from latebloom.core.spec import from_dict
from latebloom.experiment.record import Record

RECORDS = examples("record")


# --- errors in files ------------------------------------------------------------------------------

GOOD = BASE.to_dict()


def broken(path, value):
    """Return the good dictionary with one entry replaced or added."""
    data = json.loads(json.dumps(GOOD))
    table = data
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("stepps",), 5, "unknown key 'stepps'; did you mean 'steps'?"),
        (("penalty", "betta"), 1.0, "unknown key 'penalty.betta'; did you mean 'beta'?"),
        (
            ("problem", "noise_sed"),
            1,
            "unknown key 'problem.noise_sed'; did you mean 'noise_seed'?",
        ),
        (("model", "zzz"), 1, "unknown key 'model.zzz'"),
        (("penalty", "type"), "L1L", "penalty.type = 'L1L': no such penalty; did you mean 'L1'?"),
        (("penalty", "type"), ["L1"], "penalty.type = ['L1']: no such penalty; did you mean 'L1'?"),
        (("penalty", "beta"), 10**400, "penalty.beta = 1000000"),
        (("method", "type"), "Fista", "method.type = 'Fista': no such method"),
        (("problem",), {"n": 5}, "problem.type is missing: a problem needs a type, one of"),
        (("penalty",), {"type": "L1"}, "'penalty.beta' is missing: L1 needs it"),
        (("penalty", "beta"), True, "penalty.beta = True: must be a number"),
        (("penalty", "beta"), "big", "penalty.beta = 'big': must be a number or a schedule table"),
        (("penalty", "beta"), [1.0], "penalty.beta = [1.0]: must be a number"),
        (("penalty", "beta"), -1.0, "L1.beta = -1.0: must be a finite number >= 0"),
        (("method", "alpha"), {"type": "Piecewize"}, "method.alpha.type = 'Piecewize'"),
        (("method",), 3, "method = 3: must be a method table with a type (Adam, FISTA"),
        (("penalty",), 3, "penalty = 3: must be a penalty table with a type ("),
        (("penalty",), "L1L", "penalty.type = 'L1L': no such penalty; did you mean 'L1'?"),
        (("problem", "n"), 10.5, "problem.n = 10.5: must be a whole number"),
        (("problem", "n"), "10", "problem.n = '10': must be a whole number"),
        (("problem", "noise_seed"), "x", "problem.noise_seed = 'x': must be a whole number"),
        (("problem", "basis"), 3, "problem.basis = 3: must be a string"),
        (("steps",), "many", "steps = 'many': must be a whole number"),
        (("steps",), nan, "steps = nan: must be a whole number"),
        (("steps",), inf, "steps = inf: must be a whole number"),
        (("steps",), 0, "steps = 0: must be an integer in 1..1"),
        (("thresholds",), [1e-3], "thresholds = [0.001]: must be a list of 2: a number, a number"),
        (("thresholds",), 1e-3, "thresholds = 0.001: must be a list of 2: a number, a number"),
        (("thresholds",), [1e-3, "x"], "thresholds[1] = 'x': must be a number"),
        (("record",), {"type": "At", "at": 5}, "record.at = 5: must be a list, each entry a whole"),
        (
            ("init",),
            True,
            "init = True: must be a number or an init table with a type (Drawn, Gaussian)",
        ),
        (("init",), {"type": "Gauss", "zeta": 1}, "init.type = 'Gauss': no such init"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_what_is_right(path, value, message):
    with pytest.raises(lb.InvalidInput) as error:
        lb.Experiment.from_dict(broken(path, value))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_spec_must_be_a_table_and_of_the_class_asked_for():
    with unchecked(), pytest.raises(lb.InvalidInput, match="must be a table of settings"):
        lb.Experiment.from_dict([1, 2])
    with pytest.raises(lb.InvalidInput, match="type must be L1 here"):
        from_dict(lb.L1, {"type": "L2", "beta": 1.0})
    with pytest.raises(lb.InvalidInput, match="unknown key 'type'"):
        lb.Experiment.from_dict({**GOOD, "type": "L1"})
    assert from_dict(lb.L1, {"type": "L1", "beta": 1.0}) == from_dict(lb.L1, {"beta": 1.0})


@pytest.mark.parametrize("text", ["steps = ", "= 3", "[problem", "steps = 1\nsteps = 2", "\x00"])
def test_toml_syntax_errors_are_one_line(text, tmp_path):
    file = tmp_path / "broken.toml"
    file.write_text(text)
    for source, name in ((text, "TOML"), (file, str(file))):
        with pytest.raises(lb.InvalidInput) as error:
            lb.Experiment.from_toml(source)
        assert str(error.value).startswith(f"{name}: not valid TOML")
        assert "\n" not in str(error.value)


def test_unreadable_files_are_one_line(tmp_path):
    latin = tmp_path / "latin.toml"
    latin.write_bytes("name = 'Gr\xfc\xdfe'".encode("latin-1"))
    for file in (tmp_path / "absent.toml", tmp_path, latin):
        with pytest.raises(lb.InvalidInput, match="cannot be read") as error:
            lb.Experiment.from_toml(file)
        assert str(file) in str(error.value)
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"not an array", "pickled"])
def test_bad_array_files_are_one_line_and_never_unpickled(content, tmp_path):
    file = tmp_path / "X.npy"
    if content == "pickled":
        np.save(file, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    elif content is not None:
        file.write_bytes(content)
    spec = tmp_path / "spec.toml"
    spec.write_text('problem = {type = "LinearData", X = "X.npy", y_star = [1.0]}')
    why = "there is no such file" if content is None else "cannot be read"
    with pytest.raises(lb.InvalidInput, match=f"problem.X = 'X.npy': {why}") as error:
        lb.Experiment.from_toml(spec)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("X", [[[1.0, 2.0], [3.0]], [["a"]], 3])
def test_bad_inline_arrays_name_the_key(X):
    data = {"problem": {"type": "LinearData", "X": X, "y_star": [1.0]}}
    with pytest.raises(lb.InvalidInput, match=r"problem\.X: must be nested lists"):
        lb.Experiment.from_dict(data)


# --- validation -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"problem": 3}, "problem = 3: must be a problem"),
        ({"problem": lb.SparseRecovery(s=0)}, "y_star = 0"),
        ({"penalty": "L1"}, "penalty = 'L1': must be a penalty"),
        ({"method": "Adam"}, "method = 'Adam': must be a method"),
        ({"model": 2}, "model = 2: must be a model"),
        ({"record": 7}, "record = 7: must be a record"),
        ({"steps": 0}, "steps = 0: must be an integer in 1.."),
        ({"steps": 10**15 + 1}, "steps = 1000000000000001: must be an integer in 1.."),
        ({"steps": 1.5}, "steps = 1.5: must be an integer"),
        ({"steps": True}, "steps = True: must be an integer"),
        ({"thresholds": (1e-3,)}, "thresholds = (0.001,): must be (train, test)"),
        ({"thresholds": 1e-3}, "thresholds = 0.001: must be (train, test)"),
        ({"thresholds": (0.0, 1e-3)}, "thresholds (train) = 0.0: must be a finite number > 0"),
        ({"thresholds": (1e-3, nan)}, "thresholds (test) = nan: must be a finite number > 0"),
        ({"init": nan}, "init = nan: must be a finite number"),
        ({"init": "small"}, "init = 'small': must be a finite number"),
        ({"init": np.ones(8)}, "init has shape (8,): the parameters of Linear have shape (9,)"),
        ({"init": np.full(9, nan)}, "init contains a non-finite value"),
        ({"init": [[1.0], [1.0, 2.0]]}, "init: must be an array"),
        ({"init": np.ones(9) * 1j}, "init is complex"),
        ({"method": lb.GradientDescent(0.1)}, "GradientDescent: gradient descent needs"),
        (
            {"method": lb.ProjectedSubgradient(0.1), "penalty": None},
            "ProjectedSubgradient: without",
        ),
    ],
)
def test_impossible_experiments_are_refused_in_one_line(changes, message):
    with unchecked(), pytest.raises(lb.InvalidInput) as error:
        BASE.with_(**changes)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_with_replaces_fields_in_a_copy_and_validates_it():
    other = BASE.with_(steps=7, name="short")
    assert (other.steps, other.name) == (7, "short")
    assert (BASE.steps, BASE.name) == (100, "")
    assert other.problem is BASE.problem
    assert BASE.with_(steps=100).hash == BASE.hash
    with pytest.raises(lb.InvalidInput):
        BASE.with_(steps=-1)
    with pytest.raises(lb.InvalidInput, match="did you mean 'steps'"):
        BASE.with_(step=7)


def test_an_experiment_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        BASE.steps = 3


def test_defaults_are_the_settings_of_the_paper():
    experiment = lb.Experiment(PROBLEM)
    assert experiment.method == lb.Subgradient(alpha=0.1)
    assert experiment.init == 1e-6
    assert experiment.model == lb.Linear()
    assert experiment.penalty is None


# --- start ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", [BASE, MATRIX], ids=["vector", "matrix"])
@pytest.mark.parametrize("model", linear_models().values(), ids=linear_models())
def test_start_is_a_number_of_the_model_or_a_draw_or_the_array(model, base, rng):
    if of_matrices(model) and base is BASE:
        with pytest.raises(lb.InvalidInput, match=r"unknown has shape \(9,\).*Hadamard"):
            base.with_(model=model)
        return
    unknown = base.data.shape
    base = base.with_(penalty=None, model=model)
    shape, used = model.shape(unknown), model.used(unknown) * np.ones(model.shape(unknown))
    np.testing.assert_array_equal(base.with_(init=0.25).start, model.initial(0.25, unknown))
    gauss = base.with_(init=lb.Gaussian(0.5, seed=3)).start
    assert gauss.shape == shape
    np.testing.assert_array_equal(gauss == 0, used == 0)
    array = rng.standard_normal(shape) * used
    explicit = base.with_(init=array)
    np.testing.assert_array_equal(explicit.start, array)
    with pytest.raises(ValueError, match="read-only"):
        explicit.start[0] = 1.0
    nested = lb.Experiment.from_dict({**base.to_dict(), "init": array.tolist()})
    np.testing.assert_array_equal(nested.start, array)


@pytest.mark.parametrize("penalty", [lb.Nuclear(0.1), lb.L1(0.1) + lb.Frobenius(0.1)])
def test_penalties_of_matrices_are_refused_for_vectors(penalty):
    with pytest.raises(lb.InvalidInput, match=r"acts on matrices.*\(9,\).*MatrixCompletion"):
        BASE.with_(penalty=penalty, method=lb.Subgradient(0.1))
    assert MATRIX.with_(penalty=penalty, method=lb.Subgradient(0.1)).penalty == penalty


def test_the_full_subgradient_is_refused_on_padded_factors():
    full = lb.Nuclear(0.1, null="full")
    with pytest.raises(lb.InvalidInput, match="padded with zeros; use null = 'minimal'"):
        MATRIX.with_(penalty=full, model=lb.MatrixProduct(2))
    A = np.arange(9.0).reshape(3, 3)
    square = lb.MaskedMatrix(mask=np.ones((3, 3)), Y=A, A_star=A)
    for base in (MATRIX.with_(penalty=full), BASE.with_(problem=square, penalty=full)):
        assert base.penalty == full
    assert BASE.with_(problem=square, penalty=full, model=lb.MatrixProduct(2)).penalty == full


def test_gaussian_start_has_variance_zeta_squared_over_n():
    zeta, n = 0.1, 4000
    draw = lb.Gaussian(zeta, seed=1).draw((2, n), n)
    square = n * (draw**2).sum() / zeta**2
    assert abs(square - 2 * n) < 4 * math.sqrt(4 * n)
    assert abs(draw.sum()) < 4 * zeta * math.sqrt(2)
    np.testing.assert_array_equal(draw, lb.Gaussian(zeta, seed=1).draw((2, n), n))
    assert (draw != lb.Gaussian(zeta, seed=2).draw((2, n), n)).all()
    np.testing.assert_allclose(lb.Gaussian(3 * zeta, 1).draw((2, n), n), 3 * draw, rtol=1e-14)


@pytest.mark.parametrize(
    "settings",
    [{"zeta": v} for v in (-1, nan, inf, True, "1")] + [{"seed": v} for v in (-1, 1.5, True)],
)
def test_impossible_gaussian_starts_are_refused(settings):
    ((name, value),) = settings.items()
    with unchecked(), pytest.raises(lb.InvalidInput) as error:
        lb.Gaussian(**{"zeta": 1.0, **settings})
    assert str(error.value).startswith(f"{name} = {value!r}: must be")


# --- records --------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", RECORDS.values(), ids=RECORDS)
@given(last=st.integers(1, 2000))
def test_records_contain_both_ends_and_increase(policy, last):
    steps = policy.steps(last)
    assert steps.dtype == np.int64
    assert steps[0] == 0
    assert steps[-1] == last
    assert (np.diff(steps) > 0).all()
    assert isinstance(policy, Record)


@given(k=st.integers(1, 50), last=st.integers(1, 500))
def test_every_records_the_multiples(k, last):
    assert lb.Every(k).steps(last).tolist() == sorted({*range(0, last + 1, k), last})


@given(at=st.lists(st.integers(0, 2**63 - 1), max_size=5), last=st.integers(1, 500))
def test_at_records_the_listed_steps_up_to_the_last(at, last):
    assert lb.At(tuple(at)).steps(last).tolist() == sorted({0, last, *(t for t in at if t <= last)})


@given(per_decade=st.integers(1, 200), exponent=st.integers(1, 15))
def test_log_spaced_has_equal_ratios_and_a_bounded_size(per_decade, exponent):
    last = 10**exponent
    steps = lb.LogSpaced(per_decade).steps(last)
    assert steps.size <= exponent * per_decade + 2
    assert {10**k for k in range(exponent + 1)} <= set(steps.tolist())
    inner = steps[steps > 100 * per_decade]  # where rounding to integers no longer matters
    ratios = np.diff(np.log10(inner)) * per_decade
    np.testing.assert_allclose(ratios, 1, atol=0.01)


@pytest.mark.parametrize(
    "make",
    [lambda v: lb.Every(v), lambda v: lb.LogSpaced(v), lambda v: lb.At((v,))],
    ids=["Every", "LogSpaced", "At"],
)
@pytest.mark.parametrize("value", [-1, 1.5, True, "1", nan])
def test_impossible_records_are_refused(make, value):
    with unchecked(), pytest.raises(lb.InvalidInput, match="must be an integer ") as error:
        make(value)
    assert repr(value) in str(error.value)


def test_records_that_do_not_fit_in_memory_are_refused_before_they_are_made():
    with pytest.raises(lb.InvalidInput, match="records do not fit in memory"):
        BASE.with_(steps=10**12, record=lb.Every(1)).record_steps  # noqa: B018
    big = lb.LinearData(np.ones((1, 2000)), np.ones(1))
    with pytest.raises(lb.InvalidInput, match="GiB: record fewer steps"):
        lb.Experiment(big, steps=10**5, record=lb.Every(1)).record_steps  # noqa: B018


def test_record_steps_of_an_experiment():
    assert BASE.with_(record=lb.At((3,))).record_steps.tolist() == [0, 3, 100]


# --- schedules in experiments ---------------------------------------------------------------------


@pytest.mark.parametrize("name", [n for n in MEMBERS if isinstance(MEMBERS[n], Schedule)])
def test_a_schedule_is_part_of_the_identity(name):
    plain, scheduled = lb.L1(1e-3), lb.L1(beta=MEMBERS[name])
    assert BASE.with_(penalty=plain).hash != BASE.with_(penalty=scheduled).hash
    again = lb.Experiment.from_toml(BASE.with_(penalty=scheduled + lb.L2(1.0)).to_toml())
    assert again.penalty == scheduled + lb.L2(1.0)
