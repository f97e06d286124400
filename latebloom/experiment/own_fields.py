"""Whether the fields of an experiment are of the right kind, each by itself."""

from typing import Any

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, shown
from latebloom.methods import Method
from latebloom.models import Model, Network
from latebloom.penalties import Penalty
from latebloom.problems import LeastSquares, Supervised

from .record import Record

KINDS = {"penalty": Penalty, "method": Method, "model": Model | Network, "record": Record}
# For messages.
SUCH_AS = {
    "penalty": "L1(1e-5)",
    "method": "ProximalGradient(0.1)",
    "model": "Linear()",
    "record": "Every(10)",
}
# The longest horizon: by then every mode with a rate above 10^-15 per step has died out.
MAX_STEPS = 10**15

# A label stands above tables and pictures; the settings of a command line are added to it.
MOST_NAME = 1000


def require_problem(problem: object) -> None:
    """Raise `InvalidInput` for what is no problem."""
    if not isinstance(problem, LeastSquares | Supervised):
        raise InvalidInput(
            f"problem = {shown(problem)}: must be a problem such as SparseRecovery or "
            "ModularArithmetic"
        )


def require(experiment: Any) -> None:
    """Raise `InvalidInput` for a part of another kind, or a number out of range.

    **Arguments:**

    - `experiment`: the experiment, with its defaults filled in.
    """
    for name, kind in KINDS.items():
        value = getattr(experiment, name)
        if not isinstance(value, kind) and not (name == "penalty" and value is None):
            such = SUCH_AS[name]
            if name == "method" and (callable(value) or hasattr(value, "update")):
                such += ', or lb.Optax(transformation, name="...") of an optax one'
            raise InvalidInput(f"{name} = {shown(value)}: must be a {name}, such as {such}")
    name = experiment.name
    if not isinstance(name, str) or len(name) > MOST_NAME:
        raise InvalidInput(f"name = {shown(name)}: must be text of at most {MOST_NAME} characters")
    if not name.isprintable():  # a terminal would obey an escape sequence
        raise InvalidInput(f"name = {shown(name)}: must be one line of printable characters")
    check.integer("steps", experiment.steps, low=1, high=MAX_STEPS)
    thresholds = experiment.thresholds
    if not isinstance(thresholds, tuple | list) or len(thresholds) != 2:
        raise InvalidInput(f"thresholds = {shown(thresholds)}: must be (train, test)")
    for name, value in zip(("train", "test"), thresholds, strict=True):
        check.real(f"thresholds ({name})", value, low=0, strict=True)
