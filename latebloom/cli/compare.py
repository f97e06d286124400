"""The command `compare`: the curves of several logs side by side."""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json

from .commands import DONE, FAILED, Setting
from .table import print_table

if TYPE_CHECKING:
    from latebloom.diagnosis import Diagnosis

LOGS = arg(metavar="LOG ...", help="Two or more logs, as for diagnose.")


@dataclass(frozen=True)
class Compare:
    """Compare the curves of several logs: t1, t2, their ratio, and which generalizes first.

    A log that ends before its run has generalized says only that t2 is later; the order of two runs
    is told where their intervals do not overlap.
    """

    logs: Annotated[tuple[str, ...], Positional, LOGS]
    train: str | None = None
    """The training curve in every log; if left out, guessed in each from the names."""
    test: str | None = None
    """The test (or validation) curve."""
    step: str | None = None
    """The number of updates; if left out, the first column that is called like one."""
    kind: str | None = None
    """accuracy, percent, error or loss, or two as in loss,accuracy (train,test); if left out, the
    names of the columns decide."""
    train_threshold: float | None = None
    """Memorized, in the unit of the column; 0.99 for accuracies."""
    test_threshold: float | None = None
    """Generalized, in the unit of the column; 0.95 for accuracies."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Read the logs and print the table."""
        from latebloom.diagnosis.logs.join import labels_of
        from latebloom.diagnosis.several import HEADER, diagnoses_of

        if len(self.logs) < 2:
            raise InvalidInput(f"compare needs two logs or more, and {', '.join(self.logs)} is one")
        labels = labels_of(self.logs)
        if len(labels) < len(self.logs):
            raise InvalidInput("compare: a log is given twice; give each once")
        found = diagnoses_of({labels[place]: partial(self._one, place) for place in self.logs})
        if self.json:
            print(dump_json(found.to_dict()))
        else:
            print_table(("log", *HEADER[1:]), found.rows, notes=found.sentences)
        return FAILED if found.failed else DONE

    def _one(self, place: str) -> "Diagnosis":
        from latebloom.diagnosis import diagnose_log

        return diagnose_log(
            place,
            self.train,
            self.test,
            self.step,
            kind=self.kind,
            thresholds=(self.train_threshold, self.test_threshold),
        )
