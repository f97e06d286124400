"""The command `plot`: a picture of a sweep, and what it shows."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput, close, shown
from latebloom.core.json_text import dump_json

from .commands import DONE, Setting
from .options import StorePath
from .table import print_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from xarray import Dataset

    # A picture with what it shows, for people and for programs.
    Shown = tuple[Figure, list[str], dict[str, Any]]

# Disagreements listed one by one.
LISTED = 20
WHAT = "A picture: law, phase, agreement or curves."
PICTURE = arg(metavar="law|phase|agreement|curves", help=WHAT)


@dataclass(frozen=True)
class Plot:
    """Plot a sweep and print what it shows.

    law: t2 against alpha beta, with the fitted exponents; phase: a map of two axes with the line at
    which half of the cells generalize; agreement: the same beside the line of basis pursuit (of a
    sweep with the tasks simulate and recover), and where the two differ; curves: errors over time,
    and how well they fall on one another as functions of alpha beta t.
    """

    picture: Annotated[str, Positional, PICTURE]
    store: StorePath
    sweep: str | None = None
    """Name or hash of the sweep, if the store holds several."""
    out: Path | None = None
    """The picture, .svg, .png or .pdf; PICTURE.svg if left out."""
    x: str | None = None
    """phase: the horizontal axis; by default the second with numbers."""
    y: str | None = None
    """phase: the vertical axis; by default the first."""
    value: str = "recovered"
    """phase: what the colours show: recovered, t2, delay, test_error..."""
    by: str | None = None
    """curves: what the colours show; by default the first axis."""
    facet: str | None = None
    """curves: one panel per value of this axis."""
    variable: str = "test_error"
    """curves: what is drawn over time."""
    json: bool = False
    """Print one JSON document instead of sentences."""

    def execute(self, settings: list[Setting]) -> int:
        """Write the picture and print what it shows."""
        draw = {"law": _law, "phase": _phase, "agreement": _agreement, "curves": _curves}
        if self.picture not in draw:
            raise InvalidInput(
                f"no picture {shown(self.picture)}{close(self.picture, draw)}; choose one of "
                f"{', '.join(draw)}"
            )
        from latebloom.plots import require_picture, save_figure
        from latebloom.sweeps import open_store

        out = self.out or Path(f"{self.picture}.svg")
        require_picture(out)
        results = open_store(self.store).open(self.sweep)
        figure, sentences, numbers = draw[self.picture](self, results)
        save_figure(figure, out)
        if self.json:
            print(dump_json({"picture": str(out), **numbers}))
        else:
            for sentence in sentences:
                print_text(sentence)
            print_text(f"Picture: {out}")
        return DONE


def _law(options: Plot, results: "Dataset") -> "Shown":
    from latebloom.plots import plot_law
    from latebloom.sweeps.analysis.law import law_rows
    from latebloom.sweeps.analysis.scaling import fit_scaling

    figure = plot_law(law_rows(results))
    factors = [n for n in ("alpha", "beta") if n in results.sizes and results.sizes[n] > 1]
    if not factors:
        return figure, [], {}
    fit = fit_scaling(results, factors=tuple(factors))
    sentences = []
    for name in factors:
        low, high = fit.intervals[name]
        k = fit.exponents[name]
        sentences.append(f"t2 ~ {name}^-{k:.3g}, 95% interval {low:.3g} to {high:.3g}")
    sentences.append(
        f"{fit.used} cells, {fit.censored} of them with a horizon that was too short; left out: "
        f"{fit.infeasible} that never generalize, {fit.left_out} without a time; {fit.note}"
    )
    return figure, sentences, {"fit": fit.to_dict()}


def _phase(options: Plot, results: "Dataset") -> "Shown":
    from latebloom.sweeps import plot_phase
    from latebloom.sweeps.pictures.of_store import phase_axes

    x, y = phase_axes(results, options.x, options.y)
    return plot_phase(results, x, y, value=options.value), [], {}


def _agreement(options: Plot, results: "Dataset") -> "Shown":
    from latebloom.sweeps import plot_phase
    from latebloom.sweeps.analysis.boundary import agreement, recovered
    from latebloom.sweeps.pictures.of_store import phase_axes

    if not {"recovered", "recoverable"} <= set(results.data_vars):
        raise InvalidInput(
            "agreement needs a sweep with both tasks: latebloom sweep NAME --tasks "
            "simulate,recover --name NAME-both, into the same store (what is there is not computed "
            "again), then --sweep NAME-both"
        )
    x, y = phase_axes(results, options.x, options.y)
    figure = plot_phase(results, x, y, value=options.value, against="recoverable")
    found = agreement(recovered(results), results["recoverable"], y, x)
    sentences = [
        f"same outcome: {found.share:.2%} of {found.cells:,} instances; {found.share_away:.3%} of "
        f"the {found.cells_away:,} away from the boundary ({found.unknown:,} not known)"
    ]
    names = ("test_error", "recovered", "recoverable", "dual_norm", "program_error")
    rows = []
    for cell in found.disagreeing:
        there = results.sel(cell)
        rows.append(cell | {name: float(there[name]) for name in names})
    for row in rows[:LISTED]:
        where = ", ".join(f"{name}={row[name]}" for name in (y, x, "seed"))
        sentences.append(
            f"differ: {where}: test error {row['test_error']:.3g}; least dual norm off the support "
            f"{row['dual_norm']:.6g}, basis pursuit's error {row['program_error']:.2g}"
        )
    if len(rows) > LISTED:
        sentences.append(f"and {len(rows) - LISTED} more (--json lists all)")
    return figure, sentences, {"agreement": found.to_dict(), "disagreeing": rows}


def _curves(options: Plot, results: "Dataset") -> "Shown":
    from latebloom.sweeps import plot_curves
    from latebloom.sweeps.analysis.collapse import collapse
    from latebloom.sweeps.pictures.of_store import curve_axis

    by = options.by or curve_axis(results, options.facet)
    figure = plot_curves(results, by, variable=options.variable, facet=options.facet)
    try:
        found = collapse(results, variable=options.variable)
    except InvalidInput as why:
        return figure, [f"no collapse score: {why}"], {}
    sentence = (
        f"collapse: the curves differ by {found.score:.3g} of their own spread as functions of "
        f"alpha beta t, {found.unscaled:.3g} as functions of t (0: they fall on one another)"
    )
    return figure, [sentence], {"collapse": found.to_dict()}
