"""The record: what became of every claim and figure, out of a store or as shipped."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.core.files import read_toml
from latebloom.core.versions import __version__
from latebloom.experiment import natural

from .catalogue import Study, recorded_studies
from .claim import Claim, Criterion
from .costs import SHIPPED
from .outcome import Outcome, all_claims, count, load
from .workspace import SIZES, Size

TEXTS = read_toml(Path(__file__).with_name("groups.toml"))
TITLES = {group: text["title"] for group, text in TEXTS.items()}
# The group whose claims are those of other groups.
OTHERS = "others"
# What a reader of a group's verdicts must know.
NOTES = {group: text["note"] for group, text in TEXTS.items() if "note" in text}
Claims = Mapping[str, tuple[Study, Claim]]


@dataclass(frozen=True)
class Record:
    """Verdicts and comparisons at both sizes.

    **Fields:**

    - `where`: what it was read from, in words; `{versions}` stands for those that computed it.
    - `version`: that wrote it.
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
        return self.at(claim, self.size(claim))

    def size(self, claim: str) -> str:
        """Return the size whose result counts, "" if there is none."""
        full, quick = self.at(claim, "full"), self.at(claim, "quick")
        if full is None or (quick is not None and full["found"] is None):
            return "" if quick is None else "quick"
        return "full"

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
        notes = [*self.headline(claims), f"results: {self.results(claims)}"]
        if missing:
            notes.append(f"{len(missing)} not run yet: latebloom reproduce all --quick")
        return tuple(notes)

    def results(self, claims: Claims) -> str:
        """Return what the results of some claims were read from, with the versions of latebloom
        that computed them."""
        sizes = {(study.name, self.size(key)) for key, (study, _) in claims.items()}
        every = [self.figures.get(name, {}).get(size, {}) for name, size in sizes]
        found = sorted({one["version"] for one in every if "version" in one}, key=natural)
        return self.where.format(versions=" and ".join(found) or self.version)

    def document(self, claims: Claims) -> dict[str, Any]:
        """Return everything, JSON-ready: the claims with their tests, and the figures."""
        names = {study.name for study, _ in claims.values()}
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
            "figures": {k: dict(v) for k, v in self.figures.items() if whole or k in names},
        }


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
    where = "recorded with latebloom {versions}; latebloom claims --check repeats them"
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
    where = f"of the runs in {store}".replace("{", "{{").replace("}", "}}")
    return Record(where, __version__, claims, figures)


def outcomes_of(store: Path) -> list[tuple[Study, Size, Outcome]]:
    """Return what a store holds of every study, in the order of the catalogue."""
    cases: list[tuple[Study, Size, Outcome | None]] = [
        (study, size, load(store, study.name, size))
        for study in recorded_studies()
        for size in SIZES
    ]
    return [(study, size, outcome) for study, size, outcome in cases if outcome is not None]


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
        "version": outcome.version,
        "seconds": round(outcome.seconds, 1),
        "official": study.public_seconds,
        "rows": [row for row in outcome.rows if row["published"] is not None],
    }
