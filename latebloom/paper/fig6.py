"""Figure 6 (and 29): t2 of matrix completion scales as 1/(alpha beta)."""

from latebloom.experiment import Experiment
from latebloom.methods import ProximalGradient, Subgradient
from latebloom.penalties import Nuclear
from latebloom.problems import MatrixCompletion
from latebloom.progress import Progress

from .catalogue import READ_OFF, Preset, register
from .fig5 import SEED
from .reproduction import Comparison, Reproduction, completed

ALPHAS = (0.0825, 0.1, 0.75, 0.825, 1.0, 1.5)
BETAS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
# Read off the right axis: test error by beta, 1e-6 ... 1e-2.
PUBLISHED_ERROR = {1e-6: 3.6e-6, 1e-5: 3.7e-5, 1e-4: 3.5e-4, 1e-3: 3.6e-3, 1e-2: 3.7e-2}
# The published plateau rule, within 5% of the last recorded values, where the flow can tell: an
# error of 1e-4 is thirty times what its integration leaves open.
SETTLED, LEAST = 1.05, 1e-4


def fig6(alpha: float = 0.1, beta: float = 1e-5, seed: int = SEED) -> Experiment:
    """Return one run of the figure."""
    return Experiment(
        MatrixCompletion.code(seed=seed, recoverable=True),
        Nuclear(beta, null="full"),
        Subgradient(alpha),
        init=1e-6,
        steps=10_000_000,
        thresholds=(1e-3, 1e-3),
        name=f"fig6 alpha={alpha:g} beta={beta:g}",
    )


def fig6_grid() -> list[Experiment]:
    """Return the 36 runs of the figure, alpha by alpha, each on a truth of its own."""
    pairs = [(alpha, beta) for alpha in ALPHAS for beta in BETAS]
    # The published loop draws a new truth for every run.
    return [fig6(alpha, beta, seed) for seed, (alpha, beta) in enumerate(pairs)]


def reproduce(progress: Progress) -> Reproduction:
    """Bracket t2 of the 36 runs by the flow in slow time, and compare the law and the errors."""
    import numpy as np

    from latebloom.plots import plot_law
    from latebloom.simulate import simulate
    from latebloom.theory import limit

    points, products, ratios = [], [], []
    errors: dict[float, list[float]] = {}
    grid = fig6_grid()
    for i, subgradient in enumerate(grid):
        alpha, beta = ALPHAS[i // len(BETAS)], BETAS[i % len(BETAS)]
        experiment = subgradient.with_(method=ProximalGradient(alpha), steps=10**10)
        data = experiment.data
        assert data.a_star is not None
        end = limit(experiment)
        assert end is not None
        assert end.test_error is not None
        within = experiment.with_(thresholds=(1e-3, max(SETTLED * end.test_error, LEAST)))
        t2 = completed(simulate(within, engine="slow")).phases.t2
        middle = None if t2.low is None or t2.high is None else 0.5 * (t2.low + t2.high)
        predicted = float(np.linalg.norm(data.a_hat - data.a_star, 2)) / (alpha * beta)
        error = float(np.linalg.norm(end.a - data.a_star, "nuc"))
        point = {"alpha": alpha, "beta": beta, "t2": middle, "predicted": predicted}
        points.append({**point, "low": t2.low, "high": t2.high, "error": end.test_error})
        errors.setdefault(beta, []).append(error)
        if middle is not None and beta <= 1e-3:
            products.append(middle * alpha * beta)
            ratios.append(middle / predicted)
        progress(i + 1, len(grid))
    low, median, high = np.quantile(products, [0, 0.5, 1])
    rows = [
        Comparison("t2 alpha beta, least", 4.0, float(low), "instances differ"),
        Comparison("t2 alpha beta, median", None, float(median)),
        Comparison("t2 alpha beta, largest", 9.0, float(high), "instances differ"),
        Comparison("t2 over the predicted delay, median", None, float(np.median(ratios))),
    ]
    rows += [
        Comparison(
            f"error, beta {beta:.0e}",
            published,
            float(np.median(errors[beta])),
            "median over alpha",
        )
        for beta, published in PUBLISHED_ERROR.items()
    ]
    spread = max(max(v) / min(v) for b, v in errors.items() if b <= 1e-3)
    notes = (
        "ours: the flow of proximal gradient; t2 is the first step with a test error of 1e-4 or, "
        "where that is below the limit, within 5% of it, the published rule; every run has a truth "
        "of its own, as published",
        "error: the nuclear norm of A - A*, undivided: the label divides it by n, the notebook by "
        "sqrt(n) = 10, and the picture's values are those of neither",
        "the error is proportional to beta, not to alpha beta: the limit does not depend on alpha, "
        f"and over truths it varies {spread:.2g}-fold",
    )
    return Reproduction("fig6", "Figures 6 and 29: the delay", tuple(rows), plot_law(points), notes)


register(
    Preset(
        "fig6",
        "one run of the matrix scaling figure",
        fig6,
        aliases=("fig29",),
        published={
            "t2 alpha beta": "4 to 9",
            "delay predicted alpha beta": 10.0,
            "error (beta 1e-6 ... 1e-2)": "3.6e-6, 3.7e-5, 3.5e-4, 3.6e-3, 3.7e-2",
        },
        source=READ_OFF,
        note=(
            "The figure is the grid latebloom.paper.fig6_grid(), every run on a certified truth of "
            "its own. N = 80 is the notebook's; the text says 70. t2 is the start of a plateau on "
            "records 10,000 steps apart. The notebook's training cell is commented out and its "
            "data are not published. Runs with alpha beta = 1e-7 had not converged: their "
            "published t2, 8e6, is an artefact. The label divides the error by n, the code by "
            "sqrt(n) = 10; the picture's values agree with the norm undivided."
        ),
        reproduce=reproduce,
    )
)
