"""The command `claims`: what paper and post state in numbers, with the verdict on each."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from latebloom.cli import DONE, FAILED, Setting, print_table, print_text
from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.json_text import dump_json

from .reproduce import STORE

if TYPE_CHECKING:
    from latebloom_paper.book.catalogue import Study
    from latebloom_paper.book.claim import Claim
    from latebloom_paper.book.record import Claims as Chosen
    from latebloom_paper.book.record import Record


@dataclass(frozen=True)
class Claims:
    """List what the paper and the blog state in numbers, with the verdict on each.

    The results are those of the store, where there is one, and else those shipped with this
    version, whose runs `--check` repeats at the quick size.
    """

    claim: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="CLAIM|FIGURE")] = ""
    """One claim, or those of a figure or group; all if left out."""
    check: bool = False
    """Compute the quick ones again and compare with the record; exit code 1 if one differs."""
    store: str | None = None
    """A folder that `latebloom reproduce` made; paper.store if it is there."""
    workers: int | None = None
    """Processes at a time, for --check."""
    markdown: bool = False
    """Print the table as Markdown."""
    json: bool = False
    """Print one JSON document instead of a table."""

    @staticmethod
    def known_names() -> list[str]:
        """Return the studies, the groups of them, and the claims."""
        from latebloom_paper.book.catalogue import GROUPS, STUDIES

        claims = [c.id for s in STUDIES.values() for c in s.claims]
        return [*(s.name for s in STUDIES.values() if s.claims), *GROUPS, *claims]

    def execute(self, settings: list[Setting]) -> int:
        """List the claims with their verdicts, or check what is recorded."""
        from latebloom_paper.book.catalogue import GROUPS, STUDIES
        from latebloom_paper.book.claim_text import HEADER, claim_row
        from latebloom_paper.book.markdown import markdown
        from latebloom_paper.book.outcome import all_claims
        from latebloom_paper.book.record import read_record, record_of

        known = all_claims()
        chosen = dict(known)
        if self.claim:
            name = next((p.name for p in STUDIES.values() if self.claim in p.aliases), self.claim)
            chosen = {
                key: pair
                for key, pair in known.items()
                if name in (key, pair[0].name, pair[0].group)
            }
            if not chosen:
                words = [*known, *{pair[0].name for pair in known.values()}, *GROUPS]
                raise InvalidInput(f"no claim {shown(self.claim)}{nearest(self.claim, words)}")
        if self.check:
            return check_again(chosen, self)
        record = read_record()
        store = self.store or (STORE if (Path(STORE) / "figures").is_dir() else None)
        if store is not None:
            record = record_of(Path(store))
        if self.json:
            print(dump_json(record.document(chosen)))
            return DONE
        if self.markdown:
            print(markdown(record, chosen), end="")
            return DONE
        rows = [claim_row(claim, record.best(key)) for key, (_, claim) in chosen.items()]
        if len(chosen) == 1:
            print_one(*next(iter(chosen.values())), record)
            return DONE
        print_table(HEADER, rows, notes=record.notes(chosen))
        return DONE


def print_one(study: "Study", claim: "Claim", record: "Record") -> None:
    """Print a claim in full."""
    from latebloom_paper.book.claim_text import claim_row

    rows = [("source", claim.source)]
    for title, test in (("statement", claim.test), ("corrected", claim.corrected)):
        if test is not None:
            rows += [(title, test.says), ("statistic", test.statistic), ("holds if", test.band)]
    if claim.undecidable:
        rows.append(("not decidable", claim.undecidable))
    for size in ("quick", "full"):
        found = record.at(claim.id, size)
        if found is not None:
            parts = filter(None, (found["verdict"], claim_row(claim, found)[3]))
            rows.append((f"{size} size", ": ".join(parts)))
    best = record.best(claim.id)
    rows.append(("verdict", "not run" if best is None else best["verdict"]))
    rows.append(("results", record.results({claim.id: (study, claim)})))
    open_still = best is not None and best["found"] is None
    full = record.at(claim.id, "full")
    if not claim.undecidable and not (open_still and full):
        size = " --full" if open_still or full else ""  # the verdict's own, or the one left to try
        rows.append(("decide it", f"latebloom reproduce {study.name}{size}"))
    print_table((claim.id, ""), rows)


def check_again(chosen: "Chosen", command: Claims) -> int:
    """Compute the quick size of the chosen claims again, in a store of its own unless one is given,
    and compare with what is recorded."""
    from latebloom_paper.book.checked import check
    from latebloom_paper.book.claim_text import statistic_text
    from latebloom_paper.book.workspace import Workspace

    with Workspace(command.store, "quick", workers=command.workers) as workspace:
        found = list(check(chosen, workspace))
    differ = [one for one in found if not one.agrees]
    if command.json:
        rows = [{**vars(one), "agrees": one.agrees, "same_numbers": one.same} for one in found]
        print(dump_json(rows))
        return FAILED if differ else DONE
    rows = [
        (
            one.claim,
            "not recorded" if one.recorded is None else one.recorded["verdict"],
            one.now["verdict"],
            statistic_text(None if one.recorded is None else one.recorded["found"]),
            statistic_text(one.now["found"]),
        )
        for one in found
        if not one.agrees or not one.same
    ]
    if rows:
        header = ("claim", "recorded", "now", "recorded number", "number now")
        print_table(header, rows, "What differs")
    same = sum(one.same for one in found)
    print_text(
        f"{len(found)} claims computed again: {len(found) - len(differ)} with the recorded "
        f"verdict, {same} with the same numbers"
    )
    return FAILED if differ else DONE
