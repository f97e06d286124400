"""Low-rank matrices: singular vectors under steps, and what the kernel of X allows."""

import math
from itertools import pairwise

import numpy as np

from latebloom.experiment.experiment import Experiment
from latebloom.laws.constants.rank_null_space import sampled_rank_constant
from latebloom.problems import MatrixLeastSquares, degrees_of_freedom
from latebloom.problems.operators import Entries
from latebloom.problems.svd import compact_svd
from latebloom.runs.run import Run
from latebloom.theory.facts import Facts, facts, regularized

from .common import late
from .law import Assumption, Law, Measurement, Promise, register

SIDES = "left side / right side"


def _matrix(experiment: Experiment) -> Facts | str:
    found = regularized(experiment)
    if isinstance(found, str):
        return found
    if not isinstance(found.data, MatrixLeastSquares) or found.a_star is None:
        return "it is about matrices with a ground truth A_star"
    return found


def polar(A: np.ndarray) -> np.ndarray:
    """Return U V^T of the compact SVD, the subgradient of the nuclear norm that is taken."""
    U, _, Vt = compact_svd(A)
    return U @ Vt


def _memorized(run: Run, f: Facts) -> tuple[int, np.ndarray] | str:
    found = late(run, f.t1)
    return found if isinstance(found, str) else (int(found[0][0]), found[1][0])


def gap(f: Facts, A: np.ndarray) -> float:
    r"""Return $\sigma_{\min}(A)/\sigma_{\max}(A^*)$, the least over min(n1, n2) values."""
    assert f.a_star is not None
    least = float(np.linalg.svd(A, compute_uv=False)[-1])
    return least / float(np.linalg.norm(f.a_star, 2))


def _above(f: Facts) -> list[Assumption]:
    # Right after memorization A is near the least squares solution nearest to the start.
    found = gap(f, f.near)
    return [Assumption.of("sigma_min(A_hat)/sigma_max(A*)", found > 1, found, "> 1")]


def _one(f: Facts) -> Promise:
    return Promise(SIDES, high=1.0)


def _turned(run: Run, f: Facts) -> Measurement | str:
    found = _memorized(run, f)
    if isinstance(found, str):
        return found
    step, A = found
    assert f.a_star is not None
    ratio = gap(f, A)
    if ratio <= 1:
        return f"at step {step:,} sigma_min(A)/sigma_max(A*) = {ratio:.3g}, not above 1"
    left = float(np.linalg.norm(polar(A - f.a_star) - polar(A)))
    right = 2 * math.sqrt(2 * compact_svd(A).s.size) / (ratio - 1)
    return Measurement(left / right, f"at step {step:,}")


def _square(f: Facts) -> list[Assumption]:
    n1, n2 = f.start.shape
    values = np.linalg.svd(f.near, compute_uv=False)
    share = float(values[-1] / values[0])
    return [
        Assumption.of("n1 - n2", n1 == n2, n1 - n2, "0: square matrices"),
        Assumption.of("sigma_min/sigma_max of A_hat", share > 1e-12, share, "> 0"),
    ]


def _polar_perturbed(run: Run, f: Facts) -> Measurement | str:
    found = _memorized(run, f)
    if isinstance(found, str):
        return found
    step, A = found
    assert f.a_star is not None
    other = A - f.a_star
    least = [float(np.linalg.svd(M, compute_uv=False)[-1]) for M in (A, other)]
    if min(least) <= 1e-12 * float(np.linalg.norm(A, 2)):
        return f"at step {step:,} A or A - A* is singular"
    left = float(np.linalg.norm(polar(other) - polar(A)))
    right = 2 * float(np.linalg.norm(f.a_star)) / sum(least)
    return Measurement(left / right, f"at step {step:,}")


def _rotation(run: Run, f: Facts) -> Measurement | str:
    """Wedin's bound between consecutive iterates after t1, for the rank of the truth."""
    found = _memorized(run, f)
    if isinstance(found, str):
        return found
    step, A = found
    assert isinstance(f.data, MatrixLeastSquares)
    assert f.data.truth_svd is not None
    r, worst, asked = f.data.truth_svd.s.size, -math.inf, 0
    path = f.path(A, 50)
    for before, after in pairwise(path):
        s = np.append(np.linalg.svd(before, compute_uv=False), 0.0)
        size = float(np.linalg.norm(after - before, 2))
        if not 0 < size < s[r - 1] - s[r]:
            continue
        (U, _, Ut), (V, _, Vt) = (np.linalg.svd(M) for M in (before, after))
        sides = ((U[:, :r], V[:, :r]), (Ut[:r].T, Vt[:r].T))
        sine = max(float(np.linalg.norm(new - old @ (old.T @ new), 2)) for old, new in sides)
        # Singular vectors are known to rounding over the gap.
        bound = size / (s[r - 1] - s[r] - size) + 1e-14 * s[0] / (s[r - 1] - s[r])
        worst, asked = max(worst, sine / bound), asked + 1
    if not asked:
        return "no step is smaller than the gap below the r-th singular value"
    return Measurement(worst, f"over {asked} steps from {step:,} on")


def _nothing(f: Facts) -> list[Assumption]:
    return []


def _rank_property(f: Facts) -> list[Assumption]:
    assert isinstance(f.data, MatrixLeastSquares)
    assert f.data.truth_svd is not None
    r = f.data.truth_svd.s.size
    what = f"robust rank null space property of order {r}: rho"
    kernel = f.start.size - f.sigma.size
    if not kernel:
        return [Assumption.of(what, True, 0.0, "< 1: X has no kernel")]
    if isinstance(f.data.operator, Entries):
        needed = "< 1; the kernel of X holds the rank-one matrices of the unobserved entries"
        return [Assumption(what, "fails", math.inf, needed)]
    found = sampled_rank_constant(f, r)
    if found >= 1:
        return [Assumption(what, "fails", found, "< 1; found by search in the kernel")]
    return [Assumption(what, "not computable", found, "< 1; this is a lower bound, by search")]


def _unknown(f: Facts) -> str:
    return "C1, C2 and C3 need the constants of the rank null space property, which are not known"


def _no_measure(run: Run, f: Facts) -> str:
    return "nothing is promised"


def _recoverable_matrix(experiment: Experiment) -> Facts | str:
    found = facts(experiment)
    if isinstance(found, str):
        return found
    if not isinstance(found.data, MatrixLeastSquares) or found.data.truth_svd is None:
        return "it is about matrices with a ground truth A_star"
    return found


def _too_few(f: Facts) -> list[Assumption]:
    assert isinstance(f.data, MatrixLeastSquares)
    assert f.data.truth_svd is not None
    n1, n2 = f.start.shape
    need = degrees_of_freedom(n1, n2, f.data.truth_svd.s.size)
    N = f.sigma.size
    return [Assumption.of("independent measurements", need > N, N, f"< r (n1 + n2 - r) = {need}")]


def _not_unique(f: Facts) -> Promise:
    return Promise("recovered by the nuclear norm (1: yes)", high=0.0, tolerance=0.0)


def _recovered(run: Run, f: Facts) -> Measurement | str:
    assert isinstance(f.data, MatrixLeastSquares)
    found = f.data.recovery.recoverable
    return "recovery could not be certified" if found is None else Measurement(float(found))


COMMON = {"symbols": ("X", "y*", "A*", "alpha", "beta", "A(0)"), "know": _matrix}
register(
    Law(
        name="subgradients of A and A - A*, printed",
        statement="||H(A - A*) - H(A)||_F <= 2 sqrt(2 rank A)/(sigma_min(A)/sigma_max(A*) - 1) "
        "after t1",
        source="arXiv 2506.05718, lemma C.45, behind theorem 3.4 (C.40)",
        status="printed",
        erratum="E-21",
        assume=_above,
        foretell=_one,
        measure=_turned,
        **COMMON,
    ),
    Law(
        name="subgradients of A and A - A*",
        statement="||H(A - A*) - H(A)||_F <= 2 ||A*||_F/(sigma_min(A) + sigma_min(A - A*)) for "
        "square, non-singular A and A - A*",
        source="R.-C. Li, SIAM J. Matrix Anal. Appl. 16 (1995), in place of lemma C.45 of arXiv "
        "2506.05718",
        status="corrected",
        erratum="E-21",
        assume=_square,
        foretell=_one,
        measure=_polar_perturbed,
        **COMMON,
    ),
    Law(
        name="rotation of singular vectors",
        statement="sin Theta(A(t), A(t+1)) <= ||E||/(sigma_r - sigma_{r+1} - ||E||), E = A(t+1) - "
        "A(t), on both sides",
        source="Wedin, BIT 12 (1972); arXiv 2506.05718, lemma C.44, with sigma_{r+1}",
        status="corrected",
        assume=_nothing,
        foretell=_one,
        measure=_rotation,
        **COMMON,
    ),
    Law(
        name="recovery by the rank null space property",
        statement="||A(t) - A*||_* <= C1 eta + C2 alpha beta + C3 ||xi|| by t1 + "
        "||A(t1) - A*||_F^2/(alpha beta eta)",
        source="arXiv 2506.05718, theorem 3.5 (C.50)",
        status="printed",
        erratum="E-01",
        assume=_rank_property,
        foretell=_unknown,
        measure=_no_measure,
        **COMMON,
    ),
    Law(
        name="degrees of freedom",
        statement="fewer than r (n1 + n2 - r) measurements do not determine a generic matrix of "
        "rank r",
        source="arXiv 2506.05718, appendix G",
        symbols=("X", "A*"),
        status="as printed",
        know=_recoverable_matrix,
        assume=_too_few,
        foretell=_not_unique,
        measure=_recovered,
    ),
)
