"""Outcomes: what regenerating a study gave, kept in the store for reports."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from latebloom.core.files import replace
from latebloom.core.json_text import dump_json
from latebloom.core.versions import __version__, versions

from .catalogue import STUDIES, Study
from .claim import Claim, Verdict, entry
from .reproduction import Reproduction
from .workspace import Size, Workspace

FOLDER = "figures"


@dataclass(frozen=True)
class Outcome:
    """A regenerated study as it is kept.

    **Fields:**

    - `name`, `title`, `size`, `command`: which one, and how to get it.
    - `verdict`, `rows`, `notes`, `seeds`: of the comparison, see `Reproduction`.
    - `claims`: id -> verdict and statistics, see `claim.entry`.
    - `settings`: the experiments, as TOML.
    - `seconds`: of work in all data, whenever they were computed; `wall`: of this call.
    - `runs`, `fresh`: units of data, and how many of them were computed in this call.
    - `fingerprint`: of the data; `version`, `versions`, `made`: by what and when.
    """

    name: str
    title: str
    size: Size
    command: str
    verdict: str
    rows: list[dict[str, Any]]
    notes: list[str]
    seeds: str
    claims: dict[str, dict[str, Any]]
    settings: list[str]
    seconds: float
    wall: float
    runs: int
    fresh: int
    fingerprint: str
    version: str
    versions: dict[str, str]
    made: str

    @property
    def compared(self) -> int:
        """How many published values were compared."""
        return sum(row["published"] is not None for row in self.rows)

    @property
    def agreeing(self) -> int:
        """How many of them agree."""
        return sum(bool(row["agrees"]) for row in self.rows)


@dataclass(frozen=True)
class Regenerated:
    """A study just regenerated: what came out, what is kept of it, what was there before."""

    result: Reproduction
    outcome: Outcome
    earlier: Outcome | None

    @property
    def replaced(self) -> str:
        """What to say if the store held the outcome of other settings, or ""."""
        was = self.earlier
        now = self.outcome
        if was is None or (was.fingerprint, was.version) == (now.fingerprint, now.version):
            return ""
        by = "" if was.version == __version__ else f" by latebloom {was.version}"
        return (
            f"{was.name}: the store held a result{by} from other settings; what differs was "
            f"computed anew ({now.fresh} of {now.runs} units)"
        )


def regenerate(preset: Study, workspace: Workspace) -> Regenerated:
    """Return a study at the size of the workspace, its outcome kept in the workspace's store.

    **Raises:** `InvalidInput` if nothing reproduces the preset; `KeyboardInterrupt` after Ctrl-C,
    with what was done kept.
    """
    from latebloom.plots.style import render

    earlier = load(workspace.folder, preset.name, workspace.size)
    workspace.begin(preset.name)
    began = time.perf_counter()
    result = preset.study(workspace)
    picture = render(result.figure, "svg")
    wall = time.perf_counter() - began
    account = workspace.account
    outcome = Outcome(
        name=preset.name,
        title=result.title,
        size=workspace.size,
        command=f"latebloom reproduce {preset.name} --{workspace.size}",
        verdict=_verdict(preset, result, workspace.size),
        rows=[row.to_dict() for row in result.rows],
        notes=list(result.notes),
        seeds=result.seeds,
        claims={claim.id: entry(claim, result.evidence) for claim in preset.claims},
        settings=[experiment.to_toml() for experiment in result.settings],
        # What a study does besides its data counts as well: drawing, fits, direct computations.
        seconds=account.seconds + max(wall - account.waited, 0.0),
        wall=wall,
        runs=account.total,
        fresh=account.fresh,
        fingerprint=account.fingerprint,
        version=__version__,
        versions=versions(),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    folder = workspace.folder / FOLDER
    folder.mkdir(exist_ok=True)
    replace(folder / f"{preset.name}-{workspace.size}.svg", picture)
    text = dump_json(asdict(outcome)) + "\n"
    replace(_path(workspace.folder, preset.name, workspace.size), text.encode())
    return Regenerated(result, outcome, earlier)


def _verdict(preset: Study, result: Reproduction, size: Size) -> str:
    """Return what the comparison came to; at the quick size there may be nothing to compare yet."""
    if size == "quick" and preset.published and all(r.published is None for r in result.rows):
        return "the published values are compared at the full size"
    return result.verdict


def load(store: Path, name: str, size: Size) -> Outcome | None:
    """Return what a store keeps of a study, None if it was not regenerated there at this size."""
    try:
        return Outcome(**json.loads(_path(store, name, size).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def picture(store: Path, name: str, size: Size) -> bytes:
    """Return the kept picture, as SVG."""
    return (store / FOLDER / f"{name}-{size}.svg").read_bytes()


def _path(store: Path, name: str, size: Size) -> Path:
    return store / FOLDER / f"{name}-{size}.json"


def all_claims() -> dict[str, tuple[Study, Claim]]:
    """Return every claim by its id, with the study that decides it, in the paper's order."""
    return {claim.id: (preset, claim) for preset in STUDIES.values() for claim in preset.claims}


def count(verdicts: Sequence[str]) -> str:
    """Return how many of the verdicts are which, in words.

    >>> count(["holds", "fails", "holds"])
    '2 hold, 1 fails'
    """
    counts = {kind: verdicts.count(kind) for kind in Verdict}
    return ", ".join(f"{k} {kind.plural if k > 1 else kind}" for kind, k in counts.items() if k)
