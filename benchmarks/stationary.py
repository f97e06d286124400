"""How often noise about a constant gets a verdict of change: curves that do nothing after step t1.

Each curve is an autoregression of order 1 or 2 about a level: an accuracy that has settled. The
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
# Of order 2: one that forgets at two paces, one that swings, one that swings for long.
ORDER_2 = ((0.5, 0.3), (1.2, -0.5), (1.6, -0.8))
# (records, level, standard deviation): three deviations below the threshold, so that the curve
# touches it by chance; one; in the middle; at chance.
KINDS = (
    (500, 0.92, 0.01),
    (150, 0.92, 0.01),
    (500, 0.94, 0.01),
    (200, 0.5, 0.03),
    (200, 0.01, 0.003),
)
# Logs of one evaluation an epoch.
SHORT = ((30, 0.92, 0.01), (45, 0.94, 0.01), (60, 0.5, 0.03), (30, 0.5, 0.03), (60, 0.01, 0.003))
# Records before the first, over which an autoregression of order 2 forgets how it began.
WARM = 200
CURVES = 1000
LIMIT = 0.05


def stationary(records: int, coefficient: float | tuple[float, float], seed: int) -> np.ndarray:
    """Return an autoregression of order 1 or 2 with variance 1, from its own law on."""
    rng = np.random.default_rng(seed)
    if isinstance(coefficient, tuple):
        a, b = coefficient
        values = rng.standard_normal(WARM + records)
        for i in range(2, len(values)):
            values[i] += a * values[i - 1] + b * values[i - 2]
        # Of unit innovations, by the equations of Yule and Walker.
        variance = (1 - b) / ((1 + b) * ((1 - b) ** 2 - a**2))
        return values[WARM:] / np.sqrt(variance)
    values = rng.standard_normal(records)
    new = np.sqrt(1 - coefficient**2)
    for i in range(1, records):
        values[i] = coefficient * values[i - 1] + new * values[i]
    return values


def verdict(
    kind: tuple[int, float, float], coefficient: float | tuple[float, float], seed: int
) -> str:
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
    cases = [("", KINDS, coefficient) for coefficient in (*COEFFICIENTS, *ORDER_2)]
    cases += [
        ("30 to 60 records, ", SHORT, coefficient) for coefficient in (*COEFFICIENTS, *ORDER_2)
    ]
    for name, kinds, coefficient in cases:
        found = Counter(
            verdict(kinds[seed % len(kinds)], coefficient, 1000 + seed) for seed in range(CURVES)
        )
        rate = sum(found[word] for word in WRONG) / CURVES
        detail = ", ".join(f"{word} {count}" for word, count in found.most_common())
        shown = ", ".join(f"{x:g}" for x in np.atleast_1d(coefficient))
        what = f"{name}coefficient {shown}: overfitting, ungrokked, still_improving"
        rows.append(Row(what, rate, "of curves", f"<= {LIMIT:g}", rate <= LIMIT, detail))
    return rows
