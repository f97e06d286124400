"""The figures of networks: their statistics, on synthetic runs."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_helpers import fake_run

from latebloom_paper.book import delays, readings
from latebloom_paper.book.delays import fit_exponents
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.networks import (
    families,
    fig1,
    lu,
    modular,
    teachers,
)
from latebloom_paper.networks.families import Timed, pairs, until_t2, weaker_later
from latebloom_paper.pictures.lu import SphereLosses

# Statistics ---------------------------------------------------------------------------------------


@given(
    st.floats(0.2, 3),
    st.floats(0.2, 3),
    st.floats(-3, 8),
    st.sets(st.sampled_from([1e-4, 1e-3, 1e-2, 1e-1]), min_size=2),
    st.sets(st.sampled_from([1e-7, 1e-6, 1e-5, 1e-4]), min_size=2),
)
def test_an_exact_power_law_is_found_to_rounding(a, b, c, alphas, betas):
    grid = [(x, y, math.exp(c) * x**-a * y**-b) for x in alphas for y in betas]
    fit = fit_exponents(*zip(*grid, strict=True), draws=20)
    assert fit is not None
    for found, exponent in zip(fit, (a, b), strict=True):
        np.testing.assert_allclose([found.value, found.low, found.high], exponent, rtol=1e-8)
        assert found.count == len(grid)


def test_the_interval_covers_the_exponent_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    grid = list(itertools.product((1e-3, 1e-2, 1e-1), (1e-6, 1e-5, 1e-4), range(5)))
    covered = 0
    for trial in range(60):
        noisy = [(a, b, float(np.exp(0.4 * rng.standard_normal()) / a / b)) for a, b, _ in grid]
        fit = fit_exponents(*zip(*noisy, strict=True), draws=200, seed=trial)
        assert fit is not None
        covered += fit[0].low <= 1 <= fit[0].high
    # Binomial(60, 0.95) is below 50 with probability 1e-4; bootstraps of 45 runs cover a bit less.
    assert covered >= 48


@pytest.mark.parametrize("few", [[], [(0.1, b, 1 / b) for b in (1e-3, 1e-2, 1e-1)]])
def test_too_few_runs_give_no_exponent(few):
    assert fit_exponents(*(list(column) for column in np.array(few).reshape(-1, 3).T)) is None


STEPS = [0, 10, 5000]


def law_runs(a=1.0, b=0.5, last=None, seeds=3):
    """Return runs whose delay is 2 alpha^-a beta^-b times a factor of the seed, by alpha and beta;
    those that are longer than `last` were not seen."""

    def run(alpha, beta, seed):
        delay = round(2 * alpha**-a * beta**-b * (1 + 0.01 * seed))
        end = 10**7 if last is None else last
        return fake_run([0, 10, end], 10, 10 + delay if delay < end - 10 else None)

    return {
        alpha: {beta: [run(alpha, beta, q) for q in range(seeds)] for beta in (1e-6, 1e-5, 1e-4)}
        for alpha in (1e-3, 1e-2)
    }


def test_the_law_of_the_delay_is_found_and_has_an_interval():
    law = delays.law_of(law_runs())
    assert law is not None
    for factor, k in (("alpha", 1.0), ("beta", 0.5)):
        found = delays.exponent(law, factor)
        assert found is not None
        assert found.value == pytest.approx(k, abs=1e-3)
        assert found.low <= found.value <= found.high
        assert found.count == 18
    assert [row.ours for row in delays.exponent_rows("l1", law)] == pytest.approx(
        [1, 0.5], abs=1e-3
    )


def test_runs_that_end_before_t2_count_as_later():
    seen = delays.law_of(law_runs(last=1_000_000))
    assert seen is not None
    assert (seen.used, seen.censored) == (15, 3)
    assert seen.exponents["alpha"] == pytest.approx(1, abs=0.01)
    row, _ = delays.exponent_rows("l1", seen)
    assert "3 more not by their end" in row.why


def test_too_few_runs_give_no_law():
    never = {a: {b: [fake_run(STEPS, 10)] for b in (1e-5, 1e-4)} for a in (1e-3, 1e-2)}
    one = {1e-2: {b: [fake_run(STEPS, 10, 100)] for b in (1e-5, 1e-4, 1e-3)}}
    for runs in (never, one):
        assert delays.law_of(runs) is None
        assert all(row.ours is None for row in delays.exponent_rows("l1", delays.law_of(runs)))
        assert delays.exponent(delays.law_of(runs), "alpha") is None


@given(st.permutations(list(range(6))))
def test_later_pairs_are_those_of_the_permutation(order):
    times = [Timed(10.0**-k, float(t), 100.0) for k, t in enumerate(order)]
    found = weaker_later(times)
    assert len(found) == 15
    # Strength falls with k.
    assert sum(found) == sum(order[i] < order[j] for i in range(6) for j in range(i + 1, 6))


def test_times_that_were_not_seen_are_late_only_as_far_as_the_run_goes():
    weak, strong = Timed(1e-5, None, 50), Timed(1e-3, 40, 90)
    assert weaker_later([weak, strong]) == [True]
    assert weaker_later([weak, strong._replace(step=60)]) == []
    assert weaker_later([weak, strong._replace(step=None)]) == []
    assert weaker_later([weak._replace(step=30), strong._replace(step=None)]) == [False]
    assert weaker_later([weak._replace(step=95), strong._replace(step=None)]) == []
    assert weaker_later([Timed(1e-3, 5, 9), Timed(1e-3, 7, 9)]) == []
    assert weaker_later([Timed(1e-3, 5, 9), Timed(1e-4, 5, 9)]) == [False]


def test_pairs_are_of_one_seed():
    weak = [fake_run(STEPS, 10, 90), fake_run(STEPS, 10, 30)]
    strong = [fake_run(STEPS, 10, 40), fake_run(STEPS, 10, 60)]
    assert pairs([(1e-5, weak), (1e-3, strong)], until_t2) == [True, False]
    # Without t1 there is no delay.
    assert pairs([(1e-5, [fake_run(STEPS, None, 90)]), (1e-3, strong[:1])]) == []


def test_pairs_of_learning_rates_are_of_one_strength():
    fast = {1e-5: [fake_run(STEPS, 10, 90)], 1e-4: [fake_run(STEPS, 10, 80)]}
    slow = {1e-5: [fake_run(STEPS, 20, 900)], 1e-4: [fake_run(STEPS, 70, 130)]}
    assert families.across({1e-1: fast, 1e-2: slow}) == [True, False]
    assert [p for p, _ in families.products({1e-1: fast})] == pytest.approx([1e-6, 1e-5])


def test_medians_over_seeds_count_what_was_not_seen_as_late():
    assert over_seeds([1.0, None, None])[0] is None
    assert over_seeds([1.0, None, 3.0])[0] == 3.0
    median, why = over_seeds([2.0, 4.0, 9.0])
    assert median == 4.0
    assert "from 2 to 9" in why
    assert "not by" not in why


def test_what_a_norm_does_after_t2():
    steps = [0, 10, 20, 30, 40, 50]
    curves = {"l2_norm": [20, 9, 6, 5, 7, 10], "test_error": [1, 1, 0.01, 0.2, 0.03, 0.0]}
    after = families.after_t2(fake_run(steps, t1=10, t2=20, **curves))
    assert after is not None
    assert (after.rise, after.fall, after.low) == (2.0, 1.8, 30)
    assert after.accuracy == pytest.approx(0.8)
    assert families.after_t2(fake_run(steps, l2_norm=[1] * 6, test_error=[1] * 6)) is None


def test_the_least_test_loss_is_what_was_published_as_t2():
    run = fake_run([0, 1, 5, 9], test_error=[3.0, 2.0, 0.7, 0.8])
    assert teachers.least(run) == (5, 0.7)


def test_the_published_t2_at_the_end_of_a_run_is_none():
    falling = fake_run([0, 1, 5, 9], test_error=[3.0, 2.0, 0.7, 0.6])
    assert teachers.until_least(1e-3, falling) == (1e-3, None, 9)


def test_lateness_is_infinite_without_t2():
    runs = [fake_run(STEPS, 10, 40), fake_run(STEPS, 10), fake_run(STEPS)]
    assert families.lateness(runs) == [4.0, math.inf]


def test_the_weakest_penalty_is_one_under_which_most_generalize():
    there, not_there = fake_run(STEPS, 10, 40), fake_run(STEPS, 10)
    by_beta = {1e-3: [there] * 2, 1e-4: [there] * 2, 1e-5: [there, not_there], 1e-6: [not_there]}
    assert families.weakest(by_beta) is by_beta[1e-4]
    some = {1e-5: [not_there] * 2, 1e-4: [there, not_there], 1e-3: [not_there, there]}
    assert families.weakest(some) is some[1e-4]


def test_a_reading_is_the_value_of_a_curve_where_it_was_read_off():
    curves = {"l2_norm": [2, 8, 6, 5, 7, 10], "test_error": [1, 1, 0.01, 0.2, 0.03, 0.0]}
    run = fake_run([0, 10, 20, 30, 40, 50], t1=10, t2=20, **curves)
    places = (0, 35, "largest", "t1", "t2", "least after t2")
    found = [readings.Reading("l2_norm", at, 1.0).of(run) for at in places]
    assert found == [2, 7, 10, 8, 6, 5]
    accuracy = readings.Reading(readings.ACCURACY, "least after t2", 0.75, "0.7 to 0.8")
    assert accuracy.of(run) == pytest.approx(0.8)
    late = fake_run([0, 10, 20, 30, 40, 50], t1=10, **curves)
    assert accuracy.of(late) is None
    assert readings.Reading("l2_norm", 60, 1.0).of(run) is None
    (row,) = readings.reading_rows("l2", [run, run, late], [accuracy], "seeds")
    assert (row.published, row.ours) == (0.75, pytest.approx(0.8))
    assert row.quantity == "l2: least test accuracy after t2"
    assert "1 not by the end; published: 0.7 to 0.8" in row.why


def test_what_was_read_off_is_compared_at_the_published_size_only():
    steps = [0, 100, 6000, 10_000]
    norms = dict.fromkeys(("l1_norm", "l2_norm", "nuclear_norm"), (1, 5, 3, 4))
    run = fake_run(steps, 100, 6000, test_error=[1, 1, 0, 0], **norms)
    betas = modular.STUDY.settings["betas"]
    by_norm = {norm: {b: [run] * 3 for b in own} for norm, own in betas.items()}
    published = fig1.published()
    rows = {row.quantity: row for row in fig1.rows(by_norm, published)}
    assert len(rows) == len(fig1.rows(by_norm, published))
    beside = {name: row.ours for name, row in rows.items() if row.published is not None}
    assert beside["l1: largest l2 norm"] == beside["l1, beta 5e-09: largest l1 norm"] == 5
    assert beside["l1, beta 1e-05: l2 norm at t2"] == 3
    small = [row for row in fig1.rows(by_norm, {}) if row.published is not None]
    assert small == []


W = np.array([1.0, 2.0, 4.0, 8.0])


LU = SphereLosses(
    "task",
    W,
    np.array([[1.0, 0.1, 0.01, 0.01], [1.0, 0.5, 0.2, 0.3]]),
    np.array([[1.0, 0.5, 0.2, 3.0], [1.0, 0.5, 0.4, 0.3]]),
    np.array([4.0, 8.0]),
)


def test_l_and_u_follow_from_losses():
    assert lu.shapes(LU) == ([True, False], [True, False])
    rows = {row.quantity: row.ours for row in lu.rows(LU, 1.0)}
    assert rows["task: w_c, norm of the least test loss"] == 6.0  # median of 4 and 8
    assert rows["task: seeds whose test loss is a U"] == 1.0
    found = lu.evidence([lu.shapes(LU), lu.shapes(LU)])
    assert [found[key].value for key in ("lu.L", "lu.U")] == [0.5, 0.5]
    assert found["lu.L"].count == 4
