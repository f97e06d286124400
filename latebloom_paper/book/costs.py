"""What studies cost: the work of one core that they took, as recorded."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from latebloom.core.files import read_toml
from latebloom.core.text import duration

# The record that is shipped: the verdicts on all claims, and what came out of the figures.
SHIPPED = Path(__file__).parents[1] / "claims.json"
# Study -> size -> seconds, of studies whose claims it does not have.
APART = read_toml(Path(__file__).with_name("costs.toml"))


@cache
def _figures() -> dict[str, dict[str, Any]]:
    return json.loads(SHIPPED.read_text(encoding="utf-8"))["figures"]


def seconds_of(names: Iterable[str], size: str) -> tuple[float, list[str]]:
    """Return the seconds that studies took at a size, and those of which it is not known.

    >>> seconds_of(["fig3"], "quick")[1]
    []
    """
    found = {name: _seconds(name, size) for name in names}
    seconds = sum(one for one in found.values() if one is not None)
    return seconds, [name for name, one in found.items() if one is None]


def _seconds(name: str, size: str) -> float | None:
    recorded = _figures().get(name, {}).get(size)
    return APART.get(name, {}).get(size) if recorded is None else recorded["seconds"]


def words_of(names: Iterable[str], size: str, public: float) -> str:
    """Return how much work studies are at a size, in words; more cores share it.

    **Arguments:**

    - `names`, `size`: the studies, and `quick` or `full`.
    - `public`: the seconds that the public code takes for those that were not recorded, or 0.
    """
    seconds, unknown = seconds_of(names, size)
    if not unknown:
        return f"about {duration(round(seconds))} of one core"
    if not public:
        return "minutes perhaps: it was not measured"
    words = f"the public code takes {duration(public)}"
    return f"hours perhaps: {words}" if size == "full" else words
