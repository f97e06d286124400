"""Depth in place of the nuclear norm: the matrix analogue of Figures 9, 17 and 18."""

from latebloom.experiment import Experiment
from latebloom.initialization import Gaussian
from latebloom.methods import GradientDescent
from latebloom.models import Linear, MatrixProduct
from latebloom.problems import MatrixCompletion
from latebloom.progress import Progress

from .catalogue import Preset, register
from .reproduction import Comparison, Reproduction, completed

DEPTHS = (1, 2, 3)
MEASUREMENTS = tuple(range(30, 101, 10))
# Small enough to favour low rank, large enough to leave the origin within the horizon (L = 3).
ZETA = {1: 1e-6, 2: 1e-3, 3: 1e-1}


def depth_matrix(depth: int = 2, N: int = 60) -> Experiment:
    """Return one run: a product of `depth` matrices, no penalty."""
    return Experiment(
        MatrixCompletion(n1=10, n2=10, r=2, N=N, seed=1),
        penalty=None,
        method=GradientDescent(0.1),
        model=Linear() if depth == 1 else MatrixProduct(depth),
        init=Gaussian(ZETA[depth]),
        steps=100_000,
        thresholds=(1e-3, 1e-2),
        name=f"depth-matrix depth={depth} N={N}",
    )


def reproduce(progress: Progress) -> Reproduction:
    """Run depths 1 to 3 over N; there is no published picture to compare with."""
    import warnings

    from latebloom.plots import plot_lines
    from latebloom.simulate import simulate

    rows, lines = [], {}
    for depth in DEPTHS:
        for N in MEASUREMENTS:
            with warnings.catch_warnings():
                # Fewer entries than degrees of freedom are part of the picture.
                warnings.simplefilter("ignore")
                run = completed(simulate(depth_matrix(depth, N)))
            error = float(run.trajectory["test_error"].min())
            lines.setdefault(f"L = {depth}", []).append((N, error))
            rows.append(Comparison(f"least test error, L = {depth}, N = {N}", None, error))
            progress(len(rows), len(DEPTHS) * len(MEASUREMENTS))
    figure = plot_lines(lines, "number of entries N (of 100)", "least relative test error")
    notes = ("a 10 x 10 truth of rank 2 has 36 degrees of freedom; no penalty",)
    return Reproduction("depth-matrix", "Depth in place of a penalty", tuple(rows), figure, notes)


register(
    Preset(
        "depth-matrix",
        "a product of two matrices completes a matrix without a penalty",
        depth_matrix,
        note=(
            "An extension of ours: the paper has no experiment with deep matrix factorization. "
            "Factors are drawn from zeta N(0, 1/n), as the text's layers are."
        ),
        reproduce=reproduce,
    )
)
