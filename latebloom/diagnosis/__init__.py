"""Diagnosis of the curves of other trainers: from a log to t1, t2, a verdict and a forecast."""

from .diagnosis import diagnose_log as diagnose_log
from .events import Decision as Decision
from .events import Event as Event
from .finding import Finding as Finding
from .forecast import Forecast as Forecast
from .from_python import diagnose as diagnose
from .logs import Log as Log
from .logs import read_log as read_log
from .monitor import Monitor as Monitor
from .norm import NormAnswer as NormAnswer
from .result import Diagnosis as Diagnosis
from .several import Diagnoses as Diagnoses
