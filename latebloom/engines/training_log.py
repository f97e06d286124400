"""The log of a training run: its state, what was measured, and both in a file."""

from dataclasses import dataclass, field, replace
from typing import Any

import jax
import numpy as np

from .network import UNSEEN, Measures, State


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
    # (experiment, split) -> the first record at which the error was at its threshold.
    passed: dict[tuple[int, int], int] = field(default_factory=dict)

    @property
    def measures(self) -> list[Measures]:
        """What was measured at the records."""
        return self.all_measures[: self.count]

    @property
    def last(self) -> Measures:
        """What was measured last."""
        return self.all_measures[self.count - 1]

    def passes(self, at_threshold: np.ndarray) -> "Log":
        """Return the log with the first passages at this step; `at_threshold` has a row for every
        experiment, a column for train and for test."""
        found = dict.fromkeys(map(tuple, np.argwhere(at_threshold).tolist()), self.t)
        first = np.reshape(self.state.first, at_threshold.shape)
        first = np.where(at_threshold & (first == UNSEEN), self.t, first)
        state = self.state._replace(first=first.reshape(np.shape(self.state.first)))
        return replace(self, state=state, passed=found | self.passed)

    def kept(self, found: Measures) -> "Log":
        """Return the log with what was measured at this step."""
        self.all_measures[self.count :] = [found]
        return replace(self, count=self.count + 1, recorded=(self.t, self.state))


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
    passed = [[*key, step] for key, step in log.passed.items()]
    return arrays, {"t": log.t, "recorded": log.recorded[0], "passed": passed}


def unpack(
    arrays: dict[str, np.ndarray], info: dict[str, Any], like: State, due: np.ndarray
) -> Log:
    """Return the log that `pack` took apart.

    **Arguments:**

    - `arrays`, `info`: what `pack` returned.
    - `like`: a state of the same run.
    - `due`: the steps to be recorded.

    **Raises:** `KeyError`, `TypeError` or `ValueError` if they are not of such a run.
    """

    def state(prefix: str) -> State:
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
    passed = {(i, split): step for i, split, step in info["passed"]}
    return Log(state("state"), (recorded, state("recorded")), t, rows, len(steps), passed)
