"""The reduced flow against the flow of the weights and its slow limit; the transition's law."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.optimize import root

import latebloom as lb
from latebloom.laws.constants.diagonal_flow import diagonal_flow
from latebloom_paper.others import kernel_to_rich as k2r


def weights_flow(X, y, gamma, beta, loss, stops):
    """u and v themselves, by an explicit Runge-Kutta method of order 8."""
    n = X.shape[1]

    def rate(_, theta):
        u, v = theta[:n], theta[n:]
        f = X @ (u**2 - v**2)
        force = y - f if loss == "squared" else y / (1 + np.exp(y * f))
        pull = 2 * X.T @ force / len(y)
        return np.concatenate([pull * u - beta * u, -pull * v - beta * v])

    t = np.asarray(stops) / beta
    start = np.full(2 * n, gamma)
    found = solve_ivp(rate, (0, t[-1]), start, method="DOP853", t_eval=t, rtol=1e-11, atol=1e-11)
    return found.y[:n].T, found.y[n:].T


@pytest.mark.parametrize("loss", ["squared", "logistic"])
@pytest.mark.parametrize(("gamma", "beta"), [(0.5, 0.3), (3.0, 0.2), (10.0, 0.05)])
def test_the_reduced_flow_is_the_flow_of_the_weights(rng, loss, gamma, beta):
    X = rng.standard_normal((4, 7))
    y = rng.standard_normal(4) if loss == "squared" else np.array([1.0, -1, -1, 1])
    stops = np.array([1e-3, 0.1, 1.0, 2.5, 4.0])
    u, v = weights_flow(X, y, gamma, beta, loss, stops)
    assert u * v == pytest.approx(np.tile(gamma**2 * np.exp(-2 * stops)[:, None], (1, 7)), rel=1e-7)
    tau, w = diagonal_flow(X, y, gamma, beta, loss, stops)
    assert tau[0] == 0
    assert not w[0].any()
    at = np.searchsorted(tau, stops)
    assert (tau[at] == stops).all()
    assert w[at] == pytest.approx(u**2 - v**2, abs=2e-5)


@pytest.mark.parametrize("kappa", [10.0, 0.1, 1e-3])
def test_a_vanishing_decay_follows_the_interpolants_of_least_entropy(rng, kappa):
    """As beta -> 0, w solves X w = y with w = kappa sinh(X^T nu) at every time."""
    X = rng.standard_normal((5, 9))
    y = X @ np.array([1.0, -1.0, 0, 0, 0, 0, 0, 0, 0])
    nu = np.zeros(5)
    for k in np.geomspace(1e3, kappa, 200):
        nu = root(lambda nu, k=k: X @ (k * np.sinh(X.T @ nu)) - y, nu, tol=1e-12).x
    gamma = 100.0
    stop = np.log(gamma) - np.log(kappa / 2) / 2
    w = diagonal_flow(X, y, gamma, 1e-9, "squared", np.array([stop])).w[-1]
    assert w == pytest.approx(kappa * np.sinh(X.T @ nu), abs=1e-5)


def test_the_times_of_transition_differ_from_the_law_by_a_constant():
    data = k2r.task("regression", 0)
    runs = [k2r.transition(data, g, b) for g, b in [(1e4, 1e-4), (1e4, 1e-8), (1e9, 1e-9)]]
    shift = [r.passage[0] - r.T for r in runs]
    assert max(shift) - min(shift) < 2e-3
    assert shift[0] > 1  # so T beta / log(gamma) is far from 1 at gamma = 1e4
    last = runs[-1]
    assert last.kernel[last.index(0.75 * last.T)] > 1 - 1e-9
    assert last.rich[last.index(1.25 * last.T)] > 1 - 1e-5
    assert last.quality[last.index(1.25 * last.T)] < 0.01 < 0.5 < last.quality[last.index(last.fit)]


def test_classification_generalizes_late_and_the_dense_rule_is_unlearned():
    for kind, better in [("classification", 1), ("dense", -1)]:
        r = k2r.transition(k2r.task(kind, 0), 1e6, 1e-6)
        early, late = (r.quality[r.index(share * r.T)] for share in (0.75, 1.25))
        assert better * (late - early) > 0.02
        assert r.fit < 1e-3 < 0.9 * r.T < r.passage[0] < 1.25 * r.T
        assert r.kernel[r.index(0.75 * r.T)] > 0.99


@pytest.mark.parametrize("kind", ["classification", "dense"])
def test_the_accuracy_is_that_of_a_sample(rng, kind):
    data = k2r.task(kind, 3)
    w = data.kernel.w
    labels = rng.choice([-1.0, 1.0], 40_000)
    X = rng.standard_normal((40_000, 100))
    if kind == "dense":
        X += 3 * labels[:, None] / 10
    else:
        labels = np.sign(X @ truth_of(data))
    assert data.quality(w[None])[0] == pytest.approx((np.sign(X @ w) == labels).mean(), abs=0.01)


def truth_of(data):
    """The truth is the vector of three signs that gets everything right."""
    found = np.zeros(100)
    for i in np.argsort(-np.abs(data.X.T @ data.y)):
        for sign in (-1.0, 1.0):
            trial = np.zeros(100)
            trial[i] = sign
            if data.quality(trial[None])[0] > 0.6:  # an angle of arccos(1/sqrt(3)), not of 90 deg
                found[i] = sign
    assert np.abs(found).sum() == 3
    return found


def test_the_slope_is_least_squares_within_groups():
    x = np.array([1.0, 2.0, 4.0, 7.0])
    one = [(float(a), 2 * float(a) + e) for a, e in zip(x, [0.1, -0.2, 0.0, 0.1], strict=True)]
    row = k2r.slope_row("slope", [one])
    (fit, _), cov = np.polyfit(x, [b for _, b in one], 1, cov=True)
    assert row.ours == pytest.approx(fit)
    half = 4.302652729911275 * np.sqrt(cov[0, 0])  # Student's t at 97.5% with two degrees
    assert f"{fit - half:.4f} to {fit + half:.4f}" in row.why
    moved = [(a, b + 5) for a, b in one]
    assert k2r.slope_row("slope", [one, moved]).ours == pytest.approx(fit)


def test_the_picture_shows_every_run():
    data = k2r.task("regression", 1)
    runs = [k2r.transition(data, gamma, 0.01) for gamma in (3.0, 100.0)]
    figure = k2r.picture({"regression": ("test error", runs)})
    left, middle, right = figure.axes
    # Two cosines each, the law, and two lines without points for the legend.
    assert len(left.lines) == 2 * len(runs) + 3
    assert len(middle.lines) == len(runs) + 1
    assert len(right.lines) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": 0.0}, "gamma = 0.0: must be a finite number > 0"),
        ({"beta": -1.0}, "beta = -1.0"),
        ({"loss": "square"}, "did you mean 'squared'"),
    ],
)
def test_bad_settings_are_one_clear_line(change, message):
    settings = {"gamma": 1.0, "beta": 1.0, "loss": "squared", **change}
    with pytest.raises(lb.InvalidInput, match=message):
        diagonal_flow(np.ones((1, 1)), np.ones(1), stops=np.ones(1), **settings)


@pytest.mark.slow
def test_the_small_study_has_the_law():
    calls = []
    result = k2r.study(True, lambda done, total: calls.append((done, total)))
    assert calls[-1][0] == calls[-1][1] == len(calls)
    slopes = {row.quantity: row.ours for row in result.rows if row.published == 1.0}
    assert slopes["regression: slope of beta T in log(gamma)"] == pytest.approx(1, abs=0.005)
    assert slopes["classification: slope of beta T in log(gamma)"] == pytest.approx(1, abs=0.1)
    assert all(isinstance(row.ours, float) for row in result.rows)
