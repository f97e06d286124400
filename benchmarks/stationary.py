"""How often noise about a constant gets a verdict of change: curves that do nothing after step t1.

Each curve is an autoregression of order 1 about a level: an accuracy that has settled. The
constants of `latebloom.diagnosis.trends` and `passages` were set on other seeds.
"""

from collections import Counter
from pathlib import Path

import numpy as np

import latebloom as lb

from .timing import Row

# Verdicts that say that something changes.
WRONG = ("overfitting", "ungrokked", "still_improving")
COEFFICIENTS = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
# (records, level, standard deviation): three deviations below the threshold, so that the curve
# touches it by chance; one; in the middle; at chance.
KINDS = (
    (500, 0.92, 0.01),
    (150, 0.92, 0.01),
    (500, 0.94, 0.01),
    (200, 0.5, 0.03),
    (200, 0.01, 0.003),
)
CURVES = 1000
LIMIT = 0.05


def stationary(records: int, coefficient: float, seed: int) -> np.ndarray:
    """Return an autoregression of order 1 with variance 1, from its own law on."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(records)
    new = np.sqrt(1 - coefficient**2)
    for i in range(1, records):
        values[i] = coefficient * values[i - 1] + new * values[i]
    return values


def verdict(kind: tuple[int, float, float], coefficient: float, seed: int) -> str:
    """Return the verdict on one curve whose training accuracy is 1 from the start."""
    records, level, deviation = kind
    test = np.clip(level + deviation * stationary(records, coefficient, seed), 0, 1)
    train = np.where(np.arange(records) < 3, 0.3, 1.0)
    test[0] = min(0.01, test[0])
    steps = 100 * np.arange(records)
    return str(lb.diagnose(steps, train, test, kind="accuracy").verdict)


def measure(out: Path) -> list[Row]:
    """Count the wrong verdicts over `CURVES` curves, these divided evenly among the kinds."""
    rows = []
    for coefficient in COEFFICIENTS:
        found = Counter(
            verdict(KINDS[seed % len(KINDS)], coefficient, 1000 + seed) for seed in range(CURVES)
        )
        rate = sum(found[name] for name in WRONG) / CURVES
        detail = ", ".join(f"{name} {count}" for name, count in found.most_common())
        what = f"coefficient {coefficient:g}: overfitting, ungrokked, still_improving"
        rows.append(Row(what, rate, "of curves", f"<= {LIMIT:g}", rate <= LIMIT, detail))
    return rows
