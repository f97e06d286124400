r"""Intervals for t1 and t2 before a run, from the laws, calibrated on random experiments.

t1: in the row space gradient descent is a known geometric sequence, which the penalty disturbs by
about the plateau of the train error: the threshold is crossed where the sequence is within it. t2:
$(s_2 + \beta s_2')/(\alpha\beta)$; what that leaves out grows with the size of the correction and
towards the floor.
"""

import math

import numpy as np

from latebloom.core.errors import NotCovered
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.methods import ProjectedSubgradient, ProximalGradient, Subgradient

from .closed_form import first_below
from .facts import Facts
from .limits import constants
from .slow_path import slow_path
from .two_term_floor import final_error

Interval = tuple[int, int]
# The half-width of the interval in logarithms is SCALE times the sum of: LEAST, the fraction of the
# first correction in s2, three times the squared fraction of the floor in the threshold, and the
# inverse number of steps. Fitted on 200 random experiments so that nine of ten fall inside;
# `make bench ARGS=slow-time` measures the fraction on a thousand others.
SCALE, LEAST, OF_FLOOR = 0.75, 1e-5, 3.0
# So many steps early or late a run may meet the threshold: proximal gradient at the next whole
# step; subgradients chatter about their path; the projected ones follow the flow without a bias.
STEPS = {ProximalGradient: 1.0, Subgradient: 4.0, ProjectedSubgradient: 1.0}


def t1_interval(f: Facts, plateau: float) -> Interval | None:
    """Return steps between which the train error first passes its threshold, or None.

    **Arguments:**

    - `f`: the facts of an experiment in a vector.
    - `plateau`: the relative train error right after memorization.
    """
    goal = f.experiment.thresholds[0]
    if f.projected:
        return (0, 1)
    U, s, Vt = f.experiment.vector_data.svd
    y = f.data.y_star
    size = float(np.linalg.norm(y))
    outside = float(np.linalg.norm(y - U @ (U.T @ y))) / size
    moving = s * (Vt @ (f.start - f.fitted)) / size
    factor = 1 - f.alpha * s**2

    def error(t: int) -> float:
        return math.hypot(outside, float(np.linalg.norm(factor**t * moving)))

    early = first_below(error, goal + plateau)
    late = first_below(error, goal - plateau) if goal > plateau + outside else None
    return None if early is None or late is None else (early, late)


def t2_interval(experiment: Experiment) -> tuple[float, Interval]:
    """Return the middle and an interval that holds t2 in nine of ten cases, or raise `NotCovered`.

    **Arguments:**

    - `experiment`: with L1 alone, any of its methods but FISTA, and a ground truth.
    """
    truth = experiment.data.a_star
    if truth is None:
        raise NotCovered("it needs the ground truth")
    ball = truth, experiment.thresholds[1] * float(np.linalg.norm(truth))
    found = slow_path(experiment, ball).passage(*ball)
    if found is None:
        raise NotCovered("the path of the law does not come to the threshold")
    alpha, strengths = constants(experiment)
    beta, rate = strengths.l1, alpha * strengths.l1
    # A projected run has no bias: it stays among the interpolators.
    biased = not isinstance(experiment.method, ProjectedSubgradient)
    if found.s == 0:
        raise NotCovered("the test error is below its threshold as soon as the data are fitted")
    s = found.s + (beta * found.correction if biased else 0.0)
    fraction = abs(beta * found.correction / found.s) if biased else 0.0
    if not 0 < s < math.inf:
        raise NotCovered(
            "the correction of the law is as large as the law: beta is too large for it"
        )
    middle = s / rate
    if middle > MAX_STEPS:
        raise NotCovered(f"it would take more than {MAX_STEPS:.0e} steps")
    steps = STEPS.get(type(experiment.method), STEPS[Subgradient])
    near = floor_fraction(experiment, alpha) if biased else 0.0
    spread = SCALE * (LEAST + fraction + OF_FLOOR * near**2 + steps / max(middle, 1.0))
    # t2 is the next whole step.
    low, high = math.floor(middle * math.exp(-spread)), math.ceil(middle * math.exp(spread)) + 1
    return middle, (max(0, low), min(high, MAX_STEPS))


def floor_fraction(experiment: Experiment, alpha: float) -> float:
    """Return the floor of the test error over its threshold, 1 where it is not known."""
    end = final_error(experiment.with_(method=ProximalGradient(alpha)))
    return 1.0 if end is None else min(1.0, end / experiment.thresholds[1])
