"""The experiment: a frozen spec, its presets and settings."""

from .experiment import Experiment as Experiment
from .given import experiment_of as experiment_of
from .initialization import Drawn as Drawn
from .initialization import Gaussian as Gaussian
from .presets import Preset as Preset
from .presets import load as load
from .presets import natural as natural
from .presets import preset_from_toml as preset_from_toml
from .presets import register_preset as register_preset
from .record import At as At
from .record import Every as Every
from .record import LogSpaced as LogSpaced
from .settings import changed as changed
