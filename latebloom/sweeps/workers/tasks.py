"""What becomes of an experiment: a run, a prediction or a recovery as an outcome."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.core.phases import Passage, Verdict
from latebloom.experiment.experiment import Experiment
from latebloom.runs.run import Run
from latebloom.sweeps.grid.task import Task
from latebloom.sweeps.store.outcome import DONE, FAILED, Outcome, failure
from latebloom.theory import predict, recoverability
from latebloom.theory.recoverability import Recoverability

from .training import Training

DESCRIPTIONS = {
    "t1": ("memorization step", "step"),
    "t2": ("generalization step", "step"),
    "delay": ("t2 - t1", "step"),
    "seconds": ("wall time", "s"),
    "recovered": ("whether the test error got to its threshold; NaN: not known", "1"),
}


def outcomes(
    task: Task,
    experiments: Sequence[Callable[[], Experiment]],
    together: bool,
    training: Training | None = None,
) -> Iterator[Outcome]:
    """Yield the outcome of every experiment, in order, one after the other.

    **Arguments:**

    - `task`: what to do with them.
    - `experiments`: functions that make them, so that one which cannot be made is one that fails.
    - `together`: whether they have one shape and are to be simulated at once.
    - `training`: where the state of networks is kept, if anywhere.
    """
    training = training or Training()
    if together and task.kind == "simulate" and len(experiments) > 1:
        try:
            runs = training.run([made() for made in experiments], task.engine)
        except Exception:  # one of them has an error, which it will show when it runs alone
            pass
        else:
            yield from (_of_run(run, task) for run in runs)
            return
    for made in experiments:
        yield _outcome(task, made, training)


def _outcome(task: Task, made: Callable[[], Experiment], training: Training) -> Outcome:
    try:
        experiment = made()
        if task.kind == "simulate":
            # A batch of one has the same compiled program as one of many.
            folder = training.folder and training.folder / experiment.hash
            own = replace(training, folder=folder)
            return _of_run(own.run([experiment], task.engine)[0], task)
        if task.kind == "predict":
            return _of_prediction(experiment)
        return _of_recoverability(experiment)
    except InvalidInput as error:
        return failure(str(error))
    except Exception as error:  # whatever it is: the other cells go on, and this one says why
        return failure(f"{type(error).__name__}: {error}")


def _of_run(run: Run, task: Task) -> Outcome:
    if run.interrupted:  # a part of a run is no result
        raise KeyboardInterrupt
    found, trajectory = run.phases, run.trajectory
    values: dict[str, float | str] = {
        "status": FAILED if found.verdict is Verdict.diverged else DONE,
        "message": found.reason if found.verdict is Verdict.diverged else "",
        "verdict": str(found.verdict),
        "reason": found.reason,
        "engine": run.engine,
        "seconds": run.seconds,
        "events": _number(run.events),
        "last_step": float(run.last_step),
        "diverged_at": _number(found.diverged_at),
    }
    attrs = dict(DESCRIPTIONS)
    for name, passage in (("t1", found.t1), ("t2", found.t2)):
        values[name] = _number(passage.step)
        for part in ("low", "high", "kind", "sustained", "sustained_from", "floor"):
            value = getattr(passage, part)
            values[f"{name}_{part}"] = value if part == "kind" else _number(value)
    names = ("delay", "delay_low", "delay_high")
    values |= zip(names, map(_number, (found.delay, *found.delay_bounds)), strict=True)
    values["recovered"] = _recovered(found.t2, found.verdict)
    for name, variable in trajectory.data_vars.items():
        if variable.dims == ("step",):
            values.setdefault(str(name), float(variable[-1]))
            of = variable.attrs
            attrs[str(name)] = of.get("long_name", ""), of.get("units", "")
    curves = {}
    for name in task.trajectories:
        if name not in trajectory or trajectory[name].dims != ("step",):
            known = [str(n) for n, v in trajectory.data_vars.items() if v.dims == ("step",)]
            return failure(
                f"trajectories: no {name!r} is recorded; recorded are {', '.join(known)}"
            )
        curves["step"] = trajectory["step"].to_numpy().astype(float)
        curves[name] = trajectory[name].to_numpy().astype(float)
    return Outcome(values, curves, attrs)


def _recovered(t2: Passage, verdict: Verdict) -> float:
    """Return 1 if the model generalized, 0 if it never can, NaN if that is not known."""
    if verdict is Verdict.diverged:
        return 0.0
    if t2.high is not None:
        return 1.0
    return 0.0 if t2.kind == "infeasible" else math.nan


def _of_prediction(experiment: Experiment) -> Outcome:
    found = predict(experiment)
    plain = {k: v for k, v in vars(found).items() if k not in ("notes", "recoverability")}
    for name in ("t1", "t2"):
        plain[f"{name}_low"], plain[f"{name}_high"] = plain.pop(f"{name}_interval") or (None, None)
        plain[f"{name}_kind"] = plain[f"{name}_kind"] or "unknown"
    values = {f"predicted_{k}": v if isinstance(v, str) else _number(v) for k, v in plain.items()}
    return Outcome({"status": DONE, "message": "", **values})


def _of_recoverability(experiment: Experiment) -> Outcome:
    found = recoverability(experiment.data)
    values: dict[str, float | str] = {
        "status": DONE,
        "message": "",
        "recoverable": _number(found.recoverable),
        "recovery_reason": found.reason,
    }
    # Of vectors by l1, of matrices by the nuclear norm: the certificate, and the program's error.
    if isinstance(found, Recoverability):
        dual, error = found.dual_norm_off_support, found.basis_pursuit_error
    else:
        dual, error = found.dual_norm_off_tangent, found.program_error
    values |= {"dual_norm": _number(dual), "program_error": _number(error)}
    return Outcome(values)


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
