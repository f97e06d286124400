"""The command `diagnose`: what the curves of any trainer show."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json
from latebloom.core.text import number

from .commands import DONE, FAILED, Setting
from .curve_options import CurveOptions, print_diagnoses, save_picture
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
class Diagnose(CurveOptions):
    """Diagnose the curves of any trainer: t1, t2, a verdict with reasons, a forecast.

    `latebloom diagnose LOG` guesses the columns from their names, and says which. The content
    decides how a log is read, not its suffix.
    """

    log: Annotated[str, Positional, LOG] = ""
    other: Annotated[str, Positional, OTHER] = ""
    by: str | None = None
    """One answer for each value of a column, as in seed; or of attempt."""
    norm: str | None = None
    """A norm of the weights: does it alone explain the late drop?"""
    plot: Path | None = None
    """Write a picture, .svg, .png or .pdf."""

    def execute(self, settings: list[Setting]) -> int:
        """Read the log and print the diagnosis."""
        if self.plot is not None:
            from latebloom.plots import require_picture

            require_picture(self.plot)
            if self.by is not None:
                raise InvalidInput("--plot draws one run; choose it with --where instead of --by")
        log, options = self.read(*(place for place in (self.log, self.other) if place))
        source = self.log or log.source
        if self.by is not None:
            return self._all(source, log, options)
        found = options.diagnose(log, self.norm)
        save_picture(found, self.plot)
        if self.json:
            picture = None if self.plot is None else str(self.plot)
            print(dump_json({"log": source, **found.to_dict(), "picture": picture}))
        else:
            print_diagnosis(log.source, found, self.plot)
        return DONE

    def _all(self, source: str, log: "Log", options: CurveOptions) -> int:
        """Print the answer for each group of rows; one without an answer fails."""
        from latebloom.diagnosis.logs import groups
        from latebloom.diagnosis.several import diagnoses_of

        parts = groups(log, self.by or "", self.step)
        found = diagnoses_of(
            {name: partial(options.diagnose, part, self.norm) for name, part in parts.items()}
        )
        if self.json:
            print(dump_json({"log": source, "by": self.by, **found.to_dict()}))
        else:
            print_diagnoses(log.source, found)
        return FAILED if found.failed else DONE


def print_diagnosis(source: str, found: "Diagnosis", picture: Path | None = None) -> None:
    """Print a diagnosis as a table with sentences.

    **Arguments:**

    - `source`: the log.
    - `found`: its diagnosis.
    - `picture`: where one was written.
    """
    rows = [
        ("verdict", str(found.verdict)),
        ("t1 (memorized)", found.t1.words),
        ("t2 (generalized)", found.t2.words),
        ("delay", found.delay_words),
    ]
    if (late := found.delay) is not None:
        rows.append(("delay relative to t1", late.ratio_cell))
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
