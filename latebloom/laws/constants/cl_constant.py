r"""The Chatterjee-Lojasiewicz constant: squared gradient over loss, near a point.

$\chi(g, x, r) = \inf_{y \in B(x, r),\, g(y) \ne 0} \|\nabla g(y)\|^2/g(y)$. Gradient descent from x
reaches a zero of g within the ball if $4g(x) < r^2\chi$.
"""

import numpy as np

from latebloom.core import checks as check
from latebloom.core.arrays import double_precision
from latebloom.experiment.experiment import Experiment
from latebloom.problems import LeastSquares


def sampled_cl_constant(
    experiment: Experiment, radius: float, samples: int = 64, seed: int = 0
) -> float:
    r"""Return the least $\|\nabla g\|^2/g$ among random points of a ball about the start.

    An upper bound of $\chi$: with it the inequality $4g < r^2\chi$ can be refuted, not proved. Half
    of the points lie on the sphere, half inside, the start is among them. For least squares
    that can be fitted by a linear model $\chi \ge 2\sigma_{\min+}(X)^2$, with equality where the
    ball holds a point whose residual is along the weakest direction.

    **Arguments:**

    - `experiment`: least squares with any model, or a network.
    - `radius`: r, in the units of the parameters.
    - `samples`: how many points; more can only lower the bound.
    - `seed`: of the points.

    **Returns:** the least ratio found.

    **Raises:** `InvalidInput` for a radius that is not positive, or fewer samples than 1.

    Source: arXiv 2506.05718, equations 2, 5 and 6.

    >>> import latebloom as lb
    >>> problem = lb.SparseRecovery.from_arrays(np.eye(2), np.ones(2))
    >>> sampled_cl_constant(lb.Experiment(problem), radius=1.0)
    2.0
    """
    check.real("radius", radius, low=0, strict=True)
    check.integer("samples", samples, low=1)
    rng = np.random.default_rng(seed)
    if isinstance(experiment.problem, LeastSquares):
        slope = _least_squares_slope(experiment)
        start = {"a": np.asarray(experiment.start)}
    else:
        slope = _network_slope(experiment)
        start = {k: np.asarray(v, dtype=float) for k, v in experiment.network_start.items()}
    size = sum(v.size for v in start.values())
    best = slope(start)
    for k in range(samples):
        step = {name: rng.standard_normal(v.shape) for name, v in start.items()}
        norm = np.sqrt(sum(float((v**2).sum()) for v in step.values()))
        length = radius * (1.0 if k % 2 else rng.uniform() ** (1 / size)) / norm
        best = min(best, slope({name: v + length * step[name] for name, v in start.items()}))
    return float(best)


def _least_squares_slope(experiment: Experiment):
    data, model = experiment.data, experiment.least_squares_model
    from latebloom.models import Linear

    def slope(at: dict[str, np.ndarray]) -> float:
        r = data.operator.forward(at["a"]) - data.y_star
        G = data.operator.adjoint(r)
        g = 0.5 * float((r**2).sum())
        return float((G**2).sum()) / g if g else np.inf

    if isinstance(model, Linear):
        return slope

    def loss(at):
        r = data.operator.forward(model.predictor(at["a"], data.shape)) - data.y_star
        return 0.5 * (r**2).sum()

    return _jax_slope(loss)


def _network_slope(experiment: Experiment):
    from latebloom.engines.losses import losses

    problem, network = experiment.supervised, experiment.network
    inputs, targets = problem.train

    def loss(params):
        return losses(problem.loss, network.apply(params, inputs), targets, np.float64).mean()

    return _jax_slope(loss)


def _jax_slope(loss):
    """Return the ratio as a function of the parameters, by automatic differentiation."""
    import jax

    both = jax.jit(jax.value_and_grad(loss))

    def slope(at: dict[str, np.ndarray]) -> float:
        with double_precision():
            g, G = both(at)
            size = sum(float((np.asarray(v) ** 2).sum()) for v in G.values())
        return size / float(g) if float(g) else np.inf

    return slope
