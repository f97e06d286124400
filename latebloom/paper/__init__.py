"""The paper's experiments by name: one module per figure, each registering its presets.

Source: arXiv 2506.05718, "Grokking Beyond the Euclidean Norm of Model Parameters".
"""

from . import blog_fig1 as blog_fig1
from . import blog_fig1_search as blog_fig1_search
from . import completion200 as completion200
from . import controls as controls
from . import depth_matrix as depth_matrix
from . import fig1 as fig1
from . import fig2 as fig2
from . import fig3 as fig3
from . import fig4 as fig4
from . import fig5 as fig5
from . import fig6 as fig6
from . import fig7 as fig7
from . import fig8 as fig8
from . import fig9 as fig9
from . import fig10 as fig10
from . import fig11 as fig11
from . import fig12 as fig12
from . import fig13 as fig13
from . import fig14 as fig14
from . import fig15 as fig15
from . import fig27 as fig27
from . import fig30 as fig30
from . import fig35 as fig35
from . import first_passage as first_passage
from . import kernel_to_rich as kernel_to_rich
from . import linear_estimators as linear_estimators
from . import lu as lu
from . import norm_separation as norm_separation
from . import rescaling as rescaling
from . import ridge_bounds as ridge_bounds
from .catalogue import PRESETS as PRESETS
from .catalogue import Preset as Preset
from .catalogue import preset as preset
from .fig4 import fig4_grid as fig4_grid
from .fig6 import fig6_grid as fig6_grid
from .fig9 import fig9_grid as fig9_grid
