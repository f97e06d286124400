"""Figure 26: the training curves behind Figure 4."""

from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.settled import settled
from latebloom_paper.book.workspace import Workspace

from .fig4 import ALPHAS, BETAS, PUBLISHED_T2, fig4, published


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the curves of all 36 runs, a panel for each alpha, and compare their ends."""
    from latebloom_paper.pictures.panels import plot_panels

    cells = workspace.results(published()).load()
    cells["settled"] = settled(cells)
    names = {"alpha": r"$\alpha$", "beta": r"$\beta$"}
    figure = plot_panels(cells, "beta", "alpha", names, columns=2, marks="settled")
    rows = []
    for beta, theirs in ((1e-6, 2.2e-5), (1e-3, 2.2e-2), (1e-2, 0.175), (1e-1, 1.0)):
        ours = float(cells["test_error"].sel(beta=beta).median())
        rows.append(Comparison(f"final test error, beta {beta:.0e}", theirs, ours, "all alphas"))
    between = cells["trajectory_train_error"].sel(alpha=0.1, beta=1e-5)
    steps = cells["trajectory_step"].sel(alpha=0.1, beta=1e-5)
    plateau = float(between.where((steps > 1e3) & (steps < 5e4)).median()) / 1e-5
    rows.append(Comparison("train error on the plateau / beta", 42.0, plateau))
    for alpha, row in zip(ALPHAS, PUBLISHED_T2, strict=True):
        ours = float(cells["settled"].sel(alpha=alpha, beta=BETAS[0]))
        rows.append(Comparison(f"t2, alpha {alpha:g}, beta 1e-6", row[0], ours))
    return Reproduction(
        "fig26",
        "Figure 26: training curves over alpha and beta",
        tuple(rows),
        figure,
        ("dots: the step from which the test error is within 5% of its last value",),
        settings=(fig4(),),
        seeds="seed 1, as published",
    )
