"""What a sweep is made of: formulas and grids."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sweep_helpers import base, grid, run

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.sweeps.grid.expression import Expression
from latebloom.sweeps.grid.seeding import derived_seed
from latebloom.sweeps.grid.task import Task
from latebloom.sweeps.workers.batches import batches

# Formulas -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ceil(4 * s * log(n / s))", math.ceil(4 * 5 * math.log(100 / 5))),
        ("1e9 if beta < 1e-5 else 1e6", 1e6),
        ("'L1' if s == 5 else 'L2'", "L1"),
        ("-s ** 2 // 3 % 4", -(5**2) // 3 % 4),
        ("0 < s <= 5 and not n < 50", True),
        ("s > 5 or n", 100),
        ("max(s, 7) + min(s, 7)", 12),
        ("round(2.5 * s) - abs(-s)", round(12.5) - 5),
    ],
)
def test_formulas_mean_what_python_means(text, value):
    assert Expression(text)({"s": 5, "n": 100, "beta": 1e-4}) == value


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "open('x')",
        "[x for x in (1,)]",
        "(lambda: 1)()",
        "s[0]",
        "'a' 'b' f'{s}'",
        "s = 1",
        "sqrt(x=1)",
        "2 +",
        "s" * 600,
        "{1: 2}",
        "1j",
        "s is 1",
    ],
)
def test_formulas_are_nothing_but_formulas(text):
    with pytest.raises(InvalidInput):
        Expression(text)({"s": 5})


@pytest.mark.parametrize("text", ["1 / (s - 5)", "log(-s)", "9.0 ** 9 ** 9", "s + 'a'", "'a' * 9"])
def test_formulas_without_a_value_say_so(text):
    with pytest.raises(InvalidInput, match="has no value"):
        Expression(text)({"s": 5})


@settings(max_examples=50, deadline=None)
@given(st.integers(-50, 50), st.integers(1, 50), st.integers(0, 5))
def test_arithmetic_agrees_with_python(a, b, k):
    values = {"a": a, "b": b, "k": k}
    text = "(a + b) * k - a / b + a // b - a % b + (a if a > b else b)"
    assert Expression(text)(values) == (a + b) * k - a / b + a // b - a % b + (a if a > b else b)


# The grid -----------------------------------------------------------------------------------------


def test_cells_are_the_product_of_axes_and_zips_in_order():
    sweep = lb.sweep(base(), {"N": [3, 4]}, zip=[{"alpha": [0.1, 0.2], "steps": [10, 20]}])
    seen = [(e.problem.N, e.method.alpha, e.steps) for _, e in sweep.cells()]
    assert seen == [(3, 0.1, 10), (3, 0.2, 20), (4, 0.1, 10), (4, 0.2, 20)]
    assert sweep.coords == {
        "N": ("N", (3, 4)),
        "alpha": ("alpha", (0.1, 0.2)),
        "steps": ("alpha", (10, 20)),
    }


def test_a_cell_is_the_experiment_made_by_hand():
    sweep = lb.sweep(base(), {"penalty.beta": [1e-3], "N": [3]})
    by_hand = base(penalty=lb.L2(1e-3), problem=lb.SparseRecovery(n=8, s=1, N=3))
    [(number, experiment)] = list(sweep.cells())
    assert (number, experiment.hash, sweep.key(0)) == (0, by_hand.hash, by_hand.hash)


def test_derived_and_conditional_values():
    sweep = lb.sweep(
        base(),
        {"alpha": [0.1, 0.05], "beta": [1e-2, 1e-3]},
        derive={
            "N": "ceil(2 * s * log(n / s))",
            "steps": "10 / (alpha * beta) if beta < 5e-3 else 50 * N",
        },
    )
    seen = [(e.problem.N, e.steps) for _, e in sweep.cells()]
    assert seen == [(5, 250), (5, 100_000), (5, 250), (5, 200_000)]


def test_types_are_an_axis_and_keep_what_they_share():
    sweep = lb.sweep(
        base(method=lb.ProximalGradient(0.05)),
        {"penalty": ["L1", {"type": "L2", "beta": 5e-3}, lb.L1(2e-3)]},
    )
    assert [e.penalty for _, e in sweep.cells()] == [lb.L1(1e-2), lb.L2(5e-3), lb.L1(2e-3)]
    labels = ("L1", "L2(beta=0.005)", "L1(beta=0.002)")
    assert sweep.coords["penalty"] == ("penalty", labels)


def test_only_leaves_cells_out():
    sweep = lb.sweep(base(), {"s": [1, 2, 3], "N": [2, 4]}, only="N >= 2 * s")
    assert [(e.problem.s, e.problem.N) for _, e in sweep.cells()] == [(1, 2), (1, 4), (2, 4)]
    assert sweep.size == 6
    assert sweep.key(2) is None


def test_seeds_are_per_purpose_and_shared_by_interventions():
    start = base(init=lb.Gaussian(1.0))
    sweep = lb.sweep(start, {"beta": [1e-3, 1e-2]}, seeds=3)
    cells = [e for _, e in sweep.cells()]
    first, second = cells[:3], cells[3:]
    assert [e.problem for e in first] == [e.problem for e in second]
    assert [e.init for e in first] == [e.init for e in second]
    seeds = {e.problem.seed for e in cells} | {e.init.seed for e in cells}
    assert len(seeds) == 6
    # Derived by the documented rule, so that anybody can make the instance again.
    assert first[2].problem.seed == derived_seed(2, "problem.seed")


def test_unmatched_seeds_differ_everywhere_and_plain_ones_are_an_axis():
    sweep = lb.sweep(base(), {"beta": [1e-3, 1e-2]}, seeds=3, matched=False)
    assert len({e.problem.seed for _, e in sweep.cells()}) == 6
    plain = lb.sweep(base(), {"problem.seed": [0, 5]})
    assert [e.problem.seed for _, e in plain.cells()] == [0, 5]


def test_a_seed_that_the_user_fixed_stays():
    fixed = base(problem=lb.SparseRecovery(n=8, s=1, N=4, signal_seed=7))
    cells = [e.problem for _, e in lb.sweep(fixed, seeds=2).cells()]
    assert [p.signal_seed for p in cells] == [7, 7]
    np.testing.assert_array_equal(cells[0].a_star, cells[1].a_star)
    assert not np.array_equal(cells[0].X, cells[1].X)


def test_sweeps_survive_plain_values_and_have_a_hash_of_their_own():
    sweep = grid(derive={"steps": "100 / beta"}, only="N > 2", tasks=("simulate", "predict"))
    again = lb.Sweep.from_dict(json.loads(json.dumps(sweep.to_dict())))
    assert again.hash == sweep.hash
    assert [again.key(i) for i in range(24)] == [sweep.key(i) for i in range(24)]
    assert grid().hash != sweep.hash
    assert grid(name="other", batch=7).hash == grid().hash  # neither is what is computed


def test_arrays_in_the_base_are_part_of_it():
    rng = np.random.default_rng(0)
    X, a = rng.standard_normal((4, 8)), np.eye(8)[0]
    data = base(problem=lb.SparseRecovery.from_arrays(X, X @ a, a))
    sweep = lb.sweep(data, {"beta": [1e-3, 1e-2]})
    again = lb.Sweep.from_dict(sweep.to_dict())
    assert again.hash == sweep.hash
    with pytest.raises(InvalidInput, match="nothing in the experiment is drawn"):
        list(lb.sweep(data, seeds=2).cells())


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=4, unique=True),
    st.lists(st.sampled_from([1e-4, 1e-3, 1e-2]), min_size=1, max_size=3, unique=True),
    st.integers(1, 3),
    st.integers(1, 7),
)
def test_batches_are_a_partition_of_the_cells(Ns, betas, seeds, size):
    sweep = lb.sweep(base(), {"N": Ns, "beta": betas}, seeds=seeds, batch=size)
    keys = [sweep.key(i) or "" for i in range(sweep.size)]
    found = list(batches(sweep, Task("simulate"), keys))
    assert sorted(c for batch in found for c in batch.cells) == list(range(sweep.size))
    assert all(len(batch.cells) <= size for batch in found)
    assert all(batch.keys == tuple(keys[c] for c in batch.cells) for batch in found)


def test_cells_with_the_same_experiment_are_computed_once(tmp_path):
    sweep = lb.sweep(base(), {"penalty": ["L2", lb.L2(1e-2)]})
    assert sweep.key(0) == sweep.key(1)
    summary = run(sweep, tmp_path / "store")
    assert (summary.total, summary.fresh) == (1, 1)
    assert (lb.open_store(tmp_path / "store").open().status == "done").all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"axes": {"bta": [1]}}, "no field 'bta'; did you mean 'beta'"),
        ({"axes": {"penalty.bta": [1]}}, "did you mean 'penalty.beta'"),
        ({"axes": {"beta": []}}, "axis beta is empty"),
        ({"axes": {"beta": "1"}}, "must be a list of values"),
        ({"axes": {"beta": [math.inf]}}, "not a finite number"),
        ({"axes": {"beta": [1e-3], "penalty.beta": [1e-2]}}, "swept by two axes"),
        ({"zip": [{"alpha": [0.1, 0.2], "beta": [1e-3]}]}, "alpha 2, beta 1"),
        ({"zip": [{}]}, "empty group"),
        ({"seeds": 0}, "seeds = 0: must be an integer in 1"),
        ({"seeds": []}, "must be a whole number or a list"),
        ({"seeds": [-1]}, "seeds = -1"),
        ({"derive": {"beta": "alpa"}}, "did you mean 'alpha'"),
        ({"axes": {"beta": [1e-3]}, "derive": {"beta": "alpha"}}, "is an axis as well"),
        ({"only": "N > problem"}, None),
        ({"engine": "stp"}, "did you mean 'step'"),
        ({"tasks": ["simulat"]}, "did you mean 'simulate'"),
        ({"tasks": []}, "at least one"),
        ({"batch": 0}, "batch = 0"),
        ({"axes": {"N": {"start": 1, "stop": 5}}}, "either step or count"),
        ({"axes": {"N": {"start": 1, "stop": 5, "stp": 1}}}, "unknown key 'stp'"),
        ({"axes": {"N": {"start": 1, "stop": 5, "step": -1}}}, "does not lead"),
        ({"axes": {"N": {"start": 0, "stop": 5, "count": 3, "log": True}}}, "positive ends"),
        ({"axes": {"N": {"start": 0, "stop": 1e9, "step": 1}}}, "at most"),
    ],
)
def test_bad_input_is_named(settings, message):
    with pytest.raises(InvalidInput, match=message):
        list(lb.sweep(base(), **settings).cells())


def test_an_ambiguous_name_asks_which():
    both = base(init=lb.Gaussian(1.0))
    with pytest.raises(InvalidInput, match=r"may be problem.seed or init.seed"):
        lb.sweep(both, {"seed": [1, 2]})


def test_repetitions_are_left_out_and_said():
    with pytest.warns(UserWarning, match="1 of 3 values are repetitions"):
        sweep = lb.sweep(base(), {"beta": [1e-3, 1e-2, 1e-3]})
    assert sweep.coords["beta"][1] == (1e-3, 1e-2)
    with pytest.warns(UserWarning, match="repetitions"):
        assert lb.sweep(base(), seeds=[1, 1, 2]).shape == (2,)


def test_a_cell_that_makes_no_experiment_is_named_before_anything_runs(tmp_path):
    sweep = lb.sweep(base(), {"s": [1, 9]})
    with pytest.raises(InvalidInput, match=r"cell s=9: s = 9: must be an integer in 0..8"):
        run(sweep, tmp_path / "store")
