"""How many measurements suffice: bounds with universal constants that are not known.

They cannot be checked. What can be computed is their number on an instance, up to the constant.
"""

import math

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.problems import MatrixCompletion, SparseRecovery, coherence

from .contexts import any_least_squares
from .finding import Assumption
from .law import Law, NotCovered, no_promise


def _sparse(experiment: Experiment) -> SparseRecovery:
    problem = any_least_squares(experiment)
    if not isinstance(problem, SparseRecovery) or problem.coherent_rows or not problem.s:
        raise NotCovered(
            "it is about Gaussian measurements of a sparse vector (SparseRecovery with tau = 0)"
        )
    return problem


def _completion(experiment: Experiment) -> MatrixCompletion:
    problem = any_least_squares(experiment)
    if not isinstance(problem, MatrixCompletion):
        raise NotCovered("it is about matrix completion with a drawn mask (MatrixCompletion)")
    return problem


def _isometry_samples(problem: SparseRecovery) -> list[Assumption]:
    found = problem.N / (problem.s * math.log(math.e * problem.n / problem.s))
    needed = ">= C/delta^2 with an unknown C, for rows of variance 1/N"
    return [Assumption("N/(s ln(e n/s))", "not computable", found, needed)]


def _completion_samples(problem: MatrixCompletion) -> list[Assumption]:
    n, r = max(problem.n1, problem.n2), problem.r
    A = problem.a_star
    assert A is not None
    mu_0 = max(coherence(A))
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    rank = int((s > 1e-12 * s[0]).sum())
    spread = float(np.abs(U[:, :rank] @ Vt[:rank]).max())
    mu_1 = spread * math.sqrt(problem.n1 * problem.n2 / rank)
    N, log = problem.N, math.log(n)
    factor = max(mu_1**2, math.sqrt(mu_0) * mu_1, mu_0 * n**0.25)
    both = math.log(problem.n1 + problem.n2) ** 2
    rows = (
        ("N/(n^(5/4) r ln n)", N / (n**1.25 * r * log)),
        ("N/(max(mu_1^2, mu_0^(1/2) mu_1, mu_0 n^(1/4)) n r ln n)", N / (factor * n * r * log)),
        ("N/(n r ln^2(n1 + n2)), entries chosen by leverage", N / (n * r * both)),
    )
    return [
        Assumption(what, "not computable", value, ">= C with an unknown C") for what, value in rows
    ]


SOURCE = "arXiv 2506.05718, appendix G"
UNKNOWN = no_promise("the constant of the bound is not known: the number alone promises nothing")
SAMPLES = (
    Law(
        name="samples for restricted isometry",
        statement="N >= C delta^-2 (s ln(e n/s) + ln(1/eta)) implies delta_s <= delta with "
        "probability 1 - eta",
        source=f"{SOURCE}, theorem G.5",
        symbols=("n", "s", "N"),
        status="as printed",
        context=_sparse,
        hypotheses=_isometry_samples,
        promise=UNKNOWN,
    ),
    Law(
        name="samples for completion",
        statement="N >= C n^(5/4) r ln n entries, or with coherences C max(mu_1^2, "
        "mu_0^(1/2) mu_1, mu_0 n^(1/4)) n r ln n, or by leverage scores C n r ln^2(n1 + n2)",
        source=f"{SOURCE}, theorems G.7, G.11 and G.12",
        symbols=("A*", "N"),
        status="as printed",
        context=_completion,
        hypotheses=_completion_samples,
        promise=UNKNOWN,
    ),
)
