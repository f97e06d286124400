"""Seeds of a sweep: one per purpose, the same for every intervention."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def seed_keys(spec: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted keys of the fields that seed something by themselves.

    A seed whose default is None only replaces another one; who sets it wants it to stay.

    >>> import latebloom as lb
    >>> from latebloom.sweeps.grid.seeding import seed_keys
    >>> list(seed_keys(lb.Experiment(lb.SparseRecovery(), init=lb.Gaussian(1.0))))
    ['problem.seed', 'init.seed']
    """
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if field.name == "seed" or field.name.endswith("_seed"):
            if isinstance(field.default, int):
                yield f"{prefix}{field.name}"
        elif hasattr(value, "__spec_family__"):
            yield from seed_keys(value, f"{prefix}{field.name}.")


def derived_seed(seed: int, purpose: str, cell: Mapping[str, Any] | None = None) -> int:
    """Return the seed, 0..2^32 - 1, of one purpose.

    **Arguments:**

    - `seed`: of the sweep.
    - `purpose`: the field that it seeds, so that data and start are independent draws.
    - `cell`: the other coordinates, if every cell shall have its own draw; None: all cells with
      the same seed share their instance and their start, and differ in nothing but what is swept.

    >>> from latebloom.sweeps.grid.seeding import derived_seed
    >>> derived_seed(0, "problem.seed") == derived_seed(0, "init.seed")
    False
    """
    words = [purpose] if cell is None else [purpose, json.dumps(cell, sort_keys=True)]
    digest = hashlib.sha256("\n".join(words).encode()).digest()
    entropy = [seed, *np.frombuffer(digest[:16], dtype=np.uint32).tolist()]
    return int(np.random.SeedSequence(entropy).generate_state(1)[0])
