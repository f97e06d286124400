"""The command `reproduce`: regenerate figures, compare every published value, decide the claims."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from latebloom.cli import DONE, INTERRUPTED, Setting, note, print_table, print_text
from latebloom.core.errors import InvalidInput
from latebloom.core.folders import check_folder, new_folder
from latebloom.core.json_text import dump_json
from latebloom.core.text import UNKNOWN, duration, number

if TYPE_CHECKING:
    from latebloom_paper.book.catalogue import Study
    from latebloom_paper.book.outcome import Regenerated
    from latebloom_paper.book.reproduction import Reproduction
    from latebloom_paper.book.workspace import Size

# From so many seconds on it is said what it takes.
LONG = 60.0
# Where results are kept if no other folder is given: in the current one.
STORE = "paper.store"
WHAT = (
    "A figure or study from `latebloom list`, such as fig3; convex, networks, theory, beyond or "
    "others for a group of them; all for the first four."
)


@dataclass(frozen=True)
class Reproduce:
    """Regenerate figures of the paper, compare every published value with ours, decide the claims.

    Whatever is computed is kept in the store: the same command goes on after any end, and figures
    that share runs compute them once.
    """

    figure: Annotated[str, Positional, arg(metavar="FIGURE|GROUP", help=WHAT)]
    quick: bool = False
    """The quick size (the default): seconds to a minute each, shows the phenomenon."""
    full: bool = False
    """The full size: the published settings, and more instances."""
    store: str = STORE
    """The folder for everything computed."""
    workers: int | None = None
    """Processes at a time; one per core if left out."""
    out: Path | None = None
    """A new folder for pictures (.svg) and comparisons (.json)."""
    overwrite: bool = False
    """Replace the earlier result in that folder."""
    json: bool = False
    """Print one JSON document instead of tables."""

    @staticmethod
    def known_names() -> list[str]:
        """Return the studies and the groups of them."""
        from latebloom_paper.book.catalogue import study_names

        return study_names()

    def execute(self, settings: list[Setting]) -> int:
        """Regenerate a study, those of a group, or all."""
        from latebloom_paper.book.catalogue import studies
        from latebloom_paper.book.outcome import FOLDER, picture, regenerate
        from latebloom_paper.book.workspace import Workspace

        if self.quick and self.full:
            raise InvalidInput("--quick and --full: choose one size")
        chosen = studies(self.figure)
        size = "full" if self.full else "quick"
        names = [study.name for study in chosen]
        files = tuple(f"{name}.{suffix}" for name in names for suffix in ("svg", "json"))
        if self.out is not None:
            check_folder(self.out, files, self.overwrite)
        made: list[Regenerated] = []
        with Workspace(self.store, size, workers=self.workers) as workspace:
            say_costs(self, names, size)
            for study in chosen:
                try:
                    made.append(regenerate(study, workspace))
                except KeyboardInterrupt:
                    print(
                        f"latebloom: interrupted in {study.name}, {len(made)} of {len(chosen)} "
                        f"done; what was computed is kept in {self.store}: the same command "
                        "goes on",
                        file=sys.stderr,
                    )
                    if self.json:
                        done = [one.outcome.name for one in made]
                        print(dump_json({"error": "interrupted", "exit_code": 130, "done": done}))
                    return INTERRUPTED
                if not self.json and len(chosen) == 1:
                    print_reproduction(made[-1].result)
                    print_claims_of(study, made[-1])
                elif not self.json:
                    print_line(study, made[-1])
            folder = workspace.folder
            if self.out is not None:
                with new_folder(self.out, files, self.overwrite) as draft:
                    for one in made:
                        name = one.outcome.name
                        (draft / f"{name}.svg").write_bytes(picture(folder, name, size))
                        (draft / f"{name}.json").write_text(dump_json(vars(one.outcome)) + "\n")
        if self.json:
            documents = [vars(one.outcome) for one in made]
            print(dump_json(documents[0] if len(chosen) == 1 else documents))
            return DONE
        where = self.out or Path(self.store) / FOLDER
        print_end(self, chosen, made, where)
        return DONE


def say_costs(command: Reproduce, names: list[str], size: "Size") -> None:
    """Say how long it will take, if that is more than a minute, and what takes less."""
    from latebloom_paper.book.catalogue import public_seconds_of
    from latebloom_paper.book.costs import seconds_of, words_of

    seconds, unknown = seconds_of(names, size)
    if seconds <= LONG and not unknown:
        return
    cheaper = "what is in the store already takes no time"
    if size == "full":
        cheaper = (
            f"the quick size, latebloom reproduce {command.figure}: {words_of(names, 'quick', 0)}"
        )
    elif len(names) > 1:
        cheaper = f"a single one: latebloom reproduce {names[0]}, {words_of(names[:1], size, 0)}"
    what = names[0] if len(names) == 1 else f"{len(names)} studies"
    note(
        f"{what} at the {size} size: {words_of(names, size, public_seconds_of(unknown))}; {cheaper}"
    )


def print_reproduction(result: "Reproduction") -> None:
    """Print published values beside ours."""
    from latebloom_paper.book.reproduction import footnotes

    reasons, notes = footnotes([row.reason for row in result.rows])
    rows = [
        (
            row.quantity,
            number(row.published),
            number(row.ours),
            UNKNOWN if row.difference is None else f"{row.difference:+.1%}",
            "; ".join(filter(None, (row.why, reason))),
        )
        for row, reason in zip(result.rows, reasons, strict=True)
    ]
    header = ("quantity", "published", "ours", "difference", "why")
    # Nothing published, nothing to explain: the columns would be empty.
    full = [any(cell not in ("", UNKNOWN) for cell in column) for column in zip(*rows, strict=True)]
    header, *rows = (tuple(compress(row, full)) for row in (header, *rows))
    seeds = (f"seeds: {result.seeds}",) if result.seeds else ()
    print_table(header, rows, result.title, (*notes, result.verdict, *result.notes, *seeds))


def print_line(study: "Study", one: "Regenerated") -> None:
    """Print one line about a study, as soon as it is done."""
    from latebloom_paper.book.outcome import count

    outcome = one.outcome
    verdicts = [claim["verdict"] for claim in outcome.claims.values()]
    claims = f"; claims: {count(verdicts)}" if verdicts else ""
    comparison = "" if outcome.verdict.startswith("no values") else outcome.verdict
    text = f"{comparison}{claims}".removeprefix("; ")
    print_text(f"{study.name:<18} {outcome.wall:6.1f} s  {text}", indent="  ")
    if one.replaced:
        print_text(f"  {one.replaced}", indent="  ")


def print_claims_of(study: "Study", one: "Regenerated") -> None:
    """Print the verdicts on a study's claims."""
    from latebloom_paper.book.claim_text import HEADER, claim_row

    if one.replaced:
        print_text(one.replaced)
    if study.claims:
        rows = [claim_row(claim, one.outcome.claims[claim.id]) for claim in study.claims]
        print_table(HEADER, rows, "Claims")


def print_end(
    command: Reproduce, chosen: "Sequence[Study]", made: "Sequence[Regenerated]", where: Path
) -> None:
    """Print the totals, and where the results are.

    **Arguments:**

    - `command`: with its options.
    - `chosen`, `made`: the studies, and what came out.
    - `where`: the folder of the pictures.
    """
    from latebloom_paper.book.catalogue import public_seconds_of
    from latebloom_paper.book.outcome import count

    if len(chosen) > 1:
        outcomes = [one.outcome for one in made]
        verdicts = [c["verdict"] for o in outcomes for c in o.claims.values()]
        compared, agreeing = sum(o.compared for o in outcomes), sum(o.agreeing for o in outcomes)
        print()
        print_text(f"{len(made)} studies in {duration(sum(o.wall for o in outcomes))}")
        if compared:
            print_text(f"published values within 10%: {agreeing} of {compared}")
        print_text(f"claims: {count(verdicts)}")
    print_text(f"pictures and numbers: {where}; everything computed: {command.store}")
    if not command.full:
        hours = public_seconds_of(p.name for p in chosen)
        official = f" (public code: {duration(hours)})" if hours else ""
        print_text(f"the published settings: latebloom reproduce {command.figure} --full{official}")
