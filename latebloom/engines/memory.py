"""How much memory a batch of networks will take, before it takes it."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import jax
import numpy as np

from latebloom.core.arrays import double_precision
from latebloom.core.errors import InvalidInput
from latebloom.experiment.experiment import Experiment

from .network import PRECISIONS, Program, program_data, program_numbers

# Copies of the parameters: the state (themselves and two moments), the next one and the gradient
# while updating, the states at the last record and before both first passages.
COPIES = 16
# Intermediates that compilers fuse with what reads them.
FUSED = frozenset(
    {"transpose", "broadcast_in_dim", "reshape", "convert_element_type", "squeeze", "slice"}
    | {"iota", "eq", "select_n", "lt", "gt", "le", "ge"}
)


def required_memory(experiments: Sequence[Experiment]) -> float:
    """Return an estimate of the bytes that training these experiments together takes.

    From the operations of one update and one measurement before they are compiled: measured on six
    kinds of network, 1 to 5 times what the compiler takes for its intermediates.
    """
    first, count = experiments[0], len(experiments)
    with double_precision():
        program = Program.of(first, batched=False, shared=False)
        data, numbers = program_data(first), program_numbers(first)
        dtype = PRECISIONS[program.precision][0]
        params = {k: jax.ShapeDtypeStruct(v.shape, dtype) for k, v in first.network_start.items()}
        shapes = jax.eval_shape(lambda x: x, (data, numbers)), params
        leaves, structure = jax.tree.flatten(shapes)
        used = _intermediates(program, structure, tuple(leaves))
    kept = COPIES * sum(int(np.prod(p.shape)) * np.dtype(p.dtype).itemsize for p in params.values())
    records = first.record_steps.size * 4 * len(params) * 8
    sizes = [leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(data)]
    problems = len({id(e.problem) for e in experiments})
    return count * (used + kept + records) + problems * sum(sizes)


@cache
def _intermediates(program: Program, structure: Any, leaves: tuple[Any, ...]) -> int:
    """Return the bytes of all intermediates of one update or measurement; to trace takes a while.

    **Arguments:** `structure`, `leaves`: of the shapes of (data, numbers), parameters.
    """
    (data, numbers), params = jax.tree.unflatten(structure, leaves)

    def gradient(params: Any, data: Any, numbers: Any) -> Any:
        return program.gradient(params, data, numbers, 0, -1)

    def measure(params: Any, data: Any, numbers: Any) -> Any:
        return program.measure(data, numbers, params, 0, -1)

    each = (jax.make_jaxpr(f)(params, data, numbers).jaxpr for f in (gradient, measure))
    return max(map(_bytes, each))


def _bytes(jaxpr: Any) -> int:
    """Return the bytes of all intermediates, those of functions within functions too."""
    total = 0
    for equation in jaxpr.eqns:
        inner = [p for p in equation.params.values() if hasattr(p, "eqns") or hasattr(p, "jaxpr")]
        if inner:
            total += sum(_bytes(getattr(p, "jaxpr", p)) for p in inner)
        elif equation.primitive.name not in FUSED:
            total += sum(v.aval.size * v.aval.dtype.itemsize for v in equation.outvars)
    return total


def available_memory() -> float:
    """Return the bytes that are free on the device that JAX computes on."""
    device = jax.devices()[0]
    stats = device.memory_stats()
    if stats and "bytes_limit" in stats:
        return float(stats["bytes_limit"] - stats.get("bytes_in_use", 0))
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = dict(line.split(":", 1) for line in lines)
        return float(found["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        pass
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def require_memory(experiments: Sequence[Experiment]) -> None:
    """Raise `InvalidInput` if the batch would not fit into memory."""
    need, have = required_memory(experiments), available_memory()
    if need > have:
        fit = max(1, int(len(experiments) * have / need))
        advice = (
            f"train at most {fit} of the {len(experiments)} experiments together"
            if len(experiments) > 1 and need / len(experiments) <= have
            else "use fewer examples, a smaller network, or fewer records"
        )
        raise InvalidInput(
            f"the run would take about {need / 2**30:.1f} GiB and {have / 2**30:.1f} GiB are free: "
            f"{advice}"
        )
