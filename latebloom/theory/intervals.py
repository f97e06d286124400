r"""First passages before a run, by the engines whose cost does not grow with the delay.

Expansions in beta have no small parameter near the floor, for alphas and thresholds at which single
steps count, or where least squares leaves small entries; so none is used. What is predicted is what
the engine gives that follows this very method: to the step where it is exact, else a bracket whose
margin is measured, see the documentation, page "Predictions".
"""

from dataclasses import dataclass

from latebloom.core.errors import NotCovered, Unsupported
from latebloom.core.phases import Passage
from latebloom.engines.jump import JUMP
from latebloom.engines.proximal_jump import work_limit
from latebloom.engines.slow import MOST_STRETCHES, SLOW
from latebloom.engines.spectral import SPECTRAL
from latebloom.experiment.experiment import MAX_STEPS, Experiment
from latebloom.experiment.record import At
from latebloom.problems import MatrixLeastSquares

from .prediction import Found


@dataclass(frozen=True)
class FirstPassages:
    """The first passages of an experiment, whatever its horizon.

    **Fields:** `t1`, and `t2`, which is None without a ground truth; `stopped`, why the engine did
    not go on for ever, "" if it did.
    """

    t1: Passage
    t2: Passage | None
    stopped: str = ""


def first_passages(experiment: Experiment) -> FirstPassages:
    """Return t1 and t2 of an experiment.

    **Arguments:**

    - `experiment`: of least squares, to which the laws apply; its horizon does not matter.

    **Raises:** `NotCovered` where no engine has a closed form.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(seed=1, s=5, N=30)
    >>> found = first_passages(lb.Experiment(problem, lb.L1(1e-5), lb.Subgradient(0.1), init=1e-6))
    >>> found.t1.step, found.t2.low < 100_347 < found.t2.high  # the step of the run itself
    (60, True)
    """
    whole = experiment.with_(steps=MAX_STEPS, record=At(()))
    matrix = isinstance(experiment.data, MatrixLeastSquares)
    engines = (SLOW,) if matrix else (SPECTRAL, JUMP)
    refused = {engine.name: engine.why_not(whole) for engine in engines}
    able = [engine for engine in engines if refused[engine.name] is None]
    if not able:
        raise NotCovered("; ".join(f"engine {name!r}: {why}" for name, why in refused.items()))
    try:
        found = able[0].run_bounded(whole)
    except Unsupported as error:
        raise NotCovered(str(error)) from error
    if found.interrupted:
        raise KeyboardInterrupt
    stopped = ""
    if found.done < whole.steps and able[0] is not SPECTRAL:
        most = f"{work_limit(experiment.start.size):,} events"
        if able[0] is SLOW:
            most = f"{MOST_STRETCHES:,} steps of the integrator"
        stopped = f"a prediction takes no more than {most}, and the run would have more"
    return FirstPassages(found.t1, found.t2, stopped)


def middle(passage: Passage | None) -> int | None:
    """Return the step of a passage, or the middle of its bracket."""
    if passage is None or passage.low is None or passage.high is None:
        return None
    return (passage.low + passage.high) // 2


def why_unknown(passage: Passage, stopped: str = "") -> str:
    """Return why a passage has no number: it does not come, or what is left out decides when.

    **Arguments:**

    - `passage`: the one without a number; `stopped`: why the engine did not go on, if it did not.
    """
    if stopped and passage.low is not None:
        return f"not before step {passage.low:,}; {stopped}"
    if passage.low is None or passage.low > MAX_STEPS:
        return f"the error does not come to its threshold in {MAX_STEPS:.0e} steps"
    return (
        f"not before step {passage.low:,}; from there on the error is too near to its threshold to "
        "say when"
    )


def add_passages(experiment: Experiment, found: Found) -> None:
    """Add t1, t2, their intervals and kinds, and the delay where both are known, or why not."""
    try:
        passages = first_passages(experiment)
    except NotCovered as reason:
        found["notes"].append(f"t1, t2: {reason}")
        return
    for name, passage in (("t1", passages.t1), ("t2", passages.t2)):
        if passage is not None:
            add_passage(found, name, passage, passages.stopped)
    add_delay(found)


def add_passage(found: Found, name: str, passage: Passage, stopped: str) -> None:
    """Add t1 or t2 with its interval and kind, or a note on why there is none.

    **Arguments:**

    - `found`: the fields so far.
    - `name`: t1 or t2; `passage`: it.
    - `stopped`: why the engine did not go on, if it did not.
    """
    step = middle(passage)
    if step is not None:
        found[name], found[f"{name}_kind"] = step, passage.kind
        found[f"{name}_interval"] = (passage.low, passage.high)
    # Where an error ends above its threshold, another note has the reason.
    elif not any(note.startswith(f"{name}: ") for note in found["notes"]):
        found["notes"].append(f"{name}: {why_unknown(passage, stopped)}")


def add_delay(found: Found) -> None:
    """Add t2 - t1 where both are known."""
    if found.get("t1") is not None and found.get("t2") is not None:
        found["delay"] = float(found["t2"] - found["t1"])
