"""The measurements: coherence, restricted isometry, and how many of them suffice.

The universal constants of the last bounds are not known, so they cannot be checked. What can be
computed is their number on an instance, up to the constant.
"""

import math
from functools import lru_cache, partial

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.incoherence import (
    coherence_between,
    cumulative_coherence,
    mutual_coherence,
    restricted_isometry,
    welch_bound,
)
from latebloom.problems import MatrixCompletion, SparseRecovery, VectorLeastSquares, coherence
from latebloom.runs.run import Run
from latebloom.theory.recoverability import Recoverability, recoverability

from .contexts import any_least_squares
from .finding import INEQUALITY, Assumption, Measurement, Promise
from .law import Law, NotCovered, no_promise

# Supports on which the restricted isometry constant is sampled.
SUPPORTS = 200
ROW_COHERENCE = "coherence of the rows of M and Phi"


def _columns(experiment: Experiment) -> VectorLeastSquares:
    data = any_least_squares(experiment)
    if not isinstance(data, VectorLeastSquares):
        raise NotCovered("it is about vectors")
    if not data.X.any(axis=0).all() or data.X.shape[1] < 2:
        raise NotCovered("some column of X is zero: its coherence is undefined")
    return data


def _columns_and_truth(experiment: Experiment) -> VectorLeastSquares:
    data = _columns(experiment)
    if data.a_star is None:
        raise NotCovered("it needs the ground truth a_star")
    return data


@lru_cache(maxsize=8)
def _mu(data: VectorLeastSquares) -> float:
    return mutual_coherence(data.X)


def _isometry(run: Run, data: VectorLeastSquares) -> Measurement:
    """Proposition G.3 on the normalized columns: pairs exactly, larger supports by samples."""
    X = data.X / np.linalg.norm(data.X, axis=0)
    n = X.shape[1]
    if _mu(data) < 1e-14:
        return Measurement(1.0, "orthogonal columns: all of them are 0")
    s = min(5, n)
    rng = np.random.default_rng(0)
    i, j = np.unravel_index(np.argmax(np.abs(X.T @ X - np.eye(n))), (n, n))
    pair = restricted_isometry(X, np.array([i, j]))
    found = max(restricted_isometry(X, rng.choice(n, s, replace=False)) for _ in range(SUPPORTS))
    cumulative = cumulative_coherence(X, s - 1)
    worst = [
        (pair / _mu(data), "delta_2/mu"),
        (_mu(data) / pair, "mu/delta_2"),
        (found / cumulative, f"sampled delta_{s}/mu_1"),
        (cumulative / ((s - 1) * _mu(data)), "mu_1/((s - 1) mu)"),
    ]
    return Measurement(*max(worst))


def _sparse_enough(data: VectorLeastSquares) -> list[Assumption]:
    r"""Entries of the kernel have $(1 + \mu)\|x_i\||h_i| \le \mu\sum_j\|x_j\||h_j|$, so that those
    on S are less than half of $\|h\|_1$ under this hypothesis; the sum is s if all norms are equal.
    """
    mu, norms = _mu(data), np.linalg.norm(data.X, axis=0)
    total = float((norms.max() / norms[np.flatnonzero(data.truth)]).sum())
    limit = 0.5 * (1 + 1 / mu) if mu > 1e-14 else math.inf
    what = "sum of max ||x_j||/||x_i|| over the support"
    return [Assumption.of(what, total < limit, total, f"< (1 + 1/mu)/2 = {limit:.3g}")]


def _recovered(run: Run, data: VectorLeastSquares) -> Measurement:
    found = recoverability(data)
    assert isinstance(found, Recoverability)
    return Measurement(float(found.recoverable))


def _gaussian(experiment: Experiment) -> SparseRecovery:
    problem = experiment.problem
    if not isinstance(problem, SparseRecovery) or problem.coherent_rows:
        raise NotCovered("it is about Gaussian measurements (SparseRecovery with tau = 0)")
    if problem.basis == "gaussian":
        raise NotCovered("it needs an orthonormal basis")
    return problem


def _drawn(problem: SparseRecovery) -> list[Assumption]:
    failure = 1 / (problem.n * problem.N)
    return [Assumption.of("probability of failure, C2 = 1", True, failure, "random measurements")]


def _scale_free(problem: SparseRecovery) -> Promise:
    # A row has norm sqrt(n) up to 10 % at n = 100: that is what dividing by it costs.
    most = 2 * math.sqrt(math.log(problem.n * problem.N) / problem.n)
    return Promise(ROW_COHERENCE, high=most)


def _scaled(problem: SparseRecovery) -> Promise:
    """n^C1 M has variance 1: for variance 1/N, n^C1 = sqrt(N)."""
    variance = 1 / problem.n if problem.row_variance == "1/n" else 1 / problem.N
    most = 2 * math.sqrt(math.log(problem.n * problem.N) * variance)
    return Promise(ROW_COHERENCE, high=most)


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
_gaussian_law = partial(
    Law,
    symbols=("M", "Phi"),
    erratum="E-19",
    context=_gaussian,
    hypotheses=_drawn,
    measure=lambda run, problem: Measurement(
        coherence_between(problem.instance.M.T, problem.instance.Phi)
    ),
)
MEASUREMENTS = (
    Law(
        name="Welch bound",
        statement="mu(X) >= sqrt((n - N)/(N (n - 1))) over normalized columns",
        source=SOURCE,
        symbols=("X",),
        status="as printed",
        context=_columns,
        promise=lambda data: Promise("mutual coherence of X", low=welch_bound(*data.X.shape)),
        measure=lambda run, data: Measurement(_mu(data)),
    ),
    Law(
        name="coherence and restricted isometry",
        statement="delta_2 = mu and delta_s <= mu_1(s - 1) <= (s - 1) mu over normalized columns",
        source=f"{SOURCE}, proposition G.3",
        symbols=("X",),
        status="as printed",
        context=_columns,
        promise=INEQUALITY,
        measure=_isometry,
    ),
    Law(
        name="recovery by coherence",
        statement="s < (1 + 1/mu(X))/2 implies that l1 recovers a*; of columns of unequal norms "
        "the sum of max ||x_j||/||x_i|| over the support stands in place of s",
        source="Donoho and Elad, PNAS 100 (2003); Gribonval and Nielsen, IEEE Trans. Inf. Theory "
        "49 (2003)",
        symbols=("X", "a*"),
        status="other group",
        context=_columns_and_truth,
        hypotheses=_sparse_enough,
        promise=Promise("recovered by l1 (1: yes)", low=1.0, tolerance=0.0),
        measure=_recovered,
    ),
    _gaussian_law(
        name="coherence of Gaussian rows, printed",
        statement="n^C1 M of variance 1: mu(M^T, Phi) <= 2 C2 sqrt(ln(n N))/n^C1 with probability "
        "1 - (n N)^(1 - 2 C2^2)",
        source=f"{SOURCE}, theorem G.4",
        status="printed",
        promise=_scaled,
    ),
    _gaussian_law(
        name="coherence of Gaussian rows",
        statement="mu(M^T, Phi) <= 2 C2 sqrt(ln(n N)/n), whatever the variance of M",
        source=f"{SOURCE}, theorem G.4 with C1 = 1/2, the coherence being free of scale",
        status="corrected",
        promise=_scale_free,
    ),
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
