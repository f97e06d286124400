"""Times, laws and boundaries of a sweep: against textbooks, hand calculations and simulations."""

import inspect
import json
import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import binom, norm
from scipy.stats import t as student

from latebloom.core.errors import InvalidInput
from latebloom.sweeps.analysis import survival
from latebloom.sweeps.analysis.boundary import agreement, boundary, recovered, share
from latebloom.sweeps.analysis.collapse import collapse
from latebloom.sweeps.analysis.scaling import fit_scaling
from latebloom.sweeps.analysis.survival import kaplan_meier, passages, quantiles

NEVER, NAN = math.inf, math.nan
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


def sweep(t, dims, coords=None, horizon=math.inf, bracket=1.0, never=None, missing=None):
    """A sweep with the times t, seen up to the horizon, in brackets [g, bracket g] if > 1."""
    t = np.asarray(t, dtype=float)
    low, high, kind = t.copy(), t.copy(), np.full(t.shape, "exact", dtype="<U10")
    if bracket > 1:
        low = bracket ** np.floor(np.log(t) / np.log(bracket))
        high, kind[...] = low * bracket, "bracketed"
    late = t > horizon
    low[late], high[late], kind[late] = horizon, NAN, "censored"
    for where, name in ((never, "infeasible"), (missing, "")):
        if where is not None:
            low[where], high[where], kind[where] = NAN, NAN, name
    exact = np.where(kind == "exact", low, NAN)
    parts = {"t2": exact, "t2_low": low, "t2_high": high, "t2_kind": kind}
    return xr.Dataset({k: (dims, v) for k, v in parts.items()}, coords or {})


GRID = ("alpha", "beta", "seed")


def law(rng=None, seeds=8, sigma=0.0, between=0.0, alphas=3, betas=4, **limits):
    """Times 5 alpha^-1 beta^-0.7 with scatter, in part common to all cells of a seed."""
    alpha, beta = np.geomspace(1e-3, 1e-1, alphas), np.geomspace(1e-6, 1e-3, betas)
    shape = (alphas, betas, seeds)
    t = np.broadcast_to(5 / alpha[:, None, None] / beta[:, None] ** 0.7, shape)
    if rng is not None:
        t = t * np.exp(sigma * rng.normal(size=shape) + between * rng.normal(size=seeds))
    return sweep(t, GRID, {"alpha": alpha, "beta": beta, "seed": np.arange(seeds)}, **limits)


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


# --- the law ---------------------------------------------------------------------------------

TRUTH = {"alpha": 1.0, "beta": 0.7}


def inside(found):
    return [found.intervals[k][0] <= v <= found.intervals[k][1] for k, v in TRUTH.items()]


@pytest.mark.parametrize("horizon", [math.inf, 1e6], ids=["all seen", "half censored"])
def test_a_law_without_noise_is_found_exactly(horizon):
    found = fit_scaling(law(horizon=horizon), draws=50)
    assert found.exponents == pytest.approx(TRUTH, abs=1e-9)
    assert found.constant == pytest.approx(5, rel=1e-8)
    assert found.sigma < 1e-5
    assert all(high - low < 1e-9 for low, high in found.intervals.values())
    assert found.used + found.censored == 96
    assert (found.censored > 0) == (horizon < math.inf)


def least_squares(ds):
    """The exponents of the exact times alone."""
    t = ds["t2"].stack(cell=GRID).dropna("cell")
    X = np.column_stack([-np.log(t["alpha"]), -np.log(t["beta"]), np.ones(t.size)])
    return np.linalg.lstsq(X, np.log(t.values))[0][:2]


def test_censoring_biases_least_squares_and_not_the_likelihood(rng):
    samples = [law(rng, seeds=12, sigma=0.8, between=0.2, horizon=1.5e6) for _ in range(20)]
    censored = np.mean([(ds["t2_kind"] == "censored").mean() for ds in samples])
    assert 0.35 < censored < 0.45
    found = [fit_scaling(ds, draws=1) for ds in samples]
    ours = np.array([list(fit.exponents.values()) for fit in found]) - list(TRUTH.values())
    plain = np.array([least_squares(ds) for ds in samples]) - list(TRUTH.values())
    # In standard errors of the mean of 20: beyond 3 by chance with probability 0.007.
    assert (abs(ours.mean(axis=0)) < 3 * ours.std(axis=0, ddof=1) / math.sqrt(20)).all()
    assert (plain.mean(axis=0) < -6 * plain.std(axis=0, ddof=1) / math.sqrt(20)).all()
    sigma = np.mean([fit.sigma for fit in found])
    assert sigma == pytest.approx(math.hypot(0.8, 0.2), rel=0.1)


def test_the_interval_holds_the_exponents_and_not_the_biased_ones(rng):
    ds = law(rng, seeds=40, sigma=0.8, between=0.2, horizon=1.5e6)
    found = fit_scaling(ds, draws=200)
    assert all(inside(found))
    for value, (low, _) in zip(least_squares(ds), found.intervals.values(), strict=True):
        assert value < low


def test_the_optimum_is_that_of_another_optimizer(rng):
    ds = law(rng, seeds=4, sigma=0.5, horizon=8e5, bracket=2.0)
    ds["t2_low"][:, :2], ds["t2_high"][:, :2] = (v[:, :2] for v in (ds.t2_high, ds.t2_high))
    ds["t2"][:, :2] = ds.t2_high[:, :2]
    ds["t2_kind"][:, :2] = xr.where(ds.t2.isnull(), ds.t2_kind, "exact")[:, :2]
    ds["t2_low"] = ds.t2_low.where(ds.t2_kind != "censored", 8e5)
    assert set(np.unique(ds.t2_kind)) == {"exact", "bracketed", "censored"}
    flat = ds.stack(cell=GRID)
    kind, low, high = (flat[name].values for name in ("t2_kind", "t2_low", "t2_high"))

    def loss(p):
        # Centred logarithms: the simplex method needs parameters that do not undo each other.
        mean = p[0] - p[1] * np.log(flat["alpha"] / 1e-2) - p[2] * np.log(flat["beta"] / 3e-5)
        sigma = math.exp(p[3])
        a, b = ((np.log(t) - mean.values) / sigma for t in (low, high))
        terms = np.where(kind == "exact", norm.logpdf(a) - p[3], norm.logsf(a))
        between = kind == "bracketed"
        terms[between] = np.log(norm.cdf(b[between]) - norm.cdf(a[between]))
        return -terms.sum()

    options = {"xatol": 1e-8, "fatol": 1e-10, "maxiter": 4000, "maxfev": 4000}
    other = minimize(loss, [13.0, 0.8, 0.5, -0.5], method="Nelder-Mead", options=options)
    found = fit_scaling(ds, draws=1)
    assert other.success
    assert list(found.exponents.values()) == pytest.approx(other.x[1:3], abs=1e-4)
    assert found.sigma == pytest.approx(math.exp(other.x[3]), abs=1e-4)


def test_the_intervals_cover_the_exponents():
    # Cells of a seed share a part of the scatter: resampling cells would cover less. If 95 % cover,
    # fewer than 88 of 100 do so with probability 0.0015 (binomial).
    assert binom.cdf(87, 100, 0.95) < 0.005
    rng = np.random.default_rng(5)
    hits = np.zeros(2)
    for _ in range(100):
        ds = law(rng, seeds=8, sigma=0.3, between=0.3, alphas=2, betas=3, horizon=1e7)
        hits += inside(fit_scaling(ds, draws=60))
    assert (hits >= 88).all()


def test_brackets_are_enough(rng):
    found = fit_scaling(law(rng, seeds=12, sigma=0.5, bracket=3.0, horizon=1e7), draws=200)
    assert found.used == 12 * 12 - found.censored
    assert all(inside(found))
    assert found.sigma == pytest.approx(0.5, rel=0.25)


def test_narrow_brackets_are_exact_times():
    ds = law(np.random.default_rng(3), sigma=0.3)
    narrow = law(np.random.default_rng(3), sigma=0.3, bracket=1 + 1e-4)
    exact, close = fit_scaling(ds, draws=1), fit_scaling(narrow, draws=1)
    assert close.exponents == pytest.approx(exact.exponents, abs=1e-4)
    assert close.sigma == pytest.approx(exact.sigma, rel=1e-3)


def test_wide_brackets_of_equal_times_are_said_to_hide_the_scatter():
    assert "wider" in fit_scaling(law(bracket=2.0), draws=20).note
    assert "wider" not in fit_scaling(law(), draws=20).note


def test_cells_without_a_time_change_no_exponent(rng):
    t = law(rng, sigma=0.3)["t2"].values
    coords = law().coords
    never, missing = np.zeros((2, *t.shape), dtype=bool)
    never[0, 0], missing[2, 3, :4] = True, True
    early = t.copy()
    early[1, 1, 0] = 0.0
    kept = np.where(never | missing, NAN, t)
    kept[1, 1, 0] = NAN
    with_all = fit_scaling(sweep(early, GRID, coords, never=never, missing=missing), draws=1)
    assert (with_all.infeasible, with_all.left_out, with_all.used) == (8, 5, 96 - 13)
    a, b, _ = (x[~np.isnan(kept)] for x in np.broadcast_arrays(*np.ix_(*(coords[k] for k in GRID))))
    X = np.column_stack([-np.log(a), -np.log(b), np.ones(a.size)])
    plain = np.linalg.lstsq(X, np.log(kept[~np.isnan(kept)]))[0]
    # Without censoring the likelihood is that of least squares.
    assert list(with_all.exponents.values()) == pytest.approx(plain[:2], abs=1e-8)


def test_delays_that_are_not_positive_are_left_out():
    beta = np.array([1e-5, 1e-4, 1e-3, 1e-2])
    delay = np.append(3 / beta[:3], -4.0)
    parts = {"delay": delay, "delay_low": delay, "delay_high": delay}
    kinds = {"t1_kind": np.full(4, "exact"), "t2_kind": np.full(4, "exact")}
    ds = xr.Dataset({k: ("beta", v) for k, v in (parts | kinds).items()}, {"beta": beta})
    found = fit_scaling(ds, "delay", ("beta",), draws=1)
    assert (found.used, found.left_out) == (3, 1)
    assert found.exponents["beta"] == pytest.approx(1, abs=1e-9)


@settings(max_examples=10)
@given(st.floats(1.0, 1e6), st.integers(0, 1000))
def test_the_unit_of_time_is_in_the_constant_only(c, seed):
    rng = np.random.default_rng(seed)
    first = fit_scaling(law(np.random.default_rng(seed), sigma=0.4, horizon=1e6), draws=1)
    t = law(rng, sigma=0.4)["t2"].values
    second = fit_scaling(sweep(c * t, GRID, law().coords, horizon=c * 1e6), draws=1)
    assert second.exponents == pytest.approx(first.exponents, abs=1e-6)
    assert second.sigma == pytest.approx(first.sigma, rel=1e-6)
    assert second.constant == pytest.approx(c * first.constant, rel=1e-5)


def test_one_seed_is_resampled_by_cells_and_says_so(rng):
    found = fit_scaling(law(rng, seeds=1, sigma=0.2), draws=500)
    assert "one seed" in found.note
    assert "8 seeds" in fit_scaling(law(), draws=1).note
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["used"] == 12
    # Student's interval of least squares with 12 - 3 degrees of freedom; alpha has 4 cells at each
    # of 3 values log 10 apart.
    low, high = found.intervals["alpha"]
    spread = math.sqrt(4 * 2) * math.log(10)
    half = student.isf(0.025, 9) * found.sigma * math.sqrt(12 / 9) / spread
    assert 0.5 < (high - low) / 2 / half < 2


def test_as_many_cells_as_parameters_have_no_interval():
    found = fit_scaling(law(seeds=1, alphas=2, betas=2, horizon=1e8), draws=10)
    assert found.used == 4
    three = law(seeds=1, alphas=1, betas=3).isel(alpha=0)
    assert fit_scaling(three, factors=("beta",), draws=10).exponents["beta"] == pytest.approx(0.7)
    triangle = law(seeds=1, alphas=2, betas=2)
    triangle["t2_kind"][0, 0] = ""
    triangle["t2"][0, 0] = triangle["t2_low"][0, 0] = triangle["t2_high"][0, 0] = NAN
    found = fit_scaling(triangle, draws=10)
    assert found.exponents == pytest.approx(TRUTH)
    assert found.to_dict()["intervals"]["alpha"] == [None, None]


@pytest.mark.parametrize(
    ("change", "factors", "said"),
    [
        (lambda ds: ds, ("alpha", "betta"), "did you mean 'beta'"),
        (lambda ds: ds.isel(alpha=[0]), ("alpha", "beta"), "fewer than two"),
        (lambda ds: ds.assign_coords(alpha=["a", "b", "c"]), ("alpha",), "not a number"),
        (lambda ds: ds.isel(beta=slice(2), alpha=[0], seed=[0]), ("beta",), "2 cells"),
        # What was seen has one learning rate: the others are only known to be later.
        (lambda ds: ds.where(ds.alpha > 0.05), ("alpha", "beta"), "apart"),
    ],
)
def test_laws_that_cannot_be_fitted(change, factors, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        fit_scaling(change(law()), factors=factors)
    assert "\n" not in str(caught.value)


# --- the collapse ----------------------------------------------------------------------------


def curves(function, rates=(1e-3, 1e-2, 1e-1), last=6):
    """Trajectories of a function of (step, rate), ten records per decade."""
    step = xr.DataArray(np.r_[0.0, np.logspace(0, last, 10 * last + 1)], dims="record")
    beta = xr.DataArray(list(rates), dims="beta", coords={"beta": list(rates)})
    step, beta = xr.broadcast(step, beta)
    parts = {"trajectory_step": step, "trajectory_test_error": function(step, beta)}
    return xr.Dataset(parts, {"alpha": 0.1})


def test_functions_of_the_scaled_time_collapse():
    found = collapse(curves(lambda t, b: 1 / (1 + (0.1 * b * t) ** 2)))
    # The records of all curves coincide after scaling by powers of ten, but for rounding.
    assert found.score < 1e-9
    assert found.unscaled > 0.3
    assert (found.low, found.high) == pytest.approx((-2, 2))
    assert (found.curves, found.left_out) == (3, 0)
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["curves"] == 3


def test_curves_without_a_scaled_time_do_not():
    found = collapse(curves(lambda t, b: 1 / (1 + (t / 1e3) ** 2)))
    assert found.unscaled < 1e-9
    assert found.score > 0.3


def test_the_score_of_two_parallel_lines_by_hand():
    # y = -x and y = -x - 1 in log10: half of 1 apart from their mean, whose values are 200 equal
    # steps on [0, 4]: standard deviation 4/sqrt(12) sqrt(201/199).
    ds = curves(lambda t, b: b / t.where(t > 0), (1.0, 0.1), 4)
    expected = 0.5 / (4 / math.sqrt(12) * math.sqrt(201 / 199))
    assert collapse(ds, None).score == pytest.approx(expected)
    assert collapse(ds, None).unscaled == pytest.approx(expected)


def test_flat_curves_have_no_score():
    ds = curves(lambda t, b: 0 * t + 0.5)
    assert math.isnan(collapse(ds, None).score)
    assert collapse(curves(lambda t, b: 0 * t + b), None).score == math.inf
    assert collapse(ds, None).to_dict()["score"] is None


def test_cells_without_a_curve_are_counted():
    ds = curves(lambda t, b: 1 / (1 + b * t))
    ds["trajectory_test_error"] = ds["trajectory_test_error"].where(ds.beta > 1e-3)
    found = collapse(ds)
    assert (found.curves, found.left_out) == (2, 1)


@pytest.mark.parametrize(
    ("ds", "scale", "said"),
    [
        (sweep([1.0], ("seed",)), "alpha", "sweep again with trajectories"),
        (curves(lambda t, b: 1 / (1 + b * t)), "alpha*betta", "did you mean 'beta'"),
        (curves(lambda t, b: 1 / (1 + b * t), (1e-9, 1.0)), "beta", "no range"),
        (curves(lambda t, b: NAN * t), "beta", "0 of 3 cells"),
    ],
)
def test_sweeps_that_cannot_be_collapsed(ds, scale, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        collapse(ds, scale)
    assert "\n" not in str(caught.value)


# --- the boundary ----------------------------------------------------------------------------


def outcomes(values, N, s=(5,)):
    """0, 1 and NaN over s, N and seed."""
    values = np.asarray(values, dtype=float).reshape(len(s), len(N), -1)
    return xr.DataArray(values, dims=("s", "N", "seed"), coords={"s": list(s), "N": list(N)})


def test_what_counts_as_recovered():
    ds = sweep([5, 50, 5000, 1, 1], ("N",), horizon=100, never=[3], missing=[4])
    assert recovered(ds).values == pytest.approx([1, 1, NAN, 0, NAN], nan_ok=True)
    assert recovered(sweep([5.0], ("N",), bracket=2.0)).values.tolist() == [1]
    found = share(sweep([[5, 50, 5000, 1]], ("N", "seed"), horizon=100, never=(0, 3)))
    assert found["share"].item() == pytest.approx(2 / 3)
    assert found["count"].item() == 3
    with pytest.raises(InvalidInput, match="threshold"):
        recovered(ds, 0.0)
    with pytest.raises(InvalidInput, match="test_error"):
        recovered(ds, 1e-3)


def test_a_boundary_by_hand():
    # Shares 0, 1/4, 3/4, 1: half way between 20 and 30.
    found = boundary(outcomes([[0] * 4, [1, 0, 0, 0], [1, 1, 1, 0], [1] * 4], (10, 20, 30, 40)))
    assert found["value"].values.tolist() == [25]
    assert found["side"].values.tolist() == [""]
    assert 10 <= found["low"].item() <= 25 <= found["high"].item() <= 40
    # Not monotone: 0, 3/4, 1/4, 1 becomes 0, 1/2, 1/2, 1, at the level from 20 to 30.
    bent = outcomes([[0] * 4, [1, 1, 1, 0], [1, 0, 0, 0], [1] * 4], (10, 20, 30, 40))
    assert boundary(bent)["value"].values.tolist() == [25]
    # At another level the line from (20, 1/4) to (30, 3/4) is at 22.
    steep = outcomes([[0] * 4, [1, 0, 0, 0], [1, 1, 1, 0], [1] * 4], (10, 20, 30, 40))
    assert boundary(steep, level=0.35)["value"].item() == pytest.approx(22)


def test_a_sharp_boundary_is_known_to_the_grid():
    found = boundary(outcomes([[0] * 9, [1] * 9], (10, 30)))
    assert [found[k].item() for k in ("value", "low", "high")] == [20, 10, 30]


def test_boundaries_beyond_the_grid_have_a_side():
    s = (1, 2, 3)
    values = [[[0] * 6, [0] * 6], [[1] * 6, [1] * 6], [[NAN] * 6, [NAN] * 6]]
    found = boundary(outcomes(values, (10, 20), s), increasing=True)
    assert np.isnan(found["value"]).all()
    assert found["side"].values.tolist() == ["above the grid", "below the grid", "unknown"]
    assert found["low"].values == pytest.approx([NEVER, -NEVER, NAN], nan_ok=True)
    found = boundary(outcomes(values, (10, 20), s), increasing=False)
    assert found["side"].values.tolist() == ["below the grid", "above the grid", "unknown"]


def test_a_share_that_falls_has_the_mirrored_boundary(rng):
    up = outcomes(rng.random((2, 5, 12)) < np.linspace(0, 1, 5)[:, None], (1, 2, 4, 5, 7), (1, 2))
    down = up.assign_coords(N=-up["N"])
    rising, falling = boundary(up), boundary(down)
    assert (rising.attrs["increasing"], falling.attrs["increasing"]) == (1, 0)
    assert falling["value"].values == pytest.approx(-rising["value"].values)
    assert falling["low"].values == pytest.approx(-rising["high"].values, abs=0.3)


def test_a_logistic_boundary_lies_in_its_interval(rng):
    s, N = np.arange(1, 11), np.arange(5, 101, 5)
    p = 1 / (1 + np.exp(-(N[:, None] - 15 - 6 * s[:, None, None]) / 5))
    data = outcomes(rng.random((10, 20, 60)) < p, N, s)
    found = boundary(data)
    truth = 15 + 6 * s
    hits = ((found["low"] <= truth) & (truth <= found["high"])).values.sum()
    # 95 % each: 7 or fewer of 10 with probability 0.012; the interpolation costs a little.
    assert hits >= 8
    assert found["value"].values == pytest.approx(truth, abs=4)
    shuffled = boundary(data.isel(seed=rng.permutation(60)))
    assert shuffled["value"].values == pytest.approx(found["value"].values)
    assert found["value"].dims == ("s",)


def test_boundaries_that_make_no_sense():
    data = outcomes([[0, 1], [1, 1]], (10, 20))
    with pytest.raises(InvalidInput, match="did you mean 'seed'"):
        boundary(data, across="seeds")
    with pytest.raises(InvalidInput, match="level"):
        boundary(data, level=1.0)
    with pytest.raises(InvalidInput, match="three axes"):
        boundary(data, along="N", across="N")
    with pytest.raises(InvalidInput, match="not numeric"):
        boundary(data.assign_coords(N=["few", "many"]))


def test_agreement_counted_by_hand():
    # The second recovers 0/4, 2/4 and 4/4: the middle is the boundary.
    second = outcomes([[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]], (10, 20, 30))
    first = outcomes([[0, 0, 0, 1], [1, 0, 0, 0], [1, 1, 1, NAN]], (10, 20, 30))
    found = agreement(first, second == 1)
    assert (found.cells, found.share) == (11, pytest.approx(9 / 11))
    assert (found.cells_away, found.share_away) == (7, pytest.approx(6 / 7))
    assert found.unknown == 1
    assert found.disagreeing == ({"s": 5, "N": 10, "seed": 3}, {"s": 5, "N": 20, "seed": 1})
    assert agreement(first, second, margin=0.5).cells_away == 11
    assert json.loads(json.dumps(found.to_dict()))["disagreeing"][0]["N"] == 10


def test_agreement_of_nothing_has_no_share():
    nothing = outcomes([[NAN, NAN]], (10,))
    found = agreement(nothing, nothing)
    assert math.isnan(found.share)
    assert found.to_dict()["share"] is None
    with pytest.raises(InvalidInput, match="different coordinates"):
        agreement(nothing, nothing.assign_coords(N=[20]))
    with pytest.raises(InvalidInput, match="three"):
        boundary(nothing, along="s", across="s")
    with pytest.raises(InvalidInput, match="select one"):
        agreement(nothing, nothing.isel(s=0))
    with pytest.raises(InvalidInput, match="margin"):
        agreement(nothing, nothing, margin=0.7)
