"""The command `diagnose`: what the curves of any trainer show."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json
from latebloom.core.text import number

from .commands import DONE, FAILED, Setting
from .table import print_table

if TYPE_CHECKING:
    from latebloom.diagnosis import Diagnosis, Log

WHAT = (
    "A log: a file with a table, JSON, printed lines, arrays or events of TensorBoard; a folder; - "
    "for standard input."
)
LOG = arg(metavar="LOG", help=WHAT)
OTHER = arg(metavar="LOG", help="The file with the test curve, if each curve has one.")


@dataclass(frozen=True)
class Diagnose:
    """Diagnose the curves of any trainer: t1, t2, a verdict with reasons, a forecast.

    `latebloom diagnose LOG` guesses the columns from their names, and says which. The content
    decides how a log is read, not its suffix.
    """

    log: Annotated[str, Positional, LOG] = ""
    other: Annotated[str, Positional, OTHER] = ""
    train: str | None = None
    """The training curve: a column, or FILE:COLUMN; if left out, guessed from the names."""
    test: str | None = None
    """The test (or validation) curve."""
    step: str | None = None
    """The number of updates; two columns as in a,b if train and test have one each; row for the
    number of the record. If left out, the first column that is called like one."""
    where: str | None = None
    """Only the rows of one run, as in seed=0 or split=test,lr=0.1; attempt=2 counts how often the
    steps have started again."""
    by: str | None = None
    """One answer for each value of a column, as in seed; or of attempt."""
    norm: str | None = None
    """A norm of the weights: does it alone explain the late drop?"""
    kind: str | None = None
    """accuracy, percent, error or loss, or two as in loss,accuracy (train,test); if left out, the
    names of the columns decide."""
    train_threshold: float | None = None
    """Memorized, in the unit of the column; 0.99 for accuracies."""
    test_threshold: float | None = None
    """Generalized, in the unit of the column; 0.95 for accuracies."""
    q: float | None = None
    """Definition of grokking: both thresholds are this accuracy, and training must hold it from t1
    to t2; the default asks training only to reach its threshold."""
    kappa: float | None = None
    """Definition of grokking: the least delay relative to t1, (t2 - t1)/t1; 9, a decade, by
    default."""
    plot: Path | None = None
    """Write a picture, .svg, .png or .pdf."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Read the log and print the diagnosis."""
        from latebloom.diagnosis.logs import read_curves, where

        if self.plot is not None:
            from latebloom.plots import require_picture

            require_picture(self.plot)
        log, train, test = read_curves(
            [place for place in (self.log, self.other) if place], self.train, self.test, self.step
        )
        joined = self.other or self.train != train or self.test != test
        options = {"train": train, "test": test, "step": None if joined else self.step}
        if self.where is not None:
            log = where(log, self.where, self.step)
        if self.by is not None:
            return self._all(log, options)
        found = self._one(log, options)
        if self.plot is not None:
            from latebloom.plots import plot_diagnosis, save_figure

            save_figure(plot_diagnosis(found), self.plot)
        if self.json:
            picture = None if self.plot is None else str(self.plot)
            source = self.log or log.source
            print(dump_json({"log": source, **found.to_dict(), "picture": picture}))
        else:
            print_diagnosis(log.source, found, self.plot)
        return DONE

    def _one(self, log: "Log", options: dict[str, Any]) -> "Diagnosis":
        from latebloom.diagnosis import diagnose_log

        return diagnose_log(
            log,
            **options,
            norm=self.norm,
            kind=self.kind,
            thresholds=(self.train_threshold, self.test_threshold),
            q=self.q,
            kappa=self.kappa,
        )

    def _all(self, log: "Log", options: dict[str, Any]) -> int:
        """Print the answer for each group of rows; one without an answer fails."""
        from latebloom.diagnosis.logs import groups

        if self.plot is not None:
            raise InvalidInput("--plot draws one run; choose it with --where instead of --by")
        found: dict[str, Diagnosis | InvalidInput] = {}
        for name, part in groups(log, self.by or "", self.step).items():
            try:
                found[name] = self._one(part, options)
            except InvalidInput as error:
                found[name] = error
        failed = [error for error in found.values() if isinstance(error, InvalidInput)]
        if len(failed) == len(found):
            raise failed[0] if failed else InvalidInput(f"{log.source}: no group in {self.by}")
        if self.json:
            runs = [
                {"run": name, "error": str(one)}
                if isinstance(one, InvalidInput)
                else {"run": name, **one.to_dict()}
                for name, one in found.items()
            ]
            print(dump_json({"log": self.log or log.source, "by": self.by, "runs": runs}))
        else:
            _print_all(log, found)
        return FAILED if failed else DONE


def print_diagnosis(source: str, found: "Diagnosis", picture: Path | None = None) -> None:
    """Print a diagnosis as a table with sentences.

    **Arguments:**

    - `source`: the log.
    - `found`: its diagnosis.
    - `picture`: where one was written.
    """
    rows = [
        ("verdict", str(found.verdict)),
        ("t1 (memorized)", found.words(found.phases.t1)),
        ("t2 (generalized)", found.words(found.phases.t2)),
        ("delay", found.delay_words),
    ]
    if (late := found.delay) is not None:
        rows.append(("delay relative to t1", late.ratio_words))
        if late.test_at_t1 is not None:
            rows.append((f"test {found.test.kind} at t1", number(late.test_at_t1)))
    if (half := found.jump) is not None:
        low, high = (half.low - 1) * found.unit, half.high * found.unit
        rows.append(("half of the late rise done", f"in ({low:,g}, {high:,g}]"))
    if (after := found.stability) is not None and after.below:
        lost = f"{after.share:.0%} of the records, worst {number(after.worst)}"
        rows.append(("threshold missed after t2", lost))
    for which, curve in (("training", found.train), ("test", found.test)):
        best, last = curve.shown(float(curve.errors.min())), float(curve.values[-1])
        rows.append((f"{which} {curve.kind}, best and last", f"{number(best)}, {number(last)}"))
    if found.norm is not None:
        rows.append(("late drop explained by the norm alone", found.norm.answer))
    if (ahead := found.forecast) is not None:
        ends = f"in [{ahead.low:,}, {ahead.high:,}] (90 %)" if ahead.step is not None else ""
        rows.append(("forecast of t2", f"{ahead.step:,}, {ends}" if ends else "refused"))
    if picture is not None:
        rows.append(("picture", str(picture)))
    notes = [found.advice.rstrip("."), *found.reasons]
    if found.norm is not None:
        notes.append(f"norm: {found.norm.sentence}")
    if found.forecast is not None:
        notes.append(f"forecast: {found.forecast.reason}")
    notes += [f"note: {note}" for note in found.notes]
    print_table((source, ""), rows, notes=notes)


def _print_all(log: "Log", found: "dict[str, Diagnosis | InvalidInput]") -> None:
    rows, notes = [], []
    for name, one in found.items():
        if isinstance(one, InvalidInput):
            rows.append((name, "no answer", "", "", ""))
            notes.append(f"{name}: {one}")
            continue
        t1, t2 = one.words(one.phases.t1), one.words(one.phases.t2)
        rows.append((name, str(one.verdict), t1, t2, one.delay_words))
        notes += one.notes
    header = (log.source, "verdict", "t1 (memorized)", "t2 (generalized)", "delay")
    print_table(header, rows, notes=[f"note: {note}" for note in dict.fromkeys(notes)])
