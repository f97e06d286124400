"""The laws, one contract for all: those of the paper, our own, and those of other groups."""

# Importing a module registers its laws: this is their order in reports.
# isort: off
from . import predictors
from . import slow_time
from . import earliest
from . import floors
from . import row_space
from . import memorization
from . import contraction
from . import descent
from . import null_space
from . import dual_certificate
from . import matrices
from . import dynamics
from . import ridge
from . import depth
from . import identities
from . import measurements
from . import samples
from . import rescaling
from . import ridge_bounds
from . import norm_separation
from . import first_passage
from . import linear_estimators
from . import kernel_to_rich
# isort: on

from .law import LAWS as LAWS
from .law import Assumption as Assumption
from .law import Finding as Finding
from .law import Law as Law
from .law import Measurement as Measurement
from .law import Promise as Promise
from .law import Verdict as Verdict
from .law import law as law

GROUPS = (
    predictors,
    slow_time,
    earliest,
    floors,
    row_space,
    memorization,
    contraction,
    descent,
    null_space,
    dual_certificate,
    matrices,
    dynamics,
    ridge,
    depth,
    identities,
    measurements,
    samples,
    rescaling,
    ridge_bounds,
    norm_separation,
    first_passage,
    linear_estimators,
    kernel_to_rich,
)
