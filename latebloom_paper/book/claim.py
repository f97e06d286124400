"""Claims: what the paper and the blog state in numbers, each with the test that decides it.

A test is a statistic over instances and the band in which it has to lie, both written down beside
the claim. The verdict follows from the statistic's 95% interval and from nothing
else: inside the band, outside, or across its edge.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .statistic import Statistic

# The key of the evidence for the corrected form of a claim.
CORRECTED = " corrected"
# Above what any run can have: the upper end of a band that leaves out what was never seen.
FINITE = 1e9


class Verdict(enum.StrEnum):
    """What became of a claim."""

    holds = "holds"
    corrected = "holds with correction"
    fails = "fails"
    undecided = "not decidable here"
    untested = "not tested"

    @property
    def plural(self) -> str:
        """The verdict on several claims."""
        return self.replace("holds", "hold").replace("fails", "fail")


@dataclass(frozen=True)
class Criterion:
    """A statement and the band of its statistic.

    **Fields:**

    - `says`: the statement, in our words.
    - `statistic`: what is measured, over what.
    - `low`, `high`: the band.
    """

    says: str
    statistic: str
    low: float = -math.inf
    high: float = math.inf

    def inside(self, found: Statistic) -> bool:
        """Return whether the whole interval lies in the band."""
        return self.low <= found.low and found.high <= self.high

    def outside(self, found: Statistic) -> bool:
        """Return whether the whole interval lies outside of the band."""
        return found.high < self.low or found.low > self.high

    @property
    def band(self) -> str:
        """The band in words.

        >>> Criterion("t2 ~ 1/(alpha beta)", "slope", -1.05, -0.95).band
        '-1.05 to -0.95'
        >>> Criterion("late", "t2/t1", low=10, high=FINITE).band
        'at least 10, and finite'
        """
        if math.isinf(self.low):
            return f"at most {self.high:g}"
        if math.isinf(self.high):
            return f"at least {self.low:g}"
        if self.high == FINITE:
            return f"at least {self.low:g}, and finite"
        return f"{self.low:g}" if self.low == self.high else f"{self.low:g} to {self.high:g}"


@dataclass(frozen=True)
class Claim:
    """One quantitative statement of the paper or the blog.

    **Fields:**

    - `id`: short, unique, begins with the study that decides it.
    - `source`: figure, theorem, section or caption.
    - `test`: the statement and what decides it; its band is never empty.
    - `corrected`: what is right instead, where something is, with a test of its own.
    - `undecidable`: why no test of ours can decide it, or "".
    """

    id: str
    source: str
    test: Criterion
    corrected: Criterion | None = None
    undecidable: str = ""

    @property
    def ours(self) -> bool:
        """Whether it is a question of ours that neither paper nor post states."""
        return self.source.startswith("ours")

    def decide(self, evidence: Mapping[str, Statistic]) -> Verdict:
        """Return the verdict on the evidence of a study.

        **Arguments:**

        - `evidence`: the statistic under the claim's id, that of the corrected form under the id
          and `CORRECTED`; without the first nothing was tested.

        >>> from latebloom_paper.book.statistic import exactly
        >>> claim = Claim(
        ...     "a.b", "Figure 1", Criterion("at most 1", "x", high=1), Criterion("2", "x", 2, 2)
        ... )
        >>> str(claim.decide({"a.b": exactly(2.0), "a.b corrected": exactly(2.0)}))
        'holds with correction'
        """
        found, better = evidence.get(self.id), evidence.get(self.id + CORRECTED)
        if self.undecidable:
            return Verdict.undecided
        if found is None:
            return Verdict.untested
        if self.test.inside(found):
            return Verdict.holds
        if not self.test.outside(found):
            return Verdict.undecided
        if self.corrected is None or better is None:
            return Verdict.fails
        return Verdict.corrected if self.corrected.inside(better) else Verdict.fails


def claim_of(data: Mapping[str, Any]) -> Claim:
    """Return the claim that a table of a study's file describes."""

    def criterion(table: Mapping[str, Any]) -> Criterion:
        low, high = table.get("low", -math.inf), table.get("high", math.inf)
        return Criterion(table["statement"], table["statistic"], low, high)

    return Claim(
        data["id"],
        data["source"],
        criterion(data),
        criterion(data["corrected"]) if "corrected" in data else None,
        data.get("undecidable", ""),
    )


def entry(claim: Claim, evidence: Mapping[str, Statistic]) -> dict[str, Any]:
    """Return what a report says of a claim: the statistics and the verdict, JSON-ready."""
    found, better = evidence.get(claim.id), evidence.get(claim.id + CORRECTED)
    numbers = {"found": found, "corrected": better}
    return {
        "verdict": str(claim.decide(evidence)),
        **{key: None if one is None else asdict(one) for key, one in numbers.items()},
    }
