"""Kernel to rich: a large initialization and a small weight decay, after Lyu et al."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float
from scipy.special import ndtr

from latebloom.core.progress import Progress
from latebloom.laws.constants import LeastNorm, diagonal_flow, max_margin, min_norm_interpolant
from latebloom_paper.book.catalogue import by_size
from latebloom_paper.book.reproduction import Comparison, Reproduction

from .verdicts import judged, verdict_note

if TYPE_CHECKING:
    from matplotlib.figure import Figure

EPS = 0.25  # the theorem holds for every eps; a quarter leaves both sides clear of the transition
FIT = 1e-2  # relative train error that counts as fitted (logistic loss: every sign is right)
AFTER = 6.0  # the constant by which T may exceed log(gamma)/beta: at small gamma it is not small
SMALL, FULL = (1e2, 1e4, 1e6), (1e2, 1e3, 1e4, 1e6, 1e8, 1e10, 1e12)
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


@dataclass(frozen=True, eq=False)
class Transition:
    r"""One flow with weight decay from a large initialization.

    **Fields:**

    - `gamma`, `beta`: scale of the initialization, weight decay.
    - `tau`: $\beta t$, shape (K,).
    - `kernel`, `rich`: cosines of the predictor to the two solutions, shape (K,).
    - `quality`: its test error or accuracy, shape (K,).
    - `fit`: $\beta t$ at which the training data are first fitted.
    - `passage`: $\beta t$ of the transition and the least $y_i f(x_i)$ there, None if it is not
      seen.
    """

    gamma: float
    beta: float
    tau: Float[np.ndarray, " K"]
    kernel: Float[np.ndarray, " K"]
    rich: Float[np.ndarray, " K"]
    quality: Float[np.ndarray, " K"]
    fit: float
    passage: tuple[float, float] | None

    @property
    def T(self) -> float:
        r"""The law's transition, $\beta$ times $\log(\gamma)/\beta$."""
        return float(np.log(self.gamma))

    def index(self, tau: float) -> int:
        r"""Return the position of the recorded $\beta t$ nearest to `tau`."""
        return int(np.argmin(np.abs(self.tau - tau)))


def transition(task: Task, gamma: float, beta: float) -> Transition:
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
        share = float(ahead[k - 1] / (ahead[k - 1] - ahead[k]))
        margin = float((task.y * (task.X @ w[k])).min())
        passage = (float(tau[k - 1] + share * (tau[k] - tau[k - 1])), margin)
    return Transition(gamma, beta, tau, kernel, rich, task.quality(w), float(tau[fit]), passage)


def slope_row(what: str, lines: list[list[tuple[float, float]]]) -> Comparison:
    """Return the slope common to lines, one per data set, and its 95% interval; the law says 1."""
    from scipy.stats import t as student  # a third of a second, which no other command needs

    x, y = (np.concatenate([np.array(p)[:, i] - np.mean(p, 0)[i] for p in lines]) for i in (0, 1))
    fit = float(x @ y / (x @ x))
    free = x.size - len(lines) - 1
    half = float(np.sqrt(np.sum((y - fit * x) ** 2) / free / (x @ x)) * student.ppf(0.975, free))
    ends = f"95% interval of the fit {fit - half:.4f} to {fit + half:.4f}, {len(lines)} data set(s)"
    return Comparison(what, 1.0, fit, ends)


def study(small: bool, progress: Progress) -> Reproduction:
    """Sweep gamma with beta = 1/gamma, for both losses: transition times, cosines, test errors.

    The verdict, fixed beforehand: reproduced if the slope of beta T in log(gamma) is within 0.05
    of 1 for both losses, with corrections if it is within 0.25.
    """
    gammas, seeds = (SMALL, (0,)) if small else (FULL, (0, 1, 2))
    kinds = ("regression", "classification")
    total, done = len(kinds) * (len(gammas) * len(seeds) + len(OTHER_BETAS)) + 1, 0

    def run(data: Task, gamma: float, c: float = 1.0) -> Transition:
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
    notes = (
        verdict_note(judged(off <= NEAR, off <= FAR), f"slopes {words}, the law: 1"),
        "T is the first passage, after the fit, of cos(w, rich) above cos(w, kernel), w = u^2 - "
        "v^2; the law's log(gamma)/beta is when a weight left alone, gamma e^(-beta t), passes 1",
        "beta T - log(gamma) is a constant of the data (squared loss) or falls like half the log "
        "of the margin, about log(1/beta) (logistic loss), where the direction also comes late, "
        "like 1/log(1/beta); the intervals are of the fit: the deviations are drifts, not noise",
        f"both solutions proved to a relative gap of 1e-9; seed 0, the slopes of {len(seeds)}",
        "dense: classes at +-3 on the diagonal, where l1 generalizes less: misgrokking",
    )
    title = "From the kernel to the rich regime at log(gamma)/beta"
    return Reproduction("kernel-to-rich", title, tuple(rows), picture(shown), notes)


def picture(tasks: Mapping[str, tuple[str, Sequence[Transition]]]) -> "Figure":
    """Return a row of panels per task: cosines, quality, and the times of the transition.

    **Arguments:**

    - `tasks`: name -> (what the quality is, one flow per gamma).
    """
    from latebloom.plots import style as st
    from latebloom_paper.pictures.panel import Line, Panel, colours_between, plot_panels

    dotted = {"ls": ":"}
    sides = {
        "along": [(1.0, dotted)],
        "shaded": [(1 - EPS, 1 + EPS, {"color": st.OFF, "alpha": 0.15})],
        "xlim": (0, 1.75),
        "xlabel": "β t / log γ",
    }
    panels = []
    for name, (measure, runs) in tasks.items():
        kinds = ("to the kernel solution (l2)", "to the KKT direction (l1)")
        cosine = [
            Line([], [], kind, "0.3", ls) for kind, ls in zip(kinds, ("--", "-"), strict=True)
        ]
        quality = []
        for r, colour in zip(runs, colours_between(runs), strict=True):
            known = slice(r.index(r.fit), None)  # before the fit there is no direction yet
            x = r.tau[known] / r.T
            cosine.append(Line(x, r.kernel[known], None, colour, "--", style={"lw": 1.1}))
            cosine.append(Line(x, r.rich[known], None, colour))
            quality.append(Line(x, r.quality[known], f"γ = {st.power(r.gamma)}", colour))
        T, passed = [r.T for r in runs], [(r.T, r.passage[0]) for r in runs if r.passage]
        times = [Line(T, T, "log γ, the law", form=":")]
        if passed:
            times.append(Line.through(passed, "measured", st.TEST, "o"))
        panels += [
            Panel(cosine, ylabel="cosine", title=f"{name}: direction of w", legend="best", **sides),
            Panel(quality, ylabel=measure, title=f"{name}: {measure}", legend="best", **sides),
            Panel(
                times,
                xlabel="log γ",
                ylabel="β T",
                title=f"{name}: time of the transition",
                legend="best",
            ),
        ]
    layout = ";".join("ABCDEF"[k : k + 3] for k in range(0, len(panels), 3))
    return plot_panels(panels, (10.5, 3.2 * len(tasks)), layout)


def _rows(data: Task, r: Transition) -> list[Comparison]:
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


reproduce = by_size(partial(study, False), partial(study, True))
