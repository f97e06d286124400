"""Problems: data, ground truth, training loss and test error."""

from .base import LeastSquares as LeastSquares
from .base import MatrixLeastSquares as MatrixLeastSquares
from .base import Problem as Problem
from .base import VectorLeastSquares as VectorLeastSquares
from .coherence import coherence as coherence
from .coherence import degrees_of_freedom as degrees_of_freedom
from .coherence import leverage_scores as leverage_scores
from .coherence import local_coherence as local_coherence
from .least_squares_data import LinearData as LinearData
from .matrix_completion import MatrixCompletion as MatrixCompletion
from .matrix_data import MaskedMatrix as MaskedMatrix
from .matrix_data import SensedMatrix as SensedMatrix
from .matrix_sensing import MatrixSensing as MatrixSensing
from .nuclear_recovery import NuclearRecovery as NuclearRecovery
from .nuclear_recovery import nuclear_recovery as nuclear_recovery
from .sparse_recovery import SparseRecovery as SparseRecovery
from .targets import low_rank_target as low_rank_target
