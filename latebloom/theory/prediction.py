"""What the laws say of an experiment, as records."""

from dataclasses import dataclass
from typing import Any

from latebloom.core.brief import brief, brief_html
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
    - `t1`, `t2`: the first steps at which the train and the test error are at most their
      thresholds; the middle of the interval where the step is not known.
    - `delay`: t2 - t1. With L2 where the run cannot generalize, the time
      $\ln(\|P_{\mathrm{null}} a_0\|/\|a^*\|)/(\alpha\beta)$ after which the test error drops
      nevertheless.
    - `t1_interval`, `t2_interval`: steps between which they lie.
    - `t1_kind`, `t2_kind`: `exact`, the step at which every update computed one by one gets there;
      `bracketed`, between two steps, with a margin measured on other experiments.
    - `t1_paper`: with l1 equation 78, a step from which on the row space is within
      $2\alpha\beta\sqrt n/(1-\rho_2)$ of least squares ($\sqrt{\min(n_1, n_2)}$ with the nuclear
      norm), whatever the threshold. Without, a step by which the train error is at its threshold.
    - `delay_paper`: with l1 $\|\hat a - a^*\|_\infty/(\alpha\beta)$, $\hat a$ the least squares
      solution nearest to the start; with the nuclear norm the spectral norm. Without a norm
      t2_paper - t1_paper.
    - `t2_paper`: t1_paper + delay_paper, of the right order only; without a norm a step by which
      the test error is at its threshold. None if the run cannot generalize.
    - `t2_proximal`: t2 of proximal gradient at the same alpha, beta and start: exact with l1, from
      the flow in slow time with the nuclear norm.
    - `s2`: alpha beta t2_proximal, the slow time of generalization: nearly a number of the
      instance, whatever alpha and beta. Of networks alpha beta t2, with momentum m in the gradient
      over 1 - m.
    - `train_plateau`: the relative train error right after t1, $\beta\|(X^\top)^+\mathrm{sign}(\hat
      a)\|/\|y^*\|$ together with what least squares cannot fit.
    - `train_floor`, `test_floor`: relative errors in the end: bias of order beta, and for
      `Subgradient` the root mean square of its chatter of order alpha beta (with the nuclear norm
      that is not known: None, and a note with an interval).
    - `memorizes`: whether the train error ends at or below its threshold.
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
    t1_paper: int | None = None
    delay_paper: float | None = None
    t2_paper: int | None = None
    t2_proximal: int | None = None
    s2: float | None = None
    train_plateau: float | None = None
    train_floor: float | None = None
    test_floor: float | None = None
    memorizes: bool | None = None
    t1_interval: tuple[int, int] | None = None
    t2_interval: tuple[int, int] | None = None
    t1_kind: str | None = None
    t2_kind: str | None = None
    t2_least: int | None = None
    generalizes: bool | None = None
    recoverability: Recoverability | NuclearRecovery | None = None
    notes: tuple[str, ...] = ()
    __repr__ = brief
    _repr_html_ = brief_html

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        plain = dict(vars(self))
        if self.recoverability is not None:
            plain["recoverability"] = self.recoverability.to_dict()
        return jsonable(plain)


@dataclass(frozen=True)
class Plan:
    r"""The strengths with which a method meets a target within a budget.

    **Fields:**

    - `budget`, `error`: the arguments.
    - `alpha`: the step size of the plan.
    - `possible`: whether any beta does both.
    - `beta_low`, `beta_high`: below the first t2 comes too late, above the second the bias of the
      end is too large (to 1 %; of networks to 10 and 25 %); None if nothing does both, the first
      also if t2 is in time with any smaller beta. Of a sum of penalties the largest strength, with
      which the others are scaled.
    - `beta`, `t2`, `final_error`: a strength between, the step at which the test error is at most
      `error`, and the error in the end (of networks None where their flow does not come to rest).
    - `least_budget`: the fewest steps found in which the error can be reached with any beta.
    - `least_error`: where the target cannot be reached, the least error found that can within the
      budget (to the stride of the search, a factor of 1.5 or more); None if none was found.
    - `why`: one sentence.
    """

    budget: int
    error: float
    alpha: float
    possible: bool
    beta_low: float | None = None
    beta_high: float | None = None
    beta: float | None = None
    t2: int | None = None
    final_error: float | None = None
    least_budget: int | None = None
    least_error: float | None = None
    why: str = ""
    __repr__ = brief
    _repr_html_ = brief_html

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        return jsonable(vars(self))
