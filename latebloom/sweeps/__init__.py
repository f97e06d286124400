"""Sweeps: grids of experiments, computed in parallel, kept safely, opened as one Dataset."""

from .runner import Summary as Summary
from .runner import run_sweep as run_sweep
from .store import Store as Store
from .store import open_store as open_store
from .sweep import Sweep as Sweep
from .sweep import sweep as sweep
