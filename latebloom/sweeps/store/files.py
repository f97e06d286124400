"""The files of a store: written whole or not at all, read from a folder or from an object store."""

import contextlib
import os
from pathlib import Path
from typing import Any, NamedTuple

from latebloom.core.errors import InvalidInput


class Entry(NamedTuple):
    """A file of a folder: its name, and what changes when it changes."""

    name: str
    size: int
    changed: float


class LocalFiles:
    """A folder of the file system."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entries(self, folder: str, suffix: str) -> list[Entry]:
        """Return the files of a subfolder with this suffix, by name; none if it does not exist."""
        entries = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.root / folder) as found:
            for item in found:
                if item.name.endswith(suffix) and not item.name.startswith("."):
                    with contextlib.suppress(FileNotFoundError):  # set aside meanwhile
                        seen = item.stat()
                        entries.append(Entry(item.name, seen.st_size, seen.st_mtime_ns))
        return sorted(entries)

    def read(self, path: str) -> bytes:
        """Return the bytes of a file."""
        return (self.root / path).read_bytes()


class RemoteFiles:
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


Files = LocalFiles | RemoteFiles
