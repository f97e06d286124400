"""Claims, their statistics and their verdicts as text."""

from typing import Any

from .claim import Claim

HEADER = ("claim", "statement", "verdict", "found, 95% interval", "decided by")


def claim_row(claim: Claim, found: dict[str, Any] | None) -> tuple[str, ...]:
    """Return the row of a claim in a table with the header `HEADER`.

    **Arguments:**

    - `found`: the verdict and the statistics that a record keeps; None if it was not run.
    """
    if found is None:
        return (claim.id, claim.test.says, "not run", "", claim.test.band)
    statement = claim.test.says
    if claim.corrected is not None and found["verdict"] == "holds with correction":
        statement = f"{statement} [right: {claim.corrected.says}]"
    numbers = statistic_text(found["found"])
    if found["corrected"] is not None and found["verdict"] != "holds":
        numbers = f"{numbers}; corrected {statistic_text(found['corrected'])}"
    if claim.undecidable:
        numbers = claim.undecidable
    return (claim.id, statement, found["verdict"], numbers, claim.test.band)


def statistic_text(found: dict[str, Any] | None) -> str:
    """Return a recorded statistic with its interval; null in JSON stands for an infinite one."""
    if found is None:
        return ""
    value, low, high = (
        "inf" if found[key] is None else f"{found[key]:.4g}" for key in ("value", "low", "high")
    )
    if low == high:
        return value
    return f"{value} [{low}, {high}]"
