"""Recorded claims computed again."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from latebloom.core.json_text import jsonable

from .catalogue import STUDIES
from .outcome import regenerate
from .record import Claims, read_record
from .workspace import Workspace

# Two machines differ in the last digits, which chaotic runs of networks carry further.
SAME = 1e-6


@dataclass(frozen=True)
class Checked:
    """One claim computed again: what is recorded, what came out, and whether they agree."""

    claim: str
    recorded: dict[str, Any] | None
    now: dict[str, Any]

    @property
    def agrees(self) -> bool:
        """Whether the verdict is the recorded one."""
        return self.recorded is not None and self.recorded["verdict"] == self.now["verdict"]

    @property
    def same(self) -> bool:
        """Whether the numbers are the same too, up to rounding."""
        if self.recorded is None:
            return False
        return all(_close(self.recorded[part], self.now[part]) for part in ("found", "corrected"))


def _close(one: dict[str, Any] | None, two: dict[str, Any] | None) -> bool:
    """Return whether two statistics are equal up to rounding; both may be None."""
    if not one or not two:
        return not one and not two
    pairs = [(one[key], two[key]) for key in ("value", "low", "high")]
    return all(
        a == b or (None not in (a, b) and abs(a - b) <= SAME * max(abs(a), SAME)) for a, b in pairs
    )


def check(claims: Claims, workspace: Workspace) -> Iterable[Checked]:
    """Yield every claim computed again at the size of the workspace, beside what is recorded."""
    record = read_record()
    for name in dict.fromkeys(study.name for study, _ in claims.values()):
        outcome = regenerate(STUDIES[name], workspace).outcome
        for key, found in outcome.claims.items():
            if key in claims:
                yield Checked(key, record.at(key, workspace.size), jsonable(found))
