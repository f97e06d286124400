"""The files of a store: written whole or not at all, read from a folder or from an object store."""

import abc
import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from latebloom._errors import InvalidInput, unwritable

DRAFT = ".draft-"


class Entry(NamedTuple):
    """A file of a folder: its name, and what changes when it changes."""

    name: str
    size: int
    changed: float


class Files(abc.ABC):
    """A folder that can be read."""

    @abc.abstractmethod
    def entries(self, folder: str, suffix: str) -> list[Entry]:
        """Return the files of a subfolder with this suffix, by name; none if it does not exist."""

    @abc.abstractmethod
    def read(self, path: str) -> bytes:
        """Return the bytes of a file; raises `OSError`."""


class LocalFiles(Files):
    """A folder of the file system."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self, folder: str, suffix: str) -> list[Entry]:
        """Return the files of a subfolder with this suffix, by name; none if it does not exist."""
        try:
            with os.scandir(self.root / folder) as found:
                return sorted(_entries(found, suffix))
        except FileNotFoundError:
            return []

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return (self.root / path).read_bytes()


def _entries(found: Iterator[os.DirEntry[str]], suffix: str) -> Iterator[Entry]:
    for item in found:
        if item.name.endswith(suffix) and not item.name.startswith("."):
            with contextlib.suppress(FileNotFoundError):  # set aside by somebody else meanwhile
                seen = item.stat()
                yield Entry(item.name, seen.st_size, seen.st_mtime_ns)


class RemoteFiles(Files):
    """A folder of an object store, through fsspec: to read."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError:
            raise InvalidInput(
                f"{url}: reading object stores needs fsspec: pip install 'latebloom[remote]'"
            ) from None
        try:
            self.system, self.root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise InvalidInput(f"{url}: cannot be opened ({error})") from None

    def entries(self, folder: str, suffix: str) -> list[Entry]:
        """Return the files of a subfolder with this suffix, by name; none if it does not exist."""
        try:
            found: list[dict[str, Any]] = self.system.ls(f"{self.root}/{folder}", detail=True)
        except FileNotFoundError:
            return []
        named = [(str(item["name"]).rpartition("/")[2], item) for item in found]
        return sorted(
            Entry(name, int(item.get("size") or 0), 0)
            for name, item in named
            if name.endswith(suffix) and not name.startswith(".")
        )

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return self.system.cat_file(f"{self.root}/{path}")


def publish(folder: Path, name: str, data: bytes) -> bool:
    """Write a new file, whole or not at all.

    **Arguments:**

    - `folder`, `name`: where; the folder exists.
    - `data`: the bytes.

    **Returns:** False if a file of this name is there already; it stays as it is.

    **Raises:** `InvalidInput` if it cannot be written.
    """
    draft = folder / f"{DRAFT}{name}-{socket.gethostname()}-{os.getpid()}"
    try:
        with open(draft, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        done = _place(draft, folder / name)
        _sync(folder)
        return done
    except OSError as error:
        raise unwritable(folder / name, error) from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def replace(path: Path, data: bytes) -> None:
    """Write a file in place of an earlier one; a reader sees one of the two, whole."""
    draft = path.with_name(f"{DRAFT}{path.name}-{socket.gethostname()}-{os.getpid()}")
    try:
        with open(draft, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        raise unwritable(path, error) from None
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def _place(draft: Path, path: Path) -> bool:
    """Give the draft its name, unless another process was first."""
    try:
        os.link(draft, path)  # unlike a rename it fails where the name is taken
        return True
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if path.exists():
            return False
        draft.replace(path)
        return True


def _sync(folder: Path) -> None:
    """Make the new name survive a power failure, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_drafts(folder: Path) -> None:
    """Remove what killed processes left half written."""
    host = socket.gethostname()
    for draft in folder.glob(f"{DRAFT}*"):
        owner, _, pid = draft.name.rpartition("-")
        with contextlib.suppress(OSError, ValueError):
            here = owner.endswith(f"-{host}")
            # Of other machines we cannot ask: a day is longer than any write.
            old = time.time() - draft.stat().st_mtime > 86400
            if (here and not _alive(int(pid))) or old:
                draft.unlink()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
