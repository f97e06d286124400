"""Laws about the slow time of networks, against training and against plain NumPy."""

from typing import Any

import numpy as np
import pytest
from flow_problems import DIAGONAL, START, X, addition, diagonal, teacher_student

import latebloom as lb
from latebloom.laws import LAWS
from latebloom.laws.network_time import limit_of, smallest_curvature
from latebloom.penalties import scaled

SLOW, ENTROPY, LIMIT = (
    LAWS[name]
    for name in (
        "slow time of a network",
        "slow time under cross-entropy",
        "flow on the interpolators",
    )
)


@pytest.fixture(scope="module")
def trained() -> lb.Run:
    return lb.simulate(diagonal(), engine="step", refine=True)


def test_half_of_alpha_takes_twice_as_long(trained):
    found: Any = SLOW.check(trained)
    assert str(found.verdict) == "holds"
    low, high = found.promise.low, found.promise.high
    assert low < 5876 < high < 1.02 * low  # the step of training itself
    # Nothing but the time is in it: a run that is a tenth late violates it.
    assert found.promise.slack(5876 * 1.1) < 0
    blurred = lb.simulate(diagonal(), engine="step")
    assert "refine=True" in SLOW.check(blurred).why


def test_the_smallest_curvature_is_that_of_the_jacobian():
    N = DIAGONAL[1]
    A = X[:N].astype(np.float32).astype(float)
    J = np.concatenate([A * START["v"], A * START["u"]], axis=1)
    least = np.linalg.eigvalsh(2 / N * J @ J.T)[0]
    assert smallest_curvature(diagonal(), START) == pytest.approx(least, rel=1e-8)


def test_the_limit_is_refused_where_beta_is_not_small(trained):
    found: Any = LIMIT.check(trained)
    assert str(found.verdict) == "vacuous"
    assert "the limit is bad" in found.why
    assert limit_of(diagonal()).ratio > 1


def test_the_limit_is_good_where_beta_is_small():
    run = lb.simulate(diagonal(1e-3), engine="slow")
    found: Any = LIMIT.check(run)
    assert str(found.verdict) == "holds"
    assert found.measured == pytest.approx(found.promise.low, rel=0.01)
    assert limit_of(diagonal(1e-3)).ratio < 0.5


def test_what_a_law_is_not_about():
    adam = diagonal().with_(method=lb.Adam(1e-3))
    for law, experiment, words in (
        (SLOW, adam, "in coupled Adam beta nearly cancels"),
        (SLOW, lb.load("fig3"), "about networks"),
        (ENTROPY, diagonal(), "about cross-entropy"),
        (LIMIT, addition(loss="cross_entropy"), "about the squared loss"),
    ):
        assert words in law.assumptions(experiment)[0].what
        assert law.predict(experiment) is None


def test_a_rectified_network_has_no_such_limit():
    relu = teacher_student("relu")
    first = next(iter(LIMIT.hypotheses(relu)))
    assert first.state == "fails"


def test_cross_entropy_needs_a_weak_penalty():
    (found,) = ENTROPY.assumptions(addition(loss="cross_entropy"))
    assert (found.state, found.number) == ("fails", pytest.approx(np.log(1e3)))


@pytest.mark.slow
def test_cross_entropy_is_a_straight_line_in_the_inverse_logarithm():
    # Seeds that no constant of the law was chosen on.
    for seed in (2, 3):
        e = addition(11, loss="cross_entropy", penalty=lb.L2(1e-5), alpha=0.3)
        e = e.with_(**{"problem.seed": seed})
        promise: Any = ENTROPY.predict(e)
        from latebloom.theory.network_ahead import ahead_of

        passed = ahead_of(e, brackets=False).passed
        assert promise.slack(passed) >= 0
        assert promise.tolerance < 0.12


def test_all_strengths_are_scaled():
    both = lb.On(lb.L2(1e-2), "u") + lb.On(lb.L2(1e-3), "v")
    assert [t.beta for t in scaled(both, 0.1).terms] == pytest.approx([1e-3, 1e-4])
