"""The record as a page in Markdown."""

from collections.abc import Iterable, Sequence

from latebloom.core.text import duration

from .catalogue import GROUPS
from .claim_text import claim_row
from .outcome import all_claims
from .record import NOTES, TITLES, Claims, Record
from .workspace import SIZES

ABOUT = (
    "Made by `make claims` from runs; nothing is typed in. The statistic of a claim and the band",
    "in which it must lie are written in the module of its study. The verdict follows from the 95%",
    "interval over instances: inside the band, it holds; outside, it fails, or holds with the",
    "correction whose own statistic is inside its band; across an edge, or where nobody gives the",
    "constants it needs, it is not decidable here.",
    "Not tested: the full size could tell, and was not run, or no run meets the hypotheses.",
)
COSTS = (
    "Times are work of one core. Figures that share runs count them each time; `latebloom",
    "reproduce all` computes them once. Official: the public code's, measured on two cores.",
)


def markdown(record: Record, claims: Claims) -> str:
    """Return the claims by group, and the studies with what they cost."""
    lines = ["# Which claims hold: every claim, every figure", "", *ABOUT, ""]
    lines += [*(f"- {note}" for note in record.headline(claims)), ""]
    for group in GROUPS:
        own = {key: pair for key, pair in claims.items() if pair[0].group == group}
        if not own:
            continue
        lines += [f"## {TITLES[group]}", "", *(f"- {note}" for note in record.headline(own)), ""]
        lines += [NOTES[group], ""] if group in NOTES else []
        rows = []
        for key, (_, claim) in own.items():
            row = claim_row(claim, record.best(key))
            rows.append((row[0], claim.source, *row[1:], record.size(key)))
        header = ("claim", "source", "statement", "verdict", "found, 95% interval", "holds if")
        lines += [*_table((*header, "size"), rows), ""]
    if set(claims) == set(all_claims()):
        rows = []
        for name, found in record.figures.items():
            best = found.get("full") or found["quick"]
            seconds = [best["official"], *(found.get(k, {}).get("seconds") for k in SIZES)]
            times = ["" if s is None else duration(s) for s in seconds]
            rows.append((name, best["verdict"], best["seeds"], *times))
        header = ("study", "published values", "seeds", "public code", "quick", "full")
        lines += ["## Figures, and what they cost", "", *COSTS, "", *_table(header, rows), ""]
    return "\n".join(lines).rstrip() + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose cells are shown as they are."""
    plain = str.maketrans({mark: f"\\{mark}" for mark in "\\|*_<>[]$"} | {"\n": " "})
    lines = [header, ["---"] * len(header), *([c.translate(plain) for c in row] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]
