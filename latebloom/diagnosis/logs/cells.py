"""The cells of a column as numbers or as words."""

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from latebloom.core.errors import InvalidInput

from .markup import PRINTED, bare

# How tables write "nothing was logged here". NaN is not among them: it may be a divergence.
BLANK = ("", "null", "none", "na", "n/a", "<na>", "-", "--")
# 12,000, 12'000, 12 000 and 12_000: whole numbers with a mark between the thousands.
THOUSANDS = re.compile(r"^\d{1,3}(?:[,' _\u00a0\u2009\u202f]\d{3})+$")


def as_numbers(
    cells: np.ndarray, blank: bool, where: Callable[[int], str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells as floats, and where something was logged.

    **Arguments:**

    - `cells`: (T,) floats, or objects: numbers, text, None.
    - `blank`: whether NaN in an array of floats means that nothing was logged.
    - `where`: from the index of a row to its place and content, for messages.

    **Raises:** `InvalidInput` for what is no number.
    """
    if cells.dtype.kind in "fiu":
        values = cells.astype(np.float64)
        return values, ~np.isnan(values) if blank else np.ones(len(values), bool)
    read = [number(cell, row, where) for row, cell in enumerate(cells.tolist())]
    values = np.array([np.nan if x is None else x for x in read], dtype=np.float64)
    return values, np.array([x is not None for x in read], dtype=bool)


def number(cell: Any, row: int, where: Callable[[int], str]) -> float | None:
    """Return a cell as a number, "98%" as 0.98; None where nothing was logged."""
    text = cell.strip() if isinstance(cell, str) else None
    if cell is None or (text is not None and text.lower() in BLANK):
        return None
    value: Any = cell
    if isinstance(cell, list) and len(cell) == 1:
        value = cell[0]  # a batch of one, or the value of one metric
    try:
        if isinstance(value, bool | np.bool_) or (text is not None and "_" in text):
            raise ValueError
        if text is None:
            return float(value)
        if text.endswith("%"):
            return round(float(text[:-1]) / 100, 12)
        try:
            return float(text)
        except ValueError:
            return float(bare(PRINTED.sub(r"\1", text)))
    except (TypeError, ValueError, OverflowError):
        hint = " (a decimal comma? write a point)" if "," in str(cell) else ""
        raise InvalidInput(
            f"{where(row)} is no number{hint}; log plain numbers, as float(x) gives them"
        ) from None


def as_words(cells: np.ndarray, blank: bool) -> np.ndarray:
    """Return the cells as text, whole numbers without a point; None where nothing was logged."""
    words = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells.tolist()):
        if cell is None or (isinstance(cell, float) and blank and cell != cell):
            continue
        whole = isinstance(cell, float) and cell.is_integer()
        words[i] = str(int(cell)) if whole else str(cell).strip()
    return words


def objects(cells: Sequence[Any]) -> np.ndarray:
    """Return a list as an array of objects, whatever they are."""
    array = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        array[i] = cell
    return array


def is_number(text: str) -> bool:
    """Whether a cell of a text file is a number, "98%" and NaN among them, and not blank."""
    text = bare(text)
    try:
        float(text.removesuffix("%"))
    except ValueError:
        return False
    return "_" not in text


def whole(text: str) -> str:
    """Return a whole number without the marks between its thousands."""
    return re.sub(r"\D", "", text) if THOUSANDS.match(text.strip()) else text
