"""A run beside its prediction, as rows of text: for tables in a terminal and on a page."""

from latebloom.core.text import UNKNOWN, number
from latebloom.problems import LeastSquares
from latebloom.runs.run import Run

from .prediction import Prediction

Row = tuple[str, ...]
PAPER = "t2, the paper's predictor"


def run_rows(run: Run, prediction: Prediction) -> list[Row]:
    """Return the result of a run as rows (quantity, measured, predicted)."""
    predicted = None if prediction.delay is None else round(prediction.delay)
    final = run.to_dict()["final"]
    t1, t2 = (p.words_at(run.last_step) for p in (run.phases.t1, run.phases.t2))
    t2 = t2 if run.has_truth else "unknown: there is no ground truth"
    events = f", {run.events:,} events" if run.events else ""
    rows: list[Row] = [
        ("verdict", str(run.phases.verdict), ""),
        ("t1 (memorized)", t1, expected(prediction, "t1")),
        ("t2 (generalized)", t2, expected(prediction, "t2")),
        ("delay", run.phases.delay_words, number(predicted)),
        ("training error at the end", number(final["train_error"]), number(prediction.train_floor)),
        ("test error at the end", number(final["test_error"]), number(prediction.test_floor)),
    ]
    if prediction.t2_paper is not None:
        rows.insert(3, (PAPER, "", number(prediction.t2_paper)))
    if not isinstance(run.experiment.problem, LeastSquares):
        first = run.trajectory.isel(step=0)
        for name, words in (("l1_norm", "l1"), ("l2_norm", "l2"), ("nuclear_norm", "nuclear")):
            # A run that diverged may end at what is no number.
            ends = (UNKNOWN if v is None else f"{v:.4g}" for v in (first[name], final[name]))
            rows.append((f"{words} norm, step 0 and end", ", ".join(ends), ""))
    if run.phases.diverged_at is not None:
        rows.append(("diverged at", number(run.phases.diverged_at), ""))
    rows += [
        ("steps", f"{run.last_step:,}{' (interrupted)' if run.interrupted else ''}", ""),
        ("engine", f"{run.engine}{events}", ""),
        ("wall time", f"{run.seconds:.3g} s", ""),
    ]
    return rows


def expected(prediction: Prediction, name: str) -> str:
    """Return t1 or t2 as predicted: the step where it is known, else the middle of its interval."""
    text, interval = number(getattr(prediction, name)), getattr(prediction, f"{name}_interval")
    if interval is None or interval[0] == interval[1]:
        return text
    return f"{text} [{interval[0]:,}, {interval[1]:,}]"
