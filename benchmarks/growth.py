"""How the cost of an event-driven run grows with the delay and with the dimension."""

import json
import time
from pathlib import Path

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

import latebloom as lb
from latebloom.engines.jump import JUMP

from .figure3 import PROBLEM
from .timing import Row

# The delay is 0.1/(alpha beta) steps on this instance: horizons of ten times as much.
BETAS = tuple(10.0**-k for k in range(3, 12))
# With N = 100 and s = 5 fixed (recovery needs about s log n measurements), and with N, s
# proportional to n, where an update of a decomposition costs n^3 and there are about 3 n of them.
FIXED = (100, 200, 500, 1000, 2000)
PROPORTIONAL = (50, 100, 200, 500)


def run(problem: lb.SparseRecovery, alpha: float, beta: float) -> dict[str, float]:
    """Return what one run cost."""
    steps = int(min(2 / (alpha * beta), 1e15))
    experiment = lb.Experiment(problem, lb.L1(beta), lb.ProximalGradient(alpha), steps=steps)
    experiment.data.svd  # noqa: B018 - cached
    began = time.process_time()  # of the CPU: other work on the machine does not count
    result = JUMP.run(experiment)
    seconds = time.process_time() - began
    return {
        "n": problem.n,
        "delay scale 1/(alpha beta)": 1 / (alpha * beta),
        "seconds": seconds,
        "events": result.events or 0,
        "t2": result.t2.step if result.t2 and result.t2.step is not None else float("nan"),
    }


def sized(n: int, s: int, N: int, beta: float = 1e-8) -> dict[str, float]:
    """Return what one run in n dimensions cost, at half the largest stable alpha."""
    problem = lb.SparseRecovery.code(n=n, s=s, N=N, seed=1, snr=None)
    return run(problem, 0.5 * problem.alpha_max, beta)


def measure(out: Path) -> list[Row]:
    """Return the growth, and write growth.json and growth.svg."""
    clean = lb.SparseRecovery.code(n=100, s=5, N=30, seed=1, snr=None)
    run(PROBLEM, 0.1, 1e-3)  # warm-up
    delays = [
        min((run(clean, 0.1, b) for _ in range(3)), key=lambda r: r["seconds"]) for b in BETAS
    ]
    fixed = [sized(n, s=5, N=100) for n in FIXED]
    proportional = [sized(n, s=max(1, n // 20), N=3 * n // 10) for n in PROPORTIONAL]
    (out / "growth.json").write_text(
        json.dumps({"delay": delays, "n, N = 100": fixed, "n, N = 0.3 n": proportional}, indent=2)
        + "\n"
    )
    _plot(delays, fixed, proportional, out / "growth.svg")
    slowest = max(r["seconds"] for r in delays) / min(r["seconds"] for r in delays)
    rows = [Row("slowest / fastest over 1/(alpha beta) = 1e4 .. 1e12", slowest, "x", "", True)]
    for r in delays:
        detail = f"{r['events']:.0f} events, t2 = {r['t2']:.0f}"
        what = f"1/(alpha beta) = {r['delay scale 1/(alpha beta)']:.0e}"
        rows.append(Row(what, r["seconds"], "s", "", True, detail))
    for label, runs in (("N = 100", fixed), ("N = 0.3 n", proportional)):
        for r in runs:
            detail = f"{r['events']:.0f} events, t2 = {r['t2']:.0f}"
            rows.append(Row(f"n = {r['n']:.0f}, {label}", r["seconds"], "s", "", True, detail))
    return rows


Runs = list[dict[str, float]]


def _plot(delays: Runs, fixed: Runs, proportional: Runs, path: Path) -> None:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.loglog(
        [r["delay scale 1/(alpha beta)"] for r in delays], [r["seconds"] for r in delays], "o-"
    )
    left.set(
        xlabel=r"$1/(\alpha\beta)$", ylabel="seconds of CPU per run", title="cost against the delay"
    )
    for label, runs in (("N = 100", fixed), ("N = 0.3 n", proportional)):
        right.loglog([r["n"] for r in runs], [r["seconds"] for r in runs], "o-", label=label)
    right.legend()
    right.set(xlabel="n", title="cost against the dimension")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    left.set_ylim(1e-2, 1e1)
    FigureCanvasSVG(figure).print_svg(str(path))
