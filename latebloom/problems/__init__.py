"""Problems: data, ground truth, training loss and test error."""

from .base import LeastSquares as LeastSquares
from .base import MatrixLeastSquares as MatrixLeastSquares
from .base import Problem as Problem
from .base import VectorLeastSquares as VectorLeastSquares
from .coherence import coherence as coherence
from .coherence import degrees_of_freedom as degrees_of_freedom
from .coherence import leverage_scores as leverage_scores
from .coherence import local_coherence as local_coherence
from .images import Images as Images
from .least_squares_data import LinearData as LinearData
from .matrix_completion import MatrixCompletion as MatrixCompletion
from .matrix_data import MaskedMatrix as MaskedMatrix
from .matrix_data import SensedMatrix as SensedMatrix
from .matrix_sensing import MatrixSensing as MatrixSensing
from .modular import ModularArithmetic as ModularArithmetic
from .nuclear_recovery import NuclearRecovery as NuclearRecovery
from .nuclear_recovery import nuclear_recovery as nuclear_recovery
from .nuclear_recovery import solve_nuclear as solve_nuclear
from .operators import Entries as Entries
from .permutations import PermutationComposition as PermutationComposition
from .sparse_recovery import SparseRecovery as SparseRecovery
from .supervised import Split as Split
from .supervised import Supervised as Supervised
from .supervised import SupervisedData as SupervisedData
from .targets import low_rank_target as low_rank_target
from .teacher_student import TeacherStudent as TeacherStudent
