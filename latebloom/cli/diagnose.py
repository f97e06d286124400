"""The command `diagnose`: what the curves of any trainer show."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json
from latebloom.core.text import number

from .commands import DONE, Setting
from .table import print_table

if TYPE_CHECKING:
    from latebloom.diagnosis import Diagnosis, Log

WHAT = "A log: a .csv, .jsonl, .json or .parquet file, or event files of TensorBoard."
LOG = arg(metavar="LOG", help=WHAT)


@dataclass(frozen=True)
class Diagnose:
    """Diagnose the curves of any trainer: t1, t2, a verdict with reasons, a forecast.

    The log is a CSV file, JSON lines or JSON, Parquet, or the event files of TensorBoard, one or
    their folder. `latebloom diagnose LOG` alone prints its columns.
    """

    log: Annotated[str, Positional, LOG]
    train: str | None = None
    """The training curve: a column, or a tag of TensorBoard; needed for a diagnosis."""
    test: str | None = None
    """The test (or validation) curve; needed for a diagnosis."""
    step: str | None = None
    """The number of updates; if left out, the first column that is called like one."""
    norm: str | None = None
    """A norm of the weights: does it alone explain the late drop?"""
    kind: str | None = None
    """accuracy, percent, error or loss, or two as in loss,accuracy (train,test); if left out, the
    names of the columns decide."""
    train_threshold: float | None = None
    """Memorized, in the unit of the column; 0.99 for accuracies."""
    test_threshold: float | None = None
    """Generalized, in the unit of the column; 0.95 for accuracies."""
    plot: Path | None = None
    """Write a picture, .svg, .png or .pdf."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Read the log and print the diagnosis."""
        from latebloom.diagnosis import diagnose_log, read_log

        log = read_log(self.log)
        if self.train is None or self.test is None:
            raise InvalidInput(
                f"diagnose needs --train and --test, columns of {self.log}: {', '.join(log.names)}"
            )
        found = diagnose_log(
            log,
            self.train,
            self.test,
            self.step,
            self.norm,
            kind=self.kind,
            thresholds=(self.train_threshold, self.test_threshold),
        )
        if self.plot is not None:
            from latebloom.plots import plot_diagnosis, save_figure

            save_figure(plot_diagnosis(found), self.plot)
        if self.json:
            picture = None if self.plot is None else str(self.plot)
            print(dump_json({"log": self.log, **found.to_dict(), "picture": picture}))
        else:
            _print(self, log, found)
        return DONE


def _print(options: Diagnose, log: "Log", found: "Diagnosis") -> None:
    rows = [
        ("verdict", str(found.verdict)),
        ("t1 (memorized)", found.phases.t1.words),
        ("t2 (generalized)", found.phases.t2.words),
        ("delay", found.phases.delay_words),
    ]
    for which, curve in (("training", found.train), ("test", found.test)):
        best, last = curve.shown(float(curve.errors.min())), float(curve.values[-1])
        rows.append((f"{which} {curve.kind}, best and last", f"{number(best)}, {number(last)}"))
    if found.norm is not None:
        rows.append(("late drop explained by the norm alone", found.norm.answer))
    if (ahead := found.forecast) is not None:
        ends = f"in [{ahead.low:,}, {ahead.high:,}] (90 %)" if ahead.step is not None else ""
        rows.append(("forecast of t2", f"{ahead.step:,}, {ends}" if ends else "refused"))
    if options.plot is not None:
        rows.append(("picture", str(options.plot)))
    notes = [found.verdict.advice.rstrip("."), *found.reasons]
    if found.norm is not None:
        notes.append(f"norm: {found.norm.sentence}")
    if found.forecast is not None:
        notes.append(f"forecast: {found.forecast.reason}")
    notes += [f"note: {note}" for note in found.notes]
    print_table((log.source, ""), rows, notes=notes)
