"""A plugin with a problem: spikes seen through a blur, and a sweep over the width of the blur.

latebloom --plugin deconvolution run spikes
latebloom --plugin deconvolution run spikes --problem.width 2 --method ProximalGradient
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

import latebloom as lb
from latebloom.core import checks as check
from latebloom.problems import VectorLeastSquares


@lb.register("problem")
@dataclass(frozen=True)
class Deconvolution(VectorLeastSquares):
    r"""Sparse deconvolution: $y^* = Xa^* + \xi$, X a circular convolution with a Gaussian,
    of which every k-th row is kept and scaled to norm 1.

    - `n`: length of the signal; `s`: number of its spikes.
    - `width`: standard deviation of the blur, in samples.
    - `every`: k; every k-th sample of the blurred signal is measured.
    - `noise`: standard deviation of the entries of xi.
    - `seed`: of the spikes and of the noise.
    """

    n: int = 120
    s: int = 3
    width: float = 1.5
    every: int = 2
    noise: float = 0.0
    seed: int = 0

    def __post_init__(self):
        check.integer("n", self.n, low=1)
        check.integer("s", self.s, low=1, high=self.n)
        check.integer("every", self.every, low=1, high=self.n)
        check.integer("seed", self.seed, low=0)
        check.real("width", self.width, low=0, strict=True)
        check.real("noise", self.noise, low=0)

    @cached_property
    def X(self):
        """The design matrix, shape (ceil(n / every), n)."""
        i = np.arange(self.n)
        away = np.abs(i[:: self.every, None] - i)
        kernel = np.exp(-0.5 * (np.minimum(away, self.n - away) / self.width) ** 2)
        return kernel / np.linalg.norm(kernel, axis=1, keepdims=True)

    @cached_property
    def a_star(self):
        """The spikes, of either sign and size about 1."""
        rng = np.random.default_rng(self.seed)
        a_star = np.zeros(self.n)
        spikes = rng.choice(self.n, self.s, replace=False)
        a_star[spikes] = rng.choice([-1, 1], self.s) * rng.uniform(0.5, 1.5, self.s)
        return a_star

    @cached_property
    def y_star(self):
        """The measurements, shape (ceil(n / every),)."""
        clean = self.X @ self.a_star
        rng = np.random.default_rng([self.seed, 1])
        return clean + self.noise * rng.normal(size=clean.shape)


def spikes():
    """Return an experiment with three spikes."""
    return lb.Experiment(Deconvolution(), lb.L1(1e-5), lb.Subgradient(0.2), steps=1_000_000)


lb.register_preset(lb.Preset("spikes", "three spikes behind a blur", spikes))
