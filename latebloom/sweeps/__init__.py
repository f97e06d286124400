"""Sweeps: grids of experiments, computed in parallel, kept safely, opened as one Dataset."""

from latebloom.sweeps.store.store import Store as Store
from latebloom.sweeps.store.store import open_store as open_store
from latebloom.sweeps.workers.runner import Summary as Summary
from latebloom.sweeps.workers.runner import run_sweep as run_sweep

from .analysis.scaling import Scaling as Scaling
from .analysis.scaling import fit_scaling as fit_scaling
from .file import changed as changed
from .file import register_sweeps as register_sweeps
from .file import sweep_from_dict as sweep_from_dict
from .store.store import create_store as create_store
from .sweep import Sweep as Sweep
from .sweep import sweep as sweep
from .workers.interrupts import CtrlC as CtrlC
from .workers.pools import Pool as Pool
from .workers.pools import pool as pool
from .workers.runner import Standing as Standing
