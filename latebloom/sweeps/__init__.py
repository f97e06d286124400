"""Sweeps: grids of experiments, computed in parallel, kept safely, opened as one Dataset."""

from latebloom.sweeps.grid.sweep import Sweep as Sweep
from latebloom.sweeps.grid.sweep import sweep as sweep
from latebloom.sweeps.store.store import Store as Store
from latebloom.sweeps.store.store import open_store as open_store
from latebloom.sweeps.workers.runner import Summary as Summary
from latebloom.sweeps.workers.runner import run_sweep as run_sweep
