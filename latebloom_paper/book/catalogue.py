"""The catalogue: every figure and study, what was published of it, and which claims it decides.

`catalogue.toml` lists them; `NAME.toml`, beside the module that regenerates the figure, holds its
data: the experiment, the sweeps, the published values, the text of the report and the claims.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from latebloom.core.errors import InvalidInput, nearest
from latebloom.experiment import natural

from .study import GROUPS as GROUPS
from .study import Group
from .study import Study as Study

# What `reproduce all` regenerates: the paper and what follows from it.
ALL = "all"
OF_ALL: tuple[Group, ...] = ("convex", "networks", "theory", "beyond")

FOLDER = Path(__file__).parents[1]


@cache
def _catalogue() -> dict[str, Study]:
    data = tomllib.loads((FOLDER / "catalogue.toml").read_text(encoding="utf-8"))
    found = {}
    for name, entry in data.items():
        folder = entry.get("folder") or entry["place"].partition(".")[0]
        plain = ("title", "place", "group", "public_seconds", "family")
        found[name] = Study(
            name,
            file=FOLDER / folder / f"{name}.toml",
            aliases=tuple(entry.get("aliases", ())),
            runs_of=tuple(entry.get("runs_of", ())),
            code={key: entry[key] for key in ("build", "claims") if key in entry},
            has_small=entry.get("small", False),
            **{key: entry[key] for key in plain if key in entry},
        )
    return found


STUDIES: Mapping[str, Study] = _catalogue()


def public_seconds_of(names: Iterable[str]) -> float:
    """Return the seconds that the public code takes for some studies, shared runs counted once.

    >>> public_seconds_of(["fig4", "fig26"]) == public_seconds_of(["fig26"]) == 7 * 3600
    True
    """
    chosen = set(names)
    runs = {name: STUDIES[name].runs_of for name in chosen}
    own = [n for n in chosen if not runs[n] or not chosen.issuperset(runs[n])]
    return sum(STUDIES[name].public_seconds or 0.0 for name in own)


def studies(name: str) -> list[Study]:
    """Return the studies that `reproduce NAME` regenerates: one, those of a group, or all.

    **Raises:** `InvalidInput` for an unknown name, naming the nearest known one, and for an
    experiment that is not reproduced.

    >>> [found.name for found in studies("fig16")]
    ['fig16']
    """
    groups = OF_ALL if name == ALL else (name,)
    found = [s for s in STUDIES.values() if s.group in groups and s.place]
    if not found:
        found = [s for s in STUDIES.values() if name in (s.name, *s.aliases)]
        if not found:
            known = [n for s in STUDIES.values() if s.place for n in (s.name, *s.aliases)]
            hint = nearest(name, [*known, *GROUPS, ALL])
            raise InvalidInput(f"no figure or study called {name!r}{hint}")
        _ = found[0].study
    return sorted(found, key=lambda s: (GROUPS.index(s.group) if s.group else 9, natural(s.name)))
