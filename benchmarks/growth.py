"""How the cost of an event-driven run grows with the delay and with the dimension."""

import json
import time
from pathlib import Path

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

import latebloom as lb
from latebloom.engines.jump import simulate_jump

from .figure3 import PROBLEM
from .timing import Row

# The delay is 0.1/(alpha beta) steps on this instance: horizons of ten times as much.
BETAS = tuple(10.0**-k for k in range(3, 12))
SIZES = (50, 100, 200, 500, 1000, 2000)


def run(problem: lb.SparseRecovery, alpha: float, beta: float) -> dict[str, float]:
    """Return what one run cost."""
    steps = int(min(2 / (alpha * beta), 1e15))
    experiment = lb.Experiment(problem, lb.L1(beta), lb.ProximalGradient(alpha), steps=steps)
    experiment.data.svd  # noqa: B018 - cached
    began = time.perf_counter()
    result = simulate_jump(experiment)
    seconds = time.perf_counter() - began
    return {
        "n": problem.n,
        "delay scale 1/(alpha beta)": 1 / (alpha * beta),
        "seconds": seconds,
        "events": result.events or 0,
        "t2": result.t2.step if result.t2 and result.t2.step is not None else float("nan"),
    }


def measure(out: Path) -> list[Row]:
    """Return the growth, and write growth.json and growth.svg."""
    clean = lb.SparseRecovery.code(n=100, s=5, N=30, seed=1, snr=None)
    run(PROBLEM, 0.1, 1e-3)  # warm-up
    delays = [
        min((run(clean, 0.1, b) for _ in range(3)), key=lambda r: r["seconds"]) for b in BETAS
    ]
    sizes = []
    for n in SIZES:
        problem = lb.SparseRecovery.code(n=n, s=max(1, n // 20), N=3 * n // 10, seed=1, snr=None)
        sizes.append(run(problem, 0.5 * problem.alpha_max, 1e-8))
    (out / "growth.json").write_text(json.dumps({"delay": delays, "n": sizes}, indent=2) + "\n")
    _plot(delays, sizes, out / "growth.svg")
    slowest = max(r["seconds"] for r in delays) / min(r["seconds"] for r in delays)
    rows = [Row("slowest / fastest over 1/(alpha beta) = 1e4 .. 1e12", slowest, "x", "", True)]
    for r in delays:
        detail = f"{r['events']:.0f} events, t2 = {r['t2']:.0f}"
        what = f"1/(alpha beta) = {r['delay scale 1/(alpha beta)']:.0e}"
        rows.append(Row(what, r["seconds"], "s", "", True, detail))
    for r in sizes:
        detail = f"{r['events']:.0f} events, t2 = {r['t2']:.0f}"
        rows.append(Row(f"n = {r['n']:.0f}", r["seconds"], "s", "", True, detail))
    return rows


def _plot(delays: list[dict[str, float]], sizes: list[dict[str, float]], path: Path) -> None:
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.loglog(
        [r["delay scale 1/(alpha beta)"] for r in delays], [r["seconds"] for r in delays], "o-"
    )
    left.set(xlabel=r"$1/(\alpha\beta)$", ylabel="seconds per run", title="cost against the delay")
    right.loglog([r["n"] for r in sizes], [r["seconds"] for r in sizes], "o-")
    right.set(xlabel="n", title="cost against the dimension")
    for axes in (left, right):
        axes.grid(alpha=0.3)
    left.set_ylim(1e-2, 1e1)
    FigureCanvasSVG(figure).print_svg(str(path))
