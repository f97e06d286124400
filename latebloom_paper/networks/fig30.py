"""Figure 30: under l1 and l2 norms t2 falls with the learning rate and with the strength."""

from latebloom_paper.book.readings import ACCURACY, Reading
from latebloom_paper.book.reproduction import Reproduction
from latebloom_paper.book.workspace import Workspace

from .fig2 import Accuracies, Published, scaling
from .modular import FULL, SMALL, Setting

# Read off: where the test accuracy reaches about 1 (the drawn marks of t2 are wrong, see the note).
PUBLISHED_T2: Published = {
    ("l1", 1e-3): {1e-5: 4300, 5e-6: 4200, 1e-6: 5000, 1e-7: 6800},
    ("l1", 1e-2): {1e-5: 1350, 5e-6: 1400, 1e-6: 1950, 1e-7: 2600, 1e-8: 4700, 5e-9: 5900},
    ("l1", 1e-1): {1e-5: 600, 5e-9: 4500},
    ("l2", 1e-3): {5e-5: 3500, 1e-5: 4400, 5e-6: 4600, 1e-6: 9000},
    ("l2", 1e-2): {5e-5: 1700, 1e-5: 2000, 5e-6: 2200, 1e-6: 2850, 5e-7: 3700},
    ("l2", 1e-1): {5e-5: 1100, 1e-7: 2800},
}
# Read off where a curve has not arrived by step 10,000, and the lowest dip of those that had.
PUBLISHED_ACCURACY: Accuracies = {
    ("l1", 1e-3, 1e-8): Reading(ACCURACY, 10_000, 0.04),
    ("l1", 1e-3, 5e-9): Reading(ACCURACY, 10_000, 0.02),
    ("l2", 1e-2, 1e-7): Reading(ACCURACY, 10_000, 0.6),
    ("l2", 1e-1, None): Reading(ACCURACY, "least after t2", 0.75, "the lowest dip"),
}
NORMS = ("l1", "l2")
SOURCE = "appendix H.3.1, Figure 30"


def reproduce(workspace: Workspace, setting: Setting | None = None) -> Reproduction:
    """Train under two norms with three learning rates."""
    setting = workspace.of(SMALL, FULL) if setting is None else setting
    title = "Figure 30: the delay against alpha and beta, l1 and l2 norms"
    return scaling(workspace, "fig30", title, setting, NORMS, PUBLISHED_T2, PUBLISHED_ACCURACY)
