"""The record: what became of every claim and figure, out of a store or as shipped."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import jsonable
from latebloom.core.text import duration
from latebloom.core.versions import __version__

from .catalogue import GROUPS, STUDIES, Study, studies
from .claim import Claim, Criterion
from .claim_text import claim_row
from .outcome import Outcome, all_claims, count, load, regenerate
from .workspace import SIZES, Size, Workspace

SHIPPED = Path(__file__).parents[1] / "claims.json"
# Two machines differ in the last digits, which chaotic runs of networks carry further.
SAME = 1e-6

TITLES = {
    "convex": "Figures 3 to 9 and 12 to 29: vectors and matrices",
    "networks": "Figures 1, 2, 10, 11 and 30 to 35, and the post: networks",
    "theory": "Theorems, lemmas and identities",
    "beyond": "Questions of ours beyond the figures",
    "others": "Laws of other groups",
}
# The group whose claims are those of other groups.
OTHERS = "others"
# What a reader of a group's verdicts must know.
NOTES = {
    "networks": "The quick size decides these on smaller problems: addition mod 31 in place of 97, "
    "students of 60 units in place of 500, digits of scikit-learn in place of MNIST. What only the "
    "published settings can tell is not tested there. The paper fits no exponents for networks; "
    "those are questions of ours. At the quick size Figures 31 and 34 have the runs of 10 and 11.",
    "theory": "Of a theorem one violation is enough. Where a counterexample of the errata refutes "
    "the printed statement, it counts as one; some statements share a counterexample.",
}
ABOUT = (
    "Made by `make claims` from runs; nothing is typed in. The statistic of a claim and the band",
    "in which it must lie are in the TOML file of its study. The verdict follows from the 95%",
    "interval over instances: inside the band, it holds; outside, it fails, or holds with the",
    "correction whose own statistic is inside its band; across an edge, or where nobody gives the",
    "constants it needs, it is not decidable here.",
    "Not tested: the full size could tell, and was not run, or no run meets the hypotheses.",
)
COSTS = (
    "Times are work of one core. Figures that share runs count them each time; `latebloom",
    "reproduce all` computes them once. Official: the public code's, measured on two cores.",
)

Claims = Mapping[str, tuple[Study, Claim]]


@dataclass(frozen=True)
class Record:
    """Verdicts and comparisons at both sizes.

    **Fields:**

    - `where`: what it was read from, in words.
    - `claims`: id -> size -> verdict and statistics.
    - `figures`: study -> size -> what came out and what it cost.
    """

    where: str
    version: str
    claims: Mapping[str, Mapping[str, dict[str, Any]]]
    figures: Mapping[str, Mapping[str, dict[str, Any]]]

    def at(self, claim: str, size: str) -> dict[str, Any] | None:
        """Return what a size came to for a claim, None if it was not run."""
        return self.claims.get(claim, {}).get(size)

    def best(self, claim: str) -> dict[str, Any] | None:
        """Return the result of the full size, else of the quick one.

        A full size that cannot tell does not take back what the quick one decided.
        """
        full, quick = self.at(claim, "full"), self.at(claim, "quick")
        if full is None or (quick is not None and full["found"] is None):
            return quick
        return full

    def size(self, claim: str) -> str:
        """Return the size whose result counts, "" if there is none."""
        best = self.best(claim)
        return "" if best is None else "full" if best is self.at(claim, "full") else "quick"

    def count(self, claims: Iterable[str]) -> str:
        """Return how many verdicts are which, in words."""
        found = [best["verdict"] for key in claims if (best := self.best(key)) is not None]
        return count(found) if found else "none decided yet"

    def headline(self, claims: Claims) -> tuple[str, ...]:
        """Return how many claims hold, those of the paper and the post apart from ours."""
        theirs = published(claims)
        own = [key for key in claims if key not in theirs]
        parts = (("claims of the paper and the post", theirs), ("questions of ours", own))
        return tuple(f"{len(keys)} {what}: {self.count(keys)}" for what, keys in parts if keys)

    def notes(self, claims: Claims) -> tuple[str, ...]:
        """Return what a reader of a table must know."""
        missing = [key for key in claims if self.best(key) is None]
        notes = [*self.headline(claims), f"results: {self.where}"]
        if missing:
            notes.append(f"{len(missing)} not run yet: latebloom reproduce all --quick")
        return tuple(notes)

    def document(self, claims: Claims) -> dict[str, Any]:
        """Return everything, JSON-ready: the claims with their tests, and the figures."""
        studies = {study.name for study, _ in claims.values()}
        whole = set(claims) == set(all_claims())
        return {
            "version": self.version,
            "claims": {
                key: {
                    "study": study.name,
                    "source": claim.source,
                    **_tested(claim.test),
                    "corrected": None if claim.corrected is None else _tested(claim.corrected),
                    "undecidable": claim.undecidable,
                    **{size: self.at(key, size) for size in SIZES},
                }
                for key, (study, claim) in claims.items()
            },
            "figures": {
                name: dict(found)
                for name, found in self.figures.items()
                if whole or name in studies
            },
        }

    def markdown(self, claims: Claims) -> str:
        """Return a page in Markdown: the claims by group, and the studies with what they cost."""
        lines = ["# Which claims hold: every claim, every figure", "", *ABOUT, ""]
        lines += [*(f"- {note}" for note in self.headline(claims)), ""]
        for group in GROUPS:
            own = {key: pair for key, pair in claims.items() if pair[0].group == group}
            if not own:
                continue
            lines += [f"## {TITLES[group]}", "", *(f"- {note}" for note in self.headline(own)), ""]
            lines += [NOTES[group], ""] if group in NOTES else []
            rows = []
            for key, (_, claim) in own.items():
                row = claim_row(claim, self.best(key))
                rows.append((row[0], claim.source, *row[1:], self.size(key)))
            header = ("claim", "source", "statement", "verdict", "found, 95% interval", "holds if")
            lines += [*_table((*header, "size"), rows), ""]
        if set(claims) == set(all_claims()):
            lines += ["## Figures, and what they cost", "", *COSTS, "", *self._costs(), ""]
        return "\n".join(lines).rstrip() + "\n"

    def _costs(self) -> list[str]:
        """Return the table of studies: verdict, seeds, our time and the public code's."""
        rows = []
        for name, found in self.figures.items():
            best = found.get("full") or found["quick"]
            times = [_time(found[size]["seconds"]) if size in found else "" for size in SIZES]
            official = best["official"]
            rows.append((name, best["verdict"], best["seeds"], _time(official), *times))
        header = ("study", "published values", "seeds", "public code", "quick", "full")
        return _table(header, rows)


def _time(seconds: float | None) -> str:
    return "" if seconds is None else duration(seconds)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table in Markdown."""
    cells = [[_plain_text(cell) for cell in row] for row in rows]
    lines = [header, ["---"] * len(header), *cells]
    return ["| " + " | ".join(line) + " |" for line in lines]


def _plain_text(cell: str) -> str:
    """Return a text that Markdown shows as it is."""
    for mark in "\\|*_<>[]$":
        cell = cell.replace(mark, f"\\{mark}")
    return cell.replace("\n", " ")


def published(claims: Claims) -> Claims:
    """Return the claims of the paper and the post, without questions of ours."""
    return {
        key: (study, claim)
        for key, (study, claim) in claims.items()
        if study.group != OTHERS and not claim.ours
    }


def _tested(test: Criterion) -> dict[str, Any]:
    return {"says": test.says, "statistic": test.statistic, "holds_if": test.band}


@cache
def read_record() -> Record:
    """Return the record that comes with this version."""
    try:
        data = json.loads(SHIPPED.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Record("none recorded", __version__, {}, {})
    claims = {
        key: {size: kept[size] for size in SIZES if kept.get(size) is not None}
        for key, kept in data["claims"].items()
    }
    where = f"recorded with latebloom {data['version']}; latebloom claims --check repeats them"
    return Record(where, data["version"], claims, data["figures"])


def record_of(store: Path) -> Record:
    """Return the record of what was reproduced in a store.

    **Raises:** `InvalidInput` if nothing was.
    """
    claims: dict[str, dict[str, dict[str, Any]]] = {}
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for study, size, outcome in outcomes_of(store):
        own = {claim.id for claim in study.claims}
        for key, found in outcome.claims.items():
            if key in own:
                claims.setdefault(key, {})[size] = found
        figures.setdefault(study.name, {})[size] = _summary(study, outcome)
    if not figures:
        raise InvalidInput(
            f"{store}: nothing was reproduced there yet; try: latebloom reproduce all --quick "
            f"--store {store} (some ten minutes)"
        )
    return Record(f"of the runs in {store}", __version__, claims, figures)


def outcomes_of(store: Path) -> list[tuple[Study, Size, Outcome]]:
    """Return what a store holds of every study, in the order of the catalogue."""
    chosen = [p for group in ("all", "others") for p in studies(group)]
    found: list[tuple[Study, Size, Outcome]] = []
    for p in chosen:
        for size in SIZES:
            outcome = load(store, p.name, size)
            if outcome is not None:
                found.append((p, size, outcome))
    return found


def _summary(study: Study, outcome: Outcome) -> dict[str, Any]:
    """Return what is recorded of a study."""
    return {
        "title": outcome.title,
        "group": study.group,
        "verdict": outcome.verdict,
        "compared": outcome.compared,
        "agreeing": outcome.agreeing,
        "seeds": outcome.seeds,
        "runs": outcome.runs,
        "seconds": round(outcome.seconds, 1),
        "official": study.public_seconds,
        "rows": [row for row in outcome.rows if row["published"] is not None],
    }


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
        pairs = [
            (self.recorded[part], self.now[part])
            for part in ("found", "corrected")
            if self.recorded[part] or self.now[part]
        ]
        return all(_close(one, two) for one, two in pairs)


def _close(one: dict[str, Any] | None, two: dict[str, Any] | None) -> bool:
    if one is None or two is None:
        return False
    keys = ("value", "low", "high")
    return all(
        one[k] == two[k]
        or (None not in (one[k], two[k]) and abs(one[k] - two[k]) <= SAME * max(abs(one[k]), SAME))
        for k in keys
    )


def check(claims: Claims, workspace: Workspace) -> Iterable[Checked]:
    """Yield every claim computed again at the size of the workspace, beside what is recorded."""
    record = read_record()
    for name in dict.fromkeys(study.name for study, _ in claims.values()):
        outcome = regenerate(STUDIES[name], workspace).outcome
        for key, found in outcome.claims.items():
            if key in claims:
                yield Checked(key, record.at(key, workspace.size), jsonable(found))
