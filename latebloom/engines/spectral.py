"""The closed-form engine: gradient methods on ridge-regularized least squares, at any step at
once."""

import numpy as np

from latebloom.core import schedules
from latebloom.core.progress import Progress
from latebloom.experiment.experiment import Experiment
from latebloom.methods import GradientDescent, ProximalGradient, Subgradient
from latebloom.models import Linear
from latebloom.penalties import L2, strengths
from latebloom.problems import VectorLeastSquares

from .affine import AffinePiece, Start
from .base import Engine, register_engine
from .decomposition import explicit
from .passages import Tracker, advance, trackers
from .result import EngineResult
from .threads import few_threads


class SpectralEngine(Engine):
    """The closed form of gradient methods on ridge-regularized least squares.

    Source: arXiv 2506.05718, theorem 3.6 (the closed form of the l2 case).

    >>> import latebloom as lb
    >>> from latebloom.engines.spectral import SPECTRAL
    >>> problem = lb.SparseRecovery(n=20, s=2, N=10)
    >>> e = lb.Experiment(problem, lb.L2(1e-5), lb.GradientDescent(0.1), init=10.0, steps=10**12)
    >>> SPECTRAL.run(e).t1.kind
    'exact'
    """

    name = "spectral"
    closed_form = True

    def why_not(self, experiment: Experiment) -> str | None:
        """Return why the closed form does not apply, or None if it does."""
        method, terms = experiment.method, experiment.terms
        if not isinstance(experiment.model, Linear):
            return "it needs a linear model"
        if not isinstance(experiment.data, VectorLeastSquares):
            return "it needs an unknown that is a vector"
        if not isinstance(method, GradientDescent | Subgradient | ProximalGradient):
            return "it needs GradientDescent, Subgradient or ProximalGradient"
        if not all(isinstance(t, L2) or schedules.constant(t.beta) == 0 for t in terms):
            return "it needs a penalty made of L2 (or none)"
        if any(schedules.constant(v) is None for v in (method.alpha, *(t.beta for t in terms))):
            return "it needs constant alpha and beta"
        return experiment.unstable()

    def cost(self, experiment: Experiment) -> float:
        """Return a millisecond: one decomposition, whatever the horizon."""
        return 1e-3

    @few_threads
    def run(self, experiment: Experiment, progress: Progress | None = None) -> EngineResult:
        r"""Evaluate $a(t) = a(0) + \sum_m v_m \Delta_m \psi_m(t)$ at the steps to record.

        First passages are exact to the step, by certified search on the closed form; the cost does
        not depend on the horizon, and `progress` is never called.
        """
        data = experiment.vector_data
        a = np.asarray(experiment.start)
        ridge = strengths(experiment.penalty).l2
        error = np.zeros_like(a) if data.a_star is None else a - data.a_star
        start = Start(a, data.X @ a - data.y_star, error, 0.0, np.zeros_like(a))
        implicit = isinstance(experiment.method, ProximalGradient)
        alpha = schedules.initial(experiment.method.alpha)
        piece = AffinePiece(explicit(data.svd, data.X), start, alpha, ridge, implicit=implicit)

        last = experiment.steps
        norms = [piece.train(), piece.test()]
        tracked: list[Tracker] = trackers(experiment)
        for tracker, norm in zip(tracked, norms, strict=False):
            ends = norm.values(np.array([0.0, float(last)]))
            tracker.step(0, float(ends[0]))
            advance(tracker, norm, 0, last, float(ends[1]))
        passages = [t.first for t in tracked if t.first is not None]
        steps = np.unique(np.append(experiment.record_steps, passages)).astype(np.int64)
        return EngineResult(
            steps=steps,
            params=piece.at(steps.astype(float)).T,
            t1=tracked[0].passage(),
            t2=tracked[1].passage() if len(tracked) > 1 else None,
            done=last,
            events=0,
        )


SPECTRAL = register_engine(SpectralEngine())
