"""A log that was dropped on the page."""

import tempfile
from pathlib import Path
from typing import Any

from latebloom.core.errors import InvalidInput, shown
from latebloom.diagnosis import Diagnoses, Diagnosis, diagnose

# The name that a log has if its own is no name of a file.
NAME = "log"


def diagnose_dropped(
    name: str, content: bytes, thresholds: str = "", **given: str | None
) -> Diagnosis:
    """Return the diagnosis of a log.

    **Arguments:**

    - `name`: of the file; nothing outside of a temporary folder is read or written, whatever it is.
    - `content`: its bytes.
    - `thresholds`: of training and test, such as "0.01, 0.05"; those of accuracies if empty.
    - `given`: `train`, `test`, `step`, `kind` and `where` of `diagnose`; empty ones are left out.

    **Raises:** `InvalidInput` for what cannot be read or judged.

    >>> rows = "".join(f"{k},{int(k > 2)},{int(k > 90)}\\n" for k in range(0, 120, 2))
    >>> log = "step,train_acc,val_acc\\n" + rows
    >>> str(diagnose_dropped("../log.csv", log.encode()).verdict)
    'grokked'
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (Path(name.replace("\\", "/")).name.lstrip(".") or NAME)
        path.write_bytes(content)
        try:
            options: dict[str, Any] = {key: value for key, value in given.items() if value}
            found = diagnose(str(path), thresholds=_numbers(thresholds), **options)
        except InvalidInput as error:
            raise InvalidInput(str(error).replace(str(path), name)) from None
    if isinstance(found, Diagnoses):
        raise InvalidInput(f"{name}: holds several runs; enter one of them as rows of one run")
    return found


def _numbers(text: str) -> tuple[float | None, float | None]:
    """Return the thresholds of training and test; one number is that of both.

    >>> _numbers("0.01, 0.05"), _numbers("1e-3"), _numbers(" ")
    ((0.01, 0.05), (0.001, 0.001), (None, None))
    """
    parts = text.replace(",", " ").split()
    try:
        values = [float(part) for part in parts]
        if len(values) <= 2:
            return (values[0], values[-1]) if values else (None, None)
    except ValueError:
        pass
    raise InvalidInput(f"thresholds = {shown(text)}: must be one or two numbers, as in 0.01, 0.05")
