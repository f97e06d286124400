"""Pictures: matplotlib figures without pyplot, so that nothing global is touched."""

from .curves import log_steps as log_steps
from .curves import shown as shown
from .laws import plot_law as plot_law
from .lines import MARKERS as MARKERS
from .lines import plot_lines as plot_lines
from .mirage import plot_mirage as plot_mirage
from .page import STYLE as STYLE
from .phases import plot_run as plot_run
from .strengths import COLOURS as COLOURS
from .strengths import Strengths as Strengths
from .style import render as render
from .style import require_picture as require_picture
from .style import save_figure as save_figure
