"""Experiments as specs: the registry, TOML there and back, identity."""

import dataclasses
import hashlib
import subprocess
import sys
import warnings
from math import inf

import numpy as np
import pytest
from experiment_helpers import BASE, MATRIX, MEMBERS
from helpers import changed, linear_data, of_matrices, unchecked
from network_helpers import assert_same

import latebloom as lb
from latebloom.core.spec import FAMILIES, SPEC_VERSION, canonical_hash, from_dict, to_dict
from latebloom.methods import Optimizer
from latebloom.models import Network
from latebloom.problems import Supervised

TABLE = lb.Experiment(lb.ModularArithmetic(p=5), model=lb.TokenPair(width=4, hidden=(6,)), steps=9)


# Smooth, so that a penalty on second derivatives is allowed.
TEACHER = lb.Experiment(
    lb.TeacherStudent(d=3, hidden=5, C=2, N=6, N_test=4, activation="tanh"),
    model=lb.MLP(widths=(4,), activation="tanh"),
    steps=9,
)


# A function cannot be written to a file: test_networks.py.
WRITTEN = [name for name, member in MEMBERS.items() if not isinstance(member, lb.Custom)]


every_member = pytest.mark.parametrize("name", WRITTEN)


def holding(member):
    """Return an experiment that has the registered member in the place where it belongs."""
    family = type(member).__spec_family__
    if isinstance(member, Supervised):
        return lb.Experiment(member, steps=9)
    if isinstance(member, Network):
        return (TEACHER if isinstance(member, lb.MLP | lb.Custom) else TABLE).with_(model=member)
    if family == "transform":
        return TABLE.with_(method=lb.Adam(1e-3, transforms=(member,)))
    if isinstance(member, Optimizer | lb.Drawn):
        return TABLE.with_(**{family: member})
    if isinstance(member, lb.On | lb.Sobolev):
        return TEACHER.with_(penalty=member)
    if family == "method":
        penalty = next(p for p in (lb.L1(1e-3), lb.L2(1e-3)) if not member.why_not(p, lb.Linear()))
        return BASE.with_(method=member, penalty=penalty)
    if family == "schedule":
        return BASE.with_(penalty=lb.L1(beta=member), method=lb.Subgradient(alpha=member))
    return (MATRIX if of_matrices(member) else BASE).with_(**{family: member})


def same_arrays(one, two):
    """Assert that two experiments have the same data and start, to the bit."""
    if isinstance(one.problem, Supervised):
        assert_same(one.problem, two.problem)
        assert one.network_start.keys() == two.network_start.keys()
        for name, array in one.network_start.items():
            np.testing.assert_array_equal(array, two.network_start[name])
        return
    for get in (lambda e: e.data.y_star, lambda e: e.start):
        np.testing.assert_array_equal(get(one), get(two))
    for mine, other in zip(one.data.operator, two.data.operator, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert (one.data.a_star is None) == (two.data.a_star is None)
    if one.data.a_star is not None:
        np.testing.assert_array_equal(one.data.a_star, two.data.a_star)


# --- the registry ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family in sorted(FAMILIES) for name in FAMILIES[family]]
)
def test_every_member_is_a_documented_frozen_public_class(family, name):
    cls = FAMILIES[family][name]
    assert getattr(lb, name) is cls
    assert cls.__spec_family__ == family
    assert ">>>" in cls.__doc__
    assert cls.__dataclass_params__.frozen


# --- there and back -------------------------------------------------------------------------------


@every_member
def test_dictionary_round_trip(name):
    member = MEMBERS[name]
    data = to_dict(member)
    assert data["type"] == type(member).__name__
    again = from_dict(type(member).__spec_family__, data)
    assert type(again) is type(member)
    assert canonical_hash(again) == canonical_hash(member)


@every_member
def test_toml_round_trip(name):
    experiment = holding(MEMBERS[name])
    again = lb.Experiment.from_toml(experiment.to_toml())
    assert again.hash == experiment.hash
    assert again.to_toml() == experiment.to_toml()
    same_arrays(again, experiment)


@every_member
def test_toml_file_round_trip(name, tmp_path):
    experiment = holding(MEMBERS[name])
    file = tmp_path / "experiment.toml"
    file.write_text(experiment.to_toml(tmp_path), encoding="utf-8")
    again = lb.Experiment.from_toml(file)
    assert again.hash == experiment.hash
    same_arrays(again, experiment)


@pytest.mark.parametrize("n", [8, 40])
def test_explicit_arrays_survive_inline_and_as_side_files(n, tmp_path):
    problem = linear_data(N=8, n=n)
    start = np.random.default_rng(5).standard_normal((2, n)) / 3
    experiment = lb.Experiment(problem, model=lb.Hadamard(2), init=start, steps=5)
    text = experiment.to_toml()
    assert ".npy" not in text
    same_arrays(lb.Experiment.from_toml(text), experiment)
    file = tmp_path / "experiment.toml"
    file.write_text(experiment.to_toml(tmp_path))
    # Up to 64 entries stay in the text: 8 x 8, and vectors.
    beside = {"X.npy": 8 * n, "init.npy": 2 * n}
    assert {p.name for p in tmp_path.glob("*.npy")} == {k for k, v in beside.items() if v > 64}
    again = lb.Experiment.from_toml(file)
    assert again.hash == experiment.hash == lb.Experiment.from_toml(text).hash
    same_arrays(again, experiment)


def test_optional_values_and_infinity_survive():
    experiment = BASE.with_(problem=lb.SparseRecovery(snr=inf, noise_seed=4), penalty=None)
    again = lb.Experiment.from_toml(experiment.to_toml())
    assert again.penalty is None
    assert again.problem == experiment.problem
    assert lb.Experiment(lb.LinearData(np.eye(2), np.ones(2))).to_dict().keys() >= {
        "problem",
        "steps",
    }


def test_numpy_scalars_are_written_as_plain_numbers():
    with unchecked():
        experiment = BASE.with_(penalty=lb.L1(np.float64(1e-3)), steps=np.int64(100))
        assert experiment.hash == BASE.hash
        assert lb.Experiment.from_toml(experiment.to_toml()).hash == BASE.hash


def test_a_member_can_be_named_by_a_string_when_it_needs_no_settings():
    data = {**BASE.to_dict(), "model": "Hadamard", "record": "LogSpaced"}
    experiment = lb.Experiment.from_dict(data)
    assert experiment.model == lb.Hadamard()
    assert experiment.record == lb.LogSpaced()


# --- identity -------------------------------------------------------------------------------------


def test_hash_is_sha256_of_the_canonical_json():
    text = f'{{"beta":0.5,"spec_version":{float(SPEC_VERSION)},"type":"L1"}}'
    assert canonical_hash(lb.L1(0.5)) == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_hash_is_the_same_in_another_process():
    code = f"import latebloom as lb; print(lb.Experiment.from_toml('''{BASE.to_toml()}''').hash)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == BASE.hash


FIELDS = [
    (name, f.name)
    for name, ex in MEMBERS.items()
    for f in dataclasses.fields(ex)
    if f.metadata.get("identity", True)
]


@pytest.mark.parametrize(("name", "field"), FIELDS)
def test_hash_changes_with_every_field(name, field):
    other = changed(MEMBERS[name], field)
    assert other is not None, f"helpers.others knows no other value for {name}.{field}"
    assert canonical_hash(other) != canonical_hash(MEMBERS[name])
    if (name, field) == ("problem.Images", "source"):
        return  # another folder, and there is none to make an experiment of
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # another truth may have too high a rank
        assert holding(other).hash != holding(MEMBERS[name]).hash


EXPERIMENT_CHANGES = {
    "problem": linear_data(),
    "penalty": None,
    "method": lb.FISTA(0.1),
    "model": lb.Hadamard(1),
    "init": 0.5,
    "steps": 101,
    "thresholds": (1e-3, 1e-4),
    "record": lb.Every(3),
    "precision": "float64",
    "measure": "loss",
}


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(lb.Experiment)])
def test_hash_of_an_experiment_changes_with_every_field_but_the_name(field):
    if field == "name":
        assert BASE.with_(name="another").hash == BASE.hash
    else:
        base = TABLE if field in ("precision", "measure") else BASE
        assert base.with_(**{field: EXPERIMENT_CHANGES[field]}).hash != base.hash


def test_members_with_the_same_fields_differ():
    hashes = {canonical_hash(ex) for ex in MEMBERS.values()}
    assert len(hashes) == len(MEMBERS)


WHOLE = [
    (name, f.name)
    for name, ex in MEMBERS.items()
    for f in dataclasses.fields(ex)
    # A share of the pairs is above 0 and below 1: never whole.
    if isinstance(getattr(ex, f.name), float) and f.name != "train_fraction"
]


@pytest.mark.parametrize(("name", "field"), WHOLE)
def test_whole_numbers_hash_like_their_floats(name, field):
    below_one = field in ("b1", "b2", "momentum", "decay")
    whole = 0 if below_one else 1
    one, two = (dataclasses.replace(MEMBERS[name], **{field: v}) for v in (whole, float(whole)))
    assert canonical_hash(one) == canonical_hash(two)


def test_neighbouring_seeds_beyond_the_digits_of_a_float_hash_apart():
    one, two = (canonical_hash(lb.Gaussian(1.0, seed=2**60 + k)) for k in (0, 1))
    assert one != two


def test_arrays_are_identified_by_their_values():
    X, y = np.eye(2), np.ones(2)
    base = canonical_hash(lb.LinearData(X, y))
    assert canonical_hash(lb.LinearData(np.asfortranarray(X.astype(int)), y)) == base
    assert canonical_hash(lb.LinearData(X + 1e-15, y)) != base
    assert canonical_hash(lb.LinearData(X, y, y)) != base
    holder = dataclasses.make_dataclass("Holder", ["array"])
    flat, square = (holder(np.arange(4.0).reshape(s)) for s in ((1, 4), (2, 2)))
    assert canonical_hash(flat) != canonical_hash(square)
