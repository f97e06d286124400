"""The slow-time engine of least squares: the nuclear norm on matrices, and products of layers, at a
cost that does not grow with the delay."""

import math

from latebloom.core import schedules
from latebloom.core.errors import Unsupported
from latebloom.core.installed import lacking
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import (
    GradientDescent,
    ProjectedSubgradient,
    ProximalGradient,
    Subgradient,
)
from latebloom.models import Linear
from latebloom.penalties import Nuclear

from .base import Engine, register_engine
from .matrix_following import MatrixFollower
from .result import EngineResult, Records
from .threads import few_threads

METHODS = (ProximalGradient, Subgradient, ProjectedSubgradient)
# At full rank the Jacobian has (n1 n2)^2 entries and is factored a thousand times: 30 x 30 takes
# about two minutes, and the time grows with the third power of n1 n2.
MOST_ENTRIES = 1000
# Steps of the integrator in a bounded run; where the flow ends smoothly it takes a few thousand.
MOST_STRETCHES = 4000


class SlowEngine(Engine):
    r"""The flow in slow time of the nuclear norm: t2 in a bracket of at most 1 %.

    The first 2,000 steps are those of the method: what happens there, t1 as a rule, is exact. A t1
    beyond them is a bracket, of any width. The cost is a few thousand decompositions of
    $n_1 \times n_2$ matrices, whatever alpha beta is. It needs the linear model, a matrix unknown,
    the penalty `Nuclear` alone, and `ProximalGradient`, `Subgradient` or `ProjectedSubgradient`
    with constant alpha and beta.

    Products of layers have another flow, see `deep_flow`: they need `GradientDescent`, a
    differentiable penalty or none, and 20,000 steps come first.

    >>> import latebloom as lb
    >>> from latebloom.engines.slow import SLOW
    >>> e = lb.Experiment(
    ...     lb.MatrixCompletion(n1=7, n2=6, r=1, N=30, seed=1),
    ...     lb.Nuclear(1e-7),
    ...     lb.ProximalGradient(0.5),
    ...     steps=10**9,
    ...     thresholds=(1e-3, 1e-2),
    ... )
    >>> t2 = SLOW.run(e).t2
    >>> t2.kind, t2.high < 1.01 * t2.low
    ('bracketed', True)
    """

    name = "slow"
    closed_form = True

    def why_not(self, experiment: Experiment) -> str | None:
        """Return why the engine does not apply, or None if it does."""
        data, method, terms = experiment.data, experiment.method, experiment.terms
        if not isinstance(experiment.model, Linear):
            return _why_not_deep(experiment)
        if len(data.shape) != 2:
            return f"it needs a matrix problem, and the unknown has shape {data.shape}"
        if not data.a_hat.any():
            return "it needs data that depend on the unknown: here X^T y* = 0"
        if len(terms) != 1 or not isinstance(terms[0], Nuclear):
            return "it needs the penalty Nuclear, and no other"
        if not isinstance(method, METHODS):
            return "it needs ProximalGradient, Subgradient or ProjectedSubgradient"
        alpha, beta = schedules.constant(method.alpha), schedules.constant(terms[0].beta)
        if alpha is None or beta is None:
            return "it needs constant alpha and beta"
        if beta <= 0:
            return f"it needs beta > 0, and beta = {beta:g}"
        n1, n2 = data.shape
        if n1 * n2 <= MOST_ENTRIES or experiment.unstable():
            return experiment.unstable()
        return (
            f"its Jacobian has (n1 n2)^2 entries, and n1 n2 = {n1 * n2} is above {MOST_ENTRIES} "
            f"(choose an alpha beta, now {alpha * beta:g}, that stepping can wait for)"
        )

    def cost(self, experiment: Experiment) -> float:
        """Return ten seconds: some thousand decompositions, whatever the horizon."""
        return 10.0

    def exact(self, experiment: Experiment) -> bool:
        """Return False: t2 is a bracket."""
        return False

    def records(self, experiment: Experiment) -> Records:
        """Return `flow`."""
        return "flow"

    @few_threads
    def run(
        self,
        experiment: Experiment,
        progress: Progress | None = None,
        most: float = math.inf,
    ) -> EngineResult:
        """Simulate; `events` counts the singular value decompositions.

        A passage that the flow does not show clearly is censored, with a note. The run stops after
        `most` steps of the integrator.
        """
        if not isinstance(experiment.model, Linear):
            from .deep_flow import follow  # loads JAX

            return follow(experiment, progress)
        return MatrixFollower(experiment, progress, most).run()

    def run_bounded(self, experiment: Experiment) -> EngineResult:
        """Simulate for a bounded number of integrator steps; all but the hardest runs need fewer.

        **Raises:** `Unsupported` for products of layers, whose work grows with the horizon.
        """
        if not isinstance(experiment.model, Linear):
            raise Unsupported("products of layers are simulated up to a horizon, not predicted")
        return self.run(experiment, most=MOST_STRETCHES)


def _why_not_deep(experiment: Experiment) -> str | None:
    """Return why products of layers cannot be followed along their flow, or None."""
    method, terms = experiment.method, experiment.terms
    if not isinstance(method, GradientDescent | Subgradient):
        return f"of a product of layers it needs GradientDescent, not {type(method).__name__}"
    kinks = ", ".join(type(t).__name__ for t in terms if not t.differentiable)
    if kinks:
        return f"{kinks} on layers has kinks; it needs a differentiable penalty such as L2, or none"
    if None in map(schedules.constant, (method.alpha, *(t.beta for t in terms))):
        return "it needs constant alpha and beta"
    if experiment.data.a_star is None:
        return "it needs a problem with a known truth"
    return lacking(["jax"])


SLOW = register_engine(SlowEngine())
