"""The paper's experiments by name: one module per figure, each registering its presets.

Source: arXiv 2506.05718, "Grokking Beyond the Euclidean Norm of Model Parameters".
"""

from . import completion200 as completion200
from . import controls as controls
from . import depth_matrix as depth_matrix
from . import fig3 as fig3
from . import fig4 as fig4
from . import fig5 as fig5
from . import fig6 as fig6
from . import fig7 as fig7
from . import fig8 as fig8
from . import fig9 as fig9
from . import fig12 as fig12
from . import fig13 as fig13
from . import fig14 as fig14
from . import fig15 as fig15
from . import fig27 as fig27
from .catalogue import PRESETS as PRESETS
from .catalogue import Preset as Preset
from .catalogue import preset as preset
from .fig4 import fig4_grid as fig4_grid
from .fig6 import fig6_grid as fig6_grid
from .fig9 import fig9_grid as fig9_grid
