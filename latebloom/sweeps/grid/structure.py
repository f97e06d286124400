"""What experiments have in common, read off their specs: types, and what may advance together."""

import json
from collections.abc import Mapping
from typing import Any

# Fields that may differ between experiments that advance together (and *_seed).
FREE = ("alpha", "beta", "seed", "thresholds", "zeta", "name")


def structure_of(data: Mapping[str, Any]) -> tuple[str, str]:
    """Return the types of an experiment as one word, and what those that advance together share.

    >>> import latebloom as lb
    >>> spec = lb.Experiment(lb.SparseRecovery(), lb.L1(1e-5)).to_dict()
    >>> other = lb.Experiment(lb.SparseRecovery(seed=3), lb.L1(1e-4)).to_dict()
    >>> structure_of(spec) == structure_of(other)
    True
    """
    return _types(data), json.dumps(_fixed(data), sort_keys=True, default=_array)


def _types(data: Any) -> str:
    if isinstance(data, Mapping):
        inner = (f"{k}:{_types(v)}" for k, v in data.items() if isinstance(v, Mapping | list))
        return f"{data.get('type', '')}({','.join(inner)})"
    return "".join(map(_types, data)) if isinstance(data, list) else ""


def _fixed(data: Any) -> Any:
    """Return the spec without the numbers that may differ within a batch."""
    if isinstance(data, Mapping):
        return {
            k: _fixed(v)
            for k, v in data.items()
            if not (k in FREE or k.endswith("_seed")) or isinstance(v, Mapping)
        }
    return [_fixed(v) for v in data] if isinstance(data, list) else data


def _array(value: Any) -> Any:
    return list(value.shape)  # arrays may differ, not their shape
