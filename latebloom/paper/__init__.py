"""The paper's experiments by name: one module per figure, each registering its presets.

Source: arXiv 2506.05718, "Grokking Beyond the Euclidean Norm of Model Parameters".
"""

from . import beyond as beyond
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
from . import fig16 as fig16
from . import fig17 as fig17
from . import fig18 as fig18
from . import fig19 as fig19
from . import fig20 as fig20
from . import fig21 as fig21
from . import fig22 as fig22
from . import fig23 as fig23
from . import fig24 as fig24
from . import fig25 as fig25
from . import fig26 as fig26
from . import fig27 as fig27
from . import fig28 as fig28
from . import fig29 as fig29
from . import fig30 as fig30
from . import fig35 as fig35
from . import lu as lu
from . import others as others
from . import rescaling as rescaling
from . import theorems as theorems
from .catalogue import PRESETS as PRESETS
from .catalogue import Preset as Preset
from .catalogue import preset as preset
from .fig4 import fig4_grid as fig4_grid
from .fig6 import fig6_grid as fig6_grid
from .fig9 import fig9_grid as fig9_grid
