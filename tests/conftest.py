"""What every test shares: one thread per process, seeded randomness, names for examples."""

import os
import sys

# Libraries read these when they load. A pytest plugin loads NumPy before this file, so the first
# three reach the parallel workers only; `make test` sets them before pytest starts.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import hypothesis
import numpy as np
import pytest
import run_time_types

# Bytecode is kept: the processes that tests start would compile the package one by one.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

run_time_types.install()

# No deadline: the first example of a shape compiles. The examples are the same on every run, so
# that a failure belongs to a change; LATEBLOOM_FUZZ=1 draws new ones.
FUZZ = "LATEBLOOM_FUZZ" in os.environ
hypothesis.settings.register_profile("latebloom", deadline=None, derandomize=not FUZZ)
hypothesis.settings.load_profile("latebloom")


@pytest.fixture
def rng():
    """Return a NumPy random generator in the same state for every test."""
    return np.random.default_rng(0)


class DoctestNames:
    """The names that examples in docstrings may use without importing them."""

    @pytest.fixture(autouse=True)
    def _doctest_names(self, doctest_namespace):
        import latebloom as lb

        doctest_namespace.update(lb=lb, np=np)


def pytest_xdist_make_scheduler(config, log):
    """Let a worker keep the tests of a file, with its fixtures and compiled programs."""
    from xdist.scheduler import WorkStealingScheduling

    return WorkStealingScheduling(config, log) if config.getoption("dist") == "load" else None


def pytest_configure(config):
    """Register the names for all examples: a fixture of this file would reach tests/ only."""
    config.pluginmanager.register(DoctestNames(), "latebloom-doctest-names")
