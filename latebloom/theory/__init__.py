"""Theory: limits, certificates, recoverability, predictions and plans."""

from .certificates import Certificate as Certificate
from .certificates import lasso_certificate as lasso_certificate
from .limits import Limit as Limit
from .limits import limit as limit
from .plan import Plan as Plan
from .plan import plan as plan
from .predict import Prediction as Prediction
from .predict import predict as predict
from .recoverability import Recoverability as Recoverability
from .recoverability import recoverability as recoverability
from .slow_path import SlowPath as SlowPath
from .slow_path import slow_path as slow_path
from .two_term_floor import final_error as final_error
