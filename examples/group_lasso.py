"""A plugin with a penalty: the group lasso, on vectors, matrices and networks.

latebloom --plugin group_lasso run groups
latebloom --plugin group_lasso run fig5 --penalty GroupLasso --penalty.beta 1e-4
latebloom --plugin group_lasso run blog-fig1 --small --penalty GroupLasso --penalty.beta 1e-3
"""

from dataclasses import dataclass

import numpy as np

import latebloom as lb
from latebloom.core import checks as check
from latebloom.core.arrays import namespace
from latebloom.core.schedules import Schedule
from latebloom.penalties import Term


@lb.register("penalty")
@dataclass(frozen=True)
class GroupLasso(Term):
    r"""The sum of the norms of groups, $\beta\sum_g \|x_g\|_2$ (Yuan and Lin, 2006).

    - `beta`: the regularization strength, a number or a schedule.
    - `size`: entries per group, neighbours on the last axis; 0 for the whole axis: the rows of the
      matrices of a network, each of which belongs to one unit.
    """

    beta: float | Schedule
    size: int = 0
    prox_order = 10  # after the l1 norm, before the norms of whole matrices: sparse group lasso
    rescales = True

    def __post_init__(self):
        super().__post_init__()
        check.integer("GroupLasso.size", self.size, low=0)

    def _groups(self, x):
        """Return x with its groups as the last axis."""
        size = self.size or x.shape[-1]
        if x.shape[-1] % size:
            raise lb.InvalidInput(f"GroupLasso.size = {size}: must divide {x.shape[-1]}")
        return x.reshape(*x.shape[:-1], -1, size)

    def _norms(self, groups):
        return namespace(groups).sqrt((groups**2).sum(axis=-1, keepdims=True))

    def value(self, x, beta=None):
        return self._beta(beta) * self._norms(self._groups(x)).sum()

    def subgradient(self, x, beta=None):
        xp, groups = namespace(x), self._groups(x)
        norms = self._norms(groups)
        return self._beta(beta) * (groups / xp.where(norms > 0, norms, 1.0)).reshape(x.shape)

    def prox(self, x, step, beta=None):
        xp, groups = namespace(x), self._groups(x)
        norms = self._norms(groups)
        shrink = step * self._beta(beta) / xp.where(norms > 0, norms, 1.0)
        return (groups * xp.maximum(1 - shrink, 0.0)).reshape(x.shape)


def groups():
    """Return an experiment whose truth has two groups of four entries, of twenty."""
    rng = np.random.default_rng(0)
    X, a_star = rng.normal(size=(30, 80)) / 30**0.5, np.zeros(80)
    a_star[8:12], a_star[40:44] = rng.normal(size=(2, 4))
    problem = lb.LinearData(X, X @ a_star, a_star)
    return lb.Experiment(problem, GroupLasso(2e-4, 4), lb.ProximalGradient(0.2), steps=200_000)


lb.register_preset(lb.Preset("groups", "a truth of two groups, and the group lasso", groups))
