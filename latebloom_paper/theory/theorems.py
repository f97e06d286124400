"""The theorems: every printed law checked on many runs, and its correction on the same ones.

A law is a statement about every run that meets its hypotheses: one violation beyond rounding
refutes it, and so its statistic is the number of violations. How far inside the bound the runs stay
is its slack.
"""

import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from latebloom.experiment import Drawn, Every, Experiment, LogSpaced
from latebloom.laws import LAWS, Law, check
from latebloom.methods import (
    SGD,
    GradientDescent,
    ProjectedSubgradient,
    ProximalGradient,
    Subgradient,
)
from latebloom.models import MLP, Hadamard
from latebloom.penalties import L1, L2, Nuclear
from latebloom.problems import MatrixCompletion, SparseRecovery, TeacherStudent
from latebloom.simulate import simulate
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.claim import CORRECTED, Claim, Criterion
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, exactly
from latebloom_paper.book.workspace import Workspace
from latebloom_paper.errata import ERRATA

SEEDS = tuple(range(1, 21))
QUICK_SEEDS = SEEDS[:3]


class Family(NamedTuple):
    """Runs of one kind: by seed, and the engine whose records are iterates."""

    experiment: Callable[[int], Experiment]
    engine: str = "auto"


def _sparse(seed: int, N: int = 30, s: int = 5, snr: float | None = 1e8) -> SparseRecovery:
    return SparseRecovery.code(n=100, s=s, N=N, snr=snr, seed=seed)


def _l1(seed: int) -> Experiment:
    """Figure 3's instances by proximal gradient, whose records are iterates."""
    return Experiment(_sparse(seed), L1(1e-5), ProximalGradient(0.1), steps=10**6)


def _completion(seed: int, N: int = 80) -> MatrixCompletion:
    return MatrixCompletion.code(N=N, seed=seed, recoverable=N >= 60)


def _nuclear(seed: int) -> Experiment:
    """Figure 5's instances with a stronger penalty, short enough to be stepped."""
    return Experiment(_completion(seed), Nuclear(1e-3), ProximalGradient(0.5), steps=20_000)


def _network(seed: int) -> Experiment:
    """A teacher and its student, trained by gradient descent from a large start."""
    return Experiment(
        TeacherStudent(d=5, hidden=20, C=1, N=8, N_test=20, seed=seed),
        None,
        SGD(1e-3),
        MLP(widths=(40,)),
        Drawn(seed),
        steps=400,
        record=Every(1),
    )


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


# Every law is checked on every family; most apply to a few of them.
FAMILIES: Mapping[str, Family] = {
    "l1, proximal": Family(_l1, "jump"),
    "l1, subgradients": Family(
        lambda q: _l1(q).with_(method=Subgradient(0.1), steps=3000, record=Every(1)), "step"
    ),
    "l1, projected": Family(
        lambda q: _l1(q).with_(
            problem=_sparse(q, 40, snr=None), method=ProjectedSubgradient(0.1), steps=20_000
        ),
        "step",
    ),
    "l1, sparse enough for a null space property": Family(
        lambda q: _l1(q).with_(problem=_sparse(q, 60, s=1, snr=None)), "jump"
    ),
    "l1, too strong": Family(
        lambda q: _l1(q).with_(penalty=L1(10.0), steps=1000, record=Every(1)), "step"
    ),
    "nuclear, proximal": Family(_nuclear, "step"),
    "nuclear, subgradients": Family(
        lambda q: _nuclear(q).with_(method=Subgradient(0.1), steps=3000, record=Every(1)), "step"
    ),
    "too few entries": Family(
        lambda q: _nuclear(q).with_(problem=_completion(q, 30), steps=3000), "step"
    ),
    "ridge": Family(
        lambda q: Experiment(
            _sparse(q), L2(1e-5), GradientDescent(0.1), init=10.0, steps=10**8, record=LogSpaced(20)
        )
    ),
    "no penalty": Family(
        lambda q: Experiment(_sparse(q, snr=None), None, GradientDescent(0.1), steps=10_000)
    ),
    "two layers": Family(
        lambda q: Experiment(
            _sparse(q, snr=None),
            L2(1e-5),
            GradientDescent(0.1),
            Hadamard(2),
            init=1e-2,
            steps=3000,
            record=Every(1),
        ),
        "step",
    ),
    "network": Family(_network),
    "unseen coordinates": Family(_unseen, "step"),
    "fitted from the start": Family(_fitted, "step"),
}

# Printed statement -> the law that is right instead. Where the two share an erratum and a name, the
# pair is obvious; these are the others.
RIGHT = {
    "closeness to least squares, printed rho": "closeness to least squares, row space",
    "closeness to least squares, all of a": "closeness to least squares, row space",
    "level of f, not before": "level of f, reached in time",
    "level of h, not before": "level of h, reached in time",
    "recovery not before": "recovery in time",
    "floor proportional to alpha beta": "floor of two terms",
    "delay of the paper": "slow time",
    "decrease against a penalty, printed": "decrease against a penalty",
    "memorization phase, printed": "memorization phase",
    "subgradients of A and A - A*, printed": "subgradients of A and A - A*",
    "coherence of Gaussian rows, printed": "coherence of Gaussian rows",
}


# Laws that no run can decide, and why.
UNDECIDABLE = {
    "recovery by the rank null space property": "the constants C1, C2 and C3 of given measurements "
    "are not known; that the property is needed as well is refuted (E-01)",
}


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


def claims() -> tuple[Claim, ...]:
    """Return one claim per printed law, and one per correction whose printed form is none."""
    found = []
    count = "number of runs that violate it, of those that meet its hypotheses"
    with_example = f"{count}, and of counterexamples in the errata"
    for law in LAWS.values():
        if law.status == "as printed":
            test = Criterion(law.statement, count, high=0)
            found.append(Claim(slug(law.name), law.source, test))
        elif law.name in UNDECIDABLE:
            test = Criterion(law.statement, count, high=0)
            found.append(Claim(slug(law.name), law.source, test, undecidable=UNDECIDABLE[law.name]))
        elif law.status == "printed":
            right = LAWS[RIGHT[law.name]]
            found.append(
                Claim(
                    slug(law.name),
                    _cited(law),
                    Criterion(law.statement, with_example, high=0),
                    Criterion(right.statement, count, high=0),
                )
            )
        elif law.status == "corrected" and law.name not in RIGHT.values() and law.erratum:
            wrong = ERRATA[law.erratum]
            found.append(
                Claim(
                    slug(law.name),
                    _cited(law),
                    Criterion(
                        f"{law.name}: {wrong.printed.rstrip('.')}",
                        "number of counterexamples, see the errata",
                        high=0,
                    ),
                    Criterion(law.statement, count, high=0),
                )
            )
    return tuple(found)


CLAIMS = claims()


def findings(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return of every law that is about a run its verdict and slack.

    **Arguments:**

    - `case`: the family and the seed.
    """
    family = FAMILIES[case["family"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of data that cannot be recovered, on purpose
        experiment = family.experiment(case["seed"])
        report = check(simulate(experiment, engine=family.engine))
    return {
        found.law: {"verdict": str(found.verdict), "slack": found.slack}
        for found in report.findings
        if found.covered
    }


def collected(workspace: Workspace) -> dict[str, dict[str, list[Any]]]:
    """Return of every law the verdicts and the slacks over all runs it is about."""
    seeds = QUICK_SEEDS if workspace.quick else SEEDS
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
        elif law.status == "corrected" and law.name not in RIGHT.values() and law.erratum:
            found[key] = _with_counterexample(law.erratum, None)
            found[key + CORRECTED] = own
    return {key: value for key, value in found.items() if value is not None}


def reproduce(workspace: Workspace) -> Reproduction:
    """Check every law on all runs, and draw how far inside their bounds they stay."""
    from latebloom_paper.pictures.slacks import plot_slacks

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
    last = (QUICK_SEEDS if workspace.quick else SEEDS)[-1]
    kinds = f"{len(FAMILIES)} kinds ({', '.join(FAMILIES)})"
    figure, settings = plot_slacks(drawn), (_l1(1), _nuclear(1))
    study = STUDIES["theorems"]
    return study.reproduction(rows, figure, evidence(laws), settings, last=last, kinds=kinds)
