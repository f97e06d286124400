"""Figure 30: under l1 and l2 norms t2 falls with the learning rate and with the strength."""

from dataclasses import replace
from functools import partial

from latebloom.progress import Progress

from .catalogue import READ_OFF, Preset, register
from .fig2 import Published, scaling
from .modular import FULL, SMALL, Setting
from .reproduction import Reproduction

# Read off: where the test accuracy reaches about 1 (the drawn marks of t2 are wrong, see the note).
PUBLISHED_T2: Published = {
    ("l1", 1e-3): {1e-5: 4300, 5e-6: 4200, 1e-6: 5000, 1e-7: 6800},
    ("l1", 1e-2): {1e-5: 1350, 5e-6: 1400, 1e-6: 1950, 1e-7: 2600, 1e-8: 4700, 5e-9: 5900},
    ("l1", 1e-1): {1e-5: 600, 5e-9: 4500},
    ("l2", 1e-3): {5e-5: 3500, 1e-5: 4400, 5e-6: 4600, 1e-6: 9000},
    ("l2", 1e-2): {5e-5: 1700, 1e-5: 2000, 5e-6: 2200, 1e-6: 2850, 5e-7: 3700},
    ("l2", 1e-1): {5e-5: 1100, 1e-7: 2800},
}
# Fewer strengths and steps: two norms have to fit into the minute.
SMALL30 = replace(
    SMALL,
    betas={"l1": (4.5e-4, 6e-4, 8e-4), "l2": (5e-3, 9e-3, 1.6e-2)},
    steps={1e-2: 1300, 3e-2: 700, 1e-1: 300},
)
TITLE = "Figure 30: the delay against alpha and beta, l1 and l2 norms"


def study(progress: Progress, setting: Setting = FULL) -> Reproduction:
    """Train with two norms and three learning rates; 108 networks at the published size."""
    published = PUBLISHED_T2 if setting.p == FULL.p else {}
    return scaling("fig30", TITLE, ("l1", "l2"), published, setting, progress)


register(
    Preset(
        "fig30",
        "addition mod 97 under l1 and l2 norms, three learning rates",
        published={"l1, alpha 1e-2, beta 1e-5 ... 5e-9": "1350, 1400, 1950, 2600, 4700, 5900"},
        source=READ_OFF,
        note=(
            "Settings of fig1. Published values are where the accuracy reaches 1: the marks of t2 "
            "in the pictures, at steps 0 to 300, were computed from accuracies as if these were "
            "errors. The pictures stop at 10,000 steps. 108 runs, about five hours on two cores."
        ),
        reproduce=study,
        reproduce_small=partial(study, setting=SMALL30),
    )
)
