"""The power law of a time, against least squares and simulations."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from analysis_helpers import NAN, TRUTH, inside, sweep
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.stats import binom, norm
from scipy.stats import t as student

from latebloom.core.errors import InvalidInput
from latebloom.sweeps.analysis.scaling import fit_scaling

GRID = ("alpha", "beta", "seed")


def law(rng=None, seeds=8, sigma=0.0, between=0.0, alphas=3, betas=4, **limits):
    """Times 5 alpha^-1 beta^-0.7 with scatter, in part common to all cells of a seed."""
    alpha, beta = np.geomspace(1e-3, 1e-1, alphas), np.geomspace(1e-6, 1e-3, betas)
    shape = (alphas, betas, seeds)
    t = np.broadcast_to(5 / alpha[:, None, None] / beta[:, None] ** 0.7, shape)
    if rng is not None:
        t = t * np.exp(sigma * rng.normal(size=shape) + between * rng.normal(size=seeds))
    return sweep(t, GRID, {"alpha": alpha, "beta": beta, "seed": np.arange(seeds)}, **limits)


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
