"""How many threads linear algebra may use while an engine runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, wraps
from typing import Any, TypeVar, cast

from threadpoolctl import ThreadpoolController

from latebloom.experiment.experiment import Experiment
from latebloom.problems import LeastSquares, Problem

F = TypeVar("F", bound=Callable[..., Any])

# Below this many unknowns (in a row or a column) a decomposition takes less than the threads take
# to meet; on a machine with other work to do they made small runs up to fifty times slower.
WORTH_THREADS = 1000


@lru_cache(maxsize=1)
def _controller() -> ThreadpoolController:
    return ThreadpoolController()  # looks through the loaded libraries: once


def blas_threads(problem: Problem) -> AbstractContextManager[object]:
    """Return a context in which BLAS uses one thread if the problem is small.

    The decompositions of a network's weights are always small.

    >>> import latebloom as lb
    >>> with blas_threads(lb.SparseRecovery(n=20, s=2, N=10)):
    ...     pass
    """
    if isinstance(problem, LeastSquares) and max(problem.shape) >= WORTH_THREADS:
        return nullcontext()
    return _controller().limit(limits=1, user_api="blas")


def few_threads(function: F) -> F:
    """Return a function or method of an experiment that runs in the context of `blas_threads`."""

    @wraps(function)
    def limited(*args: Any, **kwargs: Any) -> Any:
        given = (*args, *kwargs.values())
        experiment = next(one for one in given if isinstance(one, Experiment))
        with blas_threads(experiment.problem):
            return function(*args, **kwargs)

    return cast(F, limited)
