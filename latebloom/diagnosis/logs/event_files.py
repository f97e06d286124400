"""TensorBoard's event files, read by TensorBoard's own record reader and without TensorFlow."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from latebloom.core.errors import InvalidInput

from .log import Column, Log

MARK = "tfevents"  # in the name of every event file


def read_events(path: Path, files: Sequence[Path]) -> Log:
    """Return the scalars of event files as curves with steps of their own.

    A run that was resumed leaves several files in one folder: they are one log. Files in several
    folders (Keras writes `train/` and `validation/`) keep the folder in front of the tag.

    **Arguments:**

    - `path`: of the log, for messages.
    - `files`: its event files, the oldest first.

    **Raises:** `InvalidInput` for a missing package, a file that is no event file, or one without
    scalars.
    """
    try:
        # The record reader that TensorBoard falls back on where there is no TensorFlow.
        from google.protobuf.message import DecodeError
        from tensorboard.compat.proto import event_pb2
        from tensorboard.compat.tensorflow_stub import errors
        from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import PyRecordReader_New
        from tensorboard.util.tensor_util import make_ndarray
    except ImportError as error:
        raise InvalidInput(
            f"{path}: event files need TensorBoard: pip install 'latebloom[tensorboard]' ({error})"
        ) from None

    message: Any = vars(event_pb2)["Event"]  # the class is made when the module is loaded
    several = len({file.parent for file in files}) > 1
    notes: list[str] = []

    def events(file: Path) -> Iterator[Any]:
        try:
            reader = PyRecordReader_New(str(file))
            while True:
                try:
                    reader.GetNext()
                except errors.OutOfRangeError:
                    return
                yield message.FromString(reader.record())
        except OSError as error:
            raise InvalidInput(f"{file}: cannot be read ({error.strerror or error})") from None
        except (errors.OpError, DecodeError):  # a checksum, or the half record of a killed run
            notes.append(f"{file.name} is damaged or not complete: read up to there")

    read: dict[str, list[tuple[float, float]]] = {}
    for file in files:
        folder = file.parent.relative_to(path).as_posix() + "/" if several else ""
        for event in events(file):
            for value in event.summary.value:
                if value.HasField("simple_value"):
                    number = np.array(value.simple_value)
                elif value.HasField("tensor") and value.metadata.plugin_data.plugin_name in (
                    *("", "scalars"),  # only the first record of a tag names its plugin
                ):
                    number = make_ndarray(value.tensor)
                else:
                    continue  # pictures, histograms, texts
                if number.size == 1 and number.dtype.kind in "fiu":
                    read.setdefault(f"{folder}{value.tag}", []).append((event.step, number.item()))
    if not read:
        why = notes[0] if notes else "it holds no scalars"
        raise InvalidInput(f"{path}: no curve could be read ({why}); give the run's own log")
    columns = {
        tag: Column(values, steps=steps)
        for tag, records in read.items()
        for steps, values in [np.array(records, dtype=np.float64).T]
    }
    return Log(str(path), columns, tuple(dict.fromkeys(notes)))
