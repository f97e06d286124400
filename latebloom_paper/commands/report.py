"""The command `report`: claims, figures, theorems, errata and costs on one page."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from latebloom.cli import DONE, Setting, print_text
from latebloom.core.errors import InvalidInput
from latebloom.core.files import replace, require_file
from latebloom.core.json_text import dump_json
from latebloom.core.text import size

from .reproduce import STORE, Reproduce


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

    def execute(self, settings: list[Setting]) -> int:
        """Write the page; with --quick, reproduce everything at the quick size first."""
        from latebloom.sweeps import require
        from latebloom_paper.book.catalogue import ALL, studies
        from latebloom_paper.book.outcome import all_claims
        from latebloom_paper.book.record import published, record_of
        from latebloom_paper.report.page import report_page, tally

        require("local", self.workers, None)
        _require_page(self.out, self.overwrite)
        store = Path(self.store)
        if self.quick:
            everything = Reproduce("all", quick=True, store=self.store, workers=self.workers)
            with redirect_stdout(sys.stderr if self.json else sys.stdout):
                code = everything.execute([])
            if code != DONE:
                return code
        elif not (store / "figures").is_dir():
            raise InvalidInput(
                f"{store}: nothing was reproduced there yet; latebloom report --quick does "
                "that first (some ten minutes)"
            )
        record = record_of(store)
        page = report_page(store).encode()
        replace(self.out, page)
        known = all_claims()
        theirs = published(known)
        ours = [key for key in known if key not in theirs]
        missing = [p.name for p in studies(ALL) if p.name not in record.figures]
        if self.json:
            counts = {"claims": tally(record, theirs), "beyond": tally(record, ours)}
            print(dump_json({"page": str(self.out), **counts, "missing": missing}))
            return DONE
        print_text(f"{self.out}: {size(len(page))}, {len(record.figures)} studies")
        print_text(f"{len(theirs)} claims of the paper and the post: {record.count(theirs)}")
        print_text(f"{len(ours)} questions of ours: {record.count(ours)}")
        if missing:
            print_text(
                f"{len(missing)} studies not run yet: {', '.join(missing)}; --quick runs them"
            )
        return DONE


def _require_page(path: Path, overwrite: bool) -> None:
    """Raise unless a report may be written there: a new file, or an earlier report."""
    from latebloom_paper.report.page import NAME

    require_file(path)
    if not path.parent.is_dir():
        raise InvalidInput(f"--out {path}: there is no folder {path.parent}; make it first")
    if overwrite:
        return
    try:
        with path.open(encoding="utf-8") as file:
            before = file.read(2000)
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError):
        before = ""
    # Every version names the paper in the title.
    if NAME not in before.partition("</title>")[0]:
        raise InvalidInput(
            f"--out {path}: is not an earlier report; choose a new name, or --overwrite it"
        )
