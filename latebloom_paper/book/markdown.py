"""The record as a page in Markdown."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from latebloom.core.files import read_toml
from latebloom.core.text import duration

from .catalogue import GROUPS
from .claim_text import claim_row
from .outcome import all_claims
from .record import NOTES, TITLES, Claims, Record
from .workspace import SIZES

TEXT = read_toml(Path(__file__).with_name("markdown.toml"))


def markdown(record: Record, claims: Claims) -> str:
    """Return the claims by group, and the studies with what they cost."""
    lines = [*TEXT["about"], ""]
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
        lines += [*TEXT["costs"], "", *_table(header, rows), ""]
    return "\n".join([*lines, *TEXT["next"]]) + "\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table whose cells are shown as they are."""
    plain = str.maketrans({mark: f"\\{mark}" for mark in "\\|*_<>[]$"} | {"\n": " "})
    lines = [header, ["---"] * len(header), *([c.translate(plain) for c in row] for row in rows)]
    return ["| " + " | ".join(line) + " |" for line in lines]
