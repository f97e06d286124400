"""Problems: data, ground truth, training loss and test error."""

from .base import LeastSquares as LeastSquares
from .base import Problem as Problem
from .least_squares_data import LinearData as LinearData
from .sparse_recovery import SparseRecovery as SparseRecovery
