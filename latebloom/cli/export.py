"""The command `export`: the results of a sweep as one file."""

from dataclasses import dataclass
from pathlib import Path

from latebloom.core.errors import InvalidInput
from latebloom.core.json_text import dump_json

from .commands import DONE, Setting
from .options import StorePath


@dataclass(frozen=True)
class Export:
    """Write the results of a sweep as one file for other tools."""

    store: StorePath
    out: Path | None = None
    """The file: .nc, .zarr, .parquet or .csv; it is needed."""
    sweep: str | None = None
    """Name or hash of the sweep, if the store holds several."""
    overwrite: bool = False
    """Replace an earlier file."""
    json: bool = False
    """Print one JSON document instead of a sentence."""

    def execute(self, settings: list[Setting]) -> int:
        """Write the file."""
        from latebloom.sweeps import open_store
        from latebloom.sweeps.store.export import export, require_export

        if self.out is None:
            raise InvalidInput(
                "export needs --out FILE, with .nc, .zarr, .parquet or .csv at its end"
            )
        require_export(self.out, self.overwrite)
        path = export(open_store(self.store).open(self.sweep), self.out, self.overwrite)
        print(dump_json({"file": str(path)}) if self.json else f"Written: {path}")
        return DONE
