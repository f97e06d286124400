"""The floor of the test error: what a decaying alpha, a decaying beta and debiasing remove of it.

The subgradient method ends at a bias of order beta and an oscillation of order alpha beta. The
paper claims an error proportional to alpha beta.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from latebloom.core.progress import Progress
from latebloom.core.schedules import PowerDecay
from latebloom.experiment import At, Experiment, LogSpaced
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.penalties import L1
from latebloom.runs import Run
from latebloom.simulate import simulate_batch
from latebloom.theory import final_error, limit
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.reproduction import completed
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY = STUDIES["debiasing"]
ALPHA = STUDY.settings["alpha"]
# The end of the run over which the floor is taken, and at how many of its steps.
END, RECORDS = 0.9, 64
# An entry off the support oscillates within alpha beta of a mean that is at most alpha beta.
OSCILLATES = 3.0
CONSTANT, ALPHA_DECAYS, BETA_DECAYS = "alpha and beta constant", "alpha decays", "beta decays"
PROXIMAL, DEBIASED = "ProximalGradient", "constant, then debiased"


def debiasing(study: Study, seed: int = 1) -> Experiment:
    """Return one run with constant alpha and beta."""
    base = study.changed({"problem.seed": seed})
    return base.with_(record=At(records(base.steps)))


def records(steps: int) -> tuple[int, ...]:
    """Return the steps to look at: even and odd ones at the end, because signs flip by pairs."""
    end = np.linspace(END * steps, steps, RECORDS).astype(int)
    curve = LogSpaced(20).steps(steps)
    return tuple(np.union1d(curve, end).tolist())


def kinds(base: Experiment) -> dict[str, Experiment]:
    """Return the run with constant alpha and beta, and those with one of them decaying."""
    scale, beta = base.steps / 10, strength(base)
    return {
        CONSTANT: base,
        ALPHA_DECAYS: base.with_(method=Subgradient(PowerDecay(ALPHA, scale, 1.0))),
        # The integral of beta is that of the constant one, less a tenth.
        BETA_DECAYS: base.with_(penalty=L1(PowerDecay(10 * beta, scale, 2.0))),
    }


def strength(base: Experiment) -> float:
    """Return the constant beta of a run."""
    assert isinstance(base.penalty, L1)
    return float(np.asarray(base.penalty.strength()))


def left_of_beta(base: Experiment) -> float:
    """Return the decaying beta over the constant one: its root mean square over the end."""
    penalty = kinds(base)[BETA_DECAYS].penalty
    assert penalty is not None
    steps = base.record_steps
    end = steps[steps >= END * base.steps]
    values = np.array([penalty.strength(t, -1) for t in end], dtype=float)
    return float(np.sqrt(np.mean(values**2))) / strength(base)


def measure(study: Study, progress: Progress) -> dict[str, Any]:
    """Return floors, oscillations and curves of all kinds of runs on all instances."""
    first, last = study.settings["seeds"]
    bases = [debiasing(study, seed) for seed in range(first, last + 1)]
    found: dict[str, Any] = {"floor": {}, "oscillation": {}, "curve": {}}
    names = list(kinds(bases[0]))
    for i, name in enumerate(names):
        runs = simulate_batch([kinds(base)[name] for base in bases])
        ends = [ending(completed(run)) for run in runs]
        found["floor"][name] = [end[0] for end in ends]
        found["oscillation"][name] = [end[1] for end in ends]
        curves = [run.trajectory["test_error"].sel(step=bases[0].record_steps) for run in runs]
        found["curve"][name] = np.median(curves, axis=0).tolist()
        if name == CONSTANT:
            fixed = [debiased(run) for run in runs]
            found["floor"][DEBIASED] = [error for error, _ in fixed]
            found["found"] = [exact for _, exact in fixed]
        progress(i + 1, len(names) + 1)
    limits = [limit(base.with_(method=ProximalGradient(ALPHA))) for base in bases]
    found["floor"][PROXIMAL] = [None if end is None else end.test_error for end in limits]
    found["law"] = [final_error(base) for base in bases]
    progress(len(names) + 1, len(names) + 1)
    return found


def ending(run: Run) -> tuple[float, float]:
    """Return the root mean square of the test error and of the oscillation, at the end."""
    last = run.trajectory.sel(step=run.trajectory["step"] >= END * run.last_step)
    truth = run.experiment.data.truth
    a = last["a"].values
    away = np.linalg.norm(a - a.mean(axis=0), axis=1) / np.linalg.norm(truth)
    errors = last["test_error"].values
    return float(np.sqrt(np.mean(errors**2))), float(np.sqrt(np.mean(away**2)))


def debiased(run: Run) -> tuple[float, bool]:
    """Return the error of least squares on the support found, and whether it is that of a*."""
    data = run.experiment.vector_data
    truth = data.truth
    last = run.trajectory.sel(step=run.trajectory["step"] >= END * run.last_step)
    mean = last["a"].values.mean(axis=0)
    support = np.abs(mean) > OSCILLATES * ALPHA * strength(run.experiment)
    a = np.zeros_like(mean)
    a[support] = np.linalg.lstsq(data.X[:, support], data.y_star, rcond=None)[0]
    error = float(np.linalg.norm(a - truth) / np.linalg.norm(truth))
    return error, bool(np.array_equal(support, truth != 0))


def evidence(
    floor: Mapping[str, np.ndarray],
    oscillation: Mapping[str, np.ndarray],
    exact: np.ndarray,
    law: np.ndarray,
    left: float,
) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `floor`, `oscillation`: kind of run -> one value per instance.
    - `exact`: whether the support was found.
    - `law`: the closed form; NaN where there is none.
    - `left`: the decaying beta over the constant one, where the floor is taken.
    """
    over = {name: values / floor[CONSTANT] for name, values in floor.items()}
    swing = oscillation[ALPHA_DECAYS] / oscillation[CONSTANT]
    known = np.isfinite(floor[PROXIMAL])
    bias = (floor[ALPHA_DECAYS] / floor[PROXIMAL])[known]
    return {
        "debiasing.alpha": median(over[ALPHA_DECAYS]),
        "debiasing.alpha" + CORRECTED: median(bias),
        "debiasing.oscillation": median(swing),
        "debiasing.proximal": median(over[PROXIMAL][known]),
        "debiasing.beta": median(over[BETA_DECAYS] / left),
        "debiasing.support": fraction(exact),
        "debiasing.debiased": median(over[DEBIASED]),
        "debiasing.law": median((floor[CONSTANT] / law)[np.isfinite(law)]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run with constant and decaying alpha and beta, debias, and compare the floors."""
    study = STUDY.at(workspace.quick)
    s = study.settings
    kept = workspace.table("debiasing", s, lambda progress: measure(study, progress))
    floor, swing = (
        {name: np.array(values, dtype=float) for name, values in kept[key].items()}
        for key in ("floor", "oscillation")
    )
    base = debiasing(study)
    law = np.array(kept["law"], dtype=float)
    exact = np.array(kept["found"], dtype=bool)
    rows = [
        Comparison(f"median floor / beta, {name}", None, float(np.nanmedian(values)) / s["beta"])
        for name, values in floor.items()
    ]
    rows.append(Comparison("the same, closed form", None, float(np.nanmedian(law)) / s["beta"]))
    shown = (ALPHA_DECAYS, PROXIMAL, BETA_DECAYS, DEBIASED)
    strips = {}
    for name in shown:
        ratio = floor[name] / floor[CONSTANT]
        strips[f"{name}\n(median {np.nanmedian(ratio):.2g})"] = (name, ratio)
    xlabel = "floor / floor with constant alpha and beta"
    figure = pictures.plot_curves_and_strips(
        base.record_steps, kept["curve"], strips, xlabel, log=True
    )
    left = left_of_beta(base)
    return study.reproduction(
        rows,
        figure,
        evidence(floor, swing, exact, law, left),
        list(kinds(base).values()),
        steps=base.steps,
        left=left,
        missed=exact.size - exact.sum(),
        count=exact.size,
        largest=floor[DEBIASED].max(),
    )
