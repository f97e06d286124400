"""Whether a curve stays beyond its threshold once it has reached it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .curves import Records
from .noise import measure
from .passages import LOST, OFTEN, Found
from .trends import SELECTED, SIGMAS, running_median, window_of

# A loss that lasts twice as long as any that was made good is not one more of them.
LONGER = 2


@dataclass(frozen=True)
class Stability:
    """The records of the test curve after t2.

    - `later`: how many there are; `below`: how many of them are on the wrong side of the threshold
      again, and `share`, their part.
    - `lost`: how many have more than twice the allowed error.
    - `worst`, `worst_step`: the worst value among them, in the unit of the column.
    - `train_below`: in how many of `below` the training curve is on the wrong side of its own.
    - `at_end`: how many of the last records are, without a gap.
    - `for_good`: whether these are a loss that is not made good by the end of the log.
    """

    later: int
    below: int
    share: float
    lost: int
    worst: float | None
    worst_step: int | None
    train_below: int
    at_end: int
    for_good: bool

    @property
    def often_lost(self) -> bool:
        """Whether the instability dominates."""
        return self.lost >= OFTEN * max(self.later, 1) and self.lost > 1

    def to_dict(self) -> dict[str, Any]:
        """All fields, JSON-ready."""
        return asdict(self)

    def sentences(self, train: Records, test: Records, limits: tuple[float, float]) -> list[str]:
        """What happens after t2, with the numbers."""
        if not self.below or self.worst is None:
            return []
        wrong, to = ("below", "down") if test.kind == "accuracy" else ("above", "up")
        what = (
            f"after t2 {test.name} is {wrong} {test.shown(limits[1]):.4g} again in "
            f"{self.share:.0%} of the records ({self.below} of {self.later}), {to} to "
            f"{self.worst:.4g} at step {self.worst_step}"
        )
        if 2 * self.train_below > self.below:
            what += (
                f"; {train.name} misses {train.shown(limits[0]):.4g} in {self.train_below} of these"
                " too: the training is unstable"
            )
        elif self.lost:
            what += f"; {train.name} holds in {self.below - self.train_below} of these"
        said = [what]
        if self.at_end and not self.for_good and self.lost:
            said.append(
                f"the last {self.at_end} of these end the log: whether it comes back is not seen"
            )
        return said


def stability(train: Records, test: Records, limits: tuple[float, float], t2: Found) -> Stability:
    """Return what the test curve does after it has passed its threshold.

    **Arguments:**

    - `train`, `test`: the curves.
    - `limits`: the thresholds (train, test) of their errors.
    - `t2`: the passage, which has a record.
    """
    i = t2.record or 0
    k, e = test.steps[i + 1 :], test.errors[i + 1 :]
    wrong = e > limits[1]
    below = int(wrong.sum())
    if not below:
        return Stability(len(e), 0, 0.0, 0, None, None, 0, 0, False)
    worst = int(np.argmax(e))
    train_too = train.at(k[wrong]) > limits[0]
    good = np.flatnonzero(~wrong)
    at_end = len(e) - 1 - int(good[-1]) if len(good) else len(e)
    return Stability(
        later=len(e),
        below=below,
        share=below / len(e),
        lost=int((e > LOST * limits[1]).sum()),
        worst=float(test.shown(float(e[worst]))),
        worst_step=int(k[worst]),
        train_below=int(train_too.sum()),
        at_end=at_end,
        for_good=_for_good(k, e, limits[1]),
    )


def _for_good(k: np.ndarray, e: np.ndarray, limit: float) -> bool:
    """Whether the last stretch beyond the threshold, without single touches, is one that stays."""
    if len(e) < 3:
        return False
    smooth = np.concatenate([e[:1], running_median(e, 3), e[-1:]])
    edges = np.flatnonzero(np.diff(np.concatenate([[0], smooth > limit, [0]])))
    begins, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(begins) or begins[-1] + lengths[-1] < len(e):
        return False
    begin, length = int(begins[-1]), int(lengths[-1])
    if length < max(window_of(len(e)), LONGER * int(lengths[:-1].max(initial=0))):
        return False
    before = float(np.median(e[:begin])) if begin else 0.0
    noise = measure(k[begin:], e[begin:])
    least = min(SELECTED * float(noise.of_mean(length)), SIGMAS * noise.of_walk(length))
    level = float(np.median(e[begin:]))
    return level - max(before, limit) > least
