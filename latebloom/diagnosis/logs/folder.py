"""The log in the folder of a run: event files, MLflow's metrics, or the one file that holds it."""

import os
from collections.abc import Callable
from dataclasses import replace
from fnmatch import fnmatch
from itertools import islice
from pathlib import Path

import numpy as np

from latebloom.core.errors import InvalidInput

from .documents import NUMBERED, read_json_lines
from .event_files import read_events
from .join import join
from .log import Column, Log
from .names import role_of
from .source import LIMIT, Source, as_text, formats, open_source, too_large

# A folder with more files is a home directory or a data set, not the folder of a run.
MOST_FILES = 20_000
METRICS = "metrics"  # the folder in which MLflow keeps one file per curve
CURVES = "plots/metrics/"  # and DVC


def read_folder(path: Path, read: Callable[[Path], Log]) -> Log:
    """Return the log in a folder.

    **Arguments:**

    - `path`: of the folder.
    - `read`: how one file is read.

    **Raises:** `InvalidInput` for a folder without a log, or with those of several runs.
    """
    # Not Path.is_file, which raises for a link that leads where one may not look.
    files = sorted(p for p in islice(path.rglob("*"), MOST_FILES + 1) if os.path.isfile(p))
    if len(files) > MOST_FILES:
        raise InvalidInput(f"{path}: holds more than {MOST_FILES:,} files; give the log itself")
    runs = _mlflow_runs(path, files)
    if runs:
        _refuse_several(path, list(runs))
        return _read_mlflow(path, *next(iter(runs.items())))
    skip = formats()["folder"]["not_logs"]
    files = [f for f in files if not any(fnmatch(f.name.lower(), pattern) for pattern in skip)]
    curves = [f for f in files if CURVES in f.relative_to(path.parent).as_posix()]
    if len(curves) > 1:
        return _read_curves(path, curves, read)
    for group in formats()["folder"]["groups"]:
        found = [f for f in files if any(fnmatch(f.name.lower(), pattern) for pattern in group)]
        if found and "tfevents" in group[0]:
            _refuse_several(path, _event_runs(found))
            return read_events(path, found)
        if found and {f.name for f in found} == {"trainer_state.json"}:
            # Every checkpoint of Hugging Face's Trainer holds the log up to there.
            found = [max(found, key=lambda f: f.stat().st_size)]
        roles = {role_of(f.stem) for f in found}
        if len(found) == 2 and len(roles) == 2 and "train" in roles and None not in roles:
            return join(str(path), {f.name: read(f) for f in found})
        numbered = [f for f in found if f.suffix == ".json" and NUMBERED.match(f.stem)]
        if len(numbered) > 1 and len({_count(f)[0] for f in numbered}) == 1:
            return _read_records(path, numbered)
        _refuse_several(path, found)
        if found:
            log = read(found[0])
            return log.with_notes(f"read from {found[0].relative_to(path)}")
    raise InvalidInput(
        f"{path}: no event file and no other log in this folder; give the log itself"
    )


def _read_curves(path: Path, files: list[Path], read: Callable[[Path], Log]) -> Log:
    """Return one curve per file, called like the file: DVC's plots/metrics/train/acc.tsv."""
    labels = {f.as_posix().partition(CURVES)[2].rpartition(".")[0]: f for f in files}
    log = join(str(path), {label: read(file) for label, file in labels.items()})
    return replace(log, columns={n.rpartition(":")[0]: c for n, c in log.columns.items()})


def _count(file: Path) -> tuple[str, int]:
    match = NUMBERED.match(file.stem)
    return (match[1], int(match[2])) if match else (file.stem, 0)


def _read_records(path: Path, files: list[Path]) -> Log:
    """Return one record per file, in the order of their numbers: AllenNLP's metrics_epoch_12."""
    if sum(file.stat().st_size for file in files) > LIMIT:
        raise too_large(str(path))
    texts = [as_text(open_source(file)) for file in sorted(files, key=_count)]
    lines = [" ".join(text.split()) for text in texts]
    log = read_json_lines(Source(str(path), b""), lines)
    if log is None:
        raise InvalidInput(f"{path}: {files[0].name} holds no record; give the log itself")
    return log.with_notes(f"one record from each of {len(files)} files {_count(files[0])[0]}*.json")


def _refuse_several(path: Path, runs: list[Path]) -> None:
    if len(runs) < 2:
        return
    names = [str(run.relative_to(path)) for run in runs]
    shown = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
    raise InvalidInput(f"{path}: holds {len(runs)} logs ({shown}); give one of them")


def _event_runs(files: list[Path]) -> list[Path]:
    """The folders of the runs: those that differ by more than `train` and `validation`."""
    folders = {file.parent for file in files}
    runs = {f.parent if role_of(f.name) else f for f in folders}
    # A writer that is asked for several scalars at once makes a folder per curve below the run's.
    tops = {run for run in runs if not any(other in run.parents for other in runs)}
    return sorted(tops)


def _mlflow_runs(path: Path, files: list[Path]) -> dict[Path, list[Path]]:
    """The folders `metrics` of MLflow's runs, and the files of their curves."""
    runs: dict[Path, list[Path]] = {}
    for file in files:
        above = [file.parent, *file.parent.parents]
        folders = [f for f in above if f.name == METRICS and (f == path or path in f.parents)]
        if folders and not file.suffix and _is_curve(file):
            runs.setdefault(folders[-1], []).append(file)
    return runs


def _is_curve(file: Path) -> bool:
    """Whether a file begins with a time, a value and a step, as MLflow writes them."""
    with file.open("rb") as opened:
        words = opened.readline(200).split()
    try:
        return len(words) in (2, 3) and float(words[0]) > 1e8 and float(words[1]) is not None
    except ValueError:
        return False


def _read_mlflow(path: Path, folder: Path, files: list[Path]) -> Log:
    """Return one curve per file: time, value and step in every line."""
    if sum(file.stat().st_size for file in files) > LIMIT:
        raise too_large(str(path))
    columns, notes = {}, []
    for file in files:
        rows = [line.split() for line in as_text(open_source(file)).splitlines()]
        good = [row for row in rows if len(row) == 3]
        try:
            table = np.array(good, dtype=np.float64).reshape(-1, 3)
        except ValueError:
            notes.append(f"{file.name} is no curve of MLflow: left out")
            continue
        if len(good) < len(rows):
            notes.append(f"{len(rows) - len(good)} lines of {file.name} are not complete: left out")
        if len(table):
            name = file.relative_to(folder).as_posix()
            columns[name] = Column(table[:, 1], steps=table[:, 2])
    return Log(str(path), columns, tuple(notes))
