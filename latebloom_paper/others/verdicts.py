"""What a study of another group's law comes to, in words."""

from collections.abc import Callable
from typing import Literal

from latebloom.core.line_fit import Line
from latebloom.core.progress import Progress
from latebloom_paper.book import Reproduction, Workspace

Judgement = Literal[
    "reproduced", "reproduced with corrections", "not reproduced", "not testable here"
]


def at_size_of(
    study: Callable[[bool, Progress], Reproduction],
) -> Callable[[Workspace], Reproduction]:
    """Return what regenerates a study that keeps nothing, at the size of a workspace."""

    def reproduce(workspace: Workspace) -> Reproduction:
        with workspace.bar("study") as progress:
            return study(workspace.quick, progress)

    return reproduce


def judged(holds: bool, corrected: bool) -> Judgement:
    """Return the verdict of a rule of two steps: as published, or only once it is corrected.

    >>> judged(False, True)
    'reproduced with corrections'
    """
    if holds:
        return "reproduced"
    return "reproduced with corrections" if corrected else "not reproduced"


def verdict_note(verdict: Judgement, why: str) -> str:
    """Return the note that states a verdict with the numbers behind it.

    >>> verdict_note("reproduced", "slope -1.000")
    'verdict: reproduced (slope -1.000)'
    """
    return f"verdict: {verdict} ({why})"


def interval(line: Line) -> str:
    """Return the 95% interval and R^2 as words."""
    return f"95% interval {line.low:.4g} to {line.high:.4g}, R^2 = {line.r2:.4f}"
