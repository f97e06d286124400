"""Figures 6 and 29: when something holds along a curve, when singular values vanish."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from figure_helpers import SEED, Canned, decided

import latebloom as lb
from latebloom.core.phases import Passage
from latebloom.experiment.record import LogSpaced
from latebloom.plots import plot_law
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.claim import Verdict
from latebloom_paper.book.passages import first_below, for_good, middle, middles
from latebloom_paper.convex import completion_grid, fig5, fig6, fig29
from latebloom_paper.convex.completions import completion
from latebloom_paper.convex.singular_deaths import deaths

FIGURES = ("fig5", "fig6", "fig8", "fig14", "fig15", "fig23", "fig29")


OURS = ("depth-matrix", "l1-or-nuclear", "adaptive-entries")


@pytest.mark.parametrize("name", [*FIGURES, *OURS])
def test_every_figure_is_a_study_of_its_own(name):
    preset = STUDIES[name]
    assert preset.group == ("beyond" if name in OURS else "convex")
    assert preset.study is not None
    assert (preset.public_seconds is None) == (name in OURS)
    assert preset.claims
    assert all(claim.id.startswith(f"{name}.") for claim in preset.claims)


# When something holds -----------------------------------------------------------------------------


def test_a_passage_between_records_is_that_of_a_power_law():
    steps = np.array([0, 9, 99, 999])
    errors = 1 / (steps + 1.0) ** 2
    for level in (0.5, 1e-3, 1e-6):
        assert first_below(steps, errors, level) == pytest.approx(level**-0.5 - 1)
    assert first_below(steps, errors, 1e-7) == np.inf
    assert first_below(steps, errors, 2.0) == 0
    holes = np.array([1.0, np.nan, 1e-4, 0.0])
    assert 9 < first_below(steps, holes, 0.01) < 99


def test_for_good_is_after_the_last_exception():
    steps = np.arange(4)
    assert for_good(steps, np.array([True, True, False, True])) == 3
    assert for_good(steps, np.array([True] * 4)) == 0
    assert for_good(steps, np.array([True] * 3 + [False])) == np.inf


def test_what_was_not_reached_is_infinite():
    ds = xr.Dataset({"t2_low": ("k", [10.0, 20.0]), "t2_high": ("k", [30.0, np.nan])})
    assert middles(ds).values.tolist() == [20.0, np.inf]


# Singular values ----------------------------------------------------------------------------------


def matrices(paths, rng):
    """Return steps and matrices whose singular values along fixed vectors follow the paths."""
    paths = np.array(paths, dtype=float)
    (U, _), (V, _) = (np.linalg.qr(rng.standard_normal((5, 5))) for _ in range(2))
    k = paths.shape[1]
    return np.arange(len(paths)), np.einsum("ik,rk,jk->rij", U[:, :k], paths, V[:, :k])


def test_a_singular_value_is_followed_through_a_crossing(rng):
    # The second is larger at first and dies first; sorted by size nothing of that could be seen.
    steps, A = matrices([[5, 3, 2], [5, 1.5, 1.8], [5, 0, 1.6], [5, 0, 0.5], [5, 0, 0]], rng)
    found = deaths(steps, A, 1e-9)
    np.testing.assert_allclose(found.size, [5, 3, 2])
    assert found.died.tolist() == [np.inf, 2.0, 4.0]
    assert found.returned == 0


def test_a_singular_value_that_returns_dies_the_last_time(rng):
    steps, A = matrices([[5, 1], [5, 0], [5, 0.2], [5, 0.1], [5, 0]], rng)
    found = deaths(steps, A, 1e-9)
    assert (found.died.tolist(), found.returned) == ([np.inf, 4.0], 1)
    assert deaths(steps, A, 0.3).died.tolist() == [np.inf, 1.0]  # below 0.3 counts as zero


@pytest.fixture(scope="module")
def run():
    problem = lb.MatrixCompletion(n1=6, n2=5, r=2, N=27, seed=1, recoverable=True)
    e = lb.Experiment(problem, lb.Nuclear(1e-4), lb.ProximalGradient(0.5), steps=10**6)
    return lb.simulate(e.with_(thresholds=(1e-3, 1e-3), record=LogSpaced(100)), engine="slow")


def test_the_completion_of_an_instance_agrees_with_its_run(run):
    found = completion(run)
    steps, t2 = run.trajectory["step"].values, middle(run)
    truth = run.experiment.data.a_star
    rank = (run.trajectory["singular_values"].values > 1e-4).sum(axis=1)
    last = steps[np.flatnonzero(rank > 2)[-1] + 1]
    assert found.last == pytest.approx(last / t2)
    assert found.norm == pytest.approx(1, abs=1e-3)
    assert found.late == (run.phases.t2.low > 10 * run.phases.t1.high)
    within = (
        np.abs(run.trajectory["nuclear_norm"].values / np.linalg.norm(truth, "nuc") - 1) <= 1e-3
    )
    assert within[steps >= found.arrival * t2 - 0.5].all()
    assert -1 <= found.order <= 1


def test_figure_5_decides_all_its_claims(run, monkeypatch):
    monkeypatch.setattr(fig5, "instances", lambda workspace: [run] * 20)
    seeds = np.arange(20)
    curves = {
        "trajectory_train_error": ((SEED, "record"), np.full((20, 3), 2e-4)),
        "trajectory_step": ((SEED, "record"), np.tile([10.0, 2000.0, 4000.0], (20, 1))),
        "predicted_train_plateau": (SEED, np.full(20, 1.9e-4)),
    }
    text = xr.Dataset(curves, coords={SEED: seeds})
    forever = Passage.never(0.3)
    never = replace(run, phases=replace(run.phases, t2=forever))
    monkeypatch.setattr(fig5, "with_l1", lambda workspace: [never] * 20)
    found = decided("fig5", fig5.evidence(Canned(first_steps=text)))
    assert found["fig5.floor"] is Verdict.corrected
    assert found["fig5.l1"] is Verdict.holds
    assert Verdict.undecided not in found.values()
    # Where the nuclear norm does not get there either, l1 is not to blame.
    monkeypatch.setattr(fig5, "with_l1", lambda workspace: [run] * 20)
    assert decided("fig5", fig5.evidence(Canned(first_steps=text)))["fig5.l1"] is Verdict.fails


# Figures 6 and 29 ---------------------------------------------------------------------------------


def test_t2_of_a_completion_is_near_its_proved_end_or_within_1e_4_of_it():
    steps = np.arange(1000.0)
    cells = xr.Dataset(
        {
            "trajectory_step": ("record", steps),
            "trajectory_test_error": (
                ("beta", SEED, "record"),
                1 / (steps + 1) * np.ones((2, 1, 1)),
            ),
        },
        coords={"beta": [1e-6, 1e-2], SEED: [0]},
    )
    end = xr.Dataset({"error": (("seed", "beta"), [[2e-3, 0.1]])}, coords={"seed": [0]})
    end = end.assign_coords(beta=[1e-6, 1e-2])
    found = completion_grid.settles(cells, end).isel({SEED: 0})
    # |1/(t + 1) - L| <= max(0.05 L, 1e-4): from t = 1/2.1e-3 - 1 and 1/0.105 - 1 on.
    assert found.sel(beta=1e-6) == np.ceil(1 / 2.1e-3 - 1)
    assert found.sel(beta=1e-2) == np.inf  # 1/10 alone is so near: no second record in a row
    low = completion_grid.settles(cells, end * 1e-3).values
    assert np.isinf(low).all()  # 1e-4 is out of reach of both


def test_the_grid_has_the_published_shape_at_the_full_size():
    full, quick = (STUDIES["fig6"].sweep("grid", size) for size in (False, True))
    assert full.shape == (6, 6, 20)
    assert quick.size < 20
    assert {quick.key(i) for i in range(quick.size)} <= {full.key(i) for i in range(full.size)}


def made_up(run, exponent):
    """Return what the sweeps of Figure 6 would say if t2 were c/(alpha beta) and the final error
    beta alpha^exponent; run is an instance of alpha = 0.1, beta = 1e-5."""
    draws, step = np.arange(20), np.geomspace(1, 1e6, 400)
    when = first_below(run.trajectory["step"].values, run.trajectory["test_error"].values, 1e-2)
    fall = np.where(step < when * 1e-2, 1.0, 1e-3)
    strong = xr.Dataset(
        {
            "trajectory_step": ((SEED, "beta", "record"), np.tile(step, (20, 2, 1))),
            "trajectory_test_error": ((SEED, "beta", "record"), np.tile(fall, (20, 2, 1))),
            "test_error": ((SEED, "beta"), np.full((20, 2), 1e-3)),
            "t1_low": ((SEED, "beta"), np.tile([100.0, np.nan], (20, 1))),
            "t1_high": ((SEED, "beta"), np.tile([100.0, np.nan], (20, 1))),
        },
        coords={SEED: draws, "beta": [1e-3, 1e-1]},
    )
    alpha = np.array([0.1, 1.0])
    t2 = when * 1e-6 / (alpha * 1e-2)
    ends = np.array([0, *(40 / (alpha * 1e-2))])
    stepped = xr.Dataset(
        {
            "t2_low": ((SEED, "alpha"), np.tile(t2, (20, 1))),
            "t2_high": ((SEED, "alpha"), np.tile(t2, (20, 1))),
            "trajectory_step": (
                (SEED, "alpha", "record"),
                np.tile(np.array([[0, e] for e in ends[1:]]), (20, 1, 1)),
            ),
            "trajectory_test_error": (
                (SEED, "alpha", "record"),
                np.tile(np.array([[1, 0.1 * a**exponent] for a in alpha]), (20, 1, 1)),
            ),
        },
        coords={SEED: draws, "alpha": alpha},
    )
    short = xr.Dataset({"test_error": (SEED, np.full(20, 0.5))})

    def proved(cases):  # the limit: an error of 10 beta, whatever alpha; 0.1 at beta = 1e-2
        return [[[10 * beta, beta, 1.0] for beta in case["betas"]] for case in cases]

    weaker = stepped.isel(alpha=1).drop_vars("alpha")
    for name in ("t2_low", "t2_high"):
        weaker[name] = 10 * weaker[name]  # beta = 1e-3
    return Canned(strengths=strong, stepped=stepped, outlier=short, table=proved, weaker=weaker)


def test_figure_6_decides_all_its_claims(run, monkeypatch):
    for module in (fig6, fig29):
        monkeypatch.setattr(module, "instances", lambda workspace: [run] * 20)
    found = decided("fig6", fig6.evidence(made_up(run, 0.0)))
    assert found["fig6.alpha"] is Verdict.holds
    assert found["fig6.beta"] is Verdict.holds
    assert found["fig6.error"] is Verdict.corrected
    assert found["fig6.bias"] is Verdict.holds
    assert found["fig6.outlier"] is Verdict.holds
    assert decided("fig6", fig6.evidence(made_up(run, 1.0)))["fig6.error"] is Verdict.holds
    assert decided("fig6", fig6.evidence(made_up(run, 0.5)))["fig6.error"] is Verdict.fails
    told = fig29.evidence(made_up(run, 0.0))
    assert set(decided("fig29", told).values()) == {Verdict.holds}


def test_the_law_names_its_error():
    rows = [{"alpha": 0.1, "beta": b, "t2": 1 / b, "error": b} for b in (1e-6, 1e-5)]
    assert plot_law(rows, error="distance").axes[1].get_ylabel() == "distance"
    assert plot_law(rows).axes[1].get_ylabel() == "final test error"
