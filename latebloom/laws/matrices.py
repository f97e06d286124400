"""Low-rank matrices: singular vectors under steps, and what the kernel of X allows."""

import math
from functools import partial
from itertools import pairwise

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.rank_null_space import sampled_rank_constant
from latebloom.problems import MatrixLeastSquares, degrees_of_freedom
from latebloom.problems.operators import Entries
from latebloom.problems.svd import compact_svd
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, regularized

from .finding import Assumption, Measurement, Promise
from .law import Law, NotCovered, Undecided, no_promise
from .measures import records

NO_TRUTH = "it is about matrices with a ground truth A_star"
TWO_SIDES = Promise("left side / right side", high=1.0)


def _matrix(experiment: Experiment) -> Facts:
    f = regularized(experiment)
    if not isinstance(f.data, MatrixLeastSquares) or f.a_star is None:
        raise NotCovered(NO_TRUTH)
    return f


def _any_penalty(experiment: Experiment) -> Facts:
    f = facts(experiment)
    if not isinstance(f.data, MatrixLeastSquares) or f.data.truth_svd is None:
        raise NotCovered(NO_TRUTH)
    return f


def _rank(f: Facts) -> int:
    """Return the rank of the ground truth."""
    assert isinstance(f.data, MatrixLeastSquares)
    assert f.data.truth_svd is not None
    return f.data.truth_svd.s.size


def polar(A: np.ndarray) -> np.ndarray:
    """Return U V^T of the compact SVD, the subgradient of the nuclear norm that is taken."""
    U, _, Vt = compact_svd(A)
    return U @ Vt


def _memorized(run: Run, f: Facts) -> tuple[int, np.ndarray]:
    """Return the first record after t1."""
    steps, points = records(run, f.t1)
    return int(steps[0]), points[0]


def gap(f: Facts, A: np.ndarray) -> float:
    r"""Return $\sigma_{\min}(A)/\sigma_{\max}(A^*)$, the least over min(n1, n2) values."""
    least = float(np.linalg.svd(A, compute_uv=False)[-1])
    return least / float(np.linalg.norm(f.truth, 2))


def _above(f: Facts) -> list[Assumption]:
    # Right after memorization A is near the least squares solution nearest to the start.
    found = gap(f, f.near)
    return [Assumption.of("sigma_min(A_hat)/sigma_max(A*)", found > 1, found, "> 1")]


def _turned(run: Run, f: Facts) -> Measurement:
    step, A = _memorized(run, f)
    ratio = gap(f, A)
    if ratio <= 1:
        raise Undecided(f"at step {step:,} sigma_min(A)/sigma_max(A*) = {ratio:.3g}, not above 1")
    left = float(np.linalg.norm(polar(A - f.truth) - polar(A)))
    right = 2 * math.sqrt(2 * compact_svd(A).s.size) / (ratio - 1)
    return Measurement(left / right, f"at step {step:,}")


def _square(f: Facts) -> list[Assumption]:
    n1, n2 = f.start.shape
    values = np.linalg.svd(f.near, compute_uv=False)
    least = float(values[-1] / values[0])
    return [
        Assumption.of("n1 - n2", n1 == n2, n1 - n2, "0: square matrices"),
        Assumption.of("sigma_min/sigma_max of A_hat", least > 1e-12, least, "> 0"),
    ]


def _polar_perturbed(run: Run, f: Facts) -> Measurement:
    step, A = _memorized(run, f)
    other = A - f.truth
    least = [float(np.linalg.svd(M, compute_uv=False)[-1]) for M in (A, other)]
    if min(least) <= 1e-12 * float(np.linalg.norm(A, 2)):
        raise Undecided(f"at step {step:,} A or A - A* is singular")
    left = float(np.linalg.norm(polar(other) - polar(A)))
    right = 2 * float(np.linalg.norm(f.truth)) / sum(least)
    return Measurement(left / right, f"at step {step:,}")


def _rotation(run: Run, f: Facts) -> Measurement:
    """Wedin's bound between consecutive iterates after t1, for the rank of the truth."""
    step, A = _memorized(run, f)
    r, ratios = _rank(f), []
    for before, after in pairwise(f.path(A, 50)):
        s = np.append(np.linalg.svd(before, compute_uv=False), 0.0)
        size = float(np.linalg.norm(after - before, 2))
        if not 0 < size < s[r - 1] - s[r]:
            continue
        (U, _, Ut), (V, _, Vt) = (np.linalg.svd(M) for M in (before, after))
        sides = ((U[:, :r], V[:, :r]), (Ut[:r].T, Vt[:r].T))
        sine = max(float(np.linalg.norm(new - old @ (old.T @ new), 2)) for old, new in sides)
        # Singular vectors are known to rounding over the gap.
        bound = size / (s[r - 1] - s[r] - size) + 1e-14 * s[0] / (s[r - 1] - s[r])
        ratios.append(sine / bound)
    if not ratios:
        raise Undecided("no step is smaller than the gap below the r-th singular value")
    return Measurement(max(ratios), f"over {len(ratios)} steps from {step:,} on")


def _rank_property(f: Facts) -> list[Assumption]:
    r = _rank(f)
    what = f"robust rank null space property of order {r}: rho"
    if f.start.size == f.sigma.size:
        return [Assumption.of(what, True, 0.0, "< 1: X has no kernel")]
    if isinstance(f.data.operator, Entries):
        needed = "< 1; the kernel of X holds the rank-one matrices of the unobserved entries"
        return [Assumption(what, "fails", math.inf, needed)]
    found = sampled_rank_constant(f, r)
    if found >= 1:
        return [Assumption(what, "fails", found, "< 1; found by search in the kernel")]
    return [Assumption(what, "not computable", found, "< 1; this is a lower bound, by search")]


def _too_few(f: Facts) -> list[Assumption]:
    n1, n2 = f.start.shape
    N, need = f.sigma.size, degrees_of_freedom(n1, n2, _rank(f))
    return [Assumption.of("independent measurements", need > N, N, f"< r (n1 + n2 - r) = {need}")]


def _recovered(run: Run, f: Facts) -> Measurement:
    assert isinstance(f.data, MatrixLeastSquares)
    found = f.data.recovery.recoverable
    if found is None:
        raise Undecided("recovery could not be certified")
    return Measurement(float(found))


_matrix_law = partial(Law, symbols=("X", "y*", "A*", "alpha", "beta", "A(0)"), context=_matrix)
MATRICES = (
    _matrix_law(
        name="subgradients of A and A - A*, printed",
        statement="||H(A - A*) - H(A)||_F <= 2 sqrt(2 rank A)/(sigma_min(A)/sigma_max(A*) - 1) "
        "after t1",
        source="arXiv 2506.05718, lemma C.45, behind theorem 3.4 (C.40)",
        status="printed",
        erratum="E-21",
        hypotheses=_above,
        promise=TWO_SIDES,
        measure=_turned,
    ),
    _matrix_law(
        name="subgradients of A and A - A*",
        statement="||H(A - A*) - H(A)||_F <= 2 ||A*||_F/(sigma_min(A) + sigma_min(A - A*)) for "
        "square, non-singular A and A - A*",
        source="R.-C. Li, SIAM J. Matrix Anal. Appl. 16 (1995), in place of lemma C.45 of arXiv "
        "2506.05718",
        status="corrected",
        erratum="E-21",
        hypotheses=_square,
        promise=TWO_SIDES,
        measure=_polar_perturbed,
    ),
    _matrix_law(
        name="rotation of singular vectors",
        statement="sin Theta(A(t), A(t+1)) <= ||E||/(sigma_r - sigma_{r+1} - ||E||), E = A(t+1) - "
        "A(t), on both sides",
        source="Wedin, BIT 12 (1972); arXiv 2506.05718, lemma C.44, with sigma_{r+1}",
        status="corrected",
        promise=TWO_SIDES,
        measure=_rotation,
    ),
    _matrix_law(
        name="recovery by the rank null space property",
        statement="||A(t) - A*||_* <= C1 eta + C2 alpha beta + C3 ||xi|| by t1 + "
        "||A(t1) - A*||_F^2/(alpha beta eta)",
        source="arXiv 2506.05718, theorem 3.5 (C.50)",
        status="printed",
        erratum="E-01",
        hypotheses=_rank_property,
        promise=no_promise(
            "C1, C2 and C3 need the constants of the rank null space property, which are not known"
        ),
    ),
    Law(
        name="degrees of freedom",
        statement="fewer than r (n1 + n2 - r) measurements do not determine a generic matrix of "
        "rank r",
        source="arXiv 2506.05718, appendix G",
        symbols=("X", "A*"),
        status="as printed",
        context=_any_penalty,
        hypotheses=_too_few,
        promise=Promise("recovered by the nuclear norm (1: yes)", high=0.0, tolerance=0.0),
        measure=_recovered,
    ),
)
