"""A spec as TOML text: small arrays written out, large ones in files beside it."""

from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

from latebloom.core.brief import brief_array

# Arrays up to this many entries are written into the TOML file, larger ones beside it as .npy.
INLINE_ARRAY = 64


def toml_text(data: dict[str, Any], folder: Path | None = None, brief: bool = False) -> str:
    """Return nested dictionaries with arrays as TOML.

    **Arguments:**

    - `data`: the spec.
    - `folder`: where arrays of more than 64 entries go, as .npy files; None: they are written out.
    - `brief`: for people: shape and hash stand for these arrays. Such a text cannot be read back.
    """

    def externalize(value: Any, name: str) -> Any:
        if isinstance(value, dict):
            return {k: externalize(v, k) for k, v in value.items()}
        if isinstance(value, np.ndarray):
            if brief and value.size > INLINE_ARRAY:
                return brief_array(value)
            if folder is None or value.size <= INLINE_ARRAY:
                return value.tolist()
            np.save(folder / f"{name}.npy", value, allow_pickle=False)
            return f"{name}.npy"
        return value

    return tomli_w.dumps({k: externalize(v, k) for k, v in data.items()})
