"""Kernel to rich: a large initialization and a small weight decay, after Lyu et al."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr

from latebloom.core.line_fit import fit_line
from latebloom.core.progress import Progress
from latebloom.laws.constants import LeastNorm, diagonal_flow, max_margin, min_norm_interpolant
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction

from .verdicts import at_size_of, judged, verdict_note

STUDY = STUDIES["kernel-to-rich"]
EPS = 0.25  # the theorem holds for every eps; a quarter leaves both sides clear of the transition
FIT = 1e-2  # relative train error that counts as fitted (logistic loss: every sign is right)
AFTER = 6.0  # the constant by which T may exceed log(gamma)/beta: at small gamma it is not small
OTHER_BETAS = (0.5, 2.0)  # beta = gamma^-c: c = 1 throughout, these once
NEAR, FAR = 0.05, 0.25  # of a slope from 1: as published; and the law but for a drift


@dataclass(frozen=True, eq=False)
class Task:
    """Data, the two solutions between which the flow moves, and how well a predictor does."""

    name: str
    X: Float[np.ndarray, "N n"]
    y: Float[np.ndarray, " N"]
    loss: str
    kernel: LeastNorm
    rich: LeastNorm
    quality: Callable[[np.ndarray], np.ndarray]

    @property
    def measure(self) -> str:
        """What `quality` is."""
        return "test error" if self.loss == "squared" else "test accuracy"

    def fitted(self, w: Float[np.ndarray, "K n"]) -> Bool[np.ndarray, " K"]:
        """Return whether each predictor fits the training data."""
        f = w @ self.X.T
        if self.loss == "logistic":
            return np.all(self.y * f > 0, axis=1)
        return np.linalg.norm(f - self.y, axis=1) <= FIT * np.linalg.norm(self.y)


def cosines(w: Float[np.ndarray, "K n"], direction: Float[np.ndarray, " n"]) -> np.ndarray:
    """Return the cosine of each row with the direction; 0 for the zero vector."""
    size = np.linalg.norm(w, axis=1) * np.linalg.norm(direction)
    return w @ direction / np.where(size > 0, size, 1.0)


def task(kind: str, seed: int) -> Task:
    r"""Return data of iid N(0, 1) coordinates, with the quality of a predictor in closed form.

    - `regression`: n = 60, N = 30, three entries of the truth are +-1; $\|w - a^*\|/\|a^*\|$.
    - `classification`: n = 100, N = 60, the signs of such a truth; 1 - angle/pi.
    - `dense`: n = 100, N = 60, two classes at +-3 on the diagonal; Phi(3 cos), where l1 is wrong.
    """
    rng = np.random.default_rng([seed, len(kind)])
    N, n = (30, 60) if kind == "regression" else (60, 100)
    X = rng.standard_normal((N, n))
    truth = np.zeros(n)
    truth[rng.choice(n, 3, replace=False)] = rng.choice([-1.0, 1.0], 3)
    y = X @ truth if kind == "regression" else np.sign(X @ truth)
    if kind == "dense":
        y, truth = rng.choice([-1.0, 1.0], N), np.ones(n) / np.sqrt(n)
        X = X + 3 * np.outer(y, truth)

    def quality(w: np.ndarray) -> np.ndarray:
        if kind == "regression":
            return np.linalg.norm(w - truth, axis=1) / np.linalg.norm(truth)
        cos = np.clip(cosines(w, truth), -1, 1)
        return ndtr(3 * cos) if kind == "dense" else 1 - np.arccos(cos) / np.pi

    solve = min_norm_interpolant if kind == "regression" else max_margin
    loss = "squared" if kind == "regression" else "logistic"
    return Task(kind, X, y, loss, solve(X, y, "l2"), solve(X, y, "l1"), quality)


def transition(task: Task, gamma: float, beta: float) -> "pictures.Transition":
    """Return one flow measured: when it turns from the kernel's direction to the rich one.

    The transition: the first passage, after the fit, of cos(w, rich) above cos(w, kernel).
    """
    T = float(np.log(gamma))  # in units of 1/beta
    stops = np.sort([(1 - EPS) * T, T, (1 + EPS) * T, max(1.75 * T, T + AFTER)])
    tau, w = diagonal_flow(task.X, task.y, gamma, beta, task.loss, stops)
    kernel, rich = cosines(w, task.kernel.w), cosines(w, task.rich.w)
    fit = int(np.argmax(task.fitted(w)))
    ahead = rich - kernel
    passed = np.flatnonzero((ahead[fit + 1 :] >= 0) & (ahead[fit:-1] < 0)) + fit + 1
    passage = None
    if passed.size:
        k = int(passed[0])
        between = float(ahead[k - 1] / (ahead[k - 1] - ahead[k]))
        margin = float((task.y * (task.X @ w[k])).min())
        passage = (float(tau[k - 1] + between * (tau[k] - tau[k - 1])), margin)
    return pictures.Transition(
        gamma, beta, tau, kernel, rich, task.quality(w), float(tau[fit]), passage
    )


def slope_row(what: str, lines: list[list[tuple[float, float]]]) -> Comparison:
    """Return the slope common to lines, one per data set, and its 95% interval; the law says 1."""
    x, y = (np.concatenate([np.array(p)[:, i] - np.mean(p, 0)[i] for p in lines]) for i in (0, 1))
    fit = fit_line(x, y, groups=len(lines))
    ends = f"95% interval of the fit {fit.low:.4f} to {fit.high:.4f}, {len(lines)} data set(s)"
    return Comparison(what, 1.0, fit.slope, ends)


def study(quick: bool, progress: Progress) -> Reproduction:
    """Sweep gamma with beta = 1/gamma, for both losses: transition times, cosines, test errors.

    The verdict, fixed beforehand: reproduced if the slope of beta T in log(gamma) is within 0.05
    of 1 for both losses, with corrections if it is within 0.25.
    """
    s = STUDY.at(quick).settings
    gammas, seeds = s["gammas"], range(s["seeds"])
    kinds = ("regression", "classification")
    total, done = len(kinds) * (len(gammas) * len(seeds) + len(OTHER_BETAS)) + 1, 0

    def run(data: Task, gamma: float, c: float = 1.0) -> "pictures.Transition":
        nonlocal done
        found = transition(data, gamma, gamma**-c)
        progress(done := done + 1, total)
        return found

    rows, shown, slopes = [], {}, {}
    for kind in kinds:
        tasks = [task(kind, seed) for seed in seeds]
        sweeps = [[run(data, gamma) for gamma in gammas] for data in tasks]
        data, sweep = tasks[0], sweeps[0]
        shown[kind] = (data.measure, sweep)
        seen = [[(r.T, *r.passage) for r in runs if r.passage] for runs in sweeps]
        lines = [[(T, passage) for T, passage, _ in points] for points in seen]
        rows.append(slope_row(f"{kind}: slope of beta T in log(gamma)", lines))
        slopes[kind] = rows[-1].ours
        if data.loss == "logistic":
            # The predictor grows like its margin m, and the transition waits for kappa ~ m.
            grown = [[(T, passage + np.log(m) / 2) for T, passage, m in points] for points in seen]
            rows.append(slope_row(f"{kind}: the same of beta T + log(margin)/2", grown))
        for r in (*sweep, *(run(data, 1e4, c) for c in OTHER_BETAS)):
            rows += _rows(data, r)
    off = max(abs(slope - 1) for slope in slopes.values())
    words = ", ".join(f"{slope:.4f} ({kind})" for kind, slope in slopes.items())
    data = task("dense", 0)
    rows += _rows(data, run(data, gammas[-1]))
    verdict = verdict_note(judged(off <= NEAR, off <= FAR), f"slopes {words}, the law: 1")
    figure = pictures.plot_transition(shown, EPS)
    return STUDY.reproduction(rows, figure, {}, verdict=verdict, seeds=len(seeds))


def _rows(data: Task, r: "pictures.Transition") -> list[Comparison]:
    """Return what one run says."""
    at = f"{data.name}, gamma = {r.gamma:.0e}, beta = {r.beta:.0e}"
    low, high = r.index((1 - EPS) * r.T), r.index((1 + EPS) * r.T)
    before, after = f"at {1 - EPS:g} log(gamma)/beta", f"at {1 + EPS:g} log(gamma)/beta"
    ratio = r.passage[0] / r.T if r.passage else None
    return [
        Comparison(f"{at}: beta T/log(gamma)", None, ratio),
        Comparison(f"{at}: cosine to the kernel solution {before}", None, float(r.kernel[low])),
        Comparison(f"{at}: cosine to the KKT direction {after}", None, float(r.rich[high])),
        Comparison(f"{at}: {data.measure} {before}", None, float(r.quality[low])),
        Comparison(f"{at}: {data.measure} {after}", None, float(r.quality[high])),
    ]


reproduce = at_size_of(study)
