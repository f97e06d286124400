"""Figure 19: coherence against tau, and the measurements that basis pursuit needs."""

import numpy as np
import xarray as xr

from latebloom.core.progress import Progress
from latebloom.problems import SparseRecovery
from latebloom_paper import pictures
from latebloom_paper.book import CORRECTED, STUDIES, Comparison, Reproduction, Workspace
from latebloom_paper.book.statistic import Statistic, fraction, median

from .fig28 import least_measurements

STUDY = STUDIES["fig19"]
ROWS, SHARES, DRAWS = (STUDY.settings[key] for key in ("rows", "shares", "draws"))
# One instance of Figures 19b and 20.
INSTANCE = STUDY.changed({}, table="instance")


def recovery(workspace: Workspace) -> xr.Dataset:
    """Return which instances are recovered; where coherent rows see nothing of a sparse signal,
    there is no experiment, and no recovery."""
    return workspace.results(STUDY.sweep("grid", workspace.quick), failures=True).load()


def coherences(progress: Progress) -> list[list[list[float]]]:
    """Return the coherence of measurements and basis of every N, tau and draw."""
    found = []
    for k, N in enumerate(ROWS):
        row = []
        for tau in SHARES:
            drawn = []
            for seed in range(DRAWS):
                X = SparseRecovery(n=100, s=1, N=N, tau=tau, seed=seed).X
                # The basis is orthonormal: X = M Phi has the products, and rows of equal length.
                drawn.append(float((np.abs(X) / np.linalg.norm(X, axis=1)[:, None]).max()))
            row.append(drawn)
        found.append(row)
        progress(k + 1, len(ROWS))
    return found


def needed(cells: xr.Dataset) -> xr.DataArray:
    """Return the measurements that each seed needs, infinite if 101 do not do."""
    return least_measurements(cells["recoverable"] == 1)


def evidence(workspace: Workspace, values: np.ndarray, cells: xr.Dataset) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `values`: coherences by N, tau and draw.
    - `cells`: the grid.
    """
    alone = workspace.results(STUDY.sweep("single"), failures=True).load()
    at = values[ROWS.index(60)]
    low, middle, high = (at[SHARES.index(t)] for t in (0.0, 0.5, 1.0))
    one = np.abs(at - 1) < 1e-9
    N = needed(cells)
    sparse = N.sel(tau=0.0)
    coherent = N.sel(tau=1.0)
    certified = cells["recoverable"].values == 1
    return {
        "fig19.coherence": fraction((low < middle) & (middle < high)),
        "fig19.coherence" + CORRECTED: fraction(one[1:].all(axis=0) & ~one[0]),
        "fig19.sparsity": fraction(sparse.sel(s=31).values > sparse.sel(s=1).values),
        "fig19.tau": fraction(N.sel(tau=1.0, s=31).values > N.sel(tau=0.0, s=31).values),
        "fig19.all": median(needed(alone).values),
        "fig19.all" + CORRECTED: median(coherent.sel(s=31).values),
        "fig19.error": median(cells["program_error"].values[certified]),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Draw both panels: coherence against tau, and the measurements needed against s."""
    settings = {"rows": ROWS, "shares": SHARES, "draws": DRAWS}
    values = np.array(workspace.table("coherences", settings, coherences), float)
    cells = recovery(workspace)
    N = needed(cells)
    middle = N.median("problem.seed").transpose("tau", "s")
    lines = {
        tau: [(int(s), float(middle.sel(tau=tau, s=s))) for s in middle["s"].values]
        for tau in middle["tau"].values.tolist()
    }
    rows = [
        Comparison(f"measurements needed, s = {s}, tau = {tau:g}", None, value, "median")
        for tau in lines
        for s, value in lines[tau]
    ]
    wrong = (cells["recoverable"] == 1) & (cells["program_error"] > STUDY.settings["agrees"])
    rows += STUDY.compare({"certified instances that the program misses": float(wrong.sum())})
    figure = pictures.plot_coherence(ROWS, SHARES, values.mean(axis=2), lines)
    return STUDY.reproduction(rows, figure, evidence(workspace, values, cells), (INSTANCE,))
