"""The style of all pictures, applied to one figure at a time."""

import io
import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import matplotlib
from matplotlib.axis import Axis
from matplotlib.backend_bases import FigureCanvasBase
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from latebloom.core.errors import InvalidInput, unwritable
from latebloom.core.files import require_file
from latebloom.core.palette import MARK as MARK
from latebloom.core.palette import NORM as NORM
from latebloom.core.palette import OFF as OFF
from latebloom.core.palette import RATIO as RATIO
from latebloom.core.palette import TEST as TEST
from latebloom.core.palette import TRAIN as TRAIN

STYLE = Path(__file__).with_name("latebloom.mplstyle")

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """Give a figure in the shipped style; when the block ends, its logarithmic axes are labelled.

    **Arguments:**

    - `width`, `height`: in inches.

    >>> with new_figure(3.0, 2.0) as figure:
    ...     axes = figure.subplots()
    ...     axes.set(xscale="log", xlim=(1, 1e4))[-1]
    (1, 10000.0)
    >>> [axes.xaxis.get_major_formatter()(value) for value in (1, 100)]
    ['10⁰', '10²']
    """
    with style():
        figure = Figure(figsize=(width, height))
        yield figure
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                chosen = axis.isDefault_majfmt and axis.isDefault_majloc
                if chosen and axis.get_scale() == "log" and axes.get_label() != "<colorbar>":
                    label_powers(axis)


def label_powers(axis: Axis) -> None:
    """Label the powers of ten of a logarithmic axis, as plain text.

    Formulas, matplotlib's own labels, take a quarter of the time of a picture. Below two decades
    they stay, because they also label what lies between the powers.
    """
    low, high = axis.get_view_interval()
    decades = math.log10(high / low) if low > 0 else 0.0
    if decades < 2:
        return
    axis.set_major_formatter(FuncFormatter(power))
    axis.set_minor_formatter(NullFormatter())
    if decades > 7:
        axis.set_minor_locator(NullLocator())


def power(value: float, _: int | None = None) -> str:
    """Return a power of ten as plain text."""
    return f"10{str(round(math.log10(value))).translate(SUPERSCRIPT)}" if value > 0 else ""


def style() -> AbstractContextManager[None]:
    """Return the context in which matplotlib uses the shipped style; it ends with the block."""
    return matplotlib.rc_context(fname=str(STYLE))


def save_figure(figure: Figure, path: Path) -> None:
    """Write the figure; the suffix (.svg, .png, .pdf) chooses the format.

    **Raises:** `InvalidInput` if the suffix is unknown or the file cannot be written.
    """
    require_picture(path)
    try:
        path.write_bytes(render(figure, path.suffix.lstrip(".").lower()))
    except OSError as error:
        raise unwritable(path, error) from None


def require_picture(path: Path) -> None:
    """Raise `InvalidInput` if the suffix is unknown or the file cannot be written, before any work
    is done for the picture."""
    known = FigureCanvasBase.get_supported_filetypes()
    suffix = path.suffix.lstrip(".").lower()
    if suffix not in known:
        raise InvalidInput(
            f"{path}: no picture format '{suffix}'; choose .svg, .png or .pdf"
            if suffix
            else f"{path}: the picture needs a suffix; choose .svg, .png or .pdf"
        )
    require_file(path)


def render(figure: Figure, suffix: str) -> bytes:
    """Return the figure as bytes in the format `suffix`, the same for the same figure."""
    buffer = io.BytesIO()
    # A date in the file would make every picture differ from the last one.
    undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with style():
        figure.savefig(buffer, format=suffix, metadata=undated.get(suffix))
    return buffer.getvalue()
