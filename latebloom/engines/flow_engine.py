"""The engine `slow` of networks: the flow of gradient descent in place of its steps."""

import math
from typing import Any

from latebloom.core import schedules
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import SGD, Adam
from latebloom.penalties import OfNetwork

from .base import Engine, register_engine
from .result import Records
from .step_engine import seconds_per_update

# Rough seconds to compile the updates, the flow, and the search for passages; and what a gradient
# of the flow takes: so much, and this part of an update (17 to 400 microseconds were measured on
# networks of 240 to 13,800 parameters, a third off at most).
COMPILING, GRADIENT, PART = 8.0, 1e-5, 0.5
# First updates of most runs; and gradients over the square root of the steps, of all integrations:
# 1.6 to 9 were measured on smooth networks with squared loss, up to 50 under l1, 100 with ReLU.
UPDATES, GRADIENTS = 2000, 3.0
# Cross-entropy, which is not stiff, took 460 to 1,100, whatever the horizon.
FEW = 1000
USE = "use SGD with the full batch"


class NetworkFlowEngine(Engine):
    r"""Full-batch gradient descent and heavy ball at a cost that hardly grows with the delay.

    The first updates are those of the method, up to twice t1. Then it integrates the flow
    $d\theta/ds = -\nabla g/\beta - H$ in slow time, see `network_flow`: $s = \alpha\beta t/(1 - m)$
    for a penalty in the gradient, $s = \alpha\beta t$ for one that is decoupled or proximal.
    t1 is exact up to step 20,000, t2 a bracket of at most 2 %, or undecided with a reason.

    Source: Boursier, Pesme, Dragomir, arXiv 2505.20172, for smooth losses and beta to 0; Sommeijer,
    Shampine, Verwer, J. Comput. Appl. Math. 88 (1998), for the integrator.
    """

    name = "slow"
    networks = True
    needs = ("jax",)

    def why_not(self, experiment: Experiment) -> str | None:
        """Return why the engine does not apply, or None if it does."""
        method, terms = experiment.method, experiment.terms
        if type(method) is not SGD:
            if isinstance(method, Adam) and method.coupling == "coupled":
                return (
                    "in coupled Adam beta nearly cancels, because the gradient and its root mean "
                    f"square are both proportional to it, and no flow with beta describes it; {USE}"
                )
            return f"it follows gradient descent and heavy ball, not {type(method).__name__}; {USE}"
        for wrong, what, instead in (
            (method.batch is not None and method.batch < len(experiment.supervised.train.inputs),
             "the noise of minibatches moves parameters along with the penalty", "leave batch out"),
            (method.nesterov, "Nesterov's momentum has not been measured against its flow",
             "set nesterov = false"),
            (bool(method.transforms), "transforms change the gradient", "leave transforms out"),
            (method.sphere is not None, "the sphere has another flow", "leave sphere out"),
            (experiment.precision != "float64",
             f"it integrates a flow in double precision, and precision = {experiment.precision!r}",
             "set precision = 'float64'"),
            (schedules.constant(method.alpha) is None, "alpha follows a schedule",
             "set a constant alpha"),
        ):  # fmt: skip
            if wrong:
                return f"{what}; {instead}"
        return (
            self._against(experiment)
            if terms
            else ("without a penalty there is no slow time; add a penalty such as L2")
        )

    def _against(self, experiment: Experiment) -> str | None:
        """Return what is wrong with the penalty."""
        assert isinstance(experiment.method, SGD)
        coupling, terms = experiment.method.coupling, experiment.terms
        betas = [schedules.constant(term.beta) for term in terms]
        if None in betas:
            return "beta follows a schedule; set a constant beta"
        if not all(betas):
            return "beta = 0 leaves no slow time; set beta > 0"
        if coupling == "proximal":
            return None
        kinks = ", ".join(type(t).__name__ for t in terms if not t.differentiable)
        if not kinks:
            return None
        axes = {name: x.ndim for name, x in experiment.network_start.items()}
        smooth = OfNetwork(experiment.penalty, axes).no_prox() is not None
        instead = "use L2" if smooth else "set coupling = 'proximal'"
        return f"{kinks} has kinks, about which a {coupling} penalty chatters; {instead}"

    def cost(self, experiment: Experiment) -> float:
        """Return the time to compile, that of the first updates, and that of the gradients."""
        update = seconds_per_update(experiment)
        first = min(experiment.steps, UPDATES) * update
        return COMPILING + first + gradients_of(experiment) * (GRADIENT + PART * update)

    def exact(self, experiment: Experiment) -> bool:
        """Return False: t2 is a bracket."""
        return False

    def records(self, experiment: Experiment) -> Records:
        """Return `flow`."""
        return "flow"

    def run(
        self, experiment: Experiment, progress: Progress | None = None, checkpoint: Any = None
    ) -> Any:
        """Return the `TrainingResult` of one network.

        **Arguments:** `experiment` and `progress` as for every engine; `checkpoint`: a `Checkpoint`
        or None.
        """
        from .network_following import follow  # loads JAX

        return follow(experiment, progress, checkpoint)


def gradients_of(experiment: Experiment) -> float:
    """Return a rough guess of the gradients of all integrations: they grow as the square root of
    the steps that they stand for."""
    stiff = GRADIENTS * math.sqrt(experiment.steps)
    return min(stiff, FEW) if experiment.supervised.loss == "cross_entropy" else stiff


register_engine(NetworkFlowEngine())
