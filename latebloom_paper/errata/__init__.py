"""Errata: what is printed and false, loose or misworded, each with the least counterexample.

E-01 to E-33 are in arXiv 2506.05718, B-01 to B-03 in the authors' blog post about it:
`errata.toml` lists them. Every counterexample is a function of at most ten lines and a test.
"""

import importlib
from collections.abc import Callable
from pathlib import Path

from latebloom.core.files import read_toml

from .erratum import Erratum as Erratum
from .erratum import Evidence as Evidence


def _function(place: str) -> Callable[[], Evidence]:
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)


# In the order of the numbers, the blog post last.
ERRATA: dict[str, Erratum] = {
    table["id"]: Erratum(
        **{key: value for key, value in table.items() if key != "counterexample"},
        counterexample=_function(table["counterexample"]) if "counterexample" in table else None,
    )
    for table in read_toml(Path(__file__).with_name("errata.toml"))["errata"]
}
