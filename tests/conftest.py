"""What every test shares: one thread per process, seeded randomness, names for examples."""

import os

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


@pytest.fixture
def rolled_loop(monkeypatch):
    """Compile the step engine without unrolling its loop: the same updates, compiled in half the
    time, which is what short runs spend."""
    monkeypatch.setattr("latebloom.engines.step.UNROLL", 1)


class DoctestNames:
    """The names that examples in docstrings may use without importing them."""

    @pytest.fixture(autouse=True)
    def _doctest_names(self, doctest_namespace):
        import latebloom as lb

        doctest_namespace.update(lb=lb, np=np)


def pytest_configure(config):
    """Register the names for all examples: a fixture of this file would reach tests/ only."""
    config.pluginmanager.register(DoctestNames(), "latebloom-doctest-names")
