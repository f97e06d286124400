from .adam_sharpness import adam_sharpness as adam_sharpness
from .base import Engine as Engine
from .base import fingerprint as fingerprint
from .base import records_of as records_of
from .base import register_engine as register_engine
from .matrix_following import FAST as FAST
from .passages import trackers as trackers
from .result import EngineResult as EngineResult
