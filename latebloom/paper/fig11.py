"""Figures 11 and 34: a student that is shown its teacher's derivatives."""

from functools import partial

from latebloom.progress import Progress

from .catalogue import READ_OFF, Preset, register
from .reproduction import Reproduction
from .teachers import BETAS, FULL, FULL_ALL, SMALL, Setting, family

# Read off: the lines of the least test loss, beta from 1e-1 down; 1e5 is the end of the run.
READ = {
    1e-4: (4.9e4, 4.5e4, 8.3e4, 1e5, 1e5, 1e5, 1e5),
    1e-3: (5.7e3, 5.9e3, 3.8e4, 8.8e4, 1e5, 1e5, 1e5),
    5.5e-3: (1.06e3, 7.6e4, 8.4e3, 1.5e4, 2.1e4, 2.2e4, 6.9e4),
}
PUBLISHED = {
    alpha: dict(zip(sorted(BETAS, reverse=True), read, strict=True)) for alpha, read in READ.items()
}
FIGURES = {"fig11": (FULL, 1.5), "fig34": (FULL_ALL, 3)}


def study(name: str, progress: Progress, setting: Setting) -> Reproduction:
    """Train the students of one of the figures."""
    published = PUBLISHED if setting.d == FULL.d else {}
    title = f"Figure {name.removeprefix('fig')}: teacher and student, Jacobians"
    return family(name, title, "Sobolev", setting, progress, published)


def reproduce(name: str, progress: Progress, setting: Setting | None = None) -> Reproduction:
    """Train the students of the published size."""
    return study(name, progress, FIGURES[name][0] if setting is None else setting)


def reproduce_small(name: str, progress: Progress, setting: Setting = SMALL) -> Reproduction:
    """The same with 20 inputs and 60 hidden units."""
    return study(name, progress, setting)


for _name, (_setting, _hours) in FIGURES.items():
    register(
        Preset(
            _name,
            f"teacher and student, Sobolev penalty, {len(_setting.alphas)} learning rates",
            published={"least test loss, alpha 1e-3": "5.7e3, 5.9e3, 3.8e4, 8.8e4, end, end, end"},
            source=READ_OFF,
            note=(
                "Settings of fig10; the penalty is the public code's norm over the batch, without "
                "the square, where the paper writes the mean square. The published t2 is the least "
                "test loss, which is noise once the test loss is flat: not monotone in beta. "
                f"{7 * len(_setting.alphas)} runs, about {_hours:g} hours on one core."
            ),
            reproduce=partial(reproduce, _name),
            reproduce_small=partial(reproduce_small, _name),
        )
    )
