"""The identity of a spec: its plain values, and the hash of these."""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

# Part of every hash: raise it when the meaning of a spec changes, so that stores do not mix the
# two.
SPEC_VERSION = 1


def to_dict(spec: Any) -> dict[str, Any]:
    """Return the spec as a dictionary of plain values (arrays stay arrays); None fields are left
    out."""
    out: dict[str, Any] = {}
    if hasattr(spec, "__spec_family__"):
        out["type"] = type(spec).__name__
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        # What is no data, such as a function, is marked so and takes no part in the identity.
        if value is not None and field.init and field.metadata.get("identity", True):
            out[field.name] = _plain(value)
    return out


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return to_dict(value)
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def canonical(spec: Any) -> Any:
    """Return the spec (or dictionaries of specs) as plain JSON values: every number a float, arrays
    by shape and digest."""
    if isinstance(spec, Mapping):
        return _json({k: _plain(v) for k, v in spec.items() if v is not None})
    return _json(to_dict(spec))


def _json(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _json(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_json(v) for v in value]
    if isinstance(value, np.ndarray):
        return {"array": list(value.shape), "sha256": digest(value)}
    # L1(beta=1) and L1(beta=1.0) are the same experiment; but beyond 2^53 a float does not
    # distinguish one integer from the next.
    return float(value) if type(value) is int and abs(value) <= 2**53 else value


def digest(array: np.ndarray) -> str:
    """Return the SHA-256 of the entries of an array of numbers, as float64."""
    entries = np.ascontiguousarray(array, dtype=np.float64)
    return hashlib.sha256(entries.tobytes()).hexdigest()


def canonical_hash(spec: Any) -> str:
    """Return 16 hex digits that identify a spec: SHA-256 of its canonical JSON, arrays by their
    bytes."""
    return hash_of(canonical(spec))


def hash_of(plain: Mapping[str, Any]) -> str:
    """Return the 16 hex digits of a spec given by its `canonical`."""
    data = {"spec_version": float(SPEC_VERSION), **plain}
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def same_functions(one: Any, other: Any) -> bool:
    """Return whether two specs of equal identity have the same objects where a field has none."""
    pairs = zip(_without_identity(one), _without_identity(other), strict=True)
    return all(a is b for a, b in pairs)


def _without_identity(spec: Any) -> Iterator[Any]:
    """Yield what takes no part in the identity of a spec and of the specs inside it: functions."""
    for field in dataclasses.fields(spec):
        value = getattr(spec, field.name)
        if not field.metadata.get("identity", True):
            yield value
        for part in value if isinstance(value, tuple) else (value,):
            if hasattr(part, "__spec_family__"):
                yield from _without_identity(part)
