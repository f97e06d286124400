"""Settings: short names of fields, types by name, and what is said about mistakes."""

import dataclasses

import numpy as np
import pytest

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.core.spec import FAMILIES
from latebloom.experiment.keys import Fields, full_name
from latebloom.experiment.presets import load, preset, presets
from latebloom.experiment.settings import changed

SPARSE = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3))
KEYS = {field.name for field in dataclasses.fields(lb.Experiment)}
DECAY = lb.PowerDecay(0.1, power=1)
SINGLE = [name for name, one in presets().items() if one.build is not None]


def leaves(spec, prefix=""):
    """Yield the dotted keys of an experiment's fields, found in the objects themselves."""
    if isinstance(spec, tuple) and any(dataclasses.is_dataclass(part) for part in spec):
        for i, part in enumerate(spec):
            yield from leaves(part, f"{prefix}{i}.")
    if dataclasses.is_dataclass(spec):
        for field in dataclasses.fields(spec):
            if field.init:
                yield f"{prefix}{field.name}"
                yield from leaves(getattr(spec, field.name), f"{prefix}{field.name}.")


@pytest.mark.parametrize("name", SINGLE)
def test_every_field_is_reached_by_the_shortest_name_that_no_other_field_has(name):
    experiment = preset(name).experiment()
    keys = list(leaves(experiment))
    known = Fields(experiment)
    assert set(known.known) == set(keys) - {"name"}
    for key in keys:
        assert full_name(experiment, key) == key
        parts = key.split(".")
        for i in range(1, len(parts)):
            short = ".".join(parts[i:])
            rivals = [k for k in keys if k.endswith(f".{short}")]
            if short in keys:
                assert full_name(experiment, short) == short
            elif len(rivals) == 1:
                assert known.key(short) == key
            else:
                with pytest.raises(InvalidInput) as caught:
                    known.key(short)
                assert all(rival in str(caught.value) for rival in rivals)


def test_an_ambiguous_name_lists_the_candidates():
    experiment = SPARSE.with_(penalty=lb.L1(1e-3) + lb.L2(1e-4))
    with pytest.raises(InvalidInput, match=r"penalty\.parts\.0\.beta or penalty\.parts\.1\.beta"):
        full_name(experiment, "beta")
    assert full_name(experiment, "1.beta") == "penalty.parts.1.beta"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("bta", "did you mean 'beta'"),
        ("stpes", "did you mean 'steps'"),
        ("momentum", "those that have it: method "),
        ("qqq", "fields: problem, problem."),
    ],
)
def test_an_unknown_name_gets_a_hint(name, words):
    with pytest.raises(InvalidInput, match=f"no field '{name}'.*{words}"):
        full_name(SPARSE, name)


def test_names_belong_to_the_types_that_the_same_changes_choose():
    one = changed(SPARSE, {"beta": 1e-4, "penalty": "L2"})
    two = changed(SPARSE, {"penalty": "L2", "beta": 1e-4})
    assert one.penalty == two.penalty == lb.L2(1e-4)
    none = SPARSE.with_(penalty=None)
    assert changed(none, {"beta": 1e-4, "penalty": "L1"}).penalty == lb.L1(1e-4)


def test_the_label_says_which_fields_short_names_changed():
    experiment = load("fig3", [("N", "40"), ("beta", "1e-6")])
    assert experiment.name == "fig3 problem.N=40 penalty.beta=1e-6"
    assert experiment.hash == load("fig3", [("problem.N", "40"), ("penalty.beta", "1e-6")]).hash


# Types by name ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "field", "expected"),
    [
        ({"method.alpha": "PowerDecay"}, "method", lb.Subgradient(lb.PowerDecay(0.1))),
        (
            {"alpha": "PowerDecay", "power": 1},
            "method",
            lb.Subgradient(lb.PowerDecay(0.1, power=1)),
        ),
        ({"penalty.beta": "SwitchOn"}, "penalty", lb.L1(lb.SwitchOn(1e-3))),
        ({"beta": "SwitchOn", "before": 1e-6}, "penalty", lb.L1(lb.SwitchOn(1e-3, 1e-6))),
        ({"init": "Gaussian"}, "init", lb.Gaussian(1e-6)),
        ({"init": "Gaussian", "zeta": 0.5}, "init", lb.Gaussian(0.5)),
        ({"record": "Every"}, "record", lb.Every(1)),
        ({"record": "Every", "k": 5}, "record", lb.Every(5)),
        (
            {"beta": "Piecewise", "beta.steps": [0, 9], "values": [0, 1e-3]},
            "penalty",
            lb.L1(lb.Piecewise((0, 9), (0.0, 1e-3))),
        ),
        ({"alpha": "PowerDecay", "method": "FISTA"}, "method", lb.FISTA(lb.PowerDecay(0.1))),
    ],
)
def test_types_are_chosen_by_name(settings, field, expected):
    assert getattr(changed(SPARSE, settings), field) == expected


@pytest.mark.filterwarnings("ignore::UserWarning")  # of a matrix with too few entries
@pytest.mark.parametrize("family", sorted({*KEYS, "schedule"} & FAMILIES.keys()))
def test_every_type_can_be_asked_for_by_name(family):
    """It is there, or the message says in one line what it needs or why it does not fit."""
    for key in {"schedule": ("method.alpha", "penalty.beta")}.get(family, (family,)):
        for name in FAMILIES[family]:
            found, why = SPARSE, None
            try:
                found = changed(SPARSE, {key: name})
            except InvalidInput as error:
                why = str(error)
            if why is not None:
                assert "table with a type" not in why
                assert name in why or f"{key}." in why
                continue
            for part in key.split("."):
                found = getattr(found, part)
            assert type(found).__name__ == name


# alpha = "auto" -----------------------------------------------------------------------------------


def test_auto_is_nine_tenths_of_the_limit_and_recorded_as_a_number(rng):
    X = 10 * rng.normal(size=(12, 20))
    largest = np.linalg.eigvalsh(X.T @ X)[-1]
    a = np.eye(20)[0]
    problem = lb.SparseRecovery.from_arrays(X, X @ a, a)
    with pytest.raises(InvalidInput, match=r"alpha = 'auto' takes 0\.9 .*--force"):
        lb.simulate(lb.Experiment(problem, lb.L1(1e-3), steps=10))
    auto = lb.Experiment(problem, lb.L1(1e-3), lb.Subgradient("auto"), steps=10)
    assert auto.method.alpha == pytest.approx(0.9 * 2 / largest, rel=1e-12)
    assert lb.simulate(auto).phases.diverged_at is None
    number = auto.with_(method=lb.Subgradient(auto.method.alpha))
    assert auto.hash == number.hash
    assert lb.Experiment.from_toml(auto.to_toml()).hash == auto.hash
    data = auto.to_dict() | {"method": {"type": "Subgradient", "alpha": "auto"}}
    assert lb.Experiment.from_dict(data).hash == lb.Experiment.hash_of_dict(data) == auto.hash
    assert changed(SPARSE, {"alpha": "auto"}).method.alpha == 0.9 * SPARSE.alpha_limit
    decaying = SPARSE.with_(method=lb.Subgradient(DECAY))
    assert changed(decaying, {"alpha": "auto"}).method.alpha == 0.9 * SPARSE.alpha_limit


def test_auto_needs_a_limit():
    with pytest.raises(InvalidInput, match="no stability limit is known for GradientDescent"):
        lb.Experiment(SPARSE.problem, method=lb.GradientDescent("auto"), model=lb.Hadamard(2))
    with pytest.raises(InvalidInput, match=r"penalty\.beta = 'auto': must be a number"):
        changed(SPARSE, {"beta": "auto"})
    with pytest.raises(InvalidInput, match="no stability limit is known for Adam"):
        lb.Experiment(lb.ModularArithmetic(p=5), method=lb.Adam("auto"))


def test_a_sweep_takes_auto_cell_by_cell():
    sweep = lb.sweep(SPARSE, {"N": [8, 12], "alpha": ["auto", 0.01]})
    for i in range(sweep.size):
        experiment = sweep.experiment(i)
        assert sweep.key(i) == experiment.hash
        assert experiment.method.alpha in (0.01, 0.9 * experiment.alpha_limit)
