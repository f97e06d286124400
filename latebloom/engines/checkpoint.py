"""Checkpoints: the whole state of a training run in one file, so that a killed run goes on.

A file holds the arrays (safetensors) and, in its header, a JSON document with the specs, the step
and the versions. It is written under another name and renamed: there is always one whole file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.core import checks as check
from latebloom.core.errors import InvalidInput, unwritable
from latebloom.core.files import replace, require_folder
from latebloom.core.lazy import jax
from latebloom.core.spec import canonical
from latebloom.core.versions import versions

FILE = "checkpoint.safetensors"
# Raise it when the meaning of the file's contents changes.
FORMAT = 2


@dataclass(frozen=True)
class Checkpoint:
    """Where and how often a training run keeps its state.

    **Arguments:**

    - `folder`: holds the one file; it is made if it does not exist. A run of the same experiment
      that finds a file there goes on from it.
    - `every_seconds`: time between two files.
    - `every_steps`: updates between two files, beside the time; None: the time alone decides.
    - `file`: its name.

    >>> from latebloom.engines.checkpoint import Checkpoint
    >>> Checkpoint("state", every_steps=1000).every_seconds
    60.0
    """

    folder: str | Path
    every_seconds: float = 60.0  # what one is willing to lose
    every_steps: int | None = None
    file: str = FILE

    def __post_init__(self) -> None:
        check.path("folder", self.folder)
        check.real("every_seconds", self.every_seconds, low=0)
        if self.every_steps is not None:
            check.integer("every_steps", self.every_steps, low=1)

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.folder) / self.file

    def due(self, seconds: float, steps: int) -> bool:
        """Return whether a file is due so long after the last one."""
        enough = self.every_steps is not None and steps >= self.every_steps
        return enough or seconds >= self.every_seconds

    def require_writable(self) -> None:
        """Raise `InvalidInput` if the folder cannot be made or written, before any work is done."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise unwritable(self.folder, error) from None
        require_folder(self.path.parent, self.folder)

    def save(
        self, specs: Sequence[Any], arrays: Mapping[str, np.ndarray], info: Mapping[str, Any]
    ) -> None:
        """Write the file.

        **Arguments:**

        - `specs`: the experiments that the state belongs to.
        - `arrays`: name -> array.
        - `info`: what else to keep, JSON-ready.

        **Raises:** `InvalidInput` if it cannot be written.
        """
        from safetensors.numpy import save

        header = {
            "format": FORMAT,
            "versions": made_with(),
            "experiments": [_identity(spec) for spec in specs],
            "info": dict(info),
        }
        self.require_writable()
        # Not ascontiguousarray, which makes vectors of numbers.
        plain = {name: np.asarray(value, order="C") for name, value in arrays.items()}
        replace(self.path, save(plain, {"latebloom": json.dumps(header)}))

    def load(self, specs: Sequence[Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return the arrays and the info of the file, or None if there is none.

        **Raises:** `InvalidInput` if the file is damaged or belongs to another experiment or
        version; the message says what differs.
        """
        from safetensors import SafetensorError, safe_open

        if not self.path.exists():
            return None
        try:
            with safe_open(self.path, framework="numpy") as file:
                header = json.loads((file.metadata() or {})["latebloom"])
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            number, theirs = header["format"], dict(header["versions"])
            experiments, info = list(header["experiments"]), dict(header["info"])
        except (SafetensorError, OSError, KeyError, ValueError, TypeError) as error:
            raise self.damaged(error) from None
        self._require("format", number, FORMAT)
        for name, version in made_with().items():
            self._require(f"version of {name}", theirs.get(name), version)
        self._require("number of experiments", len(experiments), len(specs))
        for found, spec in zip(experiments, specs, strict=True):
            for difference in differences(found, _identity(spec)):
                self._require(*difference)
        return arrays, info

    def damaged(self, error: Exception) -> InvalidInput:
        """Return the error for a file that is no checkpoint, or not a whole one."""
        return InvalidInput(
            f"{self.path}: cannot be read as a checkpoint ({error}); delete it, or choose "
            "another folder"
        )

    def _require(self, what: str, theirs: Any, ours: Any) -> None:
        if theirs != ours:
            raise InvalidInput(
                f"{self.path}: is of another run: {what} is {_plain(theirs)!r} there and "
                f"{_plain(ours)!r} here; "
                "choose another folder, or delete the file to start anew"
            )


def made_with() -> dict[str, str]:
    """Return what a run that goes on must share to end equal to the bit: compilers and device."""
    names = ("latebloom", "numpy", "jax", "jaxlib", "optax")
    device = jax.devices()[0]
    return {name: versions()[name] for name in names} | {
        "device": f"{device.platform} {device.device_kind}"
    }


def _identity(spec: Any) -> dict[str, Any]:
    """Return what identifies an experiment: all of it but the name."""
    return {key: value for key, value in canonical(spec).items() if key != "name"}


def _plain(value: Any) -> Any:
    """Return whole numbers as such: identities have floats only."""
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def differences(theirs: Any, ours: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Return (key, their value, our value) where two nested documents differ.

    >>> differences({"a": {"b": 1}, "c": 2}, {"a": {"b": 3}, "c": 2})
    [('a.b', 1, 3)]
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        keys = theirs | ours
        pairs = ((theirs.get(k), ours.get(k), f"{path}.{k}".lstrip(".")) for k in keys)
        return [difference for pair in pairs for difference in differences(*pair)]
    return [] if theirs == ours else [(path, theirs, ours)]
