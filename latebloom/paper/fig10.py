"""Figures 10 and 31 to 33: teacher and student under l1, l2 and nuclear norms."""

from dataclasses import replace
from functools import partial

from latebloom.progress import Progress

from .catalogue import READ_OFF, Preset, register
from .reproduction import Reproduction
from .teachers import BETAS, FULL, FULL_ALL, SMALL, Setting, family

# Read off: the lines of the least test loss, beta from 1e-1 down; 1e5 is the end of the run.
READ = {
    1e-4: (1.4e3, 2.1e3, 2.4e3, 6.2e3, 3.6e4, 1e5, 1e5),
    1e-3: (180.0, 450.0, 940.0, 3.3e3, 1.9e4, 9.3e4, 1e5),
    5.5e-3: (62.0, 220.0, 620.0, 1.9e3, 5.9e3, 1.2e4, 2.0e4),
}
PUBLISHED = {
    alpha: dict(zip(sorted(BETAS, reverse=True), read, strict=True)) for alpha, read in READ.items()
}
# Figure -> norm, learning rates, and minutes on one core.
FIGURES = {
    "fig10": ("l1", FULL, 15),
    "fig31": ("l1", FULL_ALL, 30),
    "fig32": ("l2", FULL_ALL, 30),
    "fig33": ("nuclear", FULL_ALL, 200),
}


def study(name: str, progress: Progress, setting: Setting) -> Reproduction:
    """Train the students of one of the figures."""
    kind = FIGURES[name][0]
    published = PUBLISHED if kind == "l1" and setting.d == FULL.d else {}
    title = f"Figure {name.removeprefix('fig')}: teacher and student, {kind} norm"
    return family(name, title, kind, setting, progress, published)


def reproduce(name: str, progress: Progress, setting: Setting | None = None) -> Reproduction:
    """Train the students of the published size."""
    return study(name, progress, FIGURES[name][1] if setting is None else setting)


def reproduce_small(name: str, progress: Progress, setting: Setting | None = None) -> Reproduction:
    """The same with 20 inputs and 60 hidden units."""
    if setting is None:
        # The nuclear norm decomposes two matrices in every step: half of them keep the minute.
        steps = SMALL.steps // (2 if FIGURES[name][0] == "nuclear" else 1)
        setting = replace(SMALL, steps=steps)
    return study(name, progress, setting)


for _name, (_kind, _setting, _minutes) in FIGURES.items():
    register(
        Preset(
            _name,
            f"teacher and student, {_kind} norm, {len(_setting.alphas)} learning rates",
            published={"least test loss, alpha 1e-3": "180, 450, 940, 3300, 1.9e4, 9.3e4, end"}
            if _kind == "l1"
            else {},
            source=READ_OFF if _kind == "l1" else "",
            note=(
                "Settings of the public code, whose teacher, inputs and start have no seed. The "
                "picture ends at 10^5 steps, the notebook at 10^6; both take the least test loss "
                f"for t2. {7 * len(_setting.alphas)} runs, about {_minutes} minutes on one core."
            ),
            reproduce=partial(reproduce, _name),
            reproduce_small=partial(reproduce_small, _name),
        )
    )
