"""Grokking in linear estimators, after Levi, Beck and Bar-Sinai: curves, accuracy, delay."""

from functools import partial

import numpy as np
from scipy.special import lambertw

from latebloom.core.progress import Progress
from latebloom.experiment import Experiment, LogSpaced
from latebloom.laws import LINEAR_ESTIMATORS, Verdict, closed_form
from latebloom.laws.constants.marchenko_pastur import losses, passage
from latebloom.methods import GradientDescent
from latebloom.penalties import L2
from latebloom.problems import LinearData
from latebloom.runs import Run
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction

from .verdicts import at_size_of, judged, verdict_note

STUDY = STUDIES["linear-estimators"]
ETA, CUT = 0.01, 1e-3  # the source's eta_0 and epsilon
LEVEL = CUT / 4  # of the loss where 95 percent of the examples are within the cut
SIZE = STUDY.settings["unknowns"]
RATIOS = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
SHOWN = (0.1, 0.9, 1.5)  # the source's Figure 1
SEEDS = 5
STEPS = 10**8  # beyond t2 of every ratio below 1
DECAY = (0.5, 1e-2)  # ratio and gamma at which the plateau is looked at
FAINT = 1e-2  # of their start, where few directions are left: curves are compared down to this
AGREES = 0.1


def instance(
    seed: int, ratio: float, d: int = SIZE, gamma: float = 0.0, steps: int = STEPS
) -> Experiment:
    r"""Return the source's setting: student and teacher N(0, 1/(2d)), inputs N(0, I).

    The loss $\frac1N\|x(S - T)\|^2 + \frac\gamma2\|S\|^2$ is the library's with $X =
    \sqrt{2/N}\,x$; t1 and t2 are where the mean square errors are 0.00025.

    **Arguments:**

    - `seed`: of inputs, teacher and student.
    - `ratio`: $\lambda$, unknowns per example.
    - `d`: unknowns.
    - `gamma`: weight decay.
    - `steps`: horizon.
    """
    rng = np.random.default_rng([seed, d])
    N = round(d / ratio)
    teacher, student = rng.standard_normal((2, d)) / np.sqrt(2 * d)
    X = rng.standard_normal((N, d)) * np.sqrt(2 / N)
    y = X @ teacher
    return Experiment(
        LinearData(X, y, teacher),
        L2(gamma) if gamma else None,
        GradientDescent(ETA),
        init=student,
        steps=steps,
        thresholds=(
            float(np.sqrt(2 * LEVEL) / np.linalg.norm(y)),
            float(np.sqrt(LEVEL) / np.linalg.norm(teacher)),
        ),
        record=LogSpaced(10),
        name=f"linear estimator lambda={ratio:g} seed={seed}",
    )


def both_losses(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Return training and test loss at the records."""
    data = run.experiment.vector_data
    train = (run.trajectory["train_error"].to_numpy() * np.linalg.norm(data.y_star)) ** 2 / 2
    return train, (run.trajectory["test_error"].to_numpy() * np.linalg.norm(data.truth)) ** 2


def curves(run: Run, ratio: float) -> "pictures.LossCurves":
    """Return the losses of a run beside those of the law."""
    step = run.trajectory["step"].to_numpy().astype(float)
    return pictures.LossCurves(ratio, step, *both_losses(run), *losses(ratio, 4 * ETA * step))


def by_lambert(ratio: float) -> float:
    r"""Return the delay at which both sides of equation (11) are at the level.

    $e^{-g\tau}\tau^{-3/2} = 2\sqrt\pi\lambda^{3/4}\ell$ has the solution $\tau = \frac{3}{2g}
    W(\frac{2g}{3}(2\sqrt\pi\lambda^{3/4}\ell)^{-2/3})$, $g = (1-\sqrt\lambda)^2$, at the level
    $\ell$ of the training loss, and at $g$ times it for the test loss.
    """
    g = (1 - np.sqrt(ratio)) ** 2
    scale = 2 * np.sqrt(np.pi) * ratio**0.75 * LEVEL
    first, last = (
        1.5 / g * float(lambertw(g / 1.5 * (scale * k) ** (-2 / 3)).real) for k in (1.0, g)
    )
    return (last - first) / (4 * ETA)


def study(quick: bool, progress: Progress) -> Reproduction:
    r"""Compare curves, accuracy and delay with the law, its closed forms and its plateaus.

    The verdict, fixed beforehand: reproduced if losses (down to a hundredth of their start), delays
    (median over seeds) and the closed forms (12) and (16) are within a tenth, and fractions of
    fresh examples within five standard deviations; with corrections if the closed forms are not.
    """
    from latebloom.simulate import simulate

    d = STUDY.at(quick).settings["unknowns"]
    total, done = len(RATIOS) * SEEDS + len(SHOWN) + 1, 0

    def run(seed: int, ratio: float, gamma: float = 0.0, steps: int = STEPS) -> Run:
        nonlocal done
        found = simulate(instance(seed, ratio, d, gamma, steps), engine="spectral")
        progress(done := done + 1, total)
        return found

    shown = [curves(run(0, ratio, steps=10**6), ratio) for ratio in SHOWN]
    rows = [_curve_row(c) for c in shown]
    delays, verdicts, worst = {}, {}, 0.0
    for ratio in RATIOS:
        runs = [run(seed, ratio) for seed in range(SEEDS)]
        delays[ratio] = [float((r.phases.t2.step or 0) - (r.phases.t1.step or 0)) for r in runs]
        for law in LINEAR_ESTIMATORS:
            found = [law.check(r) for r in runs]
            verdicts.setdefault(law.name, []).extend(f.verdict for f in found)
            if law.name == "linear estimator accuracy":
                worst = max(worst, *(f.measured or 0.0 for f in found))
    exact, away = {}, []
    for ratio, seen in delays.items():
        exact[ratio] = _exact(ratio)
        measured = float(np.median(seen))
        away.append(abs(measured / exact[ratio] - 1))
        why = f"{SEEDS} seeds, from {min(seen):,.0f} to {max(seen):,.0f}"
        what = f"t2 - t1, lambda = {ratio:g}"
        rows.append(Comparison(f"{what}: expectation (8)", exact[ratio], measured, why))
        why = f"the expectation: {exact[ratio]:,.0f}; (11) solved: {by_lambert(ratio):,.0f}"
        printed = closed_form(ratio, 4 * ETA)
        rows.append(Comparison(f"{what}: closed form (12)", printed, measured, why))
    rows.append(Comparison("largest |share within the cut - erf|", 0.0, worst, "20,000 fresh"))
    plateaus = _plateau_rows(run(0, DECAY[0], DECAY[1]))
    rows += plateaus
    gaps = [row.ours or 0.0 for row in rows[: len(shown)]]
    near = max(gaps) <= AGREES and float(np.median(away)) <= AGREES
    fractions = Verdict.violated not in verdicts["linear estimator accuracy"]
    printed = [closed_form(r, 4 * ETA) / v for r, v in exact.items()]
    forms = max(printed) <= 1 + AGREES and all(bool(p.agrees) for p in plateaus)
    verdict = judged(near and fractions and forms, near and fractions)
    why = (
        f"curves within {max(gaps):.1%}, delays {np.median(away):.1%} from (8), (12) is "
        f"{min(printed):.2f} to {max(printed):.2f} times (8), plateaus of (16) "
        f"{plateaus[0].published / plateaus[0].ours:.2f} times ours"  # pyright: ignore
    )
    times = {r: (float(np.median(v)), min(v), max(v)) for r, v in delays.items()}
    figure = pictures.plot_estimators(shown, CUT, times, _exact, partial(closed_form, rate=4 * ETA))
    counts = [f"law '{name}': {_counts(v)}" for name, v in verdicts.items()]
    return STUDY.at(quick).reproduction(
        rows, figure, {}, verdict=verdict_note(verdict, why), counts=counts
    )


def _counts(verdicts: list[Verdict]) -> str:
    words = [f"{verdicts.count(v)} {v}" for v in Verdict if v in verdicts]
    return f"{', '.join(words)} of {len(verdicts)} runs"


def _curve_row(c: "pictures.LossCurves") -> Comparison:
    """Return the median relative distance of both losses from the law."""
    gaps: list[float] = []
    for seen, law in ((c.train, c.train_law), (c.test, c.test_law)):
        kept = law >= FAINT * law[0]
        gaps += list(np.abs(seen[kept] / law[kept] - 1))
    what = f"lambda = {c.ratio:g}: median distance of the losses from (8)"
    return Comparison(what, 0.0, float(np.median(gaps)), f"largest {max(gaps):.1%}")


def _exact(ratio: float) -> float:
    """Return the delay of the expectations (8) at the source's cut; both exist below 1."""
    first, last = (passage(ratio, LEVEL, test) or 0.0 for test in (False, True))
    return (last - first) / (4 * ETA)


def _plateau_rows(run: Run) -> list[Comparison]:
    """Return the losses in the end with weight decay beside equation (16)."""
    ratio, gamma = DECAY
    train, test = (float(loss[-1]) for loss in both_losses(run))
    rows = []
    for name, power, ours in (("training", 1, train), ("test", 3, test)):
        printed = gamma**2 / (4 * (1 - ratio) ** power)
        why = f"half of it, by (15): {printed / 2:.4g}"
        what = f"{name} loss in the end, lambda = {ratio:g}, gamma = {gamma:g}: (16)"
        rows.append(Comparison(what, printed, ours, why))
    return rows


reproduce = at_size_of(study)
