"""What is known of a network before it is trained: t1 and t2 along the flow of gradient descent."""

from latebloom.core.progress import Progress
from latebloom.engines.flow_engine import NetworkFlowEngine
from latebloom.experiment.experiment import Experiment
from latebloom.methods import Adam

from .intervals import add_delay, add_passage
from .prediction import Found

# What is measured of AdamW, in place of a law: see the study networks-delay of latebloom_paper.
ADAMW = (
    "t2 of AdamW is known only roughly, as 1/(alpha beta), so it is not predicted; use SGD with "
    "the full batch"
)
LATER = "t1, t2: `latebloom predict`, lb.predict(experiment), follows the flow to find them"


def why_not(experiment: Experiment) -> str | None:
    """Return why no law gives t1 and t2 of a network, or None."""
    method = experiment.method
    if isinstance(method, Adam) and method.coupling == "decoupled":
        return ADAMW
    return NetworkFlowEngine().why_not(experiment)


def predict_network(
    experiment: Experiment, found: Found, exact: bool, progress: Progress | None
) -> None:
    """Add t1, t2, where the errors end, and the slow time of t2.

    **Arguments:**

    - `experiment`: a network.
    - `found`: the fields so far.
    - `exact`: whether the flow is followed; else only a reason against it is given.
    - `progress`: called with (gradients computed, gradients at most, a note).
    """
    notes, reason = found["notes"], why_not(experiment)
    if reason or not exact:
        notes.append(f"t1, t2: {reason}" if reason else LATER)
        return
    from .network_ahead import ahead_of  # loads JAX

    ahead = ahead_of(experiment, progress)
    if ahead.diverged:
        notes.append(f"t1, t2: {ahead.why('t2')}")
        return
    for name, passage in (("t1", ahead.t1), ("t2", ahead.t2)):
        add_passage(found, name, passage, ahead.why(name))
    add_delay(found)
    if found.get("t2") is not None:
        found["s2"] = found["t2"] * ahead.slow_time_per_step
    train, test = (e <= goal for e, goal in zip(ahead.errors, experiment.thresholds, strict=True))
    if ahead.at_rest:
        found |= {"train_floor": ahead.errors[0], "test_floor": ahead.errors[1]}
        above = found.get("t2") is not None and not test
        found |= {"memorizes": train, "generalizes": None if above else test}
        if above:
            notes.append("t2: the test error passes its threshold there, and ends above it")
        notes.append("train_floor, test_floor: where the flow rests; a saddle looks the same")
    else:
        found |= {"memorizes": train or None, "generalizes": test or None}
        notes.append("train_floor, test_floor: the flow was left before it came to rest")
    notes.append(f"t1, t2: along the flow of the method, with {ahead.gradients:,} gradients")
