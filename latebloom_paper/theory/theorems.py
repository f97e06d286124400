"""The theorems: every printed law checked on many runs, and its correction on the same ones.

A law is a statement about every run that meets its hypotheses: one violation beyond rounding
refutes it, and so its statistic is the number of violations. How far inside the bound the runs stay
is its slack.
"""

import re
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from latebloom.experiment import Every, Experiment
from latebloom.laws import LAWS, Law, check
from latebloom.methods import Subgradient
from latebloom.penalties import L1, Nuclear
from latebloom.problems import MatrixCompletion, SparseRecovery
from latebloom.simulate import simulate
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.claim import Claim, Criterion
from latebloom_paper.book.statistic import Statistic, exactly
from latebloom_paper.errata import ERRATA, Erratum

STUDY = STUDIES["theorems"]
FAMILIES: Mapping[str, Mapping[str, Any]] = STUDY.data["families"]


def experiment(family: str, seed: int) -> Experiment:
    """Return the run of a family with a seed."""
    if family in ARRAYS:
        return ARRAYS[family](seed)
    base = FAMILIES[family]["base"]
    seeds = ("problem.seed", "init.seed") if base == "student" else ("problem.seed",)
    changes = {**FAMILIES[family].get("set", {}), **dict.fromkeys(seeds, seed)}
    return STUDY.changed(changes, table=base)


def _unseen(seed: int) -> Experiment:
    """A signal of which the last coordinates are in no measurement, from a start of 0.05."""
    rng = np.random.default_rng(seed)
    X, a = np.zeros((20, 50)), np.zeros(50)
    X[:, :40] = rng.standard_normal((20, 40)) / np.sqrt(20)
    a[rng.choice(40, 3, replace=False)] = rng.standard_normal(3)
    return Experiment(
        SparseRecovery.from_arrays(X, X @ a, a),
        L1(1e-2),
        Subgradient(0.1),
        init=0.05,
        steps=500,
        record=Every(1),
    )


def _fitted(seed: int) -> Experiment:
    """A matrix that starts on its observed entries: at first the gradient of the data is zero."""
    rng = np.random.default_rng(seed)
    A = np.outer(*rng.standard_normal((2, 6)))
    seen = rng.permutation(36).reshape(6, 6) < 18
    return Experiment(
        MatrixCompletion.from_arrays(seen.astype(float), A),
        Nuclear(1e-2),
        Subgradient(0.1),
        init=np.where(seen, A, rng.standard_normal((6, 6))),
        steps=400,
        record=Every(1),
    )


# Families whose data are arrays.
ARRAYS = {"unseen coordinates": _unseen, "fitted from the start": _fitted}

# Printed statement -> the law that is right instead; law that no run can decide -> why.
RIGHT: Mapping[str, str] = STUDY.data["right"]
UNDECIDABLE: Mapping[str, str] = STUDY.data["undecidable"]


def slug(name: str) -> str:
    """Return a law's name as part of a claim's id.

    >>> slug("level of f, not before")
    'theory.level-of-f-not-before'
    """
    return "theory." + re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _cited(law: Law) -> str:
    """Return the source of a law with its erratum, once."""
    named = law.erratum is None or law.erratum in law.source
    return law.source if named else f"{law.source} ({law.erratum})"


def _wrong(law: Law) -> Erratum | None:
    """Return the erratum that a law corrects, if its printed form is no law."""
    alone = law.status == "corrected" and law.name not in RIGHT.values() and law.erratum
    return ERRATA[law.erratum] if alone and law.erratum else None


def claims() -> tuple[Claim, ...]:
    """Return one claim per printed law, and one per correction whose printed form is none."""
    found = []
    count = "number of runs that violate it, of those that meet its hypotheses"
    for law in LAWS.values():
        test, source, right = Criterion(law.statement, count, high=0), law.source, None
        if wrong := _wrong(law):
            printed = f"{law.name}: {wrong.printed.rstrip('.')}"
            example = "number of counterexamples, see the errata"
            test, source, right = Criterion(printed, example, high=0), _cited(law), test
        elif law.status == "printed" and law.name not in UNDECIDABLE:
            with_example = f"{count}, and of counterexamples in the errata"
            right = Criterion(LAWS[RIGHT[law.name]].statement, count, high=0)
            test, source = Criterion(law.statement, with_example, high=0), _cited(law)
        elif law.status != "as printed" and law.name not in UNDECIDABLE:
            continue
        why = UNDECIDABLE.get(law.name, "")
        found.append(Claim(slug(law.name), source, test, right, why))
    return tuple(found)


def findings(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return of every law that is about a run its verdict and slack.

    **Arguments:**

    - `case`: the family and the seed.
    """
    engine = FAMILIES[case["family"]].get("engine", "auto")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of data that cannot be recovered, on purpose
        report = check(simulate(experiment(case["family"], case["seed"]), engine=engine))
    return {
        found.law: {"verdict": str(found.verdict), "slack": found.slack}
        for found in report.findings
        if found.covered
    }


def collected(workspace: Workspace) -> dict[str, dict[str, list[Any]]]:
    """Return of every law the verdicts and the slacks over all runs it is about."""
    seeds = range(1, STUDY.at(workspace.quick).settings["seeds"] + 1)
    cases = [{"family": name, "seed": seed} for name in FAMILIES for seed in seeds]
    laws: dict[str, dict[str, list[Any]]] = {}
    for found in workspace.tables("findings", cases, findings):
        for law, one in found.items():
            kept = laws.setdefault(law, {"verdict": [], "slack": []})
            kept["verdict"].append(one["verdict"])
            if one["slack"] is not None:
                kept["slack"].append(one["slack"])
    return laws


def violations(found: Mapping[str, list[Any]] | None) -> Statistic | None:
    """Return how many of the runs that decide a law violate it; None if none decides it.

    >>> violations({"verdict": ["holds", "vacuous", "violated"], "slack": []}).value
    1.0
    """
    decided = [v for v in (found or {"verdict": []})["verdict"] if v in ("holds", "violated")]
    if not decided:
        return None
    return exactly(decided.count("violated"), len(decided))


def _with_counterexample(erratum: str | None, runs: Statistic | None) -> Statistic | None:
    """Return the violations in runs and, as one more, that in the counterexample of the errata."""
    example = ERRATA[erratum].counterexample if erratum else None
    if example is None:
        return runs
    before = exactly(0, 0) if runs is None else runs
    return exactly(before.value + example().contradicts_printed, before.count + 1)


def evidence(laws: Mapping[str, dict[str, list[Any]]]) -> dict[str, Statistic]:
    """Return what decides the claims."""
    found: dict[str, Statistic | None] = {}
    for law in LAWS.values():
        key, own = slug(law.name), violations(laws.get(law.name))
        if law.status == "as printed":
            found[key] = own
        elif law.name in UNDECIDABLE:
            continue
        elif law.status == "printed":
            found[key] = _with_counterexample(law.erratum, own)
            found[key + CORRECTED] = violations(laws.get(RIGHT[law.name]))
        elif _wrong(law):
            found[key] = _with_counterexample(law.erratum, None)
            found[key + CORRECTED] = own
    return {key: value for key, value in found.items() if value is not None}


def reproduce(workspace: Workspace) -> Reproduction:
    """Check every law on all runs, and draw how far inside their bounds they stay."""
    laws = collected(workspace)
    rows, drawn = [], {}
    for law in LAWS.values():
        found = laws.get(law.name)
        if law.status == "other group" or found is None or not found["slack"]:
            continue
        decided = [v for v in found["verdict"] if v in ("holds", "violated")]
        slack = np.array(found["slack"], float)
        why = f"{law.status}; {decided.count('violated')} of {len(decided)} runs violate it"
        rows.append(Comparison(f"{law.name}: least slack", None, float(slack.min()), why))
        drawn[law.name] = (law.status, slack)
    last = STUDY.at(workspace.quick).settings["seeds"]
    kinds = f"{len(FAMILIES)} kinds ({', '.join(FAMILIES)})"
    settings = [experiment(name, 1) for name in ("l1, proximal", "nuclear, proximal")]
    figure = pictures.plot_slacks(drawn)
    return STUDY.reproduction(rows, figure, evidence(laws), settings, last=last, kinds=kinds)
