"""Figure 26: the training curves behind Figure 4."""

from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.settled import settled

from .fig4 import STUDY as FIG4
from .fig4 import published_t2

STUDY = STUDIES["fig26"]


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw the curves of all 36 runs, a panel for each alpha, and compare their ends."""
    cells = workspace.results(FIG4.sweep("published")).load()
    cells["settled"] = settled(cells)
    names = {"alpha": r"$\alpha$", "beta": r"$\beta$"}
    figure = pictures.plot_panels(cells, "beta", "alpha", names, columns=2, marks="settled")
    ends = cells["test_error"].median("alpha")
    between = cells["trajectory_train_error"].sel(alpha=0.1, beta=1e-5)
    steps = cells["trajectory_step"].sel(alpha=0.1, beta=1e-5)
    plateau = float(between.where((steps > 1e3) & (steps < 5e4)).median()) / 1e-5
    rows = STUDY.compare(
        {
            "train error on the plateau / beta": plateau,
            **{f"final test error, beta {float(end['beta']):.0e}": float(end) for end in ends},
        }
    )
    for (alpha, beta), theirs in published_t2(cells).items():
        if beta == 1e-6:
            ours = float(cells["settled"].sel(alpha=alpha, beta=beta))
            rows.append(Comparison(f"t2, alpha {alpha:g}, beta 1e-6", theirs, ours))
    return STUDY.reproduction(rows, figure, {}, (FIG4.experiment,))
