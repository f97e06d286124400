"""Penalties of the study `which-grok`: a plugin, `--plugin latebloom_paper.properties`.

Each asks for another property P of the solution; the paper states its two phases for any of them.
"""

from .group_norm import GroupNorm
from .negative_part import NegativePart
from .slope import Slope
from .total_variation import TotalVariation

__all__ = ["GroupNorm", "NegativePart", "Slope", "TotalVariation"]
