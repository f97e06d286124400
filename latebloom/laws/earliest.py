"""The step before which a run cannot generalize."""

from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts
from latebloom.theory.lower_bound import delay_lower_bound

from .law import Assumption, Law, Measurement, Promise, register


def _any_path(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    bound = delay_lower_bound(experiment)
    return bound if isinstance(bound, str) else found


def _nothing(f: Facts) -> list[Assumption]:
    return []


def _at_least(f: Facts) -> Promise | str:
    bound = delay_lower_bound(f.experiment)
    if isinstance(bound, str):
        return bound
    if bound == 0:
        return "the start is within the threshold in the kernel of X already"
    return Promise("t2", low=bound)


def _not_before(run: Run, f: Facts) -> Measurement | str:
    t2 = run.phases.t2
    if t2.low is None:
        return "the run never generalizes"
    if t2.high is None:
        bound = delay_lower_bound(f.experiment)
        assert not isinstance(bound, str)
        if t2.low < bound:
            return f"t2 was not seen: {t2}"
    return Measurement(float(t2.high if t2.high is not None else t2.low))


register(
    Law(
        name="lower bound of t2",
        statement="t2 >= max over w in ker X of (|<w, a(0) - a*>| - eps ||a*|| ||w||_2)/(alpha "
        "beta ||w||), ||w|| = ||w||_1 or ||w||_*",
        source="derived in the documentation, page 'Sharper laws'",
        symbols=("X", "y*", "a*", "alpha", "beta", "a(0)"),
        status="ours",
        know=_any_path,
        assume=_nothing,
        foretell=_at_least,
        measure=_not_before,
    ),
)
