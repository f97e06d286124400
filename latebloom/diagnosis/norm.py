r"""Is a late drop of the test error the decay of the norm, and nothing else?

The relative error of a linear model, $e = \|a - a^*\|/\|a^*\|$, differs from $\|a\|/\|a^*\|$ by
at most 1 (triangle inequality). While e is far above 1 it therefore IS the norm: a large start that
decays lowers it without any knowledge of $a^*$, down to about 1, which a = 0 has. That is the
grokking without understanding of arXiv:2506.05718, Figure 7.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from latebloom.core.line_fit import fit_line
from latebloom.core.passage import Curve, Steps

Answer = Literal["yes", "in part", "no", "cannot tell"]
# The power of the norm that a rescaling of a linear model gives: the error itself, its square.
POWER = {"error": 1.0, "loss": 2.0}
# The slope may differ by this fraction from the power. The l2 norm gives 1.00 where e >> 1; the
# last factor of 2 before e = 1 bends it by a tenth.
SLOPE = 0.15
# A power law of the norm leaves less than 2 % of the variance of the logarithm.
R2 = 0.98
# The norm's own decay must make up the drop, but for its last bend.
MOST = 0.8
# Below this fraction the norm is no explanation at all; between, it is a part of one.
LITTLE = 0.25


@dataclass(frozen=True)
class NormAnswer:
    """What the norm has to do with the drop of the test error between two steps.

    - `answer`: whether the drop is explained by the norm alone.
    - `sentence`: why, with the numbers.
    - `start`, `end`: the steps between which the drop happens.
    - `error_ratio`, `norm_ratio`: how many times smaller the error and the norm became.
    - `slope`, `r2`: of log error on log norm over the first nine tenths of the drop.
    - `share`: which part of the logarithm of the drop the norm accounts for.
    - `correlation`: of the curve and log norm.
    """

    answer: Answer
    sentence: str
    start: int | None = None
    end: int | None = None
    error_ratio: float | None = None
    norm_ratio: float | None = None
    slope: float | None = None
    r2: float | None = None
    share: float | None = None
    correlation: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """All fields, JSON-ready."""
        return asdict(self)


def norm_answer(
    k: Steps, e: Curve, norm: Curve, kind: str, after: int, threshold: float, least_drop: float
) -> NormAnswer:
    """Compare the drop of an error with the decay of a norm.

    **Arguments:**

    - `k`, `e`: (T,) steps and test errors, finite.
    - `norm`: (T,) at the same steps, positive.
    - `kind`: of the test column: `accuracy`, `error` or `loss`.
    - `after`: the drop is looked for from this step on.
    - `threshold`: of the test error.
    - `least_drop`: a drop is at least so many-fold.

    >>> k = np.arange(1000)
    >>> norm = 500 * np.exp(-k / 100)
    >>> norm_answer(k, np.hypot(norm, 0.9), norm, "error", 0, 1e-3, 3.0).answer
    'yes'
    """
    start = min(int(np.searchsorted(k, after)), len(k) - 1)
    top = start + int(np.argmax(e[start:]))
    level, last = float(e[top]), max(float(np.median(e[-3:])), 1e-300)
    what = "1 - accuracy" if kind == "accuracy" else "the test error"
    if level < least_drop * last:
        return NormAnswer(
            "cannot tell",
            f"from step {k[top]} on {what} falls {level / last:.3g}-fold, less than the "
            f"{least_drop:g}-fold of a drop: there is nothing to explain",
        )
    # The drop begins where the error leaves its highest level and ends where it reaches its last.
    a = top + int(np.flatnonzero(e[top:] >= 0.95 * level)[-1])
    b = top + int(np.argmax(e[top:] <= 1.05 * last))
    b = max(b, min(a + 1, len(k) - 1))
    error_ratio, norm_ratio = level / max(float(e[b]), 1e-300), float(norm[a] / norm[b])
    span = slice(a, b + 1)
    x, y = np.log(norm[span]), np.log(np.maximum(e[span], 1e-300))
    slope, r2 = _line(x, 1 - e[span] if kind == "accuracy" else y)
    r = None if slope is None or r2 is None else math.copysign(math.sqrt(r2), slope)
    facts: dict[str, Any] = {
        "start": int(k[a]),
        "end": int(k[b]),
        "error_ratio": error_ratio,
        "norm_ratio": norm_ratio,
        "correlation": r,
    }
    between = f"between the steps {k[a]} and {k[b]} the norm falls {norm_ratio:.3g}-fold"
    if norm_ratio < 1:
        between = f"between the steps {k[a]} and {k[b]} the norm grows {1 / norm_ratio:.3g}-fold"
    if kind == "accuracy":
        together = "" if r is None else f" (correlation of the accuracy with its logarithm {r:.2f})"
        return NormAnswer(
            "cannot tell",
            f"{between}{together}, but a rescaling of the weights of a homogeneous network without "
            "biases changes no prediction and so no accuracy: that both move together shows no "
            "cause",
            **facts,
        )
    share = POWER[kind] * math.log(norm_ratio) / math.log(error_ratio)
    # Its last tenth is where any drop bends into its plateau.
    steep = y >= y[-1] + 0.1 * (y[0] - y[-1])
    slope, r2 = _line(x[steep], y[steep])
    facts |= {"share": share, "slope": slope, "r2": r2}
    answer, why = _answer(kind, float(e[b]), threshold, share, slope, r2)
    fit = "" if slope is None else f", the slope of the logarithms is {slope:.3g} (R2 {r2:.3f})"
    return NormAnswer(answer, f"{between}, the error {error_ratio:.3g}-fold{fit}; {why}", **facts)


def _answer(
    kind: str, end: float, threshold: float, share: float, slope: float | None, r2: float | None
) -> tuple[Answer, str]:
    power = POWER[kind]
    what = "an error" if kind == "error" else "a squared error"
    if share < LITTLE:
        return "no", f"the norm accounts for {max(share, 0.0):.0%} of the drop"
    if slope is None or r2 is None or r2 < R2:
        why = f"the norm accounts for {share:.0%} of the drop, and is no power law of it"
        return "in part", why
    if abs(slope / power - 1) > SLOPE:
        return "cannot tell", (
            f"{what} of a linear model would follow the power {power:g} of a norm that only shrinks"
        )
    if end <= threshold or share < MOST:
        return "in part", (
            f"{what} of a linear model does that while its norm shrinks, which accounts for "
            f"{share:.0%} of the drop"
        )
    return "yes", (
        f"{what} of a linear model does that whenever a large norm shrinks, whatever it has "
        f"learned; the drop ends at {end:.3g}, above the threshold {threshold:.3g}"
    )


def _line(x: Curve, y: Curve) -> tuple[float | None, float | None]:
    """The slope of y on x and R2; None where there are too few points, or one does not move."""
    if len(x) < 4 or min(x.var(), y.var()) * len(x) < 1e-12:
        return None, None
    line = fit_line(x, y)
    return line.slope, line.r2
