"""Other groups' laws in their own settings: one module per study, each with a verdict."""

from . import first_passage as first_passage
from . import kernel_to_rich as kernel_to_rich
from . import linear_estimators as linear_estimators
from . import norm_separation as norm_separation
from . import ridge_bounds as ridge_bounds
