"""The run: what simulating an experiment gives."""

from .file import from_file as from_file
from .file import to_bytes as to_bytes
from .run import Run as Run
from .saved import open_run as open_run
