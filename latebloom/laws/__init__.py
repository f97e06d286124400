"""The laws, one contract for all: those of the paper, our own, and those of other groups."""

# Importing a module registers its laws: this is their order in reports.
# isort: off
from . import predictors as predictors
from . import slow_time as slow_time
from . import earliest as earliest
from . import floors as floors
from . import row_space as row_space
from . import memorization as memorization
from . import contraction as contraction
from . import descent as descent
from . import null_space as null_space
from . import dual_certificate as dual_certificate
from . import matrices as matrices
from . import dynamics as dynamics
from . import ridge as ridge
from . import depth as depth
from . import identities as identities
from . import measurements as measurements
from . import samples as samples
from . import rescaling as rescaling
from . import ridge_bounds as ridge_bounds
from . import norm_separation as norm_separation
from . import first_passage as first_passage
from . import linear_estimators as linear_estimators
from . import kernel_to_rich as kernel_to_rich
# isort: on

from .check import Report as Report
from .check import check as check
from .first_passage import FIRST_PASSAGE as FIRST_PASSAGE
from .first_passage import log_slope as log_slope
from .law import LAWS as LAWS
from .law import Assumption as Assumption
from .law import Finding as Finding
from .law import Law as Law
from .law import Measurement as Measurement
from .law import Promise as Promise
from .law import Verdict as Verdict
from .law import law as law
from .linear_estimators import LINEAR_ESTIMATORS as LINEAR_ESTIMATORS
from .linear_estimators import accuracy as accuracy
from .linear_estimators import closed_form as closed_form
from .ridge_bounds import RIDGE_BOUNDS as RIDGE_BOUNDS
