"""A log that was dropped on the page."""

import tempfile
from pathlib import Path

from latebloom.core.errors import InvalidInput
from latebloom.diagnosis import Diagnoses, Diagnosis, diagnose

# The name that a log has if its own is no name of a file.
NAME = "log"


def diagnose_dropped(
    name: str, content: bytes, train: str = "", test: str = "", kind: str = ""
) -> Diagnosis:
    """Return the diagnosis of a log.

    **Arguments:**

    - `name`: of the file; nothing outside of a temporary folder is read or written, whatever it is.
    - `content`: its bytes.
    - `train`, `test`: columns; what the names say if empty.
    - `kind`: accuracy, error or loss; what the names and values say if empty.

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
            found = diagnose(str(path), train or None, test or None, kind=kind or None)
        except InvalidInput as error:
            raise InvalidInput(str(error).replace(str(path), name)) from None
    assert not isinstance(found, Diagnoses)  # `by` is not given
    return found
