"""The catalogue: every figure and study, what was published of it, and which claims it decides.

`catalogue.toml` lists them; `NAME.toml`, beside the module that regenerates the figure, holds its
data: the experiment, the sweeps, the published values, the text of the report and the claims.
"""

from collections.abc import Iterable
from pathlib import Path

from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.files import read_toml
from latebloom.experiment import natural, register_preset

from .study import GROUPS as GROUPS
from .study import Group as Group
from .study import Study as Study

# What `reproduce all` regenerates: the paper and what follows from it.
ALL = "all"
OF_ALL: tuple[Group, ...] = ("convex", "networks", "theory", "beyond")

STUDIES: dict[str, Study] = {}
# Groups in the order of reports; those of plugins come last.
ORDER: dict[str, int] = {group: i for i, group in enumerate(GROUPS)}


def register_studies(catalogue: Path, package: str = "", group: str = "own") -> None:
    """Add figures and studies to those that `latebloom reproduce` knows.

    **Arguments:**

    - `catalogue`: a TOML file with a table per study: `title`, and if wanted `group`, `place`,
      `folder` (of NAME.toml, beside the catalogue), `aliases`, `build`, `claims`, `family`,
      `small`, `runs_of`, `public_seconds`; see `Study`.
    - `package`: of the modules in `place`, `build` and `claims`; "" for modules on Python's path.
    - `group`: of studies that name none; a study without a group is kept out of the record.
    """
    plain = ("title", "place", "public_seconds", "family")
    for name, entry in read_toml(catalogue).items():
        folder = entry.get("folder", entry.get("place", "").rpartition(".")[0].partition(".")[0])
        STUDIES[name] = found = Study(
            name,
            file=catalogue.parent / folder / f"{name}.toml",
            aliases=tuple(entry.get("aliases", ())),
            group=entry.get("group", group),
            runs_of=tuple(entry.get("runs_of", ())),
            code={key: entry[key] for key in ("build", "claims") if key in entry},
            has_small=entry.get("small", False),
            package=package,
            **{key: entry[key] for key in plain if key in entry},
        )
        register_preset(found.preset)


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
            raise InvalidInput(f"no figure or study called {shown(name)}{hint}")
        _ = found[0].study
    return _sorted(found)


def study_names() -> list[str]:
    """Return what `reproduce` can be asked for: studies, groups of them, and all.

    >>> names = study_names()
    >>> "fig3" in names, "convex" in names, names[-1]
    (True, True, 'all')
    """
    return [*(s.name for s in _sorted(s for s in STUDIES.values() if s.place)), *GROUPS, ALL]


def recorded_studies() -> list[Study]:
    """Return the studies of all groups, those of plugins last."""
    return _sorted(s for s in STUDIES.values() if s.group and s.place)


def _sorted(found: Iterable[Study]) -> list[Study]:
    return sorted(found, key=lambda s: (ORDER.get(s.group, len(ORDER)), natural(s.name)))
