"""Short texts that stand for objects in a Python session or a notebook."""

import dataclasses
from typing import Any

import numpy as np

from .html import facts
from .identity import digest

# A longer array is shown by its shape and hash.
SHOWN = 8
# Longer texts within a list of texts are counted, not shown.
LONG = 60


def brief_value(value: Any) -> str:
    """Return the repr of a value; of a larger array its shape and hash, of long texts the number.

    >>> import numpy as np
    >>> from latebloom.core.brief import brief_value
    >>> brief_value(np.zeros(2)), brief_value(np.zeros((3, 4)))[:22]
    ('array([0., 0.])', '<array 3 x 4, sha256 2')
    """
    if isinstance(value, np.ndarray) and value.size > SHOWN:
        return f"<{brief_array(value)}>"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {brief_value(v)}" for k, v in value.items()) + "}"
    texts = isinstance(value, tuple | list) and all(isinstance(one, str) for one in value)
    if texts and sum(map(len, value)) > LONG:
        return f"<{len(value)} {'text' if len(value) == 1 else 'texts'}>"
    return repr(value)


def brief_array(array: np.ndarray) -> str:
    """Return the shape of an array, and of numbers the beginning of their hash."""
    kind = f"sha256 {digest(array)[:12]}" if array.dtype.kind in "fiub" else str(array.dtype)
    return f"array {' x '.join(map(str, array.shape))}, {kind}"


def brief_html(self: Any) -> str:
    """Return a dataclass as a table of its fields that are not None; its notes stand below.

    Written as `_repr_html_ = brief_html` in the class.
    """
    values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.repr}
    notes = values.pop("notes", None) or ()
    shown = {k: v if isinstance(v, str) else brief_value(v) for k, v in values.items()}
    known = {k: text for k, text in shown.items() if values[k] is not None}
    return facts(type(self).__name__, known, notes)


def brief(self: Any, empty: bool = False) -> str:
    """Return a dataclass as its repr shows it, with brief values and without fields that are None.

    Written as `__repr__ = brief` in the class.

    **Arguments:**

    - `self`: the object.
    - `empty`: show fields that are None as well.
    """
    values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.repr and f.init}
    shown = (f"{k}={brief_value(v)}" for k, v in values.items() if empty or v is not None)
    return f"{type(self).__qualname__}({', '.join(shown)})"
