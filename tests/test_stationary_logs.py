"""Noise about a constant is no change; a change is seen in the same noise."""

import numpy as np
import pytest

import latebloom as lb
from benchmarks.stationary import ORDER_2, SHORT, WRONG, stationary, verdict
from latebloom.diagnosis.noise import measure

SEEDS = range(12)
ORDER_2_KINDS = (*SHORT[:2], (300, 0.92, 0.01), (200, 0.5, 0.03))


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("kind", [(300, 0.92, 0.01), (300, 0.945, 0.01), (200, 0.5, 0.03)])
def test_noise_gets_no_verdict_of_change(kind, coefficient):
    found = [verdict(kind, coefficient, seed) for seed in SEEDS]
    assert sum(name in WRONG for name in found) <= 1, found


@pytest.mark.parametrize("coefficient", ORDER_2)
def test_noise_of_order_2_gets_no_verdict_of_change(coefficient):
    wave = stationary(20_000, coefficient, 0)
    a, b = coefficient
    # The first autocorrelation of Yule and Walker, and unit variance.
    assert np.corrcoef(wave[1:], wave[:-1])[0, 1] == pytest.approx(a / (1 - b), abs=0.03)
    assert wave.std() == pytest.approx(1, rel=0.1)
    found = [verdict(kind, coefficient, seed) for seed in range(6) for kind in ORDER_2_KINDS]
    assert sum(name in WRONG for name in found) <= 2, found


@pytest.mark.parametrize("coefficient", [0.0, 0.8])
def test_noise_in_short_logs_gets_no_verdict_of_change(coefficient):
    found = [verdict(kind, coefficient, seed) for seed in range(5) for kind in SHORT]
    assert sum(name in WRONG for name in found) <= 2, found


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.8])
def test_a_change_is_seen_in_the_noise(coefficient):
    n = 400
    steps = 100 * np.arange(n)
    train = np.where(np.arange(n) < 3, 0.3, 1.0)
    for changed, name in (
        (0.5 + 0.3 * np.arange(n) / n, "still_improving"),
        (0.7 - 0.3 * np.clip(np.arange(n) - 100, 0, None) / n, "overfitting"),
        (np.where(np.arange(n) < 200, 0.2, 0.98), "grokked"),
        (np.where(np.arange(n) < 100, 0.2, np.where(np.arange(n) < 250, 0.98, 0.7)), "ungrokked"),
    ):
        noise = [0.01 * stationary(n, coefficient, seed) for seed in SEEDS]
        found = [
            str(lb.diagnose(steps, train, np.clip(changed + one, 0, 1), kind="accuracy").verdict)
            for one in noise
        ]
        assert found.count(name) >= len(SEEDS) - 1, (name, found)


@pytest.mark.parametrize("coefficient", [0.0, 0.5, 0.9])
def test_the_standard_error_of_a_mean_is_that_of_many_curves(coefficient):
    curves = np.array([stationary(400, coefficient, seed) for seed in range(300)])
    truth = curves[:, :50].mean(axis=1).std()
    found = [float(measure(np.arange(400), curve).of_mean(50)) for curve in curves[:100]]
    # 300 curves give the standard deviation to 4 %, a hundred estimates their median as well.
    assert np.median(found) == pytest.approx(truth, rel=0.2)


def test_noise_about_a_constant_is_no_late_generalization():
    """A curve that never rises does not "generalize in part", whatever its record at t1 is."""
    step = np.arange(0, 20_001, 100)
    train = 1 / (1 + np.exp(-(step - 500) / 60))
    for seed in range(40):
        test = 0.3 + 0.05 * np.random.default_rng(seed).standard_normal(len(step))
        found = lb.diagnose(step, train, test, kind="accuracy")
        assert found.verdict == "memorized_only"
        assert "in part" not in " ".join((found.advice, *found.reasons)), seed
