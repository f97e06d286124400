"""What the laws say of an experiment, as one record."""

from dataclasses import dataclass
from typing import Any

from latebloom.core.brief import brief
from latebloom.core.json_text import jsonable
from latebloom.problems import NuclearRecovery

from .recoverability import Recoverability

MOMENTUM = "rho_2, t1, delay, t2: the laws do not cover a method with momentum (FISTA)"
UNKNOWN_LIMIT = (
    "train_floor, test_floor: where this method ends is not known, or could not be certified"
)
# The fields found so far; "notes" is a list.
Found = dict[str, Any]


@dataclass(frozen=True)
class Prediction:
    r"""What the laws say of an experiment; None where they say nothing, with the reason in `notes`.

    **Fields:**

    - `alpha_max`: the step size at which the iteration becomes unstable, for explicit steps
      $2/\sigma_{\max}(X^\top X)$ with the curvature of the penalty; None if there is no limit.
    - `stable`: whether alpha is below it.
    - `rho_2`: the contraction per step in the row space of X, $\max_{k \le r}|1 - \alpha\sigma_k|$.
    - `t1`: a step by which the training data are fitted. With l1 it is equation 78: from there on
      the row space is within $2\alpha\beta\sqrt n/(1-\rho_2)$ of least squares ($\sqrt{\min(n_1,
      n_2)}$ with the nuclear norm). Without, the step by which the train error is at its threshold.
    - `delay`: with l1 $\|\hat a - a^*\|_\infty/(\alpha\beta)$, $\hat a$ the least squares solution
      nearest to the start. With L2 alone t2 - t1, or where the run cannot generalize the time
      $\ln(\|P_{\mathrm{null}} a_0\|/\|a^*\|)/(\alpha\beta)$ after which the test error drops
      nevertheless. With the nuclear norm the spectral norm takes the place of the infinity norm.
    - `t2`: t1 + delay; None if the run cannot generalize.
    - `t2_proximal`: t2 of proximal gradient at the same alpha, beta and start: exact with l1, from
      the flow in slow time with the nuclear norm.
    - `s2`: alpha beta t2_proximal, the slow time of generalization: nearly a number of the
      instance, whatever alpha and beta.
    - `train_plateau`: the relative train error right after t1, $\beta\|(X^\top)^+\mathrm{sign}(\hat
      a)\|/\|y^*\|$ together with what least squares cannot fit.
    - `train_floor`, `test_floor`: relative errors in the end: bias of order beta, and for
      `Subgradient` the root mean square of its chatter of order alpha beta (with the nuclear norm
      that is not known: None, and a note with an interval).
    - `memorizes`: whether the train error ends at or below its threshold.
    - `t1_interval`: steps between which t1 is expected, an estimate: the disturbance by the penalty
      is taken to be the plateau's. Exact without l1.
    - `t2_interval`: steps between which t2 lies in nine of ten cases. Exact without l1.
    - `t2_least`: a step before which t2 cannot be: a theorem, not an estimate.
    - `generalizes`: whether the test error ends at or below its threshold (with l1: and $a^*$ is
      recoverable).
    - `recoverability`: whether l1 (nuclear norm) minimization can find $a^*$ at all.
    - `notes`: sentences that say why something is None, or how far to trust it.
    """

    alpha_max: float | None = None
    stable: bool | None = None
    rho_2: float | None = None
    t1: int | None = None
    delay: float | None = None
    t2: int | None = None
    t2_proximal: int | None = None
    s2: float | None = None
    train_plateau: float | None = None
    train_floor: float | None = None
    test_floor: float | None = None
    memorizes: bool | None = None
    t1_interval: tuple[int, int] | None = None
    t2_interval: tuple[int, int] | None = None
    t2_least: int | None = None
    generalizes: bool | None = None
    recoverability: Recoverability | NuclearRecovery | None = None
    notes: tuple[str, ...] = ()
    __repr__ = brief

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        plain = dict(vars(self))
        if self.recoverability is not None:
            plain["recoverability"] = self.recoverability.to_dict()
        return jsonable(plain)
