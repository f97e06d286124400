r"""The phase diagram of a sweep: what happens over two of its axes."""

from typing import NamedTuple

import matplotlib.patheffects as effects
import numpy as np
import xarray as xr
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.ticker import NullLocator

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput
from latebloom.plots import style as st
from latebloom.plots.strengths import COLOURS, number
from latebloom.sweeps.analysis.boundary import boundary, share
from latebloom.sweeps.analysis.data import with_axis
from latebloom.sweeps.analysis.survival import quantiles

LABELS = {
    "recovered": "fraction that generalizes",
    "t1": "median $t_1$ (steps)",
    "t2": "median $t_2$ (steps)",
    "delay": "median $t_2 - t_1$ (steps)",
    "test_error": "median final test error",
    "train_error": "median final training error",
}
GREEK = ("alpha", "beta", "gamma")
NEVER = "#E3DED4"  # off the colour scale, and unlike the white of the page
WIDE = 10  # two values this far apart are two powers, not two numbers
MANY, LETTERS = 12, 50  # marks that fit on an axis, and letters of all of them
CASING = [effects.withStroke(linewidth=2.6, foreground="black", alpha=0.55)]  # on light colours


def plot_phase(
    ds: xr.Dataset,
    x: str,
    y: str,
    over: str = "seed",
    value: str = "recovered",
    level: float = 0.5,
    against: str | None = None,
) -> Figure:
    r"""Return the heat map of a sweep over two axes, with the line at which half of it generalizes.

    Hatching: nothing is known there. Plain grey: the median is "never".

    **Arguments:**

    - `ds`: the results of a sweep; select one value of every axis beside these three.
    - `x`, `y`: the axes. One whose values are powers is logarithmic.
    - `over`: the axis that is counted, or whose median is shown.
    - `value`: `recovered` (the fraction of cells that generalize, where it is known); `t1`,
      `t2` or `delay` (the median, in which runs that were too short count as late ones);
      `test_error` or `train_error` (the median of the final ones).
    - `level`: the fraction at the white line, in (0, 1). The dashed lines are its 95% interval.
    - `against`: a variable of 0, 1 and NaN, such as `recoverable`, whose own line is drawn dotted.

    **Raises:** `InvalidInput` for an axis or a value that does not exist.

    Source: Donoho and Tanner, Phil. Trans. R. Soc. A 367 (2009), for such pictures.

    >>> error = xr.DataArray([[0.5, 1e-4]], dims=("s", "N"), coords={"s": [5], "N": [10, 20]})
    >>> plot_phase(xr.Dataset({"test_error": error}), "N", "s", value="test_error").axes[
    ...     0
    ... ].get_xlabel()
    'N'
    """
    check.one_of("value", value, tuple(LABELS))
    for name in (x, y):
        with_axis(ds, name, optional=over)
    extra = [f"{k}" for k in ds.dims if k not in (x, y, over, "record") and ds.sizes[k] > 1]
    if extra or len({x, y, over}) < 3:
        raise InvalidInput(
            f"x, y, over = {x}, {y}, {over}; other axes: {', '.join(extra) or 'none'}: must be "
            "three axes, and no others; select one value of the others with ds.sel"
        )
    ds = ds.squeeze([k for k in ds.dims if k not in (x, y, over, "record")]).sortby([x, y])
    shown = _shown(ds, over, value).transpose(y, x).values
    with st.new_figure(5.8, 4.4) as figure:
        axes = figure.subplots()
        axes.grid(False)
        grid = Grid(Scale.of(ds[x].values), Scale.of(ds[y].values))
        mesh = _draw_cells(axes, grid, shown, value)
        bar = figure.colorbar(mesh, ax=axes, label=LABELS[value], pad=0.02)
        handles = _draw_gaps(axes, grid, shown)
        if "t2_kind" in ds:
            handles += _draw_boundary(axes, grid, ds, (x, y), over, level)
        if against is not None:
            if against not in ds:
                raise InvalidInput(f"against = {against!r}: is not in the results")
            handles += _draw_boundary(axes, grid, ds[against], (x, y), over, level, against)
        for axis, scale, name in ((axes.xaxis, grid.x, x), (axes.yaxis, grid.y, y)):
            scale.mark(axis)
            axis.set_label_text(axis_label(name))
        if value != "recovered":
            st.label_powers(bar.ax.yaxis)
        if handles:
            figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
    return figure


def axis_label(name: str) -> str:
    """Return the name of an axis of a sweep as a picture shows it."""
    return rf"$\{name}$" if name in GREEK else name


def geometric(values: np.ndarray) -> bool:
    """Return whether values are nearer to powers than to equal steps.

    >>> geometric(np.array([1, 2, 5, 10, 20])), geometric(np.array([10, 20, 30]))
    (True, False)
    """
    if values.dtype.kind not in "iuf" or values.size < 2 or values.min() <= 0:
        return False
    values = np.sort(values.astype(float))
    if values.size == 2:
        return bool(values[1] >= WIDE * values[0])
    steps, ratios = np.diff(values), np.diff(np.log(values))
    return bool(ratios.std() / ratios.mean() < steps.std() / steps.mean() - 1e-9)


def words(values: np.ndarray) -> list[str]:
    """Return numbers as plain text, all of them in powers of ten if one needs that.

    >>> words(np.array([8.0, 0.5])), words(np.array([1.0, 1e-5]))
    (['8', '0.5'], ['1', '10⁻⁵'])
    """
    plain = all(v == 0 or 1e-2 <= abs(v) < 1e5 for v in values.tolist())
    return [f"{v:g}" if plain or v == 0 else number(v) for v in values.astype(float).tolist()]


class Scale(NamedTuple):
    """Where the values of an axis lie: places, the edges between them, their marks."""

    places: Float[np.ndarray, " n"]
    edges: Float[np.ndarray, " n+1"]
    marks: list[str]
    log: bool

    @classmethod
    def of(cls, values: np.ndarray) -> "Scale":
        """Return the scale of increasing numbers, or of words in their order."""
        if values.dtype.kind not in "iuf":
            places = np.arange(values.size, dtype=float)
            return cls(places, _edges(places), [str(v) for v in values], False)
        places, log = values.astype(float), geometric(values)
        edges = np.exp(_edges(np.log(places))) if log else _edges(places)
        return cls(places, edges, words(places), log)

    def mark(self, axis: Axis) -> None:
        """Write the values at their places, unless there are too many."""
        if len(self.marks) <= MANY and sum(map(len, self.marks)) <= LETTERS:
            axis.set_ticks(self.places, labels=self.marks)
            axis.set_minor_locator(NullLocator())


class Grid(NamedTuple):
    """The two scales of the picture."""

    x: Scale
    y: Scale


def _edges(places: np.ndarray) -> np.ndarray:
    if places.size == 1:
        return places[0] + np.array([-0.5, 0.5])
    middles = (places[1:] + places[:-1]) / 2
    return np.r_[2 * places[0] - middles[0], middles, 2 * places[-1] - middles[-1]]


def _shown(ds: xr.Dataset, over: str, value: str) -> xr.DataArray:
    """Return what the colours show: NaN unknown, inf never."""
    if value == "recovered":
        return share(ds, over)["share"]
    if value in ("t1", "t2", "delay"):
        middle = quantiles(ds, value, over, (0.5,))["value"].isel(quantile=0)
        return middle.clip(min=1)  # what a logarithmic scale can show
    error = with_axis(ds[value], over).median(over)
    return error.where(np.isfinite(error)).clip(min=np.finfo(float).eps)  # rounding, as is 0


def _draw_cells(axes: Axes, grid: Grid, shown: np.ndarray, value: str) -> QuadMesh:
    axes.set(**{f"{name}scale": "log" for name, scale in grid._asdict().items() if scale.log})
    finite = shown[np.isfinite(shown)]
    if value == "recovered":
        norm = Normalize(0, 1)
    else:
        low, high = (finite.min(), finite.max()) if finite.size else (1.0, 10.0)
        norm = LogNorm(low, high if high > low else 10 * low)
    cells = np.ma.masked_invalid(shown)
    return axes.pcolormesh(grid.x.edges, grid.y.edges, cells, norm=norm, cmap=COLOURS)


def _draw_gaps(axes: Axes, grid: Grid, shown: np.ndarray) -> list[Patch | Line2D]:
    """Draw the cells without a value, and return what explains them."""
    looks = {
        "not known": {"fc": "white", "ec": st.OFF, "hatch": "/////", "lw": 0.0},
        "never": {"fc": NEVER, "ec": "white", "lw": 0.0},
    }
    handles: list[Patch | Line2D] = []
    for name, where in (("not known", np.isnan(shown)), ("never", np.isinf(shown))):
        for i, k in np.argwhere(where):
            left, right = grid.x.edges[k : k + 2].tolist()
            low, high = grid.y.edges[i : i + 2].tolist()
            width, height = right - left, high - low
            axes.add_patch(Rectangle((left, low), width, height, gid=name, **looks[name]))
        if where.any():
            handles.append(Patch(label=name, **looks[name]))
    return handles


def _draw_boundary(
    axes: Axes,
    grid: Grid,
    ds: xr.Dataset | xr.DataArray,
    names: tuple[str, str],
    over: str,
    level: float,
    other: str = "",
) -> list[Patch | Line2D]:
    """Draw where the fraction crosses the level, against the axis with more values; of another
    outcome, called `other`, without its interval."""
    best, values = None, 0
    for upright in (True, False):
        along, across = names[::-1] if upright else names
        if ds[along].dtype.kind in "iuf" and ds.sizes[along] > 1:
            line = boundary(ds, along, across, over, level)
            if (known := int(line["value"].notnull().sum())) > values:
                best, values = (upright, line), known
    if best is None:
        return []
    upright, line = best
    along, across = (grid.y, grid.x) if upright else (grid.x, grid.y)
    handles: list[Patch | Line2D] = []
    white = {"color": "white", "path_effects": CASING}
    looks = {
        "value": {"ls": "-", "lw": 1.6, "marker": "o", "ms": 2.5, **white},
        "low": {"ls": "--", "lw": 0.8, **white},
        "high": {"ls": "--", "lw": 0.8, **white},
    }
    labels = {"value": f"{level:.0%} generalize", "low": "its 95% interval"}
    if other:
        looks = {"value": {"ls": ":", "color": st.TEST, "lw": 2.2}}
        labels = {"value": f"{level:.0%} {other}"}
    for name, look in looks.items():
        # An end beyond the grid is drawn at its edge.
        at = np.clip(line[name].values, along.edges[0], along.edges[-1])
        pair = (across.places, at) if upright else (at, across.places)
        drawn = axes.plot(*pair, gid=other or name, label=labels.get(name), **look)
        handles += drawn if name in labels else []
    return handles
