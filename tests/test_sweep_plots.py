"""Pictures of sweeps: what is drawn where, not pixels."""

import math

import numpy as np
import pytest
import xarray as xr
from matplotlib.colors import LogNorm, Normalize

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.plots.style import render
from latebloom.sweeps.pictures.phase_diagram import axis_label, geometric, plot_phase
from latebloom.sweeps.pictures.swept_curves import plot_curves

NAN = math.nan


def by_gid(axes, gid):
    return [artist for artist in axes.get_children() if artist.get_gid() == gid]


def legend(figure):
    return [text.get_text() for box in figure.legends for text in box.get_texts()]


def phases(steps, s=(1, 2, 3), N=(10, 20, 40), seeds=4):
    """t2 = steps[s, N] for every seed; inf is never, NaN is missing."""
    t = np.broadcast_to(np.array(steps, dtype=float)[..., None], (len(s), len(N), seeds))
    kind = np.where(np.isnan(t), "", np.where(np.isinf(t), "infeasible", "exact"))
    t = np.where(np.isfinite(t), t, NAN)
    dims = ("s", "N", "seed")
    parts = {"t2": t, "t2_low": t, "t2_high": t, "t2_kind": kind, "test_error": 1 / t}
    coords = {"s": list(s), "N": list(N), "seed": range(seeds)}
    return xr.Dataset({k: (dims, v) for k, v in parts.items()}, coords)


EASY = [[math.inf, 100, 10], [math.inf, math.inf, 1000], [NAN, math.inf, math.inf]]


def test_the_map_of_fractions():
    figure = plot_phase(phases(EASY), "s", "N")
    axes, bar = figure.axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("s", "N")
    assert bar.get_ylabel() == "fraction that generalizes"
    (mesh,) = axes.collections
    # Rows are N, columns s; the missing cell (s = 3, N = 10) is masked.
    assert mesh.get_array().filled(-1).tolist() == [[0, 0, -1], [1, 0, 0], [1, 1, 0]]
    assert (mesh.norm.vmin, mesh.norm.vmax) == (0, 1)
    (hole,) = by_gid(axes, "not known")
    assert hole.get_hatch()
    assert hole.get_x() <= 3 <= hole.get_x() + hole.get_width()
    assert hole.get_y() <= 10 <= hole.get_y() + hole.get_height()
    assert legend(figure) == ["not known", "50% generalize", "its 95% interval"]


def test_the_boundary_is_drawn_where_it_is():
    axes = plot_phase(phases(EASY), "s", "N").axes[0]
    (line,) = by_gid(axes, "value")
    # 0 at N = 10 and 1 at 20, then 0 at 20 and 1 at 40; of s = 3 it is not on the grid.
    assert line.get_xdata().tolist() == [1, 2, 3]
    assert line.get_ydata() == pytest.approx([15, 30, NAN], nan_ok=True)
    (low,), (high,) = by_gid(axes, "low"), by_gid(axes, "high")
    assert low.get_ydata()[:2].tolist() == [10, 20]
    assert high.get_ydata()[:2].tolist() == [20, 40]
    # An end beyond the grid is at its edge: 40 sqrt(2), as 10, 20, 40 are powers.
    assert high.get_ydata()[2] == pytest.approx(40 * math.sqrt(2))


def test_the_boundary_follows_the_axis_that_it_crosses():
    axes = plot_phase(phases(EASY).assign_coords(s=["a", "b", "c"]), "s", "N").axes[0]
    assert [t.get_text() for t in axes.get_xticklabels()] == ["a", "b", "c"]
    (line,) = by_gid(axes, "value")
    assert line.get_xdata().tolist() == [0, 1, 2]
    # With the words upright it runs along the other axis.
    axes = plot_phase(phases(EASY).assign_coords(s=["a", "b", "c"]), "N", "s").axes[0]
    (line,) = by_gid(axes, "value")
    assert line.get_ydata().tolist() == [0, 1, 2]
    assert line.get_xdata()[:2].tolist() == [15, 30]


def test_nothing_crosses_no_line():
    figure = plot_phase(phases(np.full((3, 3), 50.0)), "s", "N")
    assert not by_gid(figure.axes[0], "value")
    assert not figure.legends


def test_the_map_of_medians():
    figure = plot_phase(phases(EASY), "s", "N", value="t2")
    axes, bar = figure.axes
    (mesh,) = axes.collections
    assert isinstance(mesh.norm, LogNorm)
    assert (mesh.norm.vmin, mesh.norm.vmax) == (10, 1000)
    assert len(by_gid(axes, "never")) == 5
    assert len(by_gid(axes, "not known")) == 1
    assert "never" in legend(figure)
    assert bar.get_ylabel() == "median $t_2$ (steps)"


def test_the_map_of_errors_has_the_median_over_seeds():
    ds = phases(EASY)
    ds["test_error"][0, 0] = [1e-3, 1e-2, 1e-1, NAN]
    mesh = plot_phase(ds, "s", "N", value="test_error").axes[0].collections[0]
    assert mesh.get_array()[0, 0] == pytest.approx(1e-2)


@pytest.mark.parametrize(
    ("values", "powers"),
    [
        ([1e-3, 1e-2, 1e-1], True),
        ([1, 2, 5, 10, 20, 50], True),
        ([10, 20, 30, 40], False),
        ([1, 5, 10, 15], False),
        ([0, 1, 10], False),
        ([10, 20], False),
        ([1e-4, 1e-3], True),
        ([5], False),
    ],
)
def test_which_axes_are_logarithmic(values, powers):
    assert geometric(np.array(values)) == powers
    if len(values) == 3:
        axes = plot_phase(phases(EASY, s=values), "s", "N").axes[0]
        assert axes.get_xscale() == ("log" if powers else "linear")


def test_greek_axes_have_greek_names():
    ds = phases(EASY, s=(1e-3, 1e-2, 1e-1)).rename(s="alpha")
    axes = plot_phase(ds, "alpha", "N").axes[0]
    assert axes.get_xlabel() == axis_label("alpha") == r"$\alpha$"
    assert axis_label("N") == "N"


@pytest.mark.parametrize(
    ("N", "labels"),
    [
        ((8, 16, 32), ["8", "16", "32"]),
        ((1e-5, 3e-5, 1e-4), ["10⁻⁵", "3·10⁻⁵", "10⁻⁴"]),
        ((10, 20, 30), ["10", "20", "30"]),
    ],
)
def test_axes_name_their_values(N, labels):
    axes = plot_phase(phases(EASY, N=N), "s", "N").axes[0]
    assert [t.get_text() for t in axes.get_yticklabels()] == labels


def test_axes_may_come_in_any_order_and_single_ones_are_dropped():
    ds = phases(EASY)
    mixed = ds.isel(N=[2, 0, 1]).expand_dims(depth=[2])
    first, second = (plot_phase(d, "s", "N").axes[0].collections[0] for d in (ds, mixed))
    assert first.get_array().tolist() == second.get_array().tolist()


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        (lambda ds: ds, {"x": "S", "y": "N"}, "'S' is no axis"),
        (lambda ds: ds, {"x": "N", "y": "N"}, "three axes"),
        (lambda ds: ds.expand_dims(depth=[2, 3]), {"x": "s", "y": "N"}, "other axes: depth"),
        (lambda ds: ds, {"x": "s", "y": "N", "value": "t3"}, "value"),
    ],
)
def test_maps_that_cannot_be_drawn(change, arguments, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        plot_phase(change(phases(EASY)), **arguments)
    assert "\n" not in str(caught.value)


# --- curves ----------------------------------------------------------------------------------

DIMS = ("alpha", "beta", "seed", "record")


def falling(alpha=(0.1,), beta=(1e-3, 1e-2), factors=(0.5, 1.0, 4.0), records=41):
    """error = 1/(1 + f beta t) for seeds with factor f, and t2 = 9/(f beta), where it is 0.1."""
    steps = np.r_[0.0, np.logspace(0, 5, records - 1)]
    parts = np.broadcast_arrays(*np.ix_(alpha, beta, factors, steps))
    _, b, f, t = (part.copy() for part in parts)
    t2 = (9 / (f * b))[..., 0]
    curves = {"trajectory_step": (DIMS, t), "trajectory_test_error": (DIMS, 1 / (1 + f * b * t))}
    times = {name: (DIMS[:3], t2.copy()) for name in ("t2", "t2_low", "t2_high")}
    kind = {"t2_kind": (DIMS[:3], np.full(t2.shape, "exact", dtype="<U10"))}
    coords = {"alpha": list(alpha), "beta": list(beta), "seed": range(len(factors))}
    return xr.Dataset(curves | times | kind, coords)


def drawn(axes):
    return [line for line in axes.lines if line.get_gid() != "passage"]


def test_a_curve_per_value_with_a_logarithmic_scale():
    figure = plot_curves(falling(), "beta")
    axes, bar = figure.axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert figure.get_supxlabel() == "step + 1 (dots: median $t_2$)"
    assert figure.get_supylabel() == "relative test error"
    assert bar.get_ylabel() == r"$\beta$"
    assert [t.get_text() for t in bar.get_yticklabels()] == ["10⁻³", "10⁻²"]
    first, second = drawn(axes)
    assert first.get_color() != second.get_color()


def test_the_median_curve_is_that_of_the_middle_seed():
    axes = plot_curves(falling(records=401), "beta", dots=False).axes[0]
    for line, beta in zip(drawn(axes), (1e-3, 1e-2), strict=True):
        x, y = line.get_data()
        # The median of monotone functions of f is that of the middle f; linear interpolation
        # between 80 records per decade and the plot's 80 leaves a part in a thousand.
        assert y == pytest.approx(1 / (1 + beta * (x - 1)), rel=1e-3)
        assert (x[0], x[-1]) == pytest.approx((1, 1e5 + 1))
    assert not by_gid(axes, "passage")


def test_dots_are_at_the_median_time_on_the_curve():
    axes = plot_curves(falling(records=401), "beta").axes[0]
    x, y = np.array([dot.get_xydata()[0] for dot in by_gid(axes, "passage")]).T
    assert x == pytest.approx([9001, 901])
    assert y == pytest.approx([0.1, 0.1], rel=1e-3)


def test_one_seed_is_drawn_as_it_was_recorded():
    ds = falling()
    (axes, _) = plot_curves(ds, "beta", seed=2).axes
    line = drawn(axes)[0]
    assert line.get_xdata().tolist() == (ds.trajectory_step[0, 0, 2] + 1).values.tolist()
    assert line.get_ydata().tolist() == ds.trajectory_test_error[0, 0, 2].values.tolist()
    with pytest.raises(InvalidInput, match="seed = 7"):
        plot_curves(ds, "beta", seed=7)


def test_every_seed_can_be_drawn():
    axes, bar = plot_curves(falling(beta=(1e-3,)), "seed").axes
    assert [line.get_ydata()[-1] for line in drawn(axes)] == pytest.approx(
        [1 / 51, 1 / 101, 1 / 401]
    )
    assert bar.get_ylabel() == "seed"


def test_words_have_a_legend_and_numbers_a_linear_scale():
    words = falling().assign_coords(beta=["L1", "L2"]).rename(beta="penalty")
    figure = plot_curves(words, "penalty")
    assert len(figure.axes) == 1
    assert legend(figure) == ["L1", "L2"]
    assert figure.legends[0].get_title().get_text() == "penalty"
    numbers = falling(beta=(1e-3, 2e-3, 3e-3)).assign_coords(beta=[10, 20, 30])
    bar = plot_curves(numbers.rename(beta="N"), "N").axes[-1]
    assert bar.get_yscale() == "linear"
    assert [t.get_text() for t in bar.get_yticklabels()] == ["10", "20", "30"]


@pytest.mark.parametrize(("panels", "slots"), [(2, 2), (4, 6)])
def test_small_multiples_share_their_axes(panels, slots):
    alpha = [0.1 * (k + 1) for k in range(panels)]
    figure = plot_curves(falling(alpha), "beta", facet="alpha")
    *grid, _ = figure.axes
    assert len(grid) == slots
    shown = [axes for axes in grid if axes.axison]
    titles = [axes.get_title(loc="left") for axes in shown]
    assert titles == [rf"$\alpha$ = {value:g}" for value in alpha]
    assert len({axes.get_xlim() for axes in shown}) == len({axes.get_ylim() for axes in shown}) == 1
    assert all(len(drawn(axes)) == 2 for axes in shown)


def test_cells_without_a_curve_leave_no_line():
    ds = falling()
    ds["trajectory_test_error"][0, 0] = NAN
    ds["trajectory_step"][0, 0] = NAN
    ds["t2"][0, 1] = ds["t2_high"][0, 1] = NAN
    ds["t2_kind"][0, 1] = "censored"
    figure = plot_curves(ds, "beta")
    (line,) = figure.axes[0].lines
    assert line.get_label() == "0.01"
    assert figure.get_supxlabel() == "step + 1"
    assert render(figure, "png")


def test_runs_of_different_lengths_have_a_median_while_all_of_them_run():
    ds = falling()
    ds["trajectory_test_error"] = ds["trajectory_test_error"].where(
        (ds.seed > 0) | (ds.trajectory_step < 1001)
    )
    for line in drawn(plot_curves(ds, "beta").axes[0]):
        assert line.get_xdata()[-1] <= 1001


@pytest.mark.parametrize(
    ("change", "arguments", "said"),
    [
        (lambda ds: ds, {"by": "betta"}, "did you mean 'beta'"),
        (lambda ds: ds.drop_vars("trajectory_step"), {"by": "beta"}, "sweep again"),
        (lambda ds: ds, {"by": "beta", "variable": "train_error"}, "sweep again"),
        (lambda ds: ds, {"by": "beta", "facet": "beta"}, "different axes"),
        (lambda ds: ds.isel(alpha=[0, 0]), {"by": "beta"}, "other axes: alpha"),
    ],
)
def test_curves_that_cannot_be_drawn(change, arguments, said):
    with pytest.raises(InvalidInput, match=said) as caught:
        plot_curves(change(falling()), **arguments)
    assert "\n" not in str(caught.value)


def test_every_picture_can_be_written():
    ds = phases(EASY)
    for value in ("recovered", "t2", "test_error"):
        assert render(plot_phase(ds, "s", "N", value=value), "svg").startswith(b"<?xml")
    assert render(plot_curves(falling((0.1, 0.2)), "beta", facet="alpha"), "svg")
    assert isinstance(plot_phase(ds, "s", "N").axes[0].collections[0].norm, Normalize)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plots") / "store"
    problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    base = lb.Experiment(problem, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=10**6)
    axes = {"alpha": [0.05, 0.1], "beta": [1e-5, 1e-4, 1e-3]}
    lb.sweep(base, axes, seeds=2, trajectories=("test_error",), name="one").run(folder, workers=1)
    return lb.open_store(folder)


def test_a_store_draws_its_law(store, tmp_path):
    figure = store.plot.law(path=tmp_path / "law.png")
    assert (tmp_path / "law.png").stat().st_size > 0
    results = store.open()
    product = (results.alpha * results.beta * xr.ones_like(results.t2)).values.ravel()
    drawn = np.concatenate([line.get_xdata() for line in figure.axes[0].lines])
    assert set(np.round(np.log10(product), 6)) <= set(np.round(np.log10(drawn.astype(float)), 6))


def test_a_store_draws_its_phases_over_the_axes_that_are_asked_for(store):
    axes = store.plot.phase(value="t2").axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == (axis_label("beta"), axis_label("alpha"))
    turned = store.plot.phase(x="alpha", sweep="one").axes[0]
    assert (turned.get_xlabel(), turned.get_ylabel()) == (axis_label("alpha"), axis_label("beta"))


def test_a_store_draws_its_curves(store):
    panels = [one for one in store.plot.curves(facet="alpha").axes if one.lines]
    assert len(panels) == 2
    assert all(len(panel.lines) >= 3 for panel in panels)


def test_pictures_of_a_store_refuse_unknown_names(store, tmp_path):
    with pytest.raises(InvalidInput, match="two"):
        store.plot.law(sweep="two")
    with pytest.raises(InvalidInput, match="gamma"):
        store.plot.phase(x="gamma")
    with pytest.raises(InvalidInput, match=r"suffix|format|svg"):
        store.plot.law(path=tmp_path / "law.doc")
