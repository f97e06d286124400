"""The distribution of a time in a sweep, some of them not reached, against textbooks."""

import inspect
import math

import numpy as np
import pytest
import xarray as xr
from analysis_helpers import NAN, NEVER, sweep
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from latebloom.core.errors import InvalidInput
from latebloom.sweeps.analysis import survival
from latebloom.sweeps.analysis.survival import kaplan_meier, passages, quantiles

# Weeks to relapse under 6-mercaptopurine, and in remission so far. Freireich et al., Blood 21
# (1963), as in Cox and Oakes, Analysis of Survival Data (1984), table 1.1.
SEEN = [6, 6, 6, 7, 10, 13, 16, 22, 23]


IN_REMISSION = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]


SIX_MP = [*SEEN, *(f"{week}+" for week in IN_REMISSION)]


def known(*cells):
    """Exact numbers, (low, high) brackets, "9+" for seen up to 9, NEVER: low and high."""
    low, high = [], []
    for cell in cells:
        if isinstance(cell, tuple):
            a, b = cell
        elif isinstance(cell, str) and cell.endswith("+"):
            a, b = float(cell[:-1]) + 1, NAN
        else:
            a = b = float(cell)
        low.append(a)
        high.append(b)
    return np.array(low, dtype=float), np.array(high, dtype=float)


# --- the distribution of a time --------------------------------------------------------------


def test_kaplan_meier_of_the_textbook():
    found = kaplan_meier(*known(*SIX_MP))
    assert found.low.tolist() == found.high.tolist() == [6, 7, 10, 13, 16, 22, 23]
    published = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert found.fraction == pytest.approx(published, abs=5e-4)
    assert (found.used, found.censored, found.never) == (21, 12, 0)
    assert [found.at(week) for week in (0, 6, 12)] == pytest.approx([1, 0.857, 0.753], abs=5e-4)
    # The median and its log-log interval as statistics packages print them: 23 (13, -).
    assert found.quantile(0.5) == (23, 13, NEVER)


def test_greenwoods_interval_by_hand():
    # Three relapses of 21: S = 18/21, variance of log S = 3/(21 * 18).
    share, width = 18 / 21, 1.959964 * math.sqrt(3 / (21 * 18)) / -math.log(18 / 21)
    found = kaplan_meier(*known(*SIX_MP))
    assert found.fraction_low[0] == pytest.approx(share ** math.exp(width), rel=1e-6)
    assert found.fraction_high[0] == pytest.approx(share ** math.exp(-width), rel=1e-6)


def test_runs_that_never_get_there_stay_at_risk():
    # S: 6/7, 5/7, 4/7; the median is never, because 4 of 7 are.
    found = kaplan_meier(*known(10, 20, 30, NEVER, NEVER, NEVER, NEVER))
    assert found.fraction == pytest.approx([6 / 7, 5 / 7, 4 / 7])
    assert found.quantile(0.25)[0] == 20
    assert found.quantile(0.5)[0] == NEVER
    # If two of the four were only not seen, the median may be any later step.
    found = kaplan_meier(*known(10, 20, 30, NEVER, NEVER, "5000+", "5000+"))
    assert math.isnan(found.quantile(0.5)[0])
    assert found.quantile(0.75)[2] == NEVER
    assert (found.censored, found.never) == (2, 2)


@pytest.mark.parametrize(("n", "bounded"), [(5, False), (6, False), (7, True)])
def test_a_median_is_bounded_by_enough_cells_only(n, bounded):
    # All n times are above the median with probability 2^-n: 3.1 % for 5, 1.6 % for 6. Above, the
    # log-log interval of S = 1/7 is the first below 1/2: 0.147^... = 0.465, of 1/6 it is 0.517.
    value, low, high = kaplan_meier(*known(*range(1, n + 1))).quantile(0.5)
    assert value == (n + 1) // 2
    assert np.isfinite(low) == (n >= 6)
    assert high == (n if n == 6 else n - 1 if bounded else NEVER)


def test_equal_times_of_six_cells_bound_the_median():
    assert kaplan_meier(*known(*[40] * 6)).quantile(0.5) == (40, 40, 40)
    assert kaplan_meier(*known(*[40] * 5)).quantile(0.5) == (40, -NEVER, NEVER)


def test_all_never_and_none_at_all():
    assert kaplan_meier(*known(*[NEVER] * 10)).quantile(0.5) == (NEVER, NEVER, NEVER)
    value, low, high = kaplan_meier(np.zeros(0), np.zeros(0)).quantile(0.5)
    assert math.isnan(value)
    assert (low, high) == (-NEVER, NEVER)
    value, low, high = kaplan_meier(*known(*["999+"] * 10)).quantile(0.5)
    assert math.isnan(value)
    assert (low, high) == (1000, NEVER)


def test_turnbull_by_hand():
    # The likelihood a (a + b) b (b + c) c is largest at a = c with 5 a^2 - 5 a + 1 = 0.
    found = kaplan_meier(*known(1, (1, 5), 5, (5, 9), 9))
    a = (5 - math.sqrt(5)) / 10
    assert found.high.tolist() == [1, 5, 9]
    assert found.fraction == pytest.approx([1 - a, a, 0], abs=1e-3)
    assert (found.fraction_low <= found.fraction + 1e-9).all()
    assert (found.fraction <= found.fraction_high + 1e-9).all()
    assert found.quantile(0.5)[0] == 5


def test_brackets_that_do_not_overlap_are_ordered_like_exact_times():
    found = kaplan_meier(*known((1, 3), (4, 8), "8+", (10, 20)))
    exact = kaplan_meier(*known(2, 6, "8+", 15))
    assert found.fraction.tolist() == exact.fraction.tolist()
    assert (found.low.tolist(), found.high.tolist()) == ([1, 4, 10], [3, 8, 20])
    assert found.quantile(0.25)[0] == exact.quantile(0.25)[0] == 2


def test_brackets_still_find_the_median(rng):
    # The number of 200 draws below the median is within 100 -+ 22 in 99.8 % of samples: the
    # estimate lies between the draws of these ranks, widened by a bracket's factor of 1.5.
    t = np.sort(rng.lognormal(8, 1, 200))
    low = 1.5 ** (np.floor(np.log(t) / np.log(1.5) + 0.5 * (np.arange(200) % 2)) - 0.5)
    low = np.minimum(low, t)
    value, below, above = kaplan_meier(low, np.maximum(1.5 * low, t), draws=50).quantile(0.5)
    assert t[77] / 1.5 < value < 1.5 * t[122]
    assert below <= value <= above


marks = st.tuples(st.integers(1, 20), st.sampled_from(["exact", "censored", "never"]))


def naive_product_limit(low, high):
    """S after each exact time, by the definition."""
    times = sorted({a for a, b in zip(low, high, strict=True) if a == b < NEVER})
    share, curve = 1.0, []
    for time in times:
        events = sum(a == b == time for a, b in zip(low, high, strict=True))
        # Not reached before `low`: the cell was followed up to the step before it.
        risk = sum(a > time or a == b == time for a, b in zip(low, high, strict=True))
        share *= 1 - events / risk
        curve.append(share)
    return times, curve


@given(st.lists(marks, min_size=1, max_size=15))
def test_without_brackets_it_is_the_product_limit(cells):
    ends = {"exact": lambda k: k, "censored": lambda k: f"{k}+", "never": lambda k: NEVER}
    low, high = known(*(ends[kind](k) for k, kind in cells))
    found = kaplan_meier(low, high)
    times, curve = naive_product_limit(low, high)
    assert found.low.tolist() == times
    assert found.fraction == pytest.approx(curve, abs=1e-12)


@settings(max_examples=25)
@given(st.lists(marks, min_size=2, max_size=10))
def test_self_consistency_gives_the_product_limit(cells):
    ends = {"exact": lambda k: k, "censored": lambda k: f"{k}+", "never": lambda k: NEVER}
    low, high = known(*(ends[kind](k) for k, kind in cells))
    high = np.where(np.isnan(high), NEVER, high)
    left, right = survival._innermost(low, high)
    inside = (low[:, None] <= left) & (right <= high[:, None])
    curve = survival._turnbull(inside, 1, 0)[0][np.isfinite(right)]
    # A log-likelihood within n 1e-6 of the best: probabilities within about 1e-3.
    assert curve == pytest.approx(naive_product_limit(low, high)[1], abs=5e-3)


@given(st.lists(marks, min_size=1, max_size=12), st.randoms(), st.sampled_from([0.25, 0.5, 0.9]))
def test_the_order_of_seeds_does_not_matter_and_time_has_no_unit(cells, random, q):
    ends = {"exact": lambda k: k, "censored": lambda k: f"{k}+", "never": lambda k: NEVER}
    low, high = known(*(ends[kind](k) for k, kind in cells))
    order = random.sample(range(low.size), low.size)
    first = kaplan_meier(low, high).quantile(q)
    assert np.array_equal(kaplan_meier(low[order], high[order]).quantile(q), first, equal_nan=True)
    scaled = kaplan_meier(8 * low, 8 * high).quantile(q)
    assert np.array_equal(scaled, 8 * np.array(first), equal_nan=True)


def test_the_interval_of_the_median_covers_it(rng):
    # 300 samples of 20 with a third censored: 95 % cover it, so fewer than 91 % do so with
    # probability 0.001 (binomial); the interval is a little conservative.
    hits = 0
    for _ in range(300):
        t, end = rng.lognormal(5, 1, 20), rng.lognormal(5.6, 1, 20)
        low = np.minimum(t, end)
        _, below, above = kaplan_meier(low, np.where(t <= end, t, NAN)).quantile(0.5)
        hits += below <= math.exp(5) <= above
    assert binom.cdf(0.91 * 300, 300, 0.95) < 0.005
    assert hits > 0.91 * 300


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [([1.0], [1.0, 2.0], "shape"), ([NAN], [1.0], "nan"), ([3.0], [2.0], r"low\[0\] = 3")],
)
def test_bounds_that_make_no_sense(low, high, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        # Unwrapped: the suite's run-time type checks would refuse unequal shapes first.
        inspect.unwrap(kaplan_meier)(np.array(low), np.array(high))
    assert "\n" not in str(caught.value)


def test_quantiles_over_seeds_by_hand():
    t = [[10, 20, 30], [10, 20, 5000], [10, 5000, 5000], [1, 1, 1], [1, 1, 1]]
    never = np.zeros((5, 3), dtype=bool)
    never[3, 1:] = never[4, 0] = True
    missing = np.zeros((5, 3), dtype=bool)
    missing[4, 1:] = True
    ds = sweep(t, ("N", "seed"), {"N": [1, 2, 3, 4, 5]}, 1000, never=never, missing=missing)
    found = quantiles(ds, q=(0.5, 0.3))
    assert found["value"].dims == ("N", "quantile")
    assert found["value"].sel(quantile=0.5).values == pytest.approx(
        [20, 20, NAN, NEVER, NEVER], nan_ok=True
    )
    assert found["value"].sel(quantile=0.3).values.tolist() == [10, 10, 10, 1, NEVER]
    assert found["used"].values.tolist() == [3, 3, 3, 3, 1]
    assert found["censored"].values.tolist() == [0, 1, 2, 0, 0]
    assert found["never"].values.tolist() == [0, 0, 0, 2, 1]
    assert found["missing"].values.tolist() == [0, 0, 0, 0, 2]


def test_delays_know_what_their_two_times_know():
    kinds = {
        "t1_kind": ["exact", "exact", "infeasible", "censored", "exact"],
        "t2_kind": ["exact", "infeasible", "infeasible", "censored", "censored"],
        "delay": [90.0, NAN, NAN, NAN, NAN],
        "delay_low": [90.0, NAN, NAN, NAN, 991.0],
        "delay_high": [90.0, NAN, NAN, NAN, NAN],
    }
    found = passages(xr.Dataset({k: ("seed", v) for k, v in kinds.items()}), "delay")
    assert found["kind"].values.tolist() == ["exact", "infeasible", "", "", "censored"]
    assert found["low"].values[[0, 1, 4]].tolist() == [90, NEVER, 991]


def test_a_sweep_without_seeds_has_samples_of_one():
    ds = sweep([3, 7], ("N",))
    assert quantiles(ds, q=(0.5,))["value"].values.ravel().tolist() == [3, 7]
    with pytest.raises(InvalidInput, match="no axis of the sweep; known: N"):
        quantiles(ds, over="n")
    with pytest.raises(InvalidInput, match="q = 1"):
        quantiles(ds, q=(1.0,))
    with pytest.raises(InvalidInput, match="variable"):
        quantiles(ds, "t3")
    with pytest.raises(InvalidInput, match="no 't1'"):
        quantiles(ds, "t1")
