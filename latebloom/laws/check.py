"""All laws against a run: what was promised, what was measured, and the verdict."""

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latebloom.core import checks
from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.html import facts
from latebloom.core.interrupts import check as check_signals
from latebloom.core.json_text import jsonable
from latebloom.runs.run import Run
from latebloom.runs.saved import open_run
from latebloom.theory.predict import predict
from latebloom.theory.prediction import Prediction

from .finding import Finding, Verdict
from .law import LAWS


@dataclass(frozen=True)
class Report:
    """The findings of a check, one for every law, and the prediction before the run."""

    findings: tuple[Finding, ...]
    prediction: Prediction

    def __getitem__(self, law: str) -> Finding:
        """Return the finding of a law by its name."""
        laws = {found.law: found for found in self.findings}
        if law not in laws:
            raise InvalidInput(f"law {law!r}: unknown{nearest(law, laws)}")
        return laws[law]

    @property
    def covered(self) -> tuple[Finding, ...]:
        """The findings of the laws that are about experiments of this kind."""
        return tuple(found for found in self.findings if found.covered)

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The violated laws that should hold: neither printed and known to be false, nor those of
        other groups, which are here to be tested."""
        open_questions = ("printed", "other group")
        return tuple(
            found
            for found in self.findings
            if found.verdict is Verdict.violated and found.status not in open_questions
        )

    def __repr__(self) -> str:
        """Return how many laws hold, are violated, vacuous and undecided, and name the violated."""
        counts = Counter(str(found.verdict) for found in self.covered)
        others = len(self.findings) - len(self.covered)
        lines = [
            f"Report on {len(self.covered)} laws ({others} more are about other experiments)",
            "  " + ", ".join(f"{verdict}: {counts[verdict]}" for verdict in Verdict),
        ]
        for what, found in (("violated", self.failures), ("false as printed", self._expected)):
            names = ", ".join(one.law for one in found)
            lines += [f"  {what}: {names}"] if found else []
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the laws about this experiment as a table, for notebooks."""
        rows = {one.law: f"{one.verdict}; {one.why}".rstrip("; ") for one in self.covered}
        return facts(repr(self).partition("\n")[0], rows)

    @property
    def _expected(self) -> tuple[Finding, ...]:
        """The violated laws that are not `failures`."""
        violated = (found for found in self.findings if found.verdict is Verdict.violated)
        return tuple(found for found in violated if found not in self.failures)

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        findings = [found.to_dict() for found in self.findings]
        return jsonable({"findings": findings, "prediction": self.prediction.to_dict()})


def check(run: Run | str | Path, prediction: Prediction | None = None) -> Report:
    """Compare every law with what a run measured.

    A law holds, is violated, is vacuous (a hypothesis fails, or nothing is promised), or undecided
    (the run is too short). The finding of a law that does not cover the experiment has the reason.

    **Arguments:**

    - `run`: what `simulate` returned, or the folder where it was saved.
    - `prediction`: the result of `predict`, for the report; if left out, what has a formula is
      computed here.

    **Returns:** a `Report`.

    Source: each law names its own; see `latebloom.laws.LAWS`.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
    >>> run = lb.simulate(lb.Experiment(problem, lb.L1(1e-4), lb.ProximalGradient(0.1)))
    >>> found = lb.check(run)["telescoping"]
    >>> str(found.verdict), found.why
    ('vacuous', 'it is about the explicit update (Subgradient, GradientDescent)')
    >>> str(lb.check(run)["proximal descent"].verdict)
    'holds'
    """
    run = _run_of(run)
    if prediction is not None:
        checks.instance("prediction", prediction, Prediction, ": lb.predict(experiment)")
    else:
        prediction = predict(run.experiment, exact=False)
    findings = []
    for law in LAWS.values():
        check_signals()
        findings.append(law.check(run))
    return Report(tuple(findings), prediction)


def _run_of(given: Any) -> Run:
    """Return the run that an argument stands for; raises `InvalidInput` with what is wanted."""
    if isinstance(given, Run):
        return given
    # Not Path.exists, which raises for a name that is too long.
    if isinstance(given, str | Path) and os.path.exists(given) and Path(given).suffix != ".toml":
        return open_run(given)
    kind = shown(str(given)) if isinstance(given, str | Path) else f"of type {type(given).__name__}"
    raise InvalidInput(
        f"check takes a run, and the argument is {kind}: lb.check(lb.simulate(experiment)), or the "
        "folder of a saved run"
    )
