"""The first-passage law of the delay, after Truong et al.: held-out cells and interventions."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from latebloom.core.progress import Progress
from latebloom.laws import FIRST_PASSAGE, Verdict, log_slope
from latebloom.laws.constants.norm_passage import Passage
from latebloom.runs import Run
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction

from . import ridge_bounds
from .norm_runs import Cell, experiment, exponents, frozen, passages, sizes, without_decay
from .verdicts import at_size_of, judged, verdict_note

STUDY = STUDIES["first-passage"]
READ = STUDY.readings
CALIBRATION: Cell = (1e-2, 0.3)  # the middle of the sweep: held-out cells lie on all sides
# Where weight decay is removed and the norm held: a short horizon, five times the usual delay.
TAKEN: Cell = (2e-2, 0.3)
CLOSE, FAR = 0.25, 0.5  # mean errors: near the source's 17.7 to 23.3 percent, and twice that


class Constants(NamedTuple):
    r"""What one cell says of the architecture: $\kappa$ and $V_*$, and $\eta\lambda(t_2 - t_1)$."""

    kappa: float
    target: float
    periods: float


def kappa(p: Passage) -> tuple[float, float]:
    r"""Return $\kappa$, from a straight line through log V between t1 and t2, and its R^2."""
    inside = (p.step >= (p.t1 or 0)) & (p.step <= (p.t2 or 0))
    slope, r2 = log_slope(p.step[inside], p.V[inside])
    return -slope / (2 * p.eta * p.decay), r2


def calibrate(runs: Sequence[Passage]) -> Constants:
    """Return the constants of a cell: medians over its runs."""
    seen = [p for p in runs if p.delayed]
    return Constants(
        float(np.median([kappa(p)[0] for p in seen])),
        float(np.median([p.at(p.t2) for p in seen])),
        float(np.median([p.eta * p.decay * p.delay for p in seen])),
    )


def predicted(p: Passage, k: Constants) -> float:
    """Return the delay by the law, 0 where V is at its threshold already."""
    return max(0.0, float(np.log(p.at(p.t1) / k.target))) / (2 * k.kappa * p.eta * p.decay)


def error(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the mean of |predicted/measured - 1|."""
    return float(np.mean([abs(said / seen - 1) for said, seen in pairs]))


def interventions(cell: Cell, seeds: Sequence[int]) -> dict[str, list[Run]]:
    """Return runs left alone, and runs without weight decay, and with their norm held, from t1."""
    from latebloom.simulate import simulate, simulate_batch

    bases = [experiment(*cell, seed) for seed in seeds]
    alone = simulate_batch(bases)
    held = []
    for base, run in zip(bases, alone, strict=True):
        t1 = run.phases.t1.high
        assert t1 is not None
        memorized = simulate(replace(base, steps=t1))
        held.append(simulate(frozen(base, memorized)))
    removed = simulate_batch([without_decay(base, cell[1]) for base in bases])
    return {"left alone": alone, "weight decay removed at t1": removed, "norm held from t1": held}


def study(quick: bool, progress: Progress) -> Reproduction:
    r"""Calibrate on one cell, predict the others, and take away what is said to drive V.

    The verdict, fixed beforehand: reproduced if the mean error on held-out runs is at most a
    quarter and no run generalizes within the horizon, twice the longest delay met, without weight
    decay or with its norm held; with corrections if the mean error is at most a half.
    """
    cells, seeds = sizes(quick)
    chosen = seeds[:1] if quick else seeds[:3]  # three, as the source
    extra = 3 * experiment(*TAKEN, 0).steps * len(chosen)
    (runs,) = passages([(cells, seeds, experiment)], progress, extra)
    acted = interventions(TAKEN, chosen)
    progress(1, 1)
    k = calibrate([p for p in runs if (p.eta, p.decay) == CALIBRATION])
    seen = [p for p in runs if p.delayed]
    others = [p for p in seen if (p.eta, p.decay) != CALIBRATION]
    pairs = [(predicted(p, k), p.delay) for p in others]
    mean = error(pairs)
    rows = _fit_rows(seen)
    delays = [p.delay for p in others]
    why = f"{len(others)} runs of other cells, delays from {min(delays):g} to {max(delays):g}"
    rows.append(Comparison("mean relative error on held-out runs", READ["error"], mean, why))
    constant = error([(k.periods / (p.eta * p.decay), p.delay) for p in others])
    what = "the same with V*/V(t1) fixed instead of V*: a constant over eta lambda"
    rows.append(Comparison(what, None, constant, "the constant: median of the calibration cell"))
    by_decay = {c: [p.at(p.t2) for p in seen if p.decay == c] for c in {p.decay for p in seen}}
    ends = ", ".join(f"{np.median(by_decay[c]):,.0f} at lambda = {c:g}" for c in sorted(by_decay))
    rows.append(Comparison("V* of the calibration cell", None, k.target, f"V(t2): {ends}"))
    acts = _act_rows(acted)
    rows += acts
    rows += _ridge_rows(range(2 if quick else 5))
    broken = sum(row.ours or 0.0 for row in acts[1:])
    verdict = judged(mean <= CLOSE and broken == 0, mean <= FAR)
    why = (
        f"mean error {mean:.0%} on {len(others)} held-out runs, {constant:.0%} with V*/V(t1) "
        f"fixed; interventions: {', '.join(f'{row.ours:.0%}' for row in acts)} grok"
    )
    return STUDY.reproduction(
        rows,
        pictures.plot_passage(pairs, [p.decay for p in others], acted),
        {},
        verdict=verdict_note(verdict, why),
        calibration=CALIBRATION,
        k=k,
        seeds=len(seeds),
    )


def _fit_rows(seen: Sequence[Passage]) -> list[Comparison]:
    """Return exponents of the delay, kappa, and how straight log V is."""
    rows = []
    for (name, fit), published in zip(exponents(seen).items(), ("eta", "lambda"), strict=True):
        what, why = f"exponent of the delay in {name}", f"95% {fit.low:.2f} to {fit.high:.2f}"
        rows.append(Comparison(what, READ[published], fit.value, why))
    kappas, straight = np.array([kappa(p) for p in seen]).T
    ends = f"from {kappas.min():.3f} to {kappas.max():.3f}"
    what = "kappa, median (the source's for its MLP)"
    rows.append(Comparison(what, READ["kappa"], float(np.median(kappas)), ends))
    ends = f"from {straight.min():.2f} to {straight.max():.2f}"
    what = "R^2 of straight lines through log V, median"
    return [*rows, Comparison(what, READ["straight"], float(np.median(straight)), ends)]


def _act_rows(acted: dict[str, list[Run]]) -> list[Comparison]:
    """Return the fraction of runs that generalize within the horizon, by intervention."""
    rows = []
    for name, runs in acted.items():
        grokked = [run.phases.t2.high for run in runs if run.phases.t2.high is not None]
        error = max(float(run.trajectory["test_error"][-1]) for run in runs)
        why = f"{len(grokked)} of {len(runs)}; largest test error at the end {error:.2f}"
        why += f", t2 at most {max(grokked):,}" if grokked else ""
        published = 1.0 if name == "left alone" else 0.0
        what = f"{name}: share that generalizes by step {runs[0].last_step:,}"
        rows.append(Comparison(what, published, len(grokked) / len(runs), why))
    return rows


def _ridge_rows(seeds: Sequence[int]) -> list[Comparison]:
    """Return how far t2 of ridge regression is from the law known before the run."""
    from latebloom.simulate import simulate

    law = next(law for law in FIRST_PASSAGE if law.name == "first passage, ridge")
    rows = []
    for name, setting in (("teacher 1", {}), ("n = 500, teacher 4", {"n": 500, "teacher": 4.0})):
        made = [ridge_bounds.instance(seed, **setting) for seed in seeds]  # pyright: ignore
        found = [law.check(simulate(experiment)) for experiment in made]
        off = max(abs((f.measured or np.inf) - (f.promise.value or 0)) for f in found if f.promise)
        held = sum(f.verdict == Verdict.holds for f in found)
        what = f"ridge, {name}: largest |t2 - law|, steps"
        rows.append(Comparison(what, 0.0, float(off), f"{held} of {len(found)} hold"))
    return rows


reproduce = at_size_of(study)
