"""The laws, one contract for all: those of the paper, our own, and those of other groups."""

from .check import Report as Report
from .check import check as check
from .contraction import CONTRACTION
from .depth import DEPTH
from .descent import DESCENT
from .dynamics import DYNAMICS
from .earliest import EARLIEST
from .finding import Assumption as Assumption
from .finding import Finding as Finding
from .finding import Measurement as Measurement
from .finding import Promise as Promise
from .finding import Verdict as Verdict
from .first_passage import FIRST_PASSAGE as FIRST_PASSAGE
from .first_passage import log_slope as log_slope
from .floors import FLOORS
from .identities import IDENTITIES
from .kernel_to_rich import KERNEL_TO_RICH
from .law import LAWS as LAWS
from .law import Law as Law
from .law import NotCovered as NotCovered
from .law import Undecided as Undecided
from .law import law as law
from .law import register_law as register_law
from .linear_estimators import LINEAR_ESTIMATORS as LINEAR_ESTIMATORS
from .linear_estimators import accuracy as accuracy
from .linear_estimators import closed_form as closed_form
from .matrices import MATRICES
from .measurements import MEASUREMENTS
from .memorization import MEMORIZATION
from .network_time import NETWORK_TIME
from .norm_separation import NORM_SEPARATION
from .null_space import NULL_SPACE
from .predictors import PREDICTORS
from .rescaling import RESCALING
from .ridge import RIDGE
from .ridge_bounds import RIDGE_BOUNDS as RIDGE_BOUNDS
from .row_space import ROW_SPACE
from .slow_time import SLOW_TIME
from .weight_decay_clock import WEIGHT_DECAY_CLOCK

# The order in which `check` lists the laws; a plugin's laws come after these.
GROUPS = (
    *(PREDICTORS, SLOW_TIME, EARLIEST, FLOORS, ROW_SPACE, MEMORIZATION, CONTRACTION, DESCENT),
    *(NULL_SPACE, MATRICES, DYNAMICS, RIDGE, DEPTH, IDENTITIES, MEASUREMENTS),
    *(RESCALING, RIDGE_BOUNDS, NORM_SEPARATION, FIRST_PASSAGE, LINEAR_ESTIMATORS),
    *(KERNEL_TO_RICH, WEIGHT_DECAY_CLOCK, NETWORK_TIME),
)
for group in GROUPS:
    register_law(*group)
