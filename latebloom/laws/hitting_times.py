r"""Hitting times of levels: by which step an error that depends on $\eta$ is reached.

Theorems C.29, C.39 and C.40 say that for every $\eta > 0$ a level is reached "if and only if" $t
\ge t_1 + \Delta t$, $\Delta t = \|a_{t_1} - a^*\|^2/(\alpha\beta\eta)$. What is proved is that the
level is reached by then; the converse is false.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, Point

from .finding import Measurement, Promise
from .law import Law, Measure, Undecided
from .measures import records

# In units of the regularization strength.
ETAS = (0.01, 0.1, 1.0, 10.0)
QUANTITY = "hitting time / (t1 + Delta t)"
# Context and iterates to the errors of the iterates, and to the level as a function of eta.
Errors = Callable[[Any, Point], tuple[np.ndarray, Callable[[float], float]]]


def hitting_ratio(
    errors: Errors, extreme: Callable[[list[float]], float], facts: Callable[[Any], Facts]
) -> Measure:
    r"""Return the measurement of the extreme hitting time of `errors` over $t_1 + \Delta t$.

    `extreme` is `max` or `min` over the levels that the records decide.
    """

    def measure(run: Run, context: Any) -> Measurement:
        f = facts(context)
        steps, points = records(run, f.t1)
        values, level = errors(context, points)
        far, rate = float(((points[0] - f.truth) ** 2).sum()), f.alpha * f.beta
        if steps[0] == far == 0:
            raise Undecided(
                "the run starts at the truth: every level is reached at step 0, as promised"
            )
        found = []
        for eta in ETAS:
            reached = np.flatnonzero(values <= level(eta))
            bound = int(steps[0]) + far / (rate * eta)
            if reached.size:
                i = int(reached[0])
                # Between two records the level may have been reached at any step.
                early = extreme is max and i > 0
                found.append(float(steps[i - 1] + 1 if early else steps[i]) / bound)
            elif steps[-1] >= bound:
                found.append(math.inf)
        if not found:
            raise Undecided("the run ends before the time by which a level must be reached")
        return Measurement(extreme(found), f"{len(found)} levels eta")

    return measure


def hitting_time_laws(
    names: tuple[str, str],
    level: str,
    errors: Errors,
    source: str,
    changed: str = "",
    facts: Callable[[Any], Facts] = lambda f: f,
    **common: Any,
) -> tuple[Law, Law]:
    """Return two laws on a level: it is reached in time (corrected), and not before (printed).

    **Arguments:**

    - `names`: of the two laws.
    - `level`: the inequality, in symbols.
    - `errors`: what must reach its level.
    - `source`: of the printed law; `changed`: what the corrected one changes besides.
    - `facts`: context to the facts of the experiment.
    - `common`: the other arguments of both laws.
    """
    common = {**common, "erratum": "E-01"}
    return (
        Law(
            name=names[0],
            statement=f"{level} by t1 + ||a(t1) - a*||^2/(alpha beta eta), for every eta > 0",
            source=source + changed,
            status="corrected",
            promise=Promise(QUANTITY, high=1.0),
            measure=hitting_ratio(errors, max, facts),
            **common,
        ),
        Law(
            name=names[1],
            statement=f"{level} not before t1 + Delta t ('if and only if')",
            source=source,
            status="printed",
            promise=Promise(QUANTITY, low=1.0),
            measure=hitting_ratio(errors, min, facts),
            **common,
        ),
    )
