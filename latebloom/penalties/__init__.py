"""Penalties: beta times a regularizer h; value, subgradient, proximal operator, dual norm."""

from .base import Penalty as Penalty
from .base import Sum as Sum
from .base import Term as Term
from .l1 import L1 as L1
from .l2 import L2 as L2
from .nuclear import Nuclear as Nuclear
from .of_network import OfNetwork as OfNetwork
from .of_network import On as On
from .sobolev import Sobolev as Sobolev
from .strengths import Strengths as Strengths
from .strengths import is_elastic_net as is_elastic_net
from .strengths import scaled as scaled
from .strengths import strengths as strengths
from .unsquared import Euclidean as Euclidean
from .unsquared import Frobenius as Frobenius
