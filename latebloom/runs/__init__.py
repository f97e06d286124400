"""The run: what simulating an experiment gives."""

from .run import Run as Run
