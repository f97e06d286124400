"""Methods: update rules for f = g + beta h."""

from .base import Method as Method
from .base import Oracle as Oracle
from .projected_subgradient import ProjectedSubgradient as ProjectedSubgradient
from .proximal_gradient import FISTA as FISTA
from .proximal_gradient import ProximalGradient as ProximalGradient
from .subgradient import GradientDescent as GradientDescent
from .subgradient import Subgradient as Subgradient
