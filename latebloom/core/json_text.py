"""Results as JSON text."""

import json
import math
from typing import Any

import numpy as np


def jsonable(value: Any) -> Any:
    """Return the value with plain lists, and None for NaN and infinities, which JSON lacks.

    >>> jsonable({"floor": float("nan"), "at": (1, 2)})
    {'floor': None, 'at': [1, 2]}
    """
    if isinstance(value, dict):
        return {k: jsonable(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(v) for v in value]
    if isinstance(value, np.ndarray):
        return jsonable(value.tolist())
    if isinstance(value, np.generic):
        return jsonable(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def dump_json(document: Any) -> str:
    """Return the document as strict, indented JSON."""
    return json.dumps(jsonable(document), indent=2, allow_nan=False)
