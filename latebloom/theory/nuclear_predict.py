"""What the laws say of a low-rank experiment before it runs."""

import math

import numpy as np

from latebloom.core.errors import NotCovered
from latebloom.experiment.experiment import Experiment
from latebloom.methods import FISTA, ProximalGradient
from latebloom.problems import MatrixLeastSquares
from latebloom.problems.low_rank import LowRankProblem

from .facts import facts
from .intervals import add_passages, first_passages, middle
from .limits import limit, nuclear_strength
from .lower_bound import least_t2
from .prediction import MOMENTUM, UNKNOWN_LIMIT, Found

DELAY_IS_LOW = (
    "delay_paper, t2_paper: the paper's predictor ||A_hat - A*||/(alpha beta), too short on "
    "matrices: 200 completions of 10 x 10 matrices of rank 2 took 1.6 to 11 times as long "
    "(median 3.4)"
)


def predict_matrix(experiment: Experiment, found: Found, exact: bool) -> None:
    r"""Add what theorem C.40 and the flow in slow time say.

    - `rho_2`: $\max|1 - \alpha\lambda|$ over the non-zero eigenvalues of $X^\top X$.
    - `t1_paper`: $\lceil -\ln(1 + (1-\rho_2)\|X^\dagger(XA_0 - y^*)\|_F/(\alpha\beta\sqrt{\min(n_1,
      n_2)}))/\ln\rho_2\rceil$; a subgradient has norm at most $\sqrt{\min(n_1, n_2)}$, the printed
      bound takes $\sqrt{n_1n_2}$.
    - `delay_paper`: $\|\hat A - A^*\|_{2\to2}/(\alpha\beta)$.
    - `t1`, `t2`, `t2_proximal`, `s2`: from the first steps, and the flow in slow time.

    Source: arXiv 2506.05718, theorem 3.4 (C.40) and Figure 6.
    """
    data = experiment.data
    assert isinstance(data, MatrixLeastSquares)
    notes = found["notes"]
    if isinstance(data, LowRankProblem) and data.instance.rejected:
        k = data.instance.rejected
        notes.append(f"recoverable: {k} of {k + 1} draws were rejected before this instance")
    alpha, beta = nuclear_strength(experiment)
    found["stable"] = True
    momentum = isinstance(experiment.method, FISTA)
    try:
        f = facts(experiment)
        found |= {"rho_2": f.rho, "t1_paper": f.t1, "train_plateau": f.plateau}
        found["delay_paper"] = f.delay
        found["t2_paper"] = None if f.delay is None else f.t1 + math.ceil(f.delay)
    except NotCovered as reason:
        notes.append(MOMENTUM if momentum else f"rho_2, t1, delay, train_plateau: {reason}")
    _add_floors(experiment, found)
    if exact and not momentum:
        add_passages(experiment, found)
        if data.a_star is not None:
            found["t2_least"] = least_t2(experiment)
            _add_proximal(experiment, alpha * beta, found)


def _add_floors(experiment: Experiment, found: Found) -> None:
    """Add where the errors end, and whether that is generalization."""
    end, possible, notes = limit(experiment), found.get("recoverability"), found["notes"]
    low, high, goal = None, None, experiment.thresholds[1]
    if end is None:
        notes.append(UNKNOWN_LIMIT)
    else:
        low, a_star = end.test_least, experiment.data.a_star
        if end.test_error is not None and a_star is not None:
            high = end.test_error + end.radius / float(np.linalg.norm(a_star))
        if end.radius == 0:
            found |= {"train_floor": end.train_error, "test_floor": end.test_error}
        else:
            notes.append(
                "train_floor, test_floor: the run chatters, within a distance of "
                f"{end.radius:.3g}, about a point with the errors {end.train_error:.3g} and "
                f"{end.test_error or 0:.3g}"
            )
    if possible is None:
        return
    generalizes = None
    if high is not None and high <= goal:
        generalizes = True
    elif low is not None and low > goal:
        generalizes = False
        notes.append(f"t2: the test error ends at {low:.3g} or more, above {goal:.3g}")
    # In the limit beta -> 0 the run ends at the solution of the program.
    elif end is None and possible.recoverable is False and (possible.program_error or 0) > goal:
        generalizes = False
    if possible.recoverable is False:
        about = "t2: this instance cannot generalize" if generalizes is False else "recovery"
        notes.append(f"{about}: {possible.reason}")
    elif generalizes is None:
        notes.append(f"recovery: {possible.reason}")
    if generalizes is False:
        found["t2_paper"] = None
    elif found.get("t2_paper") is not None:
        notes.append(DELAY_IS_LOW)
    found["generalizes"] = generalizes


def _add_proximal(experiment: Experiment, rate: float, found: Found) -> None:
    """Add t2 of proximal gradient, whatever the horizon of the experiment."""
    t2, notes = found.get("t2"), found["notes"]
    if not isinstance(experiment.method, ProximalGradient):
        proximal = experiment.with_(method=ProximalGradient(experiment.method.alpha))
        try:
            t2 = middle(first_passages(proximal).t2)
        except NotCovered as reason:
            notes.append(f"t2_proximal, s2: {reason}")
            return
    if t2 is not None:
        notes.append("t2_proximal: from the flow in slow time, to 0.3 %")
        found |= {"t2_proximal": t2, "s2": t2 * rate}
