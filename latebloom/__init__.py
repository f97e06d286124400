"""Delayed generalization ("grokking"), simulated exactly, measured, predicted and mapped."""

__version__ = "0.1.0"

from ._errors import InvalidInput as InvalidInput
from ._errors import Unsupported as Unsupported
from .experiment import Experiment as Experiment
from .initialization import Gaussian as Gaussian
from .methods import FISTA as FISTA
from .methods import GradientDescent as GradientDescent
from .methods import ProjectedSubgradient as ProjectedSubgradient
from .methods import ProximalGradient as ProximalGradient
from .methods import Subgradient as Subgradient
from .models import Hadamard as Hadamard
from .models import HadamardDifference as HadamardDifference
from .models import Linear as Linear
from .penalties import L1 as L1
from .penalties import L2 as L2
from .penalties import Euclidean as Euclidean
from .penalties import Sum as Sum
from .phases import Passage as Passage
from .phases import Phases as Phases
from .phases import Rules as Rules
from .phases import Verdict as Verdict
from .phases import phases as phases
from .problems import LinearData as LinearData
from .problems import SparseRecovery as SparseRecovery
from .record import At as At
from .record import Every as Every
from .record import LogSpaced as LogSpaced
from .run import Run as Run
from .schedules import Piecewise as Piecewise
from .schedules import PowerDecay as PowerDecay
from .schedules import SwitchOn as SwitchOn
from .simulate import simulate as simulate
from .simulate import simulate_batch as simulate_batch
from .theory import Certificate as Certificate
from .theory import Limit as Limit
from .theory import Prediction as Prediction
from .theory import Recoverability as Recoverability
from .theory import check as check
from .theory import lasso_certificate as lasso_certificate
from .theory import limit as limit
from .theory import predict as predict
from .theory import recoverability as recoverability
