"""Sweeps: grids of experiments that can be computed into a store."""

from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput
from latebloom.experiment.given import Given

from .grid.dimensions import Values
from .grid.grid import Grid
from .pictures.of_store import StorePlots
from .store.store import Store, open_store
from .workers.runner import run_sweep
from .workers.summary import Summary


class Sweep(Grid):
    """A grid of experiments that can be computed; see `Grid` for the arguments."""

    _store: str | Path | Store | None = None

    def run(self, store: str | Path | Store, **settings: Any) -> Summary:
        """Compute what a store does not have yet; see `run_sweep` for the settings."""
        summary = run_sweep(self, store, **settings)
        self._store = store
        return summary

    def _repr_html_(self) -> str:
        """Return the axes, and of a sweep that was run in this session the picture."""
        return super()._repr_html_() + ("" if self._store is None else self.plot.html())

    @property
    def plot(self) -> StorePlots:
        """Pictures of the results: `sweep.plot.law()`, `sweep.plot.phase()`, `sweep.plot.curves()`.

        **Raises:** `InvalidInput` if the sweep was not run in this session.
        """
        if self._store is None:
            raise InvalidInput('not run yet: sweep.run("store"), or open_store("store").plot')
        store = self._store if isinstance(self._store, Store) else open_store(self._store)
        return StorePlots(lambda name: store.open(name or self))


Grid.kind = Sweep


def sweep(base: Given, axes: Values | None = None, **settings: Any) -> Sweep:
    """Return a labelled grid of experiments.

    **Arguments:**

    - `base`: the experiment that all cells start from; also by its name or its TOML file.
    - `axes`: field -> its values; the grid is their product. A field is a dotted key
      (`penalty.beta`) or the end of one (`beta`); values are numbers, words, specs (`L1(1e-3)`,
      types by name) or a range `{"start": 1e-6, "stop": 1e-3, "count": 4, "log": True}`.
    - `zip`: groups of axes whose values go together, one dimension each.
    - `seeds`: how many (0, 1, ...), or which. Every field that seeds something gets a seed of its
      own derived from it; all cells with the same seed share instance, start and minibatches.
    - `matched`: False: every cell draws its own.
    - `derive`: field -> formula in other fields, such as `{"steps": "100 / (alpha * beta)"}`, or
      conditional, `"1e9 if beta < 1e-5 else 1e6"`.
    - `only`: a condition, such as `"s <= N"`; other cells are left out.
    - `engine`: as for `simulate`.
    - `tasks`: `simulate`, `predict` (what the laws say before the run), `recover` (can l1 or the
      nuclear norm find the truth at all: a convex program with its certificate).
    - `trajectories`: names of observables to keep over time, such as `test_error`.
    - `batch`: cells per file and per unit of work; by default what takes seconds.
    - `name`: a label.

    **Returns:** a `Sweep`: `sweep.run("store")` computes it, `open_store("store").open(sweep)` is
    its Dataset.

    **Raises:** `InvalidInput` for fields that the experiment does not have (naming the nearest),
    empty axes and unequal zips.

    >>> import latebloom as lb
    >>> base = lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5), lb.ProximalGradient(0.1))
    >>> grid = lb.sweep(base, {"N": [20, 30, 40], "beta": [1e-6, 1e-5]}, seeds=5)
    >>> grid.shape, grid.size
    ((3, 2, 5), 30)
    """
    return Sweep(base, axes, **settings)
