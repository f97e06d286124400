"""Results of sweeps made by hand that tests of their analysis share."""

import math

import numpy as np
import xarray as xr

NEVER, NAN = math.inf, math.nan


def sweep(t, dims, coords=None, horizon=math.inf, bracket=1.0, never=None, missing=None):
    """A sweep with the times t, seen up to the horizon, in brackets [g, bracket g] if > 1."""
    t = np.asarray(t, dtype=float)
    low, high, kind = t.copy(), t.copy(), np.full(t.shape, "exact", dtype="<U10")
    if bracket > 1:
        low = bracket ** np.floor(np.log(t) / np.log(bracket))
        high, kind[...] = low * bracket, "bracketed"
    late = t > horizon
    low[late], high[late], kind[late] = horizon, NAN, "censored"
    for where, name in ((never, "infeasible"), (missing, "")):
        if where is not None:
            low[where], high[where], kind[where] = NAN, NAN, name
    exact = np.where(kind == "exact", low, NAN)
    parts = {"t2": exact, "t2_low": low, "t2_high": high, "t2_kind": kind}
    return xr.Dataset({k: (dims, v) for k, v in parts.items()}, coords or {})


# --- the law ---------------------------------------------------------------------------------

TRUTH = {"alpha": 1.0, "beta": 0.7}


def inside(found):
    return [found.intervals[k][0] <= v <= found.intervals[k][1] for k, v in TRUTH.items()]
