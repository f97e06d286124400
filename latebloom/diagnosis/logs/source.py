"""The bytes of a log, from a file or standard input, unpacked and within bounds."""

import io
import stat
import sys
import tomllib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import IO, Any

from latebloom.core.errors import InvalidInput

# Read and unpacked at most: 7 million rows of three columns, which take 2 GB of memory while they
# are read. More would not fit into the memory of a laptop.
LIMIT = 128 * 2**20
# Packed within packed, as log.csv.gz in a zip archive; a bomb goes deeper.
DEPTH = 3
# A member of every workbook of Excel, which is a zip archive.
WORKBOOK = "xl/workbook.xml"
STDIN = "-"
# Control characters that logs hold: tab, line ends, form feed, backspace and escape.
CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\r\f\b\x1b")
# So many of every second byte are zero in UTF-16 of mostly English text.
MOSTLY = 0.8
# So many bytes decide what a file is.
HEAD = 65536
# Some builds of Python lack these, among them the one for browsers.
try:
    from lzma import LZMAError
except ImportError:
    LZMAError = OSError
READERS = {"gzip": "gzip", "bzip2": "bz2", "xz": "lzma"}
# What the readers of packed files raise for damage, and for methods that they do not know.
DAMAGED = (
    *(OSError, EOFError, ValueError, NotImplementedError, RuntimeError),
    *(zlib.error, LZMAError, zipfile.BadZipFile),
)
FORMATS = Path(__file__).with_name("formats.toml")


@cache
def formats() -> dict[str, Any]:
    """Return the table of signatures."""
    return tomllib.loads(FORMATS.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Source:
    """The unpacked bytes of a log and its name for messages."""

    name: str
    data: bytes
    notes: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        """The name without the folders."""
        return Path(self.name).name

    @property
    def head(self) -> bytes:
        """The first bytes."""
        return self.data[:HEAD]

    def starts(self, signature: str) -> bool:
        """Whether the bytes begin with a signature, in hexadecimal."""
        return self.data.startswith(bytes.fromhex(signature))

    def refuse(self, why: str) -> InvalidInput:
        """Return an error about this log."""
        return InvalidInput(f"{self.name}: {why}")


def size(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count / 2**20:,.0f} MB"


def too_large(name: str, what: str = "is") -> InvalidInput:
    """Return the error for a log beyond the bound."""
    return InvalidInput(
        f"{name}: {what} larger than {size(LIMIT)}, the most that is read; keep the columns and "
        "the rows that are needed (for example every tenth record)"
    )


def open_source(path: str | Path) -> Source:
    """Return the bytes of a file, or of standard input (`-`), unpacked.

    **Raises:** `InvalidInput` for what cannot be read, is empty, or is too large.
    """
    if str(path) == STDIN:
        source = Source("standard input", _bounded("standard input", sys.stdin.buffer))
    else:
        name, path = str(path), Path(path)
        try:
            status = path.stat()
            if stat.S_ISREG(status.st_mode) and status.st_size > LIMIT:
                raise too_large(name)
            with path.open("rb") as file:
                source = Source(name, _bounded(name, file))
        except OSError as error:
            raise InvalidInput(f"{name}: cannot be read ({error.strerror or error})") from None
    for _ in range(DEPTH):
        unpacked = _unpacked(source)
        if unpacked is source:
            break
        source = unpacked
    else:
        raise source.refuse(f"is packed more than {DEPTH} times; unpack it and give the log")
    if not source.data.strip():
        raise source.refuse("is empty; a log needs a header and records")
    return source


def _bounded(name: str, file: IO[bytes] | Any, what: str = "is") -> bytes:
    # In pieces: a reader of compressed files would else grow its buffer before it is counted.
    pieces, total = [], 0
    while piece := file.read(2**20):
        total += len(piece)
        if total > LIMIT:
            raise too_large(name, what)
        pieces.append(piece)
    return b"".join(pieces)


def _unpacked(source: Source) -> Source:
    """Return what a packed file holds; another file as it is."""
    kind = next((k for k, b in formats()["packed"].items() if source.starts(b)), None)
    if kind is not None:
        data = _decompressed(source, kind)
        return replace(source, data=data)
    if source.starts(formats()["read"]["zip"]):
        return _only_member(source)
    return source


@contextmanager
def _readable(source: Source, kind: str) -> Iterator[None]:
    """Turn what the readers of packed files say of damage into one line."""
    try:
        yield
    except DAMAGED as error:
        if isinstance(error, InvalidInput):
            raise
        raise source.refuse(f"is damaged {kind} data ({error}); unpack it by hand") from None


def _decompressed(source: Source, kind: str) -> bytes:
    packed = io.BytesIO(source.data)
    opened = _zstd if kind == "zstd" else _opened
    with _readable(source, kind), opened(source, packed, kind) as file:
        return _bounded(source.name, file, "unpacks to")
    raise AssertionError


def _opened(source: Source, packed: io.BytesIO, kind: str) -> Any:
    """Open packed data with the module of the standard library that reads it."""
    try:
        return import_module(READERS[kind]).open(packed)
    except ImportError:
        raise source.refuse(
            f"is {kind} data, and this Python has no module {READERS[kind]}; unpack it by hand"
        ) from None


def _zstd(source: Source, packed: io.BytesIO, kind: str) -> Any:
    """Open Zstandard data with whatever reads it: Python 3.14, zstandard or pyarrow."""
    try:
        from compression.zstd import ZstdFile  # type: ignore[import-not-found]

        return ZstdFile(packed)
    except ImportError:
        pass
    try:
        from zstandard import ZstdDecompressor  # type: ignore[import-not-found]

        return ZstdDecompressor().stream_reader(packed, read_across_frames=True)
    except ImportError:
        pass
    try:
        import pyarrow
    except ImportError:
        raise source.refuse(
            f"is {kind} data, which needs pyarrow: pip install 'latebloom[export]'; or unpack it "
            "with zstd -d"
        ) from None
    return pyarrow.CompressedInputStream(pyarrow.PythonFile(packed, mode="r"), "zstd")


def _only_member(source: Source) -> Source:
    """Return the one file in a zip archive; arrays of NumPy (.npz) stay as they are."""
    with _readable(source, "zip"), zipfile.ZipFile(io.BytesIO(source.data)) as archive:
        members = [m for m in archive.infolist() if not m.is_dir()]
        members = [m for m in members if not m.filename.startswith("__MACOSX/")]
        names = [member.filename for member in members]
        for known in formats()["refused_zip"]:
            if any(name.endswith(known["member"]) for name in names):
                raise source.refuse(f"is {known['what']}; {known['try']}")
        if names and (all(name.endswith(".npy") for name in names) or WORKBOOK in names):
            return source
        if len(members) != 1:
            found = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "") or "nothing"
            raise source.refuse(
                f"is a zip archive with {len(members)} files ({found}); give one log"
            )
        if members[0].flag_bits & 1:
            raise source.refuse(f"{names[0]} is encrypted; unpack it and give the log")
        with archive.open(members[0]) as file:
            note = f"{names[0]} was read from the archive"
            data = _bounded(source.name, file, "unpacks to")
            return Source(source.name, data, (*source.notes, note))


def as_text(source: Source) -> str:
    """Return the text of a log.

    UTF-8; UTF-16 with a mark, which PowerShell writes; else Latin-1, whose letters may be wrong but
    whose numbers are right.

    **Raises:** `InvalidInput` for what is no text, with what it is.
    """
    if source.data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return source.data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise source.refuse(f"is no text in UTF-16 ({error.reason})") from None
    for known in formats()["refused"]:
        if any(source.starts(signature) for signature in known["bytes"]):
            raise source.refuse(f"is {known['what']}; {known['try']}")
    if source.data[257:262] == b"ustar":
        raise source.refuse("is a tar archive; unpack it and give the log")
    even, odd = source.head[::2], source.head[1::2]
    for encoding, zeros, letters in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros.count(0) > MOSTLY * len(zeros) and not letters.count(0):
            return source.data.decode(encoding, errors="replace")
    control = sum(byte in CONTROLS for byte in source.head)
    if control:
        raise source.refuse(
            f"is no text: {control} of its first {len(source.head)} bytes are control characters; "
            "logs are CSV, JSON, printed lines, .npz, Parquet or event files"
        )
    try:
        return source.data.decode("utf-8-sig")  # Excel begins its files with a mark
    except UnicodeDecodeError:
        return source.data.decode("latin-1")
