"""Models: how parameters make the predictor."""

from .base import Model as Model
from .hadamard import Hadamard as Hadamard
from .hadamard import HadamardDifference as HadamardDifference
from .linear import Linear as Linear
from .matrix_product import MatrixProduct as MatrixProduct
