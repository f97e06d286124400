"""Beyond the figures: questions that the paper leaves open, one module and one command each.

Source: arXiv 2506.05718 leaves them open, or its figures raise them; the bands are ours.
"""

from . import adaptive_entries as adaptive_entries
from . import debiasing as debiasing
from . import depth_and_l1 as depth_and_l1
from . import l1_or_nuclear as l1_or_nuclear
from . import late_penalty as late_penalty
from . import noise as noise
from . import prefactor as prefactor
from . import signed_depth as signed_depth
