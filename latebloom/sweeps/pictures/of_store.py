"""Pictures of the sweeps in a store, from Python: `store.plot.law()`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from latebloom.core.errors import InvalidInput

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure

    from latebloom.sweeps.grid.grid import Grid


class StorePlots:
    """The pictures of the command `latebloom plot`, of one sweep each.

    **Arguments:**

    - `results`: gives the results of a sweep, or of one by its name or hash, as `Store.open` does.
    """

    def __init__(self, results: "Callable[[Grid | str | None], xr.Dataset]") -> None:
        self.results = results

    def law(self, sweep: "Grid | str | None" = None, path: str | Path | None = None) -> "Figure":
        """Return t2 against alpha beta, a point for each cell.

        **Arguments:**

        - `sweep`: it, its name or its hash; the only one in the store if None.
        - `path`: where to write the picture as well; the suffix (.svg, .png, .pdf) is its format.

        **Raises:** `InvalidInput` for an unknown sweep, and if no cell has reached t2.
        """
        from latebloom.plots import plot_law
        from latebloom.sweeps.analysis.law import law_rows

        return _saved(plot_law(law_rows(self.results(sweep))), path)

    def phase(
        self,
        x: str | None = None,
        y: str | None = None,
        value: str = "recovered",
        sweep: "Grid | str | None" = None,
        path: str | Path | None = None,
    ) -> "Figure":
        """Return the map of two axes, with the line at which half of the cells generalize.

        **Arguments:**

        - `x`, `y`: the axes; by default the second and the first with numbers.
        - `value`: what the colours show, see `latebloom.sweeps.plot_phase`.
        - `sweep`, `path`: as of `law`.

        **Raises:** `InvalidInput` for unknown names, and if there are fewer than two axes.
        """
        from .phase_diagram import plot_phase

        results = self.results(sweep)
        return _saved(plot_phase(results, *phase_axes(results, x, y), value=value), path)

    def html(self, sweep: "Grid | str | None" = None) -> str:
        """Return the picture that suits a sweep as HTML, for notebooks; "" without results.

        Where alpha beta varies it is the law, over two other axes the phase diagram, over one the
        curves.

        **Arguments:**

        - `sweep`: as of `law`.
        """
        from latebloom.core.html import drawn
        from latebloom.plots import render

        try:
            results = self.results(sweep)
            rates = results["alpha"] * results["beta"] if "beta" in results.variables else None
            if rates is not None and float(rates.max()) > float(rates.min()):
                kind, figure = "t2 against alpha beta", self.law(sweep)
            elif len(numeric_axes(results)) >= 2:
                kind, figure = "phase diagram", self.phase(sweep=sweep)
            else:
                kind, figure = "errors over steps", self.curves(sweep=sweep)
        except InvalidInput:
            return ""
        return drawn(render(figure, "png"), kind)

    def curves(
        self,
        by: str | None = None,
        variable: str = "test_error",
        facet: str | None = None,
        sweep: "Grid | str | None" = None,
        path: str | Path | None = None,
    ) -> "Figure":
        """Return the errors over time, coloured by an axis.

        **Arguments:**

        - `by`: the axis; by default the first.
        - `variable`: `test_error` or `train_error`.
        - `facet`: an axis with one panel per value.
        - `sweep`, `path`: as of `law`.

        **Raises:** `InvalidInput` for unknown names, and for a sweep without trajectories.
        """
        from .swept_curves import plot_curves

        results = self.results(sweep)
        by = by or curve_axis(results, facet)
        return _saved(plot_curves(results, by, variable=variable, facet=facet), path)


def numeric_axes(results: "xr.Dataset") -> list[str]:
    """Return the axes with numbers, the seeds apart."""
    return [
        str(name)
        for name in results.sizes
        if name not in ("seed", "record") and results[name].dtype.kind in "if"
    ]


def phase_axes(results: "xr.Dataset", x: str | None, y: str | None) -> tuple[str, str]:
    """Return the axes of a phase diagram, horizontal and vertical, those that are given kept."""
    axes = [a for a in numeric_axes(results) if a not in (x, y)]
    y = y or (axes.pop(0) if axes else None)
    x = x or (axes.pop(0) if axes else None)
    if x is None or y is None:
        have = ", ".join(numeric_axes(results)) or "none"
        raise InvalidInput(f"a phase diagram needs two axes with numbers; the sweep has {have}")
    return x, y


def curve_axis(results: "xr.Dataset", facet: str | None = None) -> str:
    """Return the axis that colours curves by default: the first, or the seeds."""
    axes = [str(n) for n in results.sizes if n not in ("seed", "record", facet)]
    return axes[0] if axes else "seed"


def _saved(figure: "Figure", path: str | Path | None) -> "Figure":
    from latebloom.plots import save_figure

    if path is not None:
        save_figure(figure, Path(path))
    return figure
