"""The command `doctor`: what an installation has, and what is missing for which feature."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

from latebloom.core.installed import lacking
from latebloom.core.json_text import dump_json
from latebloom.core.plugins import VARIABLE

from .commands import DONE, Setting
from .table import print_table

# Modules that are no part of the default installation: what for, and the extra that brings them.
OPTIONAL = {
    "distributed": ("sweep --executor dask", "dask"),
    "submitit": ("sweep --executor slurm", "slurm"),
    "pyarrow": ("Parquet files: export, diagnose", "export"),
    "zarr": ("export to Zarr", "export"),
    "tensorboard": ("diagnose of event files", "tensorboard"),
    "marimo": ("explore", "explore"),
    "fsspec": ("stores at a URL", "remote"),
}
# Environment variables that change what latebloom does.
ENVIRONMENT = (VARIABLE, "LATEBLOOM_CACHE", "LATEBLOOM_DEBUG", "JAX_PLATFORMS", "OMP_NUM_THREADS")


@dataclass(frozen=True)
class Doctor:
    """Print what this installation has: versions, devices, folders, optional parts.

    Include the output in a report of a fault.
    """

    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Print what is found."""
        found = inspect_installation()
        if self.json:
            print(dump_json(found))
            return DONE
        rows = []
        for section, facts in found.items():
            for name, value in facts.items():
                rows.append((section, name, "-" if value is None else str(value)))
        print_table(("part", "what", "found"), rows)
        return DONE


def inspect_installation() -> dict[str, dict[str, object]]:
    """Return facts of the installation, by section and name."""
    from threadpoolctl import threadpool_info

    from latebloom.core.compilation import cache_folder
    from latebloom.core.versions import versions

    folder = cache_folder()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    optional = {}
    for module, (feature, extra) in OPTIONAL.items():
        install = f"missing: pip install 'latebloom[{extra}]'"
        optional[f"{module} ({feature})"] = install if lacking([module]) else "installed"
    return {
        "versions": dict(versions()),
        "machine": {
            "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
            "cores": cores,
            "JAX devices": _devices(),
            "linear algebra": "; ".join(
                f"{one['internal_api']}, {one['num_threads']} thread(s)"
                for one in threadpool_info()
                if one["user_api"] == "blas"
            ),
        },
        "folders": {
            "compiled programs": f"{folder} ({_state(folder)})" if folder else "not kept",
            "working folder": _state(Path.cwd()),
        },
        "optional": optional,
        "environment": {name: os.environ.get(name) for name in ENVIRONMENT},
    }


def _devices() -> str:
    """Return the devices that JAX computes on."""
    if lacking(["jax"]):
        return "JAX is not installed: no engine 'step', no networks"
    import jax

    return ", ".join(map(str, jax.devices()))


def _state(folder: Path) -> str:
    """Return whether files can be written into a folder, or into its nearest parent."""
    there = next((one for one in (folder, *folder.parents) if one.exists()), folder)
    return "can be written" if os.access(there, os.W_OK) else "cannot be written"
