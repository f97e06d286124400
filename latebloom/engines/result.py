"""What an engine returns: the recorded parameters and the first passages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

from latebloom.core.phases import Passage

# What the parameters at the recorded steps are: the iterates of the method itself, the average that
# a chattering method moves about, or the flow in continuous time that it follows.
Records = Literal["iterates", "average", "flow"]


@dataclass(frozen=True)
class EngineResult:
    """The outcome of simulating one experiment, before observables are computed.

    **Fields:**

    - `steps`: recorded steps, increasing, shape (R,).
    - `params`: parameters at these steps, shape (R, ...).
    - `t1`, `t2`: first passages of the training and the test error (t2 None without a ground
      truth).
    - `done`: the number of steps simulated (less than the horizon if interrupted or diverged).
    - `diverged_at`: the first step at which the training error exceeded the divergence limit.
    - `interrupted`: whether the user stopped the run.
    - `events`: the number of events an event-driven engine handled.
    - `notes`: sentences that explain the result.
    """

    steps: Int[np.ndarray, " R"]
    params: Float[np.ndarray, "R ..."]
    t1: Passage
    t2: Passage | None
    done: int
    diverged_at: int | None = None
    interrupted: bool = False
    events: int | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls, records: Mapping[int, np.ndarray], passages: Sequence[Passage], done: int, **rest: Any
    ) -> "EngineResult":
        """Return the result of a run.

        **Arguments:**

        - `records`: step -> parameters; those after `done` are left out.
        - `passages`: t1 and, where there is a ground truth, t2.
        - `done`, `rest`: the other fields.
        """
        steps = sorted(k for k in records if k <= done)
        params = np.array([records[k] for k in steps])
        t1, t2 = (*passages, None)[:2]
        assert t1 is not None
        return cls(np.array(steps, dtype=np.int64), params, t1, t2, done, **rest)
