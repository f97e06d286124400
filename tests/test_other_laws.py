"""Ridge regression and linear estimators of other groups, against plain loops and spectra."""

import math

import numpy as np
import pytest
from other_law_helpers import LAWS, descend, ridge
from scipy.special import ive

import latebloom as lb
from latebloom.laws.constants import marchenko_pastur as mp
from latebloom.laws.finding import Verdict
from latebloom.laws.linear_estimators import accuracy, closed_form
from latebloom.laws.ridge_bounds import RIDGE_BOUNDS
from latebloom_paper.others import (
    linear_estimators,
    ridge_bounds,
)

# Ridge regression --------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_times_are_those_of_a_loop_and_the_bounds_hold_on_it(seed):
    experiment = ridge(seed)
    train, test = descend(experiment, 4000)
    t1, t2 = int(np.argmax(train <= 0.01)), int(np.argmax(test <= 0.01))
    run = lb.simulate(experiment, engine="spectral")
    assert (run.phases.t1.step, run.phases.t2.step) == (t1, t2)
    # Equation (8) by hand.
    eigenvalue = np.linalg.svd(experiment.problem.X)[1][-1] ** 2
    nu2, size = np.mean(experiment.start**2), np.sum(experiment.problem.X**2)
    late = math.log(14 * 120 * nu2 * size / 0.01) / (2 * eigenvalue)
    early = math.log(110 * nu2 / (8 * 120 * 0.01)) / (2.02 * 1e-3)
    for name, end in (("ridge t1", late), ("ridge t2", early)):
        found = LAWS[name].check(run)
        assert found.promise.value == pytest.approx(end)
        assert found.verdict == Verdict.holds
    for name in ("ridge t2, any threshold", "ridge t2, kernel"):
        assert LAWS[name].check(run).verdict == Verdict.holds
    assert np.max(np.flatnonzero(train > 0.01)) <= late
    assert np.min(np.flatnonzero(test <= 0.01)) >= early


def test_beyond_the_zero_function_equation_8_promises_nothing():
    experiment = ridge(0, teacher=1.5)  # its loss 1.5^2/120 is above the threshold
    found = LAWS["ridge t2"].check(lb.simulate(experiment))
    assert found.verdict == Verdict.vacuous
    assert "the zero function passes" in found.why
    assert LAWS["ridge t2, any threshold"].check(lb.simulate(experiment)).verdict == Verdict.holds


@pytest.mark.parametrize("decay", [1e-2, 1e-4, 1e-6])
def test_bounds_hold_on_many_random_problems(decay):
    for seed in range(8):
        m = (120, 200, 400)[seed % 3]
        run = lb.simulate(ridge(seed, n=5 + 5 * seed, m=m, decay=decay, nu2=(0.5, 3.0)[seed % 2]))
        for law in RIDGE_BOUNDS:
            assert law.check(run).verdict in (Verdict.holds, Verdict.vacuous)
        assert LAWS["ridge t2, kernel"].check(run).verdict == Verdict.holds


def seen(seed, **setting):
    """Run and measure the source's own setting."""
    return ridge_bounds.seen(ridge_bounds.instance(seed, **setting))


def test_published_medians_come_out_with_the_source_convention_only():
    rows = ridge_bounds.convention_rows(range(5), seen)
    near = [abs(row.difference) <= 0.05 for row in rows]
    assert near[:2] == [True, True]
    assert near[2:6] == [False, True, True, False]


def test_a_start_that_hides_nothing_in_the_kernel_fails_its_assumption():
    experiment = ridge(0)
    Vt = experiment.problem.svd.Vt
    inside = experiment.with_(init=np.array(Vt.T @ (Vt @ experiment.start)))
    found = LAWS["ridge t2, any threshold"].check(lb.simulate(inside))
    assert found.verdict == Verdict.vacuous
    assert "a random start" in found.why
    strong = LAWS["ridge t1"].assumptions(ridge(0, decay=0.5))
    assert [a.state for a in strong][:2] == ["holds", "fails"]
    assert "a small lambda" in str(strong[1])


# Linear estimators -------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [0.2, 0.9, 1.0, 1.5])
def test_the_law_of_the_eigenvalues_is_that_of_sampled_ones(rng, ratio):
    d = 600
    x = rng.standard_normal((round(d / ratio), d))
    values = np.linalg.eigvalsh(x.T @ x / len(x))
    assert mp.distance(values, ratio) < 5 / d
    assert mp.distance(values * 1.3, ratio) > 20 / d
    for tau in (0.0, 0.5, 5.0):
        train, test = mp.losses(ratio, tau)
        assert train[0] == pytest.approx(np.mean(values * np.exp(-tau * values)), rel=0.03)
        assert test[0] == pytest.approx(np.mean(np.exp(-tau * values)), rel=0.03)


def test_the_training_loss_is_the_bessel_function():
    tau, ratio = np.array([0.1, 3.0, 200.0, 1e4]), 0.9
    z = 2 * tau * np.sqrt(ratio)  # equation (9): e^(-tau (1 + lambda)) I_1(z)/(z/2)
    exact = ive(1, z) * np.exp(-tau * (1 - np.sqrt(ratio)) ** 2) / (z / 2)
    assert mp.losses(ratio, tau)[0] == pytest.approx(exact, rel=1e-9)
    # At lambda = 1 the test loss is known too: e^(-2 tau) (I_0 + I_1)(2 tau).
    exact = ive(0, 2 * tau) + ive(1, 2 * tau)
    assert mp.losses(1.0, tau)[1] == pytest.approx(exact, rel=1e-9)


def test_the_closed_form_is_the_limit_of_ever_smaller_thresholds():
    ratios = []
    for level in (1e-4, 1e-40, 1e-250):
        times = [mp.passage(0.5, level, test) for test in (False, True)]
        ratios.append((times[1] - times[0]) / closed_form(0.5, 1.0))
    assert ratios == sorted(ratios)
    assert 0.5 < ratios[0] < 0.7
    assert ratios[-1] == pytest.approx(1, abs=0.01)


def test_the_scatter_of_the_delay_is_that_of_sampled_students(rng):
    ratio, d, level = 0.5, 400, 1e-2
    nu, weight, _ = mp.spectrum(ratio)
    order = np.argsort(nu)
    values = np.interp((np.arange(d) + 0.5) / d, np.cumsum(weight[order]), nu[order])
    tau = np.linspace(0, 60, 3001)
    decay = np.exp(-np.outer(values, tau))
    delays = []
    for _ in range(200):
        z = rng.standard_normal(d) ** 2 / d
        first = tau[np.argmax((z * values) @ decay <= level)]
        delays.append(tau[np.argmax(z @ decay <= level)] - first)
    times = tuple(mp.passage(ratio, level, test) for test in (False, True))
    assert np.mean(delays) == pytest.approx(times[1] - times[0], rel=0.1)
    assert np.std(delays) == pytest.approx(mp.scatter(ratio, times, d)[0], rel=0.2)


def test_a_linear_estimator_keeps_its_laws_and_a_loop_agrees():
    experiment = linear_estimators.instance(1, 0.3, d=200)
    train, test = descend(experiment, 800)
    run = lb.simulate(experiment)
    level = linear_estimators.LEVEL
    # The training loss is halved in the library: X^T X is twice the covariance.
    assert run.phases.t1.step == np.argmax(train <= level)
    assert run.phases.t2.step == np.argmax(test * 200 <= level)
    assert LAWS["linear estimator delay"].check(run).verdict == Verdict.holds
    printed = LAWS["linear estimator delay, closed form"].check(run)
    assert printed.verdict == Verdict.vacuous
    assert "leaves out" in printed.why
    assert LAWS["linear estimator accuracy"].check(run).verdict == Verdict.holds


def test_accuracy_is_that_of_fresh_examples_and_the_printed_two_is_too_many(rng):
    D = rng.standard_normal(50)
    x = rng.standard_normal((50_000, 50))
    loss, cut = float(D @ D), 20.0
    share = np.mean((x @ D) ** 2 <= cut)
    assert accuracy(loss, cut) == pytest.approx(share, abs=0.01)
    assert accuracy(0.0, cut) == 1


def test_the_plateau_is_half_the_printed_one():
    runs = [
        lb.simulate(linear_estimators.instance(seed, 0.5, d=200, gamma=1e-2)) for seed in range(6)
    ]
    train, test = np.mean(
        [[loss[-1] for loss in linear_estimators.both_losses(r)] for r in runs], axis=0
    )
    assert train == pytest.approx(1e-4 / (8 * 0.5), rel=0.1)  # printed: 1e-4/(4 (1 - lambda))
    assert test == pytest.approx(1e-4 / (8 * 0.5**3), rel=0.3)
    run = runs[0]
    data = run.experiment.vector_data
    ridge_solution = np.linalg.solve(data.X.T @ data.X + 1e-2 * np.eye(200), data.X.T @ data.y_star)
    test = linear_estimators.both_losses(run)[1][-1]
    assert test == pytest.approx(np.sum((ridge_solution - data.a_star) ** 2), rel=1e-6)
