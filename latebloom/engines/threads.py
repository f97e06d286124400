"""How many threads linear algebra may use while an engine runs."""

from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache

from threadpoolctl import ThreadpoolController

from latebloom.problems import LeastSquares

# Below this many columns a decomposition takes less than the threads take to meet; on a machine
# with other work to do they made small runs up to fifty times slower.
WORTH_THREADS = 1000


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks through the loaded libraries: once


def blas_threads(problem: LeastSquares) -> AbstractContextManager[object]:
    """Return a context in which BLAS uses one thread if the problem is small.

    >>> import latebloom as lb
    >>> with blas_threads(lb.SparseRecovery(n=20, s=2, N=10)):
    ...     pass
    """
    if problem.X.shape[1] >= WORTH_THREADS:
        return nullcontext()
    return _controller().limit(limits=1, user_api="blas")
