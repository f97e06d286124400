"""Models: how parameters make the predictor."""

from .base import Model as Model
from .custom import Custom as Custom
from .hadamard import Hadamard as Hadamard
from .hadamard import HadamardDifference as HadamardDifference
from .linear import Linear as Linear
from .matrix_product import MatrixProduct as MatrixProduct
from .mlp import MLP as MLP
from .network import Network as Network
from .network import Params as Params
from .token_pair import TokenPair as TokenPair
from .transformer import Transformer as Transformer
