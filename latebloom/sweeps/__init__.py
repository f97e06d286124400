"""Sweeps: grids of experiments, computed in parallel, kept safely, opened as one Dataset."""

from latebloom.core.stub import import_names_when_used

# The names are those of `__init__.pyi`; each is imported when it is first used.
import_names_when_used(__name__)
