"""The norm-separation law of the delay, after Truong et al., on a small network and on ridge."""

from collections.abc import Sequence

import numpy as np

from latebloom.core.line_fit import fit_line
from latebloom.core.progress import Progress
from latebloom.experiment import Experiment, LogSpaced
from latebloom.laws.constants import settling_rate
from latebloom.laws.constants.norm_passage import Passage
from latebloom_paper import pictures
from latebloom_paper.book import Comparison, Reproduction

from . import ridge_bounds
from .norm_runs import GROWING, SCALE, STUDY, Cell, experiment, exponents, passages, sgd, sizes
from .verdicts import at_size_of, interval, judged, verdict_note

READ = STUDY.readings
# Exponents of the delay in 1/lambda and 1/eta that count as 1: a law with both wrong by more than
# half is another law.
NEAR, FAR = 0.25, 0.6
CORRELATED = 0.8
NEVER_SLOWER = 0.9  # fraction of runs in which V must fall at eta lambda at least
SAME: Cell = (1e-2, 1.0)  # where AdamW groks within 300 steps
OWN: Cell = (1.0, 3e-3)  # a learning rate that suits plain gradient descent
SLOW: Cell = (3e-3, 0.1)  # where a network started small grows while it waits
# Many examples and a teacher of norm 4: the row space then has a norm of its own.
HEAVY = {"n": 500, "teacher": 4.0}


def ridge_rates(seed: int, **setting: float) -> tuple[float, float, float]:
    r"""Return the rates at which V falls between t1 and t2 in ridge regression, over eta lambda.

    **Returns:** that of the part in the kernel of X, that of all of V, and the delay over
    $\log(V(t_1)/V(t_2))/(2\eta\lambda)$ for all of V.
    """
    from latebloom.simulate import simulate

    experiment = ridge_bounds.instance(seed, **setting)  # pyright: ignore - n and m are integers
    run = simulate(experiment.with_(record=LogSpaced(1)))
    t1, t2 = run.phases.t1.step, run.phases.t2.step
    assert t1 is not None
    assert t2 is not None
    Vt = run.experiment.vector_data.svd.Vt
    a = run.trajectory["a"].sel(step=[t1, t2]).to_numpy()
    hidden = a - (a @ Vt.T) @ Vt
    logs = [float(np.log(np.sum(v[0] ** 2) / np.sum(v[1] ** 2))) for v in (hidden, a)]
    eta_lambda = setting.get("decay", 1e-4)
    time = eta_lambda * (t2 - t1)
    return logs[0] / time, logs[1] / time, 2 * time / logs[1]


def slow_growth(eta: float, decay: float, seed: int) -> Experiment:
    """Return a run of AdamW from the usual, small start, as long as a typical delay there."""
    return experiment(eta, decay, seed, scale=GROWING, horizon=1.5)


def study(quick: bool, progress: Progress) -> Reproduction:
    r"""Sweep learning rate and weight decay of AdamW; compare with SGD, and with ridge regression.

    The verdict, fixed beforehand: reproduced if both exponents of the delay are within 0.25 of 1,
    its correlation with $\log(V_1/V_2)/(\eta\lambda)$ is 0.8 or more, V falls at $\eta\lambda$ or
    faster in nine of ten runs, and SGD fails where AdamW groks; with corrections if the exponents
    are within 0.6 and the correlation holds.
    """
    cells, seeds = sizes(quick)
    few = seeds[:1] if quick else seeds
    batches = [(cells, seeds, experiment), ((SAME, OWN), seeds, sgd), ((SLOW,), few, slow_growth)]
    adam, others, growing = passages(batches, progress)
    rows, numbers = _adam_rows(adam)
    same, own = others[: len(seeds)], others[len(seeds) :]
    rows += _sgd_rows(same, own)
    rows += _necessity_rows(adam, growing)
    rows += _ridge_rows(range(2 if quick else 5))
    a, b, pearson, fast = numbers
    off = max(abs(a - 1), abs(b - 1))
    fails = not any(p.delayed for p in same)
    formula = pearson >= CORRELATED
    verdict = judged(
        off <= NEAR and formula and fast >= NEVER_SLOWER and fails, off <= FAR and formula
    )
    rate = float(np.median([p.rate for p in adam if p.delayed]))
    why = (
        f"exponents {a:.2f} in 1/eta, {b:.2f} in 1/lambda, correlation {pearson:.2f}, V falls at "
        f"{rate:.2f} eta lambda, SGD: {sum(p.delayed for p in same)} of {len(same)} grok"
    )
    return STUDY.reproduction(
        rows,
        pictures.plot_separation(adam, own),
        {},
        verdict=verdict_note(verdict, why),
        own=OWN,
        scale=SCALE,
        seeds=len(seeds),
    )


def _adam_rows(runs: Sequence[Passage]) -> tuple[list[Comparison], tuple[float, ...]]:
    """Return what AdamW's runs say; and exponents, correlation and the fraction that is fast."""
    seen = [p for p in runs if p.delayed]
    found = exponents(seen)
    rows = []
    for name, fit in found.items():
        why = f"95% interval {fit.low:.2f} to {fit.high:.2f}; {len(seen)} of {len(runs)} runs"
        rows.append(Comparison(f"AdamW: exponent of the delay in {name}", 1.0, fit.value, why))
    eta = float(np.median([p.eta for p in seen]))
    decay = float(np.median([p.decay for p in seen]))
    for name, x, published, kept in (
        ("1/lambda", "decay", READ["r2_decay"], [p for p in seen if p.eta == eta]),
        ("1/eta", "eta", READ["r2_rate"], [p for p in seen if p.decay == decay]),
    ):
        cells = sorted({getattr(p, x) for p in kept})
        if len(cells) < 3:
            continue
        means = [float(np.mean([p.delay for p in kept if getattr(p, x) == v])) for v in cells]
        line = fit_line([1 / v for v in cells], means)
        what = f"AdamW: R^2 of the mean delay on {name}"
        rows.append(Comparison(what, published, line.r2, f"{len(cells)} values"))
    formula = np.array([p.log_ratio / (p.eta * p.decay) for p in seen])
    measured = np.array([p.delay for p in seen])
    pearson = float(np.corrcoef(formula, measured)[0, 1])
    what = "AdamW: correlation of the delay with log(V1/V2)/(eta lambda)"
    rows.append(Comparison(what, READ["pearson"], pearson, "the source varies p instead"))
    line = fit_line(np.log(formula[formula > 0]), np.log(measured[formula > 0]))
    rows.append(Comparison("AdamW: the same in logarithms, slope", 1.0, line.slope, interval(line)))
    rates = np.array([p.rate for p in seen])
    ends = f"from {rates.min():.2f} to {rates.max():.2f}; the law with V: 1 to 2"
    what = "AdamW: rate of V from t1 to t2, over eta lambda"
    rows.append(Comparison(what, None, float(np.median(rates)), ends))
    above = np.array([settling_rate(p) for p in seen])
    ends = f"from {above.min():.2f} to {above.max():.2f}; the source's fit"
    what = "AdamW: rate of V above where it settles, over eta lambda"
    rows.append(Comparison(what, READ["rate"], float(np.median(above)), ends))
    fast = float(np.mean(rates >= 1))
    rows.append(Comparison("AdamW: share of runs with a rate of eta lambda or more", 1.0, fast))
    a, b = (fit.value for fit in found.values())
    return rows, (a, b, pearson, fast)


def _sgd_rows(same: Sequence[Passage], own: Sequence[Passage]) -> list[Comparison]:
    """Return whether plain gradient descent groks, with AdamW's numbers and with its own."""
    rows = []
    for runs, published in ((same, 0.0), (own, None)):
        p = runs[0]
        grokked = float(np.mean([q.delayed for q in runs]))
        memorized = sum(q.t1 is not None for q in runs)
        at = f"eta = {p.eta:g}, lambda = {p.decay:g}"
        why = f"{memorized} of {len(runs)} memorize"
        rows.append(Comparison(f"SGD, {at}: share that groks", published, grokked, why))
    rates = [p.rate for p in own if p.delayed]
    if rates:
        what = f"SGD, eta = {OWN[0]:g}: rate of V from t1 to t2, over eta lambda"
        ends = f"from {min(rates):.2f} to {max(rates):.2f}"
        rows.append(Comparison(what, 1.0, float(np.median(rates)), ends))
    return rows


def _necessity_rows(adam: Sequence[Passage], growing: Sequence[Passage]) -> list[Comparison]:
    """Return in which fraction of the delayed runs V fell, from a large and from a small start."""
    rows = []
    for name, runs in (("large", adam), ("small", growing)):
        ratios = [float(np.exp(-p.log_ratio)) for p in runs if p.delayed]
        if not ratios:
            continue
        delays = [p.delay for p in runs if p.delayed]
        why = f"V(t2)/V(t1) from {min(ratios):.2f} to {max(ratios):.2f}"
        why += f", delays from {min(delays):,.0f} to {max(delays):,.0f}"
        what = f"AdamW, {name} start: share of delayed runs in which V falls"
        rows.append(Comparison(what, 1.0, float(np.mean([r < 1 for r in ratios])), why))
    return rows


def _ridge_rows(seeds: Sequence[int]) -> list[Comparison]:
    """Return the rates of ridge regression, where they can be derived: 2, and less for all of V."""
    rows = []
    for name, setting in (("n = 100, teacher 1", {}), ("n = 500, teacher 4", HEAVY)):
        rates = np.array([ridge_rates(seed, **setting) for seed in seeds])
        kernel, whole, delay = np.median(rates, axis=0)
        exact = "derived: -2 log(1 - eta lambda)/(eta lambda) = 2.0001"
        what = f"ridge, {name}: rate of V in the kernel of X, over eta lambda"
        rows.append(Comparison(what, 1.0, float(kernel), exact))
        what = f"ridge, {name}: rate of all of V"
        rows.append(Comparison(what, 1.0, float(whole), "the row space keeps its norm"))
        what = f"ridge, {name}: delay over log(V1/V2)/(2 eta lambda), all of V"
        rows.append(Comparison(what, None, float(delay), "1 for V in the kernel of X"))
    return rows


reproduce = at_size_of(study)
