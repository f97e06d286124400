"""Rescaled networks: the printed formulas against minimization and against networks."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

import latebloom as lb
from latebloom.laws.constants import rescaling
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.claim import Verdict
from latebloom_paper.book.workspace import Workspace
from latebloom_paper.networks import rescaling as paper

positive = st.floats(1e-3, 1e3)
degree = st.sampled_from([1, 2, 3, 0.5])


@given(positive, positive, degree)
def test_the_minimum_is_found_by_a_search(a, b, L):
    found = minimize_scalar(
        lambda s: np.log(a * np.exp(2 * s) + b * np.exp(-2 * L * s)),
        bracket=(-1.0, 1.0),
        tol=1e-12,
    )
    assert rescaling.least_scale(a, b, L) == pytest.approx(np.exp(found.x), rel=1e-5)
    assert rescaling.least_squared_norm(a, b, L) == pytest.approx(np.exp(found.fun), rel=1e-10)


@given(positive, positive, degree, st.floats(0.01, 100))
def test_the_value_is_that_at_the_minimizer_and_the_layers_are_balanced_there(a, b, L, away):
    at = rescaling.least_scale(a, b, L)
    least = rescaling.least_squared_norm(a, b, L)
    assert rescaling.squared_norm(a, b, L, at) == pytest.approx(least, rel=1e-12)
    assert a * at**2 == pytest.approx(L * b * at ** (-2 * L), rel=1e-12)
    assert rescaling.squared_norm(a, b, L, at * away) >= least * (1 - 1e-12)


@pytest.mark.parametrize("L", [1, 2])
@pytest.mark.parametrize("scale", [1e-3, 0.3, 7.0, 1e3, 2.0**9])
def test_a_rescaled_network_is_the_same_function(rng, L, scale):
    A, B, x = (rng.standard_normal(shape) for shape in [(6, 4), (2, 6), (4, 30)])
    A_, B_ = rescaling.rescale(A, B, scale, L)
    before, after = (Q @ np.maximum(P @ x, 0) ** L for P, Q in ((A, B), (A_, B_)))
    assert np.abs(after - before).max() <= 1e-14 * np.abs(before).max()
    assert np.log2(scale) % 1 != 0 or (after == before).all()  # powers of two do not round
    norm = (A_**2).sum() + (B_**2).sum()
    law = rescaling.squared_norm(float((A**2).sum()), float((B**2).sum()), L, scale)
    assert law == pytest.approx(norm, rel=1e-12)


@given(positive, positive, degree, st.floats(1.5, 1e4))
def test_the_norm_grows_as_asked_on_both_sides(a, b, L, growth):
    low, high = rescaling.scales_of_norm(a, b, L, growth)
    assert low < rescaling.least_scale(a, b, L) < high
    least = rescaling.least_squared_norm(a, b, L)
    for scale in (low, high):
        assert rescaling.squared_norm(a, b, L, scale) >= growth**2 * least * (1 - 1e-12)


def test_the_study_moves_the_norm_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "SEEDS", 3)
    with (
        ThreadPoolExecutor(1) as executor,
        Workspace(tmp_path / "s", executor=executor) as workspace,
    ):
        result = paper.reproduce(workspace)
        workspace.begin("again")
        again = paper.reproduce(workspace)
        assert (workspace.account.total, workspace.account.fresh) == (1, 0)
    assert again.evidence == result.evidence
    assert {claim.id: claim.decide(result.evidence) for claim in STUDIES["rescaling"].claims} == {
        claim.id: Verdict.holds for claim in STUDIES["rescaling"].claims
    }
    ours = {row.quantity: row.ours for row in result.rows}
    for name in ("ReLU (L = 1)", "square (L = 2)"):
        assert ours[f"{name}: norm / least norm, small lambda"] >= 1000
        assert ours[f"{name}: norm / least norm, large lambda"] >= 1000
        assert ours[f"{name}: largest |norm/law - 1|"] < 1e-14
        assert ours[f"{name}: largest change of a prediction"] < 1e-14
        assert ours[f"{name}: the same, lambda = 2^-8..2^8"] == 0
        assert 0.01 < ours[f"{name}: relative test error"] < 0.5  # it has learned something
        assert ours[f"{name}: its relative change over all lambda"] < 1e-13
    assert all(type(row.ours) is float for row in result.rows)
    assert len(result.figure.axes) == 4


def test_the_measured_numbers_notice_a_wrong_law(monkeypatch):
    right = paper.of_network("square", 1, 41)
    monkeypatch.setattr(paper, "rescale", lambda A, B, scale, L: (scale * A, B / scale))
    wrong = paper.of_network("square", 1, 41)
    bands = {claim.id: claim.test for claim in STUDIES["rescaling"].claims}
    for claim in ("function", "minimum", "value", "diverges"):
        high = bands[f"rescaling.{claim}"].high
        assert right[f"rescaling.{claim}"] <= high < wrong[f"rescaling.{claim}"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rescaling.squared_norm(0.0, 1.0, 1, 1.0), "a = 0.0: must be a finite number > 0"),
        (lambda: rescaling.least_scale(1.0, -1.0, 1), "b = -1.0"),
        (lambda: rescaling.least_squared_norm(1.0, 1.0, 0), "L = 0"),
        (lambda: rescaling.rescale(np.ones((1, 1)), np.ones((1, 1)), 0.0, 1), "scale = 0.0"),
        (lambda: rescaling.scales_of_norm(1.0, 1.0, 1, 1.0), "growth = 1.0"),
    ],
)
def test_bad_arguments_are_one_clear_line(call, message):
    with pytest.raises(lb.InvalidInput, match=message):
        call()
