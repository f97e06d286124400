"""The first-passage law of the delay, after Truong et al.: held-out cells and interventions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from latebloom.core.progress import Progress
from latebloom.laws import FIRST_PASSAGE, Verdict, log_slope
from latebloom.laws.constants.norm_passage import Passage
from latebloom.runs import Run
from latebloom_paper.book.catalogue import by_size
from latebloom_paper.book.delays import Delay, fit_exponents
from latebloom_paper.book.reproduction import Comparison, Reproduction

from . import ridge_bounds
from .norm_runs import (
    FEW,
    FULL,
    SEEDS,
    SMALL,
    Cell,
    P,
    by_decay,
    diagonals,
    experiment,
    frozen,
    passages,
    without_decay,
)
from .verdicts import judged, verdict_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Of the source's runs, at p = 97: the MLP's kappa, and the errors on held-out runs.
KAPPA, MAPE, STRAIGHT, ETA, LAMBDA = 0.21, 0.177, 0.97, 1.02, 1.26
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


def study(small: bool, progress: Progress) -> Reproduction:
    r"""Calibrate on one cell, predict the others, and take away what is said to drive V.

    The verdict, fixed beforehand: reproduced if the mean error on held-out runs is at most a
    quarter and no run generalizes within the horizon, twice the longest delay met, without weight
    decay or with its norm held; with corrections if the mean error is at most a half.
    """
    cells, seeds = (SMALL, FEW) if small else (FULL, SEEDS)
    base = sum(experiment(*cell, 0).steps * len(seeds) for cell in cells)
    chosen = seeds[:1] if small else seeds[:3]  # three, as the source
    extra = 3 * experiment(*TAKEN, 0).steps * len(chosen)

    def moved(step: int, last: int, note: str = "") -> None:
        progress(step, base + extra, note)

    runs = passages(cells, seeds, moved)
    acted = interventions(TAKEN, chosen)
    progress(base + extra, base + extra)
    k = calibrate([p for p in runs if (p.eta, p.decay) == CALIBRATION])
    seen = [p for p in runs if p.delayed]
    others = [p for p in seen if (p.eta, p.decay) != CALIBRATION]
    pairs = [(predicted(p, k), p.delay) for p in others]
    mean = error(pairs)
    rows = _fit_rows(seen)
    delays = [p.delay for p in others]
    why = f"{len(others)} runs of other cells, delays from {min(delays):g} to {max(delays):g}"
    rows.append(Comparison("mean relative error on held-out runs", MAPE, mean, why))
    constant = error([(k.periods / (p.eta * p.decay), p.delay) for p in others])
    what = "the same with V*/V(t1) fixed instead of V*: a constant over eta lambda"
    rows.append(Comparison(what, None, constant, "the constant: median of the calibration cell"))
    by_decay = {c: [p.at(p.t2) for p in seen if p.decay == c] for c in {p.decay for p in seen}}
    ends = ", ".join(f"{np.median(by_decay[c]):,.0f} at lambda = {c:g}" for c in sorted(by_decay))
    rows.append(Comparison("V* of the calibration cell", None, k.target, f"V(t2): {ends}"))
    acts = _act_rows(acted)
    rows += acts
    rows += _ridge_rows(range(2 if small else 5))
    broken = sum(row.ours or 0.0 for row in acts[1:])
    verdict = judged(mean <= CLOSE and broken == 0, mean <= FAR)
    notes = (
        verdict_note(
            verdict,
            f"mean error {mean:.0%} on {len(others)} held-out runs, {constant:.0%} with V*/V(t1) "
            "fixed; "
            f"interventions: {', '.join(f'{row.ours:.0%}' for row in acts)} grok",
        ),
        f"calibrated at eta = {CALIBRATION[0]:g}, lambda = {CALIBRATION[1]:g}: kappa = "
        f"{k.kappa:.3f}, V* = {k.target:,.0f}",
        "correction: V(t2) falls as lambda grows, so V* is no threshold of the architecture; with "
        "V*/V(t1) fixed, the ratio that the source finds stable, the delay is a constant over eta "
        "lambda, and norms say nothing more",
        "the norm held delays generalization beyond the horizon; the test accuracy goes on rising",
        "ridge regression: exact before the run, with V in the kernel of X and kappa = 1; with "
        "all of V only once the norm of the row space is subtracted from V and V*",
        f"addition mod {P}, two layers, a start times 4; {len(seeds)} seeds; the source: mod 97",
        "the angle condition is not tested: the library records no angles",
    )
    title = "First passage: when V falls to its threshold"
    figure = picture(pairs, [p.decay for p in others], acted)
    return Reproduction("first-passage", title, tuple(rows), figure, notes)


def picture(
    pairs: Sequence[tuple[float, float]],
    decays: Sequence[float],
    interventions: Mapping[str, Sequence[Run]],
) -> "Figure":
    """Return predicted against measured delays, and the test accuracy after interventions.

    **Arguments:**

    - `pairs`: (predicted, measured) of held-out runs; `decays`: their weight decays.
    - `interventions`: name -> runs.
    """
    from latebloom.plots import style as st
    from latebloom_paper.pictures.panel import Line, Panel, plot_panels

    points, curves = [], []
    for decay, colour in by_decay(decays).items():
        own = [pair for pair, d in zip(pairs, decays, strict=True) if d == decay and pair[0] > 0]
        if own:
            points.append(Line.through(own, f"λ = {decay:g}", colour, "o"))
    points += diagonals(points, {"--": (1.0, "as predicted")})
    colours = (st.RATIO, st.TEST, st.NORM)
    for (name, runs), colour in zip(interventions.items(), colours, strict=False):
        for k, run in enumerate(runs):
            accuracy = 1 - run.trajectory["test_error"].to_numpy()
            step = run.trajectory["step"].to_numpy()
            curves.append(Line(step, accuracy, None if k else name, colour))
    panels = [
        Panel(
            points,
            log="xy",
            xlabel="predicted $t_2 - t_1$ (steps)",
            ylabel="measured",
            title="held-out runs",
            legend="best",
        ),
        Panel(
            curves,
            xlabel="step (from $t_1$ where the norm is held)",
            ylabel="test accuracy",
            title="interventions",
            legend="best",
        ),
    ]
    return plot_panels(panels, (10.0, 4.4))


def _fit_rows(seen: Sequence[Passage]) -> list[Comparison]:
    """Return exponents of the delay, kappa, and how straight log V is."""
    fit = fit_exponents([Delay(p.eta, p.decay, p.delay) for p in seen])
    assert fit is not None  # the cells differ in both
    rows = [
        Comparison(
            f"exponent of the delay in {name}", published, value, f"95% {low:.2f} to {high:.2f}"
        )
        for name, published, value, (low, high) in (
            ("1/eta", ETA, fit.a, fit.a_interval),
            ("1/lambda", LAMBDA, fit.b, fit.b_interval),
        )
    ]
    kappas, straight = np.array([kappa(p) for p in seen]).T
    ends = f"from {kappas.min():.3f} to {kappas.max():.3f}"
    rows.append(
        Comparison(
            "kappa, median (the source's for its MLP)", KAPPA, float(np.median(kappas)), ends
        )
    )
    ends = f"from {straight.min():.2f} to {straight.max():.2f}"
    what = "R^2 of straight lines through log V, median"
    return [*rows, Comparison(what, STRAIGHT, float(np.median(straight)), ends)]


def _act_rows(acted: dict[str, list[Run]]) -> list[Comparison]:
    """Return the share of runs that generalize within the horizon, by intervention."""
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


reproduce = by_size(partial(study, False), partial(study, True))
