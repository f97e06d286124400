r"""The flow that full-batch gradient descent of a network follows, at its real strength beta.

With the gradient $\nabla g$ of the training loss and a subgradient $H$ of the penalty h, gradient
descent is the Euler method of size $\alpha$ of

$$\frac{d\theta}{d\tau} = -\nabla g(\theta) - \beta H(\theta), \qquad \tau = a\,t, \quad
a = \frac{\alpha}{1 - m},$$

also with momentum m (heavy ball). In slow time $s = \beta\tau$ this is
$d\theta/ds = -\nabla g/\beta - H$. A penalty outside of the gradient (`decoupled`, `proximal`)
does not pass through the momentum: then its strength in the flow is $(1 - m)\beta$.

Of proximal gradient descent the flow is that of the point before the proximal operator,

$$\frac{dZ}{d\tau} = -\frac{Z - A}{\nu} - \nabla g(A), \qquad
A = \mathrm{prox}_{\nu\beta h}(Z),$$

of which proximal gradient descent is the Euler method of size $\nu = a$. With a larger $\nu$,
$Z - A$ follows its balance within a time of $\nu$, and the flow is less stiff.

Steps of a finite size, and the momentum, which remembers gradients P, add to the derivative
$c\,dP/d\tau + O(c^2)$ with $c = a\,(1/2 + m/(1 - m))$. Of a motion that decays at a rate r that
makes the rate $r(1 + c r)$.
"""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from latebloom.core.arrays import Array, one_by_one
from latebloom.experiment.experiment import Experiment
from latebloom.methods import SGD
from latebloom.penalties import OfNetwork

from .chebyshev import Field, Tree, norm
from .flow import Flow, Rates
from .network import Data, Numbers, Program

# The size of differences of proximal operators, relative to the parameters.
EPSILON = float(np.sqrt(np.finfo(float).eps))


def rates(experiment: Experiment) -> Rates:
    """Return the scales of time of an experiment with `SGD`, constant alpha and beta."""
    method = experiment.method
    assert isinstance(method, SGD)
    m, alpha = method.momentum, float(method.alpha)  # pyright: ignore - constant
    share = 1.0 if method.coupling == "coupled" else 1 - m
    betas = [share * float(term.beta) for term in experiment.terms]  # pyright: ignore
    a = alpha / (1 - m)
    return Rates(a, alpha, 2 * (1 + m), a * (0.5 + m / (1 - m)), max(betas), min(betas), share)


class Arguments(NamedTuple):
    """What the flow of one experiment depends on, beside its structure."""

    data: Data
    numbers: Numbers
    nu: Any  # of a proximal flow
    push: Tree  # what the memory adds to the derivative


@cache
def flow_of(program: Program) -> Flow:
    """Return the flow of all experiments of this structure."""
    penalty = OfNetwork(program.penalty, dict(program.axes))
    proximal, coupled = (program.method.coupling == name for name in ("proximal", "coupled"))

    def gradient(params: Tree, of: Arguments) -> Tree:
        with one_by_one():
            return program.gradient(params, of.data, of.numbers, 0, -1)  # pyright: ignore

    def prox(Z: Tree, of: Arguments) -> Tree:
        with one_by_one():
            return penalty.prox(Z, of.nu, program.strength(of.numbers, 0, -1))  # pyright: ignore

    def slope(params: Tree, of: Arguments) -> Tree:
        with one_by_one():
            return penalty.subgradient(params, program.strength(of.numbers, 0, -1))  # pyright: ignore

    def smooth_field(params: Tree, of: Arguments) -> Tree:
        both = gradient(params, of), slope(params, of), of.push
        return jax.tree.map(lambda g, h, p: p - (g + h), *both)

    def proximal_field(Z: Tree, of: Arguments) -> Tree:
        A = prox(Z, of)
        return jax.tree.map(
            lambda z, a, g, p: p + (a - z) / of.nu - g, Z, A, gradient(A, of), of.push
        )

    def proximal_product(Z: Tree, V: Tree, of: Arguments) -> Tree:
        # The operator has no derivative in JAX where it decomposes matrices; it is continuous, so
        # that differences do.
        size = EPSILON * jnp.maximum(norm(Z), 1.0)
        near = prox(jax.tree.map(lambda z, v: z + size * v, Z, V), of)
        A = prox(Z, of)
        W = jax.tree.map(lambda b, a: (b - a) / size, near, A)
        curved = jax.jvp(lambda A: gradient(A, of), (A,), (W,))[1]
        return jax.tree.map(lambda v, w, g: (w - v) / of.nu - g, V, W, curved)

    def proximal_begin(params: Tree, of: Arguments) -> Tree:
        # One more short step gives a point A and a subgradient H at it that fit together.
        size = of.numbers.alpha
        Y = jax.tree.map(lambda x, g: x - size * g, params, gradient(params, of))
        A = prox(Y, of._replace(nu=size))
        return jax.tree.map(lambda a, y: a + of.nu * (y - a) / size, A, Y)

    def carried(y: Tree, of: Arguments) -> Tree:
        g = gradient(prox(y, of) if proximal else y, of)
        return jax.tree.map(jnp.add, g, slope(y, of)) if coupled else g

    def errors(y: Tree, of: Arguments) -> Array:
        params = prox(y, of) if proximal else y
        return program.errors(of.data, params)[1]

    keep: Any = jax.jit(lambda y, of: y)
    if proximal:
        field = Field(proximal_field, proximal_product)
        return Flow(field, *map(jax.jit, (carried, prox, proximal_begin, errors)))
    return Flow(Field.of(smooth_field), jax.jit(carried), keep, keep, jax.jit(errors))


def arguments(experiment: Experiment, data: Data, numbers: Numbers, nu: float) -> Arguments:
    """Return the arguments of the flow of an experiment.

    **Arguments:**

    - `experiment`: which one.
    - `data`, `numbers`: its arrays, as of its training.
    - `nu`: how long a proximal flow takes to follow.
    """
    betas = jnp.asarray(numbers.betas) * rates(experiment).share
    push = {name: jnp.zeros(x.shape) for name, x in experiment.network_start.items()}
    return Arguments(data, numbers._replace(betas=betas), jnp.asarray(nu), push)
