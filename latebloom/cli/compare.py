"""The command `compare`: the curves of several logs side by side."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json

from .commands import DONE, FAILED, Setting
from .curve_options import CurveOptions, print_diagnoses

if TYPE_CHECKING:
    from latebloom.diagnosis import Diagnosis

LOGS = arg(metavar="LOG ...", help="Two or more logs, as for diagnose; one with --by.")


@dataclass(frozen=True)
class Compare(CurveOptions):
    """Compare the curves of several logs: t1, t2, their ratio, and which generalizes first.

    A log that ends before its run has generalized says only that t2 is later; the order of two runs
    is told where their intervals do not overlap.
    """

    logs: Annotated[tuple[str, ...], Positional, LOGS]
    by: str | None = None
    """One row for each value of a column in each log, as in seed; run for runs side by side."""

    def execute(self, settings: list[Setting]) -> int:
        """Read the logs and print the table."""
        from latebloom.diagnosis.logs.join import labels_of
        from latebloom.diagnosis.several import diagnoses_of

        if len(self.logs) < 2 and self.by is None:
            raise InvalidInput(
                f"compare needs two logs or more, and {', '.join(self.logs)} is one; compare the "
                "runs in it with --by run, or another column that tells them apart"
            )
        labels = labels_of(self.logs)
        if len(labels) < len(self.logs):
            raise InvalidInput("compare: a log is given twice; give each once")
        runs: dict[str, Callable[[], Diagnosis]] = {}
        for place in self.logs:
            runs |= self._runs(place, labels[place] if len(self.logs) > 1 else "")
        if len(runs) < 2:
            raise InvalidInput(f"compare needs two runs or more: {', '.join(runs)} is one")
        found = diagnoses_of(runs)
        if self.json:
            print(dump_json(found.to_dict()))
        else:
            print_diagnoses("log", found)
        return FAILED if found.failed else DONE

    def _runs(self, place: str, label: str) -> "dict[str, Callable[[], Diagnosis]]":
        """What gives the diagnosis of each run of a log, by name."""
        from latebloom.diagnosis.logs import groups

        if self.by is None:
            return {label: partial(self._one, place)}
        log, options = self.read(place)
        parts = groups(log, self.by, self.step)
        return {
            f"{label} {name}".strip(): partial(options.diagnose, part)
            for name, part in parts.items()
        }

    def _one(self, place: str) -> "Diagnosis":
        log, options = self.read(place)
        return options.diagnose(log)
