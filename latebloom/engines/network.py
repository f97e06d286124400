"""Training: the updates of a network, compiled, with its errors and norms at the recorded steps.

Two programs are compiled per shape of experiment: `advance` makes a number of updates given at run
time, `evaluate` measures. A run alternates between them, so that a run resumed from a checkpoint
executes the same machine code on the same numbers: it is the same trajectory to the bit. An
`advance` that watches sees both errors at every step. Experiments of one shape advance together
(`vmap`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from latebloom.core import schedules
from latebloom.core.arrays import Array, eigenvalues, one_by_one
from latebloom.core.compilation import use_compilation_cache
from latebloom.experiment.experiment import Experiment
from latebloom.methods import Optimizer, Oracle, Step
from latebloom.penalties import OfNetwork, Sobolev

from .losses import losses, measured
from .structure import Structure, on_device, one_problem, stack, structure

# Weights smaller than this do not count in the l0 norm: the paper's public code's threshold.
ZERO = 1e-4
PRECISIONS = {
    # name: (parameters and outputs, loss)
    "mixed": (np.float32, np.float64),
    "float32": (np.float32, np.float32),
    "float64": (np.float64, np.float64),
}

# In place of the first step at which an error is at its threshold: it has not been so yet; nobody
# looked at every step.
UNSEEN, UNWATCHED = -1, -2

use_compilation_cache()  # before JAX compiles anything: it looks for the folder only once


class Data(NamedTuple):
    """The arrays of a problem; within a batch they may be shared."""

    train: tuple[Any, Any]
    test: tuple[Any, Any]
    teacher: tuple[Any, ...]  # derivatives at the training inputs, where the penalty needs them


class Numbers(NamedTuple):
    """The numbers one experiment depends on, all of which may differ within a batch."""

    alpha: Any  # the constant; ignored for a schedule
    betas: Any  # the constants, one per term; ignored for schedules
    batch_seed: Any
    sphere: Any
    thresholds: Any  # of the training and of the test error


class State(NamedTuple):
    """The state of one experiment.

    - `params`, `memory`: the parameters, and the memory of the method.
    - `first`: the first steps at which the training and the test error were at their thresholds,
      or `UNSEEN`, or `UNWATCHED`.
    """

    params: dict[str, Any]
    memory: Any
    first: Any = ()


class Measures(NamedTuple):
    """What is seen of one experiment at one step."""

    loss: Any  # train, test
    error: Any  # train, test
    penalty: Any
    norms: dict[str, Any]  # name of a norm -> one number per parameter


@dataclass(frozen=True)
class Program(Structure):
    """The structure of an experiment on a network."""

    loss: str
    errors_are: str | None  # the `measure` of the experiment
    precision: str
    axes: tuple[tuple[str, int], ...]  # of the parameters

    @classmethod
    def of(cls, experiment: Experiment, batched: bool, shared: bool) -> "Program":
        """Return the structure of an experiment, its constants replaced by 1."""
        method, penalty = structure(experiment.method, experiment.penalty)
        assert isinstance(method, Optimizer)
        method = replace(method, batch_seed=0, sphere=None if method.sphere is None else 1.0)
        model, precision = experiment.network, experiment.precision
        assert precision is not None
        axes = tuple((k, v.ndim) for k, v in experiment.network_start.items())
        loss = experiment.supervised.loss
        of = loss, experiment.measure, precision
        return cls(method, penalty, model, batched, shared, *of, axes)

    def _objective(self, params: Any, data: Data, chosen: Any, beta: Any) -> Array:
        """Return the training loss over the chosen examples, with the penalties on the function."""
        (inputs, targets), teacher, weights = data.train, data.teacher, None
        if chosen is not None:
            index, weights = chosen
            inputs, targets = inputs[index], targets[index]
            teacher = tuple(part[index] for part in teacher)
        each = losses(self.loss, self.model.apply(params, inputs), targets, self._dtypes[1])
        total = each.mean() if weights is None else (each * weights).sum() / weights.sum()
        for term, strength in zip(*self._of_function(beta), strict=True):
            function = partial(self.model.apply, params)
            total = total + term.of(function, inputs, teacher[: term.order], strength, weights)
        return total

    def _of_function(self, beta: Any) -> tuple[list[Sobolev], list[Any]]:
        betas = beta if isinstance(beta, tuple) else (beta,) * len(self.terms)
        pairs = [(t, b) for t, b in zip(self.terms, betas, strict=True) if isinstance(t, Sobolev)]
        return [t for t, _ in pairs], [b for _, b in pairs]

    @property
    def _dtypes(self) -> tuple[Any, Any]:
        return PRECISIONS[self.precision]

    def _chosen(self, data: Data, seed: Array, t: Array) -> Any:
        """Return the indices of the examples of update t and their weights, 0 on padding."""
        N, size = len(data.train[0]), self.method.batch
        if size is None or size >= N:
            return None
        count = -(-N // size)
        # A function of the seed and the epoch alone: nothing to carry, nothing to save.
        key = jax.random.fold_in(jax.random.key(seed), t // count)
        order = jnp.pad(jax.random.permutation(key, N), (0, count * size - N))
        first = (t % count) * size
        index = lax.dynamic_slice(order, (first,), (size,))
        return index, (first + jnp.arange(size) < N).astype(self._dtypes[1])

    def gradient(self, params: Any, data: Data, numbers: Numbers, t: Array, t1: Array) -> Any:
        """Return the gradient of update t, without the penalties on parameters.

        **Arguments:**

        - `params`: by name.
        - `data`, `numbers`: of the experiment.
        - `t`, `t1`: the step, and that of memorization or -1.
        """
        beta, chosen = self.strength(numbers, t, t1), self._chosen(data, numbers.batch_seed, t)
        return jax.grad(self._objective)(params, data, chosen, beta)

    def update(self, data: Data, numbers: Numbers, state: State, t: Array, t1: Array) -> State:
        """Return the state after one update.

        **Arguments:** `data`, `numbers`, `t` and `t1` as for `gradient`; `state` before the update.
        """
        beta = self.strength(numbers, t, t1)
        penalty = None if self.penalty is None else OfNetwork(self.penalty, dict(self.axes))
        oracle = Oracle(
            lambda params: self.gradient(params, data, numbers, t, t1),
            partial(_to_sphere, radius=numbers.sphere),
        )
        step = Step(oracle, penalty, self.alpha(numbers, t, t1), beta, t)
        new, memory = self.method.update(state.params, state.memory, step)
        return State(new, memory, state.first)

    def errors(self, data: Data, params: Any) -> tuple[Array, Array]:
        """Return losses and errors, of the training and of the test data."""
        sides = [
            measured(self.loss, self.model.apply(params, inputs), targets, self.errors_are)
            for inputs, targets in (data.train, data.test)
        ]
        losses_, errors = (jnp.stack(column) for column in zip(*sides, strict=True))
        return losses_, errors

    def watch(self, data: Data, numbers: Numbers, state: State, t: Array) -> State:
        """Return the state of step t with what its errors say of the first passages.

        **Arguments:** `data`, `numbers`, `state` and `t` as for `gradient`.
        """
        below = self.errors(data, state.params)[1] <= numbers.thresholds
        first = jnp.where(below & (state.first == UNSEEN), t, state.first)
        return state._replace(first=first.astype(state.first.dtype))

    def measure(self, data: Data, numbers: Numbers, params: Any, t: Array, t1: Array) -> Measures:
        """Return losses, errors and norms.

        **Arguments:** `data`, `numbers`, `t` and `t1` as for `gradient`; `params` at that step.
        """
        beta = self.strength(numbers, t, t1)
        losses_, errors = self.errors(data, params)
        penalty: Any = jnp.zeros(())
        if self.penalty is not None:
            double = {k: v.astype(jnp.float64) for k, v in params.items()}
            penalty = OfNetwork(self.penalty, dict(self.axes)).value(double, beta)
            for term, strength in zip(*self._of_function(beta), strict=True):
                function = partial(self.model.apply, params)
                teacher = data.teacher[: term.order]
                penalty = penalty + term.of(function, data.train[0], teacher, strength)
        return Measures(losses_, errors, penalty, _norms(params, self.batched))


def _to_sphere(params: dict[str, Array], radius: Array) -> dict[str, Array]:
    """Return the parameters scaled to one joint l2 norm."""
    square = sum(jnp.sum(x.astype(jnp.float64) ** 2) for x in params.values())
    factor = radius / jnp.sqrt(square)
    return {name: (x * factor).astype(x.dtype) for name, x in params.items()}


def _norms(params: dict[str, Array], batched: bool) -> dict[str, Array]:
    """Return the norms of every parameter in its order, NaN if it is not finite; the nuclear norm
    of matrices only, summed over a stack."""
    columns: dict[str, list[Array]] = {"l0": [], "l1": [], "l2": []}
    nuclear, grams = [jnp.asarray(jnp.nan)] * len(params), {}
    for k, x in enumerate(params.values()):
        x = x.astype(jnp.float64)
        finite = jnp.isfinite(x).all()
        columns["l0"].append(jnp.where(finite, (jnp.abs(x) > ZERO).sum(), jnp.nan))
        columns["l1"].append(jnp.abs(x).sum())
        columns["l2"].append(jnp.sqrt((x * x).sum()))
        if x.ndim >= 2:
            # Of single precision numbers squared in double: as good as their own decomposition.
            xt = jnp.swapaxes(x, -1, -2)
            gram = xt @ x if x.shape[-2] > x.shape[-1] else x @ xt
            grams[k] = jnp.where(finite, gram, jnp.nan)
    for k, values in _spectra(grams, batched).items():
        nuclear[k] = jnp.sqrt(jnp.maximum(values, 0.0)).sum()
    return {name: jnp.stack(column) for name, column in (columns | {"nuclear": nuclear}).items()}


def _spectra(grams: dict[int, Array], batched: bool) -> dict[int, Array]:
    """Return the eigenvalues of these matrices, by their keys."""
    # The matrices of one shape go together, which takes half the time; of one shape only, for two
    # such calls at once may never return, see `one_by_one`.
    shapes = [gram.shape for gram in grams.values() if gram.ndim == 2]
    largest = max(shapes, key=shapes.count, default=None)
    together = [k for k, gram in grams.items() if gram.shape == largest and not batched]
    found = {k: eigenvalues(gram) for k, gram in grams.items() if k not in together}
    if together:
        stacked = jnp.linalg.eigvalsh(jnp.stack([grams[k] for k in together]))
        found |= dict(zip(together, stacked, strict=True))
    return found


def compiled(program: Program, watching: bool = False) -> tuple[Any, Any]:
    """Return the compiled `advance(data, numbers, state, t, t1, count)` and
    `evaluate(data, numbers, params, t, t1)`.

    **Arguments:**

    - `program`: what is compiled.
    - `watching`: whether `advance` looks at the errors at every step, before its update, where the
      forward pass through the training data is that of the gradient.
    """
    return _advancing(program, watching), _measuring(replace(program, method=None))


@cache
def _advancing(program: Program, watching: bool) -> Any:
    def advance(
        data: Data, numbers: Numbers, state: State, t: Array, t1: Array, count: Array
    ) -> State:
        def one(k: Array, state: State) -> State:
            if watching:
                state = program.watch(data, numbers, state, t + k)
            return program.update(data, numbers, state, t + k, t1)

        with one_by_one():
            return lax.fori_loop(0, count, one, state)

    if program.batched:
        advance = jax.vmap(advance, in_axes=(None if program.shared else 0, 0, 0, None, 0, None))
    return jax.jit(advance)


@cache  # of a program without its method: those of all methods measure the same
def _measuring(program: Program) -> Any:
    def evaluate(data: Data, numbers: Numbers, params: Any, t: Array, t1: Array) -> Measures:
        with one_by_one():
            return program.measure(data, numbers, params, t, t1)

    if program.batched:
        evaluate = jax.vmap(evaluate, in_axes=(None if program.shared else 0, 0, 0, None, 0))
    return jax.jit(evaluate)


def setup(experiments: Sequence[Experiment]) -> tuple[Program, Data, Numbers, State]:
    """Return the program of experiments of one shape, and their arrays at step 0."""
    first, batched, shared = experiments[0], len(experiments) > 1, one_problem(experiments)
    program = Program.of(first, batched, shared)
    numbers = [program_numbers(e) for e in experiments]
    states = [_start(e, program) for e in experiments]
    if not batched:
        return program, program_data(first), on_device(numbers[0]), on_device(states[0])
    data = program_data(first) if shared else stack([program_data(e) for e in experiments])
    return program, data, stack(numbers), stack(states)


def program_data(experiment: Experiment) -> Data:
    problem, dtype = experiment.supervised, PRECISIONS[str(experiment.precision)][0]

    def cast(x: np.ndarray) -> Array:
        return jnp.asarray(x if x.dtype.kind in "iu" else x.astype(dtype))

    order = max((t.order for t in experiment.terms if isinstance(t, Sobolev)), default=0)
    teacher = ([problem.jacobian] if order else []) + ([problem.hessian] if order == 2 else [])
    return Data(
        (cast(problem.train.inputs), cast(problem.train.targets)),
        (cast(problem.test.inputs), cast(problem.test.targets)),
        tuple(cast(part) for part in teacher if part is not None),
    )


def program_numbers(experiment: Experiment) -> Numbers:
    method = experiment.method
    assert isinstance(method, Optimizer)
    dtype = PRECISIONS[str(experiment.precision)][0]
    return Numbers(
        np.asarray(schedules.initial(method.alpha), dtype),
        np.array([schedules.initial(term.beta) for term in experiment.terms], dtype),
        np.asarray(method.batch_seed),
        np.asarray(method.sphere or 1.0),
        np.array(experiment.thresholds),
    )


def _start(experiment: Experiment, program: Program) -> State:
    dtype = PRECISIONS[program.precision][0]
    params = {k: jnp.asarray(v, dtype) for k, v in experiment.network_start.items()}
    sphere = experiment.method.sphere if isinstance(experiment.method, Optimizer) else None
    if sphere is not None:
        params = _to_sphere(params, jnp.asarray(sphere))
    # Not the program's method, whose numbers are left out.
    return State(params, experiment.method.start(params), jnp.full(2, UNSEEN))
