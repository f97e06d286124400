"""
A penalty of one's own
======================

The weighted l1 norm: its value, a subgradient and a proximal operator. It then works with
every method, in files and on the command line. Here it has a guess of where the truth is
not zero, of whose five places two are wrong. Generalization comes at step 83,996; with the
plain l1 norm it comes at step 166,634.

**Next:** :doc:`/add_your_own`
"""

from dataclasses import dataclass

import numpy as np

import latebloom as lb
from latebloom.core.arrays import namespace
from latebloom.penalties import Term


@lb.register("penalty")
@dataclass(frozen=True)
class WeightedL1(Term):
    beta: float
    weights: np.ndarray

    def value(self, x, beta=None):
        return self._beta(beta) * (self.weights * namespace(x).abs(x)).sum()

    def subgradient(self, x, beta=None):
        return self._beta(beta) * self.weights * namespace(x).sign(x)

    def prox(self, x, step, beta=None):
        least = step * self._beta(beta) * self.weights
        xp = namespace(x)
        return xp.sign(x) * xp.maximum(xp.abs(x) - least, 0)


problem = lb.SparseRecovery(n=60, s=3, N=24, seed=1)
weights = np.where(problem.a_star != 0, 0.2, 1.0)
weights[[10, 20, 30]] = 0.2
penalty = WeightedL1(1e-5, weights)
lb.simulate(lb.Experiment(problem, penalty, lb.ProximalGradient(0.1), steps=1e6)).plot()
