"""Constants of a design, a support or a network, which the laws use."""

from .diagonal_flow import diagonal_flow as diagonal_flow
from .margins import LeastNorm as LeastNorm
from .margins import max_margin as max_margin
from .margins import min_norm_interpolant as min_norm_interpolant
from .norm_passage import settling_rate as settling_rate
from .rescaling import least_scale as least_scale
from .rescaling import least_squared_norm as least_squared_norm
from .rescaling import rescale as rescale
from .rescaling import scales_of_norm as scales_of_norm
from .rescaling import squared_norm as squared_norm
