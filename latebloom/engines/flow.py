"""What a flow is that stands for the updates of a method, and its scales of time."""

from typing import Any, NamedTuple

from .chebyshev import Field


class Rates(NamedTuple):
    """The scales of time of a run.

    - `a`: flow time tau per step.
    - `alpha`, `limit`: the step size, and the largest alpha rho at which the method is stable.
    - `memory`: c, what the momentum and the steps remember, in flow time.
    - `beta`: the largest strength in the flow: slow time s per flow time tau.
    - `weakest`: the smallest one, which has to act before the flow can be at rest.
    - `share`: the strength of the penalty in the flow over its strength in the experiment.
    """

    a: float
    alpha: float
    limit: float
    memory: float
    beta: float
    weakest: float
    share: float = 1.0


class Flow(NamedTuple):
    """The compiled functions of a flow; its arguments are always the last of theirs.

    - `field`: the derivative, to which `arguments.push` is added.
    - `carried`: the gradient that the momentum remembers, of the unknown.
    - `params`: the parameters, of the unknown.
    - `begin`: the unknown, of parameters.
    - `errors`: the training and the test error, of the unknown.
    """

    field: Field
    carried: Any
    params: Any
    begin: Any
    errors: Any
