"""The log of a training run: its state, what was measured, and both in a file."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np

from .network import Measures, State


@dataclass(frozen=True)
class Log:
    """The state of a run, and what was measured so far; the first axis of arrays is the batch.

    A new one replaces the old one by a single assignment, so that Ctrl-C finds a record kept or not
    kept, never half.
    """

    state: State
    recorded: tuple[int, State]  # step and state of the last record, step -1 before the first
    t: int = 0
    # One for each record, shared by successive logs; what is beyond `count` does not count.
    all_measures: list[Measures] = field(default_factory=list)
    count: int = 0
    # (experiment, split) -> the record before the error was first at its threshold, the record at
    # which it was, and the state of that experiment at the former.
    passed: dict[tuple[int, int], tuple[int, int, State]] = field(default_factory=dict)

    @property
    def measures(self) -> list[Measures]:
        """What was measured at the records."""
        return self.all_measures[: self.count]

    @property
    def last(self) -> Measures:
        """What was measured last."""
        return self.all_measures[self.count - 1]

    def passes(self, at_threshold: np.ndarray, batched: bool) -> "Log":
        """Return the log with the first passages at this step; `at_threshold` has a row for every
        experiment, a column for train and for test."""
        before, state = self.recorded
        passed = dict(self.passed)
        for i, j in np.argwhere(at_threshold).tolist():
            if (i, j) not in passed:
                passed[i, j] = (before, self.t, one_of(state, i) if batched else state)
        return replace(self, passed=passed)

    def kept(self, found: Measures) -> "Log":
        """Return the log with what was measured at this step."""
        self.all_measures[self.count :] = [found]
        return replace(self, count=self.count + 1, recorded=(self.t, self.state))


def one_of(state: State, i: int) -> State:
    """Return the state of one experiment of a batch."""
    return jax.tree.map(lambda x: x[i], state)


def pack_tree(prefix: str, tree: Any) -> dict[str, np.ndarray]:
    """Return the arrays of a structure by their paths."""
    found = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {prefix + jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in found}


def unpack_tree(prefix: str, tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    """Return the structure like `tree` that `pack_tree` took apart."""
    paths, structure = jax.tree_util.tree_flatten_with_path(tree)
    return structure.unflatten([arrays[prefix + jax.tree_util.keystr(p)] for p, _ in paths])


def pack(log: Log, due: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the log of records at the steps `due` as named arrays, and what else is needed to read
    them."""
    arrays = pack_tree("state", log.state) | pack_tree("recorded", log.recorded[1])
    arrays["steps"] = due[: log.count]
    arrays |= pack_tree("measures", jax.tree.map(lambda *rows: np.stack(rows), *log.measures))
    passed = []
    for (i, split), (low, high, state) in log.passed.items():
        passed.append([i, split, low, high])
        arrays |= pack_tree(f"passed.{i}.{split}", state)
    return arrays, {"t": log.t, "recorded": log.recorded[0], "passed": passed}


def unpack(
    arrays: dict[str, np.ndarray], info: dict[str, Any], like: State, due: np.ndarray, batched: bool
) -> Log:
    """Return the log that `pack` took apart.

    **Arguments:**

    - `arrays`, `info`: what `pack` returned.
    - `like`: a state of the same run.
    - `due`: the steps to be recorded.
    - `batched`: whether it is of a batch of experiments.

    **Raises:** `KeyError`, `TypeError` or `ValueError` if they are not of such a run.
    """

    def state(prefix: str, like: State = like) -> State:
        found = unpack_tree(prefix, like, arrays)
        for own, theirs in zip(jax.tree.leaves(like), jax.tree.leaves(found), strict=True):
            if (own.shape, own.dtype) != (theirs.shape, theirs.dtype):
                raise ValueError(
                    f"{theirs.shape} {theirs.dtype} where {own.shape} {own.dtype} is due"
                )
        return found

    steps, t, recorded = arrays["steps"].tolist(), int(info["t"]), int(info["recorded"])
    whole = steps and steps == due[: len(steps)].tolist() and recorded == steps[-1]
    following = due[len(steps)] if len(steps) < len(due) else due[-1]
    if not whole or not recorded <= t <= following:
        raise ValueError(f"{len(steps)} records up to step {recorded} and a state of step {t}")
    names = ("l0", "l1", "l2", "nuclear")
    stacked = unpack_tree("measures", Measures(0, 0, 0, dict.fromkeys(names, 0)), arrays)
    rows = [jax.tree.map(lambda x, k=k: x[k], stacked) for k in range(len(steps))]
    one = one_of(like, 0) if batched else like
    passed = {
        (i, split): (low, high, state(f"passed.{i}.{split}", one))
        for i, split, low, high in info["passed"]
    }
    return Log(state("state"), (recorded, state("recorded")), t, rows, len(steps), passed)
