"""The step before which a run cannot generalize."""

from latebloom.runs.run import Run
from latebloom.theory.lower_bound import delay_lower_bound

from .finding import Measurement, Promise
from .law import Law, NotCovered, Undecided


def _not_before(bound: float) -> Promise:
    if bound == 0:
        raise NotCovered("the start is within the threshold in the kernel of X already")
    return Promise("t2", low=bound)


def _t2(run: Run, bound: float) -> Measurement:
    t2 = run.phases.t2
    if t2.low is None:
        raise Undecided("the run never generalizes")
    if t2.high is None and t2.low < bound:
        raise Undecided(f"t2 was not seen: {t2}")
    return Measurement(float(t2.high if t2.high is not None else t2.low))


EARLIEST = (
    Law(
        name="lower bound of t2",
        statement="t2 >= max over w in ker X of (|<w, a(0) - a*>| - eps ||a*|| ||w||_2)/(alpha "
        "beta ||w||), ||w|| = ||w||_1 or ||w||_*",
        source="derived in the documentation, page 'Sharper laws'",
        symbols=("X", "y*", "a*", "alpha", "beta", "a(0)"),
        status="ours",
        context=delay_lower_bound,
        promise=_not_before,
        measure=_t2,
    ),
)
