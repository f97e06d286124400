"""Results as tables in a terminal: rows of words and numbers."""

import os
from pathlib import Path

from latebloom.core.text import UNKNOWN, number
from latebloom.experiment.experiment import Experiment
from latebloom.laws import Finding, Report, Verdict
from latebloom.problems import LeastSquares
from latebloom.runs.run import Run
from latebloom.theory import Prediction
from latebloom.theory.advice import explain
from latebloom.theory.plan import Plan
from latebloom.theory.predict import predict_at_once
from latebloom.theory.rows import PAPER, expected, run_rows

from .table import print_table


def print_prediction(experiment: Experiment, prediction: Prediction) -> None:
    """Print a prediction with its notes."""
    titles = {
        "alpha_max": "largest stable alpha",
        "rho_2": "contraction on the row space (rho_2)",
        "recoverable": "the truth can be recovered",
        "memorizes": "the training error ends at or below its threshold",
        "t1": "t1 (memorized)",
        "generalizes": "the test error ends at or below its threshold",
        "t2": "t2 (generalized)",
        "t2_least": "t2, proved not before",
        "delay": "delay",
        "t1_paper": "t1, the paper's bound of the row space",
        "delay_paper": "delay, the paper's predictor",
        "t2_paper": PAPER,
        "t2_proximal": "t2 of the proximal method",
        "s2": "slow time s2 = alpha beta t2",
        "train_plateau": "training error on its plateau",
        "train_floor": "training error at the end",
        "test_floor": "test error at the end",
    }
    values = {name: getattr(prediction, name, None) for name in titles}
    if prediction.recoverability is not None:
        values["recoverable"] = prediction.recoverability.recoverable
    for name in ("delay", "delay_paper"):
        delay = values[name]
        values[name] = None if delay is None else round(delay)
    values |= {name: expected(prediction, name) for name in ("t1", "t2")}
    if not isinstance(experiment.problem, LeastSquares):  # few of these are about networks
        titles = {
            k: title for k, title in titles.items() if k in ("t1", "t2") or values[k] is not None
        }
    rows = [(title, number(values[name])) for name, title in titles.items()]
    print_table((experiment.name, "predicted"), rows, notes=prediction.notes)


def print_plan(experiment: Experiment, found: Plan) -> None:
    """Print which regularization strengths reach a target within a budget."""
    rows = [
        ("budget of steps", number(found.budget)),
        ("test error to reach", number(found.error)),
        ("possible", number(found.possible)),
        ("alpha", number(found.alpha)),
    ]
    if found.possible:
        high = number(found.beta_high)
        between = ("beta, between", f"{number(found.beta_low)} and {high}")
        rows += [
            ("beta, at most", high) if found.beta_low is None else between,
            ("beta, for example", number(found.beta)),
            ("t2 with it", number(found.t2)),
            ("test error at the end", number(found.final_error)),
        ]
    rows.append(("fewest steps for this error", number(found.least_budget)))
    if not found.possible:
        rows.append(("least error in this budget", number(found.least_error)))
    own = isinstance(experiment.problem, LeastSquares)
    how = "by proximal gradient" if own else "along the flow of the network"
    notes = (found.why, f"{how}; alpha can be given as --plan-alpha")
    print_table((experiment.name, "plan"), rows, notes=notes)


def _promised(found: Finding) -> str:
    """Return what a law promises in as few words as a table has room for."""
    promise = found.promise
    if promise is None:
        return UNKNOWN
    low, high = promise.low, promise.high
    if low is None and high is None:
        return UNKNOWN
    if low is None:
        return f"<= {number(high)}"
    if high is None:
        return f">= {number(low)}"
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def print_run(run: Run, folder: Path | None) -> None:
    """Print what was measured and predicted, and where the files are."""
    # After Ctrl-C one does not want to wait for a prediction.
    prediction = Prediction() if run.interrupted else predict_at_once(run.experiment)
    rows = run_rows(run, prediction)
    if folder is not None:
        rows.append(("files", f"{folder}{os.sep}", ""))
    header = (run.experiment.name, "measured", "predicted")
    print_table(header, rows, notes=explain(run, prediction))


def print_check(run: Run, report: Report, every: bool = False) -> None:
    """Print the laws that hold or are violated as a table, and the others below it."""
    covered = report.covered
    count = {v: sum(f.verdict == v for f in covered) for v in Verdict}
    counts = ", ".join(f"{k} {v}" for v, k in count.items() if k)
    notes = [f"of {len(report.findings)} laws {len(covered)} are about such runs: {counts}"]
    false = [f for f in covered if f.status == "printed" and f.verdict is Verdict.violated]
    if false:
        entries = ", ".join(sorted({f.erratum for f in false if f.erratum}))
        notes.append(f"this run contradicts printed statements: see latebloom errata, {entries}")
    notes += explain(run, report.prediction)
    rows = []
    for f in covered:
        if f.verdict in (Verdict.vacuous, Verdict.undecided):
            notes.append(f"{f.law}: {f.verdict}: {f.why}")
        else:
            status = f.status + (f", {f.erratum}" if f.erratum else "")
            numbers = (_promised(f), number(f.measured), number(f.slack))
            rows.append((f.law, status, str(f.verdict), *numbers))
    if every:
        notes += [f"{f.law}: {f.why}" for f in report.findings if not f.covered]
    header = ("law", "status", "verdict", "promised", "measured", "slack")
    print_table(header, rows, run.experiment.name, notes)
