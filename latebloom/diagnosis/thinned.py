"""A record of a curve in bounded memory: denser at the beginning, as a logarithmic axis is."""

from collections.abc import Iterable

import numpy as np

# Records of a curve that are kept at most. A quarter of them over the logarithm of the steps and a
# quarter over the steps stay when it is full: the early part, in which t1 lies, and the last half,
# from which trends are judged, both have over a hundred.
MOST = 512
# The last records, whose neighbours are still to come.
NEWEST = 8


class Thinned:
    """The steps and values of a curve, at most `MOST` of them.

    **Arguments:**

    - `steps`, `values`: the first records.
    - `keep`: steps that are never dropped, a few; two records with one list stay alike.

    >>> record = Thinned()
    >>> for step in range(10**5):
    ...     record.add(step, 0.0)
    >>> len(record.steps) <= MOST, record.steps[0], record.steps[-1]
    (True, 0.0, 99999.0)
    """

    __slots__ = ("keep", "steps", "values")

    def __init__(
        self,
        steps: Iterable[float] = (),
        values: Iterable[float] = (),
        keep: list[float] | None = None,
    ) -> None:
        self.steps = [float(k) for k in steps]
        self.values = [float(v) for v in values]
        self.keep = [] if keep is None else keep

    def add(self, step: float, value: float) -> None:
        """Append a record; a step that is there already gets the new value."""
        if self.steps and self.steps[-1] == step:
            self.values[-1] = value
            return
        if len(self.steps) >= MOST:
            self._thin()
        self.steps.append(float(step))
        self.values.append(value)

    def rewind(self, step: float) -> None:
        """Drop the records from a step on."""
        n = int(np.searchsorted(self.steps, step))
        del self.steps[n:], self.values[n:]

    def _thin(self) -> None:
        k = np.array(self.steps)
        span, first = k[-1] - k[0], k[1] - k[0]
        wanted = np.concatenate(
            (
                k[0] + np.geomspace(first, span, MOST // 4),
                np.linspace(k[0], k[-1], MOST // 4),
                self.keep,
                k[-NEWEST:],
            )
        )
        rows = np.unique(np.searchsorted(k, wanted).clip(0, len(k) - 1)).tolist()
        self.steps = [self.steps[i] for i in rows]
        self.values = [self.values[i] for i in rows]
