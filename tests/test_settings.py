"""Settings: short names of fields, types by name, and what is said about mistakes."""

import dataclasses

import pytest

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.experiment.presets import load, preset, presets
from latebloom.experiment.settings import Fields, changed, full_name

SPARSE = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=10), lb.L1(1e-3))
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
