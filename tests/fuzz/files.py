"""Random TOML files of experiments and sweeps, and the folder in which everything runs."""

import atexit
import random
import shutil
import struct
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w

import latebloom as lb
from latebloom.core.files import read_toml
from latebloom.experiment.presets import load
from latebloom.sweeps.named import sweep_files

from .values import chance, spoilt

# Logs of other trainers.
DIAGNOSIS = Path(__file__).parents[1] / "data" / "diagnosis"
BASES = ("fig3", "beta0", "fig5", "fig7", "completion200", "blog-fig1", "fig14", "square")
COMMANDS = (
    ["show", "FILE"],
    ["run", "FILE", "--steps", "20"],
    ["run", "FILE"],
    ["predict", "FILE"],
    ["check", "FILE", "--steps", "20"],
    ["show", "FILE", "--json"],
)
SWEEP: dict[str, Any] = {
    "base": "beta0",
    "seeds": 2,
    "only": "s <= N",
    "tasks": ["simulate"],
    "set": {"steps": 100, "problem": {"n": 20}},
    "axes": {"N": {"start": 8, "stop": 14, "step": 2}, "s": [2, 3]},
    "derive": {"steps": "10 * N"},
}


def file_case(rng: random.Random) -> tuple[bytes, list[str]]:
    """Return the bytes of a file, and a command line that reads it as ``FILE``."""
    if chance(rng, 0.3):
        tree = dict(rng.choice([SWEEP, *_sweeps()]))
        line = ["sweep", "FILE", "--dry-run"]
    else:
        tree = dict(rng.choice(_experiments()))
        line = list(rng.choice(COMMANDS))
    for _ in range(rng.choice([0, 1, 1, 1, 2, 3])):
        tree = spoilt(rng, tree)
    try:
        data = tomli_w.dumps(tree).encode("utf-8", "surrogatepass")
    except (TypeError, ValueError, AttributeError):  # no table any more
        data = repr(tree).encode("utf-8", "surrogatepass")
    return (_broken(rng, data) if chance(rng, 0.2) else data), line


def _broken(rng: random.Random, data: bytes) -> bytes:
    """Return the bytes with something in them that TOML has not."""
    at = rng.randrange(len(data) + 1)
    return rng.choice(
        [
            data[:at],
            data[:at]
            + rng.choice([b"\xff\xfe", b"\0", b"[", b"=", b'"""', b"\xef\xbb\xbf"])
            + data[at:],
            data + b"\nsteps = " + b"9" * 5000,
            data + b"\nx = " + b"[" * 5000 + b"]" * 5000,
            data + b"\n" + data,
            b"\xef\xbb\xbf" + data,
            b"a." * 3000 + b"a = 1\n" + data,
            b"# " + b"x" * 10**6 + b"\n" + data,
            b"",
        ]
    )


@cache
def _experiments() -> list[dict[str, Any]]:
    return [lb.Experiment.to_dict(load(name)) for name in BASES]


@cache
def _sweeps() -> list[dict[str, Any]]:
    return [read_toml(path) for path in sweep_files().values()]


def furnish(folder: Path) -> None:
    """Write the files that command lines name into a folder."""
    small = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=12), lb.L1(1e-3), steps=200)
    (folder / "small.toml").write_text(small.to_toml())
    arrays = lb.LinearData(X=np.eye(3, 5), y_star=np.ones(3))
    (folder / "own.toml").write_text(lb.Experiment(arrays, lb.L2(1e-2), steps=50).to_toml())
    (folder / "sweep.toml").write_text(tomli_w.dumps(SWEEP))
    rows = "".join(f"{10 * k},{min(1, k / 5)},{k / 40}\n" for k in range(40))
    (folder / "log.csv").write_text("step,train_acc,val_acc\n" + rows)
    (folder / "log.jsonl").write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.0}\n')
    (folder / "X.npy").write_bytes(b"\x93NUMPY" + struct.pack("<BBH", 1, 0, 10) + b"not a dict")
    (folder / "folder").mkdir()
    shutil.copytree(DIAGNOSIS, folder / "logs")
    shutil.copytree(_store(), folder / "store")


@cache
def _store() -> Path:
    """Return a store, computed once."""
    small = lb.Experiment(lb.SparseRecovery(n=20, s=2, N=12), lb.L1(1e-3), steps=200)
    folder = Path(tempfile.mkdtemp(prefix="latebloom-fuzz-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with ThreadPoolExecutor(1) as executor:  # no process has to start
        lb.sweep(small, {"N": [8, 12], "s": [2, 3]}, seeds=2).run(folder, executor=executor)
    return folder
