"""The collapse of curves and the boundary of a phase."""

import json
import math

import numpy as np
import pytest
import xarray as xr
from analysis_helpers import NAN, NEVER, sweep

from latebloom.core.errors import InvalidInput
from latebloom.sweeps.analysis.boundary import agreement, boundary, recovered, share
from latebloom.sweeps.analysis.collapse import collapse

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
