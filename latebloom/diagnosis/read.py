"""From a path to a log: the suffix chooses the reader."""

from pathlib import Path

from latebloom.core.errors import InvalidInput

from .event_files import MARK, read_events
from .log import Log, Table
from .text_logs import read_csv, read_json

CSV = (".csv", ".tsv", ".txt")
JSON = (".json", ".jsonl", ".ndjson")
PARQUET = (".parquet", ".pq")


def read_log(path: str | Path) -> Log:
    """Read the log of a run.

    **Arguments:**

    - `path`: a `.csv` or `.tsv` file with a header (PyTorch Lightning, Keras, one's own), a `.json`
      or `.jsonl` file of records (`trainer_state.json` of Hugging Face), a `.parquet` file, a
      TensorBoard event file, or a folder with event files.

    **Returns:** a `Log`; `names` are its columns.

    **Raises:** `InvalidInput` for a path, a format or a content that is no log, and for a package
    that is missing.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "log.csv"
    >>> _ = file.write_text("step,train_acc,val_acc\\n0,0.1,0.1\\n10,1.0,0.1\\n")
    >>> read_log(file).names
    ['step', 'train_acc', 'val_acc']
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if not path.exists():
        raise InvalidInput(f"{path}: does not exist; give the path of a log")
    if path.is_dir() or MARK in path.name:
        return read_events(path)
    if suffix in CSV:
        return read_csv(path)
    if suffix in JSON:
        return read_json(path)
    if suffix not in PARQUET:
        raise InvalidInput(
            f"{path}: no format {suffix or '(no suffix)'!r}; logs are {', '.join((*CSV, *JSON))}, "
            f"{', '.join(PARQUET)}, TensorBoard event files (*{MARK}*) or a folder with these"
        )
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise InvalidInput(
            f"{path}: Parquet needs pyarrow: pip install 'latebloom[export]' ({error})"
        ) from None
    try:
        return Table(str(path), parquet.read_table(path).to_pydict())
    except (ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise InvalidInput(f"{path}: is no Parquet file that can be read ({first})") from None
