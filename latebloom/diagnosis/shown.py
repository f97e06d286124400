"""What a diagnosis looks like in a session: names for its parts, a picture, HTML."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latebloom.core.passage import Passage

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Shown:
    """The parts of a diagnosis by short names, and its picture."""

    phases: Any
    verdict: Any
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    unit: float

    @property
    def t1(self) -> Passage:
        """When the training data were memorized: `.step`, or `.low` and `.high`.

        In the unit of the log: of fractions of epochs it lies in (low, high].
        """
        return _in_unit(self.phases.t1, self.unit)

    @property
    def t2(self) -> Passage:
        """When the model generalized."""
        return _in_unit(self.phases.t2, self.unit)

    def plot(self, path: str | Path | None = None) -> "Figure":
        """Return the picture of the curves with t1, t2 and the forecast.

        **Arguments:**

        - `path`: where to write it as well; the suffix (.svg, .png, .pdf) chooses the format.

        **Raises:** `InvalidInput` if the file cannot be written.
        """
        from latebloom.plots import save_figure

        from .picture import plot_diagnosis

        figure = plot_diagnosis(self)  # pyright: ignore[reportArgumentType]
        if path is not None:
            save_figure(figure, Path(path))
        return figure

    def _repr_html_(self) -> str:
        """The summary and the picture, for notebooks."""
        from latebloom.core.html import picture
        from latebloom.plots.style import render

        svg = picture(render(self.plot(), "svg"), f"the curves: {self.verdict}")
        return f"<pre>{escape(repr(self))}</pre>{svg}"


@dataclass(frozen=True)
class _InUnit(Passage):
    """A passage in (low, high], between two records of a log that counts in fractions."""

    low: float | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    high: float | None = None  # pyright: ignore[reportIncompatibleVariableOverride]
    sustained_from: float | None = None  # pyright: ignore[reportIncompatibleVariableOverride]

    @property
    def words(self) -> str:
        """The passage with its kind."""
        return f"{self} ({self.kind})"

    def __str__(self) -> str:
        return f"not by {self.low:g}" if self.high is None else f"in ({self.low:g}, {self.high:g}]"


def _in_unit(passage: Passage, unit: float) -> Passage:
    """A passage between two records in the unit of the log; `low` is the record before."""
    if unit == 1 or passage.low is None:
        return passage

    def scaled(step: int | None) -> float | None:
        return None if step is None else step * unit

    return _InUnit(
        step=None,
        kind="censored" if passage.high is None else "bracketed",
        low=scaled(max(passage.low - 1, 0)),
        high=scaled(passage.high),
        sustained=passage.sustained,
        sustained_from=scaled(passage.sustained_from),
    )
