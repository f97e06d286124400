"""Named sweeps: folders of TOML files that plugins register."""

from pathlib import Path

from latebloom.core.files import as_path, read_toml
from latebloom.core.plugins import load_plugins

# Folders of named sweeps, one TOML file each.
FOLDERS: list[Path] = []


def register_sweeps(folder: Path) -> None:
    """Make the TOML files of a folder known as named sweeps."""
    folder = Path(as_path("register_sweeps", folder))
    if folder not in FOLDERS:
        FOLDERS.append(folder)


def sweep_files() -> dict[str, Path]:
    """Return the files of the named sweeps, those of the plugins included, by name."""
    load_plugins()
    return {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.toml"))}


def sweep_names() -> dict[str, str]:
    """Return name -> title of the named sweeps."""
    return {name: read_toml(path).get("title", "") for name, path in sweep_files().items()}
