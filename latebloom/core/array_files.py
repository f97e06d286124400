"""Arrays from files: .npy, and CSV as NumPy and pandas write it."""

import csv
from pathlib import Path

import numpy as np
from jaxtyping import Float

from .errors import InvalidInput

TEXT = (".csv", ".tsv", ".txt")


def read_array(path: Path) -> Float[np.ndarray, "..."]:
    """Return the array in a file: of a .csv, .tsv or .txt file its numbers, else those of NumPy.

    A file of text has one row of the matrix per line, or one number of a vector; `,`, `;`, a tab or
    spaces stand between the numbers. A header, which has no numbers, is left out, and so are the
    numbers of the rows that pandas writes in a first column without a name.

    **Raises:** `InvalidInput` for a file that cannot be read or holds anything but numbers.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "X.csv"
    >>> _ = file.write_text("1,2,3\\n4,5,6\\n")
    >>> read_array(file).shape
    (2, 3)
    """
    if path.suffix.lower() in TEXT:
        return _read_text(path)
    try:
        found = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        raise InvalidInput(
            "there is no such file; `latebloom show NAME --out FOLDER` writes an experiment with "
            "its arrays"
        ) from None
    except (OSError, ValueError, EOFError) as error:
        first = str(error).partition("\n")[0]
        raise InvalidInput(
            f"cannot be read as a .npy file ({first}); an array is a .npy file (numpy.save) or a "
            ".csv file"
        ) from None
    if isinstance(found, np.lib.npyio.NpzFile):
        with found:
            names = ", ".join(found.files)
        raise InvalidInput(
            f"a .npz file holds several arrays ({names[:40]}): save one as .npy (numpy.save)"
        )
    return found


def _read_text(path: Path) -> np.ndarray:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInput(f"cannot be read ({error.strerror or error})") from None
    except UnicodeDecodeError:
        raise InvalidInput(
            "is no text in UTF-8; save it as CSV in UTF-8, or as .npy with numpy.save"
        ) from None
    lines = [line.strip() for line in text.splitlines()]
    lines = [line.removeprefix("#") if i == 0 else line for i, line in enumerate(lines) if line]
    if not lines:
        raise InvalidInput("is empty: give a row of numbers per line, or a .npy file")
    separator = next((mark for mark in ",;\t" if mark in lines[0]), None)
    try:
        found = csv.reader(lines, delimiter=separator) if separator else map(str.split, lines)
        rows = [[cell.strip() for cell in row] for row in found]
    except csv.Error as error:
        raise InvalidInput(f"is no CSV ({error}); save it as .npy with numpy.save") from None
    _require_no_column_numbers(rows)
    head, count = rows[0], len(rows) - 1
    numbered = head[0] == "" and [row[0] for row in rows[1:]] == list(map(str, range(count)))
    # pandas may number its columns as well as its rows; else a number in the first line is data.
    columns = numbered and head[1:] == list(map(str, range(len(head) - 1)))
    header = columns or all(_number(cell) is None for cell in head)
    left_out = int(header and numbered)
    rows = [row[left_out:] for row in rows[header:]]
    for i, row in enumerate(rows, start=header + 1):
        if len(row) != len(rows[0]):
            raise InvalidInput(f"line {i} has {len(row)} numbers, and the first {len(rows[0])}")
        for cell in row:
            if _number(cell) is None:
                where = f"line {i}, column {row.index(cell) + 1 + left_out}"
                raise InvalidInput(f"{where}: {cell[:40]!r} is no number")
    array = np.array([[float(cell) for cell in row] for row in rows], dtype=np.float64)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _require_no_column_numbers(rows: list[list[str]]) -> None:
    """Raise if the first line may be the numbers of the columns, as pandas writes them: they would
    be taken for data."""
    head = rows[0]
    numbers = [str(i) for i in range(len(head))]
    whole = all(cell.lstrip("+-").isdigit() for row in rows[1:] for cell in row)
    if len(rows) > 1 and head == numbers and (len(head) > 1 or not whole):
        raise InvalidInput(
            f"the first line, {','.join(head)[:40]}, may be data or the numbers of the columns, as "
            "pandas writes them: write the file with header=False, or as .npy"
        )
