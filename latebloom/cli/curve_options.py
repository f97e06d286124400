"""The options that `diagnose`, `compare` and `watch` share: curves, thresholds, definitions."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latebloom.diagnosis import Diagnoses, Diagnosis, Log


@dataclass(frozen=True, kw_only=True)
class CurveOptions:
    """The curves of a log, and when they count as memorized and generalized."""

    train: str | None = None
    """The training curve: a column, or FILE:COLUMN; if left out, guessed from the names."""
    test: str | None = None
    """The test (or validation) curve."""
    step: str | None = None
    """The number of updates; two columns as in a,b if train and test have one each; row for the
    number of the record. If left out, the first column whose name means a step."""
    where: str | None = None
    """Only the rows of one run, as in seed=0 or split=test,lr=0.1; attempt=2 counts how often the
    steps have started again."""
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
    json: bool = False
    """Print one JSON document instead of a table."""

    def read(self, *places: str) -> "tuple[Log, CurveOptions]":
        """Return the log in some files, in the rows asked for, and the options for it."""
        from dataclasses import replace

        from latebloom.diagnosis.logs import read_curves, where

        log, train, test = read_curves(places, self.train, self.test, self.step)
        joined = len(places) > 1 or self.train != train or self.test != test
        if self.where is not None:
            log = where(log, self.where, self.step)
        step = None if joined else self.step
        return log, replace(self, train=train, test=test, step=step)

    def diagnose(self, log: "Log", norm: str | None = None) -> "Diagnosis":
        """Return what the curves of a log show."""
        from latebloom.diagnosis import diagnose_log

        return diagnose_log(
            log,
            self.train,
            self.test,
            self.step,
            norm,
            kind=self.kind,
            thresholds=(self.train_threshold, self.test_threshold),
            q=self.q,
            kappa=self.kappa,
        )


def print_diagnoses(title: str, found: "Diagnoses") -> None:
    """Print several diagnoses as one table, with the order of the runs and what was assumed.

    **Arguments:**

    - `title`: of the first column.
    - `found`: the diagnoses.
    """
    from latebloom.diagnosis.several import HEADER

    from .table import print_table

    assumed = dict.fromkeys(note for one in found.values() for note in one.notes)
    notes = [*found.sentences, *(f"note: {note}" for note in assumed)]
    print_table((title, *HEADER[1:]), found.rows, notes=notes)


def save_picture(found: "Diagnosis", path: Path | None) -> None:
    """Write the picture of a diagnosis, if one is asked for."""
    if path is not None:
        found.plot(path)
