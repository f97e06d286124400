"""Methods: update rules for f = g + beta h."""

from .base import Method as Method
from .base import Oracle as Oracle
from .base import Step as Step
from .optax_optimizer import Optax as Optax
from .optimizer import SGD as SGD
from .optimizer import Adam as Adam
from .optimizer import Optimizer as Optimizer
from .proximal_gradient import FISTA as FISTA
from .proximal_gradient import ProximalGradient as ProximalGradient
from .subgradient import GradientDescent as GradientDescent
from .subgradient import ProjectedSubgradient as ProjectedSubgradient
from .subgradient import Subgradient as Subgradient
from .transforms import GrokfastEMA as GrokfastEMA
from .transforms import OrthogonalGradient as OrthogonalGradient
from .transforms import Transform as Transform
