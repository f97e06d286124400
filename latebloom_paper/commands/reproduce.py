"""The verbs of the command line about the paper: figures, claims, the report."""

from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from latebloom.cli import print_table
from latebloom.core.errors import InvalidInput, nearest
from latebloom.core.folders import check_folder, new_folder
from latebloom.core.json_text import dump_json
from latebloom.core.text import UNKNOWN, number
from latebloom_paper.book.reproduction import Reproduction, footnotes

if TYPE_CHECKING:
    from latebloom_paper.book.catalogue import Study
    from latebloom_paper.book.claim import Claim
    from latebloom_paper.book.outcome import Regenerated

DONE, DIFFERENT, INTERRUPTED = 0, 1, 130
# Where results are kept if nothing else is said: in the folder one stands in.
STORE = "paper.store"


@dataclass(frozen=True)
class Reproduce:
    """Regenerate figures of the paper, compare every published value with ours, decide the claims.

    Whatever is computed is kept in the store: the same command goes on after any end, and figures
    that share runs compute them once.
    """

    figure: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FIGURE|GROUP")]
    """A figure or study from `latebloom list`, such as fig3; convex, networks, theory, beyond or
    others for a group of them; all for the first four."""
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

    def execute(self, settings: list[tuple[str, str]]) -> int:
        """Run the command."""
        return reproduce(self)


@dataclass(frozen=True)
class Claims:
    """List what the paper and the blog state in numbers, with the verdict on each.

    The results are those of the store, where there is one, and else those recorded with this
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

    def execute(self, settings: list[tuple[str, str]]) -> int:
        """Run the command."""
        return claims(self)


@dataclass(frozen=True)
class Report:
    """Write claims, figures, theorems, errata and costs as one page that needs no network."""

    out: Path = Path("report.html")
    """The page; an earlier report is replaced."""
    overwrite: bool = False
    """Replace the file even if it is something else."""
    store: str = STORE
    """A folder that `latebloom reproduce` made."""
    quick: bool = False
    """Reproduce everything at the quick size first (some ten minutes, what is there is kept)."""
    workers: int | None = None
    """Processes at a time, for --quick."""
    json: bool = False
    """Print one JSON document instead of a sentence."""

    def execute(self, settings: list[tuple[str, str]]) -> int:
        """Run the command."""
        return report(self)


def reproduce(verb: Reproduce) -> int:
    """Regenerate a study, those of a group, or all."""
    from latebloom_paper.book.catalogue import studies
    from latebloom_paper.book.outcome import FOLDER, picture
    from latebloom_paper.book.workspace import Workspace

    if verb.quick and verb.full:
        raise InvalidInput("--quick and --full: choose one size")
    chosen = studies(verb.figure)
    size = "full" if verb.full else "quick"
    names = [preset.name for preset in chosen]
    files = tuple(f"{name}.{suffix}" for name in names for suffix in ("svg", "json"))
    if verb.out is not None:
        check_folder(verb.out, files, verb.overwrite)
    made: list[Regenerated] = []
    with Workspace(verb.store, size, workers=verb.workers) as workspace:
        for preset in chosen:
            try:
                made.append(_regenerated(preset, workspace))
            except KeyboardInterrupt:
                print_interrupted(verb, preset, len(made), len(chosen))
                return INTERRUPTED
            if not verb.json and len(chosen) == 1:
                print_reproduction(made[-1].result)
                print_claims_of(preset, made[-1])
            elif not verb.json:
                print_line(preset, made[-1])
        folder = workspace.folder
        if verb.out is not None:
            with new_folder(verb.out, files, verb.overwrite) as draft:
                for one in made:
                    name = one.outcome.name
                    (draft / f"{name}.svg").write_bytes(picture(folder, name, size))
                    (draft / f"{name}.json").write_text(dump_json(vars(one.outcome)) + "\n")
    if verb.json:
        documents = [vars(one.outcome) for one in made]
        print(dump_json(documents[0] if len(chosen) == 1 else documents))
        return DONE
    where = verb.out or Path(verb.store) / FOLDER
    print_end(verb, chosen, made, where)
    return DONE


def print_reproduction(result: Reproduction) -> None:
    """Print published values beside ours."""
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
    shown = [k for k in range(5) if any(row[k] not in ("", UNKNOWN) for row in rows)]
    rows = [tuple(row[k] for k in shown) for row in rows]
    header = tuple(header[k] for k in shown)
    seeds = (f"seeds: {result.seeds}",) if result.seeds else ()
    print_table(header, rows, result.title, (*notes, result.verdict, *result.notes, *seeds))


def _regenerated(preset: "Study", workspace: Any) -> "Regenerated":
    from latebloom_paper.book.outcome import regenerate

    return regenerate(preset, workspace)


def print_interrupted(verb: Reproduce, preset: "Study", done: int, total: int) -> None:
    """Say what Ctrl-C left, and how to go on."""
    import sys

    print(
        f"latebloom: interrupted in {preset.name}, {done} of {total} done; what was computed is "
        f"kept in {verb.store}: the same command goes on",
        file=sys.stderr,
    )


def print_line(preset: "Study", one: "Regenerated") -> None:
    """Print one line about a study, as soon as it is done."""
    from latebloom_paper.book.outcome import count

    outcome = one.outcome
    verdicts = [claim["verdict"] for claim in outcome.claims.values()]
    claims = f"; claims: {count(verdicts)}" if verdicts else ""
    told = "" if outcome.verdict.startswith("no values") else outcome.verdict
    text = f"{told}{claims}".removeprefix("; ")
    print(f"{preset.name:<18} {outcome.wall:6.1f} s  {text}", flush=True)
    if one.replaced:
        print(f"{'':<18}           {one.replaced}", flush=True)


def print_claims_of(preset: "Study", one: "Regenerated") -> None:
    """Print what became of a study's claims."""
    from latebloom.cli import print_table

    if one.replaced:
        print(one.replaced)
    if preset.claims:
        rows = [claim_row(claim, one.outcome.claims[claim.id]) for claim in preset.claims]
        print_table(HEADER, rows, "Claims")


def print_end(
    verb: Reproduce, chosen: "list[Study]", made: "list[Regenerated]", where: Path
) -> None:
    """Print the sums, and where everything is."""
    from latebloom.core.text import duration
    from latebloom_paper.book.catalogue import official_of
    from latebloom_paper.book.outcome import count

    if len(chosen) > 1:
        outcomes = [one.outcome for one in made]
        verdicts = [c["verdict"] for o in outcomes for c in o.claims.values()]
        compared, agreeing = sum(o.compared for o in outcomes), sum(o.agreeing for o in outcomes)
        print(f"\n{len(made)} studies in {duration(sum(o.wall for o in outcomes))}")
        if compared:
            print(f"published values within 10%: {agreeing} of {compared}")
        print(f"claims: {count(verdicts)}")
    print(f"pictures and numbers: {where}; everything computed: {verb.store}")
    if not verb.full:
        hours = official_of(p.name for p in chosen)
        official = f" (public code: {duration(hours)})" if hours else ""
        print(f"the published settings: latebloom reproduce {verb.figure} --full{official}")


# Claims -------------------------------------------------------------------------------------------

HEADER = ("claim", "statement", "verdict", "found, 95% interval", "decided by")


def claim_row(claim: "Claim", found: dict[str, Any] | None) -> tuple[str, ...]:
    """Return what a table says of a claim."""
    if found is None:
        return (claim.id, claim.test.says, "not run", "", claim.test.band)
    said = claim.test.says
    if claim.corrected is not None and found["verdict"] == "holds with correction":
        said = f"{said} [right: {claim.corrected.says}]"
    numbers = statistic_text(found["found"])
    if found["corrected"] is not None and found["verdict"] != "holds":
        numbers = f"{numbers}; corrected {statistic_text(found['corrected'])}"
    if claim.undecidable:
        numbers = claim.undecidable
    return (claim.id, said, found["verdict"], numbers, claim.test.band)


def statistic_text(found: dict[str, Any] | None) -> str:
    """Return a kept statistic in words, infinite where JSON has null."""
    if found is None:
        return ""
    value, low, high = ("inf" if v is None else f"{v:.4g}" for v in _three(found))
    if low == high:
        return value
    return f"{value} [{low}, {high}]"


def _three(found: dict[str, Any]) -> tuple[float | None, float | None, float | None]:
    return found["value"], found["low"], found["high"]


def claims(verb: Claims) -> int:
    """List the claims with their verdicts, or check what is recorded."""
    from latebloom.cli import print_table
    from latebloom_paper.book.catalogue import GROUPS, STUDIES
    from latebloom_paper.book.outcome import all_claims
    from latebloom_paper.book.record import Record, read_record, record_of

    known = all_claims()
    chosen = dict(known)
    if verb.claim:
        name = next((p.name for p in STUDIES.values() if verb.claim in p.aliases), verb.claim)
        chosen = {
            key: pair for key, pair in known.items() if name in (key, pair[0].name, pair[0].group)
        }
        if not chosen:
            words = [*known, *{pair[0].name for pair in known.values()}, *GROUPS]
            raise InvalidInput(f"no claim {verb.claim!r}{nearest(verb.claim, words)}")
    if verb.check:
        return check_again(chosen, verb)
    record: Record = read_record()
    store = verb.store or (STORE if (Path(STORE) / "figures").is_dir() else None)
    if store is not None:
        record = record_of(Path(store))
    if verb.json:
        print(dump_json(record.document(chosen)))
        return DONE
    if verb.markdown:
        print(record.markdown(chosen), end="")
        return DONE
    rows = [claim_row(claim, record.best(key)) for key, (_, claim) in chosen.items()]
    if len(chosen) == 1:
        print_one(*next(iter(chosen.values())), record)
        return DONE
    print_table(HEADER, rows, notes=record.notes(chosen))
    return DONE


def print_one(preset: "Study", claim: "Claim", record: Any) -> None:
    """Print everything about one claim."""
    from latebloom.cli import print_table

    rows = [
        ("source", claim.source),
        ("statement", claim.test.says),
        ("statistic", claim.test.statistic),
        ("holds if", claim.test.band),
    ]
    if claim.corrected is not None:
        rows += [
            ("corrected", claim.corrected.says),
            ("statistic", claim.corrected.statistic),
            ("holds if", claim.corrected.band),
        ]
    if claim.undecidable:
        rows.append(("not decidable", claim.undecidable))
    for size in ("quick", "full"):
        found = record.at(claim.id, size)
        if found is not None:
            told = filter(None, (found["verdict"], claim_row(claim, found)[3]))
            rows.append((f"{size} size", ": ".join(told)))
    best = record.best(claim.id)
    rows.append(("verdict", "not run" if best is None else best["verdict"]))
    rows.append(("results", record.where))
    open_still = best is not None and best["found"] is None
    full = record.at(claim.id, "full")
    if not claim.undecidable and not (open_still and full):
        size = " --full" if open_still or full else ""  # the verdict's own, or the one left to try
        rows.append(("decide it", f"latebloom reproduce {preset.name}{size}"))
    print_table((claim.id, ""), rows)


def check_again(chosen: "Any", verb: Claims) -> int:
    """Compute the quick size of the chosen claims again, in a store of its own unless one is given,
    and compare with what is recorded."""
    from latebloom.cli import print_table
    from latebloom_paper.book.record import Checked, check
    from latebloom_paper.book.workspace import Workspace

    found: list[Checked] = []
    with Workspace(verb.store, "quick", workers=verb.workers) as workspace:
        for one in check(chosen, workspace):
            found.append(one)
    differ = [one for one in found if not one.agrees]
    if verb.json:
        rows = [{**vars(one), "agrees": one.agrees, "same_numbers": one.same} for one in found]
        print(dump_json(rows))
        return DIFFERENT if differ else DONE
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
    print(
        f"{len(found)} claims computed again: {len(found) - len(differ)} with the recorded "
        f"verdict, {same} with the same numbers"
    )
    return DIFFERENT if differ else DONE


# Report -------------------------------------------------------------------------------------------


def report(verb: Report) -> int:
    """Write the page, after everything was reproduced if that is asked for."""
    import sys

    from latebloom.core.files import replace
    from latebloom.core.text import size
    from latebloom_paper.book.catalogue import ALL, studies
    from latebloom_paper.book.outcome import all_claims
    from latebloom_paper.book.record import published, record_of
    from latebloom_paper.report.page import TITLE, report_page, tally

    _require_page(verb.out, TITLE, verb.overwrite)
    store = Path(verb.store)
    if verb.quick:
        everything = Reproduce("all", quick=True, store=verb.store, workers=verb.workers)
        with redirect_stdout(sys.stderr if verb.json else sys.stdout):
            code = reproduce(everything)
        if code != DONE:
            return code
    elif not (store / "figures").is_dir():
        raise InvalidInput(
            f"{store}: nothing was reproduced there yet; latebloom report --quick does that first "
            "(some ten minutes)"
        )
    record = record_of(store)
    page = report_page(store).encode()
    replace(verb.out, page)
    known = all_claims()
    theirs = published(known)
    ours = [key for key in known if key not in theirs]
    missing = [p.name for p in studies(ALL) if p.name not in record.figures]
    if verb.json:
        counts = {"claims": tally(record, theirs), "beyond": tally(record, ours)}
        print(dump_json({"page": str(verb.out), **counts, "missing": missing}))
        return DONE
    print(f"{verb.out}: {size(len(page))}, {len(record.figures)} studies")
    print(f"{len(theirs)} claims of the paper and the post: {record.count(theirs)}")
    print(f"{len(ours)} questions of ours: {record.count(ours)}")
    if missing:
        print(f"{len(missing)} studies not run yet: {', '.join(missing)}; --quick runs them")
    return DONE


def _require_page(path: Path, title: str, overwrite: bool) -> None:
    """Raise unless a report may be written there: a new file, or an earlier report."""
    from html import escape

    if path.is_dir():
        raise InvalidInput(f"--out {path}: is a folder; give a file, such as report.html")
    if not path.parent.is_dir():
        raise InvalidInput(f"--out {path}: there is no folder {path.parent}")
    if overwrite:
        return
    try:
        with path.open(encoding="utf-8") as file:
            before = file.read(2000)
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        before = ""
    if f"<title>{escape(title)}</title>" not in before:
        raise InvalidInput(
            f"--out {path}: is not an earlier report; choose a new name, or --overwrite it"
        )
