"""What a diagnosis looks like in a session: names for its parts, a picture, HTML."""

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

    @property
    def t1(self) -> Passage:
        """When the training data were memorized: `.step`, or `.low` and `.high`."""
        return self.phases.t1

    @property
    def t2(self) -> Passage:
        """When the model generalized."""
        return self.phases.t2

    def plot(self, path: str | Path | None = None) -> "Figure":
        """Return the picture of the curves with t1, t2 and the forecast.

        **Arguments:**

        - `path`: where to write it as well; the suffix (.svg, .png, .pdf) chooses the format.

        **Raises:** `InvalidInput` if the file cannot be written.
        """
        from latebloom.plots import plot_diagnosis, save_figure

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
