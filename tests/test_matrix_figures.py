"""The figures of low-rank matrices: their statistics on made-up results, and their evidence."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from figure_helpers import SEED, Canned, decided

import latebloom as lb
from latebloom_paper.beyond import adaptive_entries, l1_or_nuclear
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.claim import CORRECTED, Verdict
from latebloom_paper.book.workspace import Workspace
from latebloom_paper.convex import fig8, fig14, fig15, fig23
from latebloom_paper.pictures.choices import plot_choices
from latebloom_paper.pictures.selection import plot_selection, plot_selection_curves

# Figures 8 and 23 ---------------------------------------------------------------------------------


def selected(t2, t1=100.0):
    """Return made-up results over tau = 0, 1/2, 1 with these t2, for 40 seeds."""
    values = np.tile(np.array(t2, dtype=float)[:, None], (1, 40))
    names = {
        "t2_low": values,
        "t2_high": values,
        "t1_low": t1 + 0 * values,
        "t1_high": t1 + 0 * values,
    }
    ds = xr.Dataset({k: (("tau", SEED), v) for k, v in names.items()})
    return ds.assign_coords({"tau": [0.0, 0.5, 1.0], SEED: np.arange(40)})


@pytest.mark.parametrize(
    ("t2", "sooner", "exponential", "once"),
    [
        ([1e6, 1e5, 1e4], Verdict.holds, Verdict.holds, Verdict.corrected),
        ([1e6, 1e5, 9e4], Verdict.holds, Verdict.fails, Verdict.corrected),
        ([1e4, 1e3, 200], Verdict.holds, Verdict.fails, Verdict.holds),
        ([1e4, 1e5, 1e6], Verdict.fails, Verdict.holds, Verdict.corrected),
    ],
)
def test_figure_8_tells_an_exponential_from_another_decrease(t2, sooner, exponential, once):
    found = decided("fig8", fig8.evidence(Canned(Figure_8=selected(t2))))
    assert found["fig8.sooner"] is sooner
    assert found["fig8.exponential"] is exponential
    assert found["fig8.once"] is once


def test_figure_23_counts_the_entries_that_are_needed():
    N = np.array([50, 60, 70])
    # Needed: 70 at tau = 0, 60 at 1; a rank of 3 needs more than the largest N.
    by_tau = xr.DataArray(
        np.array([[0, 0, 1], [0, 1, 1]], float)[:, :, None] * np.ones(40),
        dims=("tau", "N", SEED),
        coords={"tau": [0.0, 1.0], "N": N, SEED: np.arange(40)},
    )
    by_rank = xr.DataArray(
        np.array([[[0, 1, 1], [0, 0, 0]]], float)[..., None] * np.ones(40),
        dims=("tau", "r", "N", SEED),
        coords={"tau": [0.0], "r": [1, 3], "N": N, SEED: np.arange(40)},
    )
    told = Canned(
        draws=xr.Dataset({"recoverable": by_tau}),
        ranks=xr.Dataset({"recoverable": by_rank}),
        instances_of_Figure_8=selected([1e6, 1e5, 1e4]),
        sparse=selected([1e4, 1e5, 1e6]),
    )
    assert decided("fig23", fig23.evidence(told)) == {
        "fig23.needed": Verdict.holds,
        "fig23.rank": Verdict.corrected,
        "fig23.opposite": Verdict.holds,
    }


def test_the_pictures_of_selection_show_every_tau_and_its_medians():
    step = xr.DataArray([0.0, 10.0, 1e6], dims="record")
    tau = xr.DataArray([0.0, 1.0], dims="tau", coords={"tau": [0.0, 1.0]})
    ds = xr.Dataset({"trajectory_step": step + 0 * tau})
    for name in ("train_error", "test_error"):
        ds[f"trajectory_{name}"] = 1 / (1 + step) + 0 * tau
    (axes, _) = plot_selection_curves(ds, 1e6).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    drawn = {line.get_gid() for line in axes.lines}
    assert {"train_error 0", "test_error 1"} <= drawn
    values = np.array([[1.0, np.inf], [2.0, np.inf], [4.0, np.inf]])
    points = {"t2": (np.array([0.0, 1.0]), values)}
    figure = plot_selection(ds, points, points, points)
    assert figure.axes[0].get_xscale() == "log"
    (median,) = figure.axes[1].lines
    np.testing.assert_array_equal(median.get_ydata(), [2.0, np.nan])


# Figures 14 and 15 --------------------------------------------------------------------------------


def test_figures_14_and_15_on_one_instance(tmp_path, monkeypatch):
    for name, table in (("fig14", "instances"), ("fig15", "stepped")):
        sweep = STUDIES[name].data["sweeps"][table]
        monkeypatch.setitem(sweep.get("quick", sweep)["axes"], "problem.seed", [0])
    workspace = Workspace(tmp_path / "store", executor=ThreadPoolExecutor(1))
    projected, proximal = fig14.evidence(workspace), fig15.evidence(workspace)
    assert projected["fig14.fit"].value == projected["fig14.delay"].value == 1
    assert proximal["fig15.delay"].value == 1
    assert proximal["fig15.same"].value == pytest.approx(1, abs=0.01)
    assert {claim.id for claim in STUDIES["fig14"].claims + STUDIES["fig15"].claims} == {
        *projected,
        *proximal,
    }
    rows = fig14.rows_of([lb.simulate(STUDIES["fig14"].experiment.with_(steps=10), engine="slow")])
    assert [row.ours for row in rows][:2] == [1.0, None]


# Beyond the figures -------------------------------------------------------------------------------


@pytest.mark.parametrize("choice", adaptive_entries.CHOICES)
def test_all_choices_of_entries_begin_with_the_same_half(choice):
    mask = adaptive_entries.mask_of(choice, 60, 3)
    first = np.random.default_rng([3, 1]).permutation(100)[:30]
    assert mask.sum() == 60
    assert set(np.unique(mask)) == {0.0, 1.0}
    assert mask.ravel()[first].all()


def test_the_second_half_of_the_oracle_is_the_most_coherent_of_the_rest():
    A = adaptive_entries.truth(3)
    mask = adaptive_entries.mask_of(adaptive_entries.ORACLE, 60, 3)
    mu, nu = lb.local_coherence(A)
    score = mu[:, None] + nu[None, :]
    first = np.random.default_rng([3, 1]).permutation(100)[:30]
    chosen = mask.astype(bool).copy()
    chosen.ravel()[first] = False
    assert score[chosen].min() >= score[mask == 0].max()
    # The two stages know the same where the first of them recovers the matrix.
    two = adaptive_entries.mask_of(adaptive_entries.TWO_STAGES, 100, 3)
    assert two.sum() == 100


def test_adaptive_entries_recovers_and_decides():
    case = {"choice": "uniform", "N": 95, "seed": 0, "timed": True}
    able, t2 = adaptive_entries.recovery(case)
    assert able == 1
    assert t2 > 1000
    assert adaptive_entries.recovery({**case, "N": 20}) == [0.0, None]
    n = adaptive_entries.ENTRIES
    found = {
        ("uniform", n): np.tile([0.0, np.nan], (20, 1)),
        ("two stages", n): np.tile([1.0, 11.0], (20, 1)),
        ("oracle", n): np.tile([1.0, 10.0], (20, 1)),
    }
    assert set(decided("adaptive-entries", adaptive_entries.evidence(found)).values()) == {
        Verdict.holds
    }


def test_l1_completes_where_all_non_zeros_are_seen_and_the_norms_agree_on_the_data():
    timed = {"line": "l1, completion", "k": 1, "timed": True}
    answers = [l1_or_nuclear.recovery({**timed, "seed": seed}) for seed in range(4)]
    for seed, (able, t1, t2) in enumerate(answers):
        problem = l1_or_nuclear.matrix_problem("completion", 1, seed)
        seen = bool(problem.mask[problem.A_star != 0].all())
        assert able == seen
        if seen:
            assert t2 <= 10 * t1
    vector = l1_or_nuclear.l1_or_nuclear("l1, sensing", 2, 0).data
    matrix = l1_or_nuclear.l1_or_nuclear("nuclear, sensing", 2, 0).data
    np.testing.assert_allclose(vector.y_star, matrix.y_star)
    np.testing.assert_allclose(vector.a_star.reshape(10, 10), matrix.a_star)
    assert np.count_nonzero(matrix.a_star) == 4
    assert np.linalg.matrix_rank(matrix.a_star) == 1


def test_l1_or_nuclear_decides():
    late, soon = [1.0, 10.0, 1e4], [1.0, 10.0, 50.0]
    found = {
        ("l1, sensing", 2): np.tile(late, (20, 1)),
        ("l1, sensing", 10): np.tile([0.0, np.nan, np.nan], (20, 1)),
        ("l1, completion", 1): np.tile(soon, (20, 1)),
        **{("nuclear, sensing", k): np.tile(late, (20, 1)) for k in (1, 2, 10)},
    }
    told = l1_or_nuclear.evidence(found)
    verdicts = decided("l1-or-nuclear", told)
    assert verdicts["l1-or-nuclear.completion"] is Verdict.corrected
    assert told["l1-or-nuclear.completion" + CORRECTED].count == 20
    assert list(verdicts.values()).count(Verdict.holds) == 3


def test_choices_show_shares_and_the_median_of_the_times():
    shares = {"a": [(2, 1.0), (1, 0.5)], "b": [(1, 0.2), (2, 0.1)]}
    figure = plot_choices(shares, {"b": [(1, [10.0, np.inf, 30.0])]}, "x")
    left, right = figure.axes
    np.testing.assert_array_equal(left.lines[0].get_xydata(), [[1, 0.5], [2, 1.0]])
    dots, median = right.lines
    assert dots.get_ydata().tolist() == [10.0, 30.0]
    assert median.get_ydata().tolist() == [20.0]
    assert right.get_xticks().tolist() == [1]
    assert plot_choices(shares, {}, "x").axes[1].lines[:] == []
