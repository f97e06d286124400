"""The convex engines, predictions and diagnoses in an installation without JAX, as in a browser."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import latebloom as lb

ROOT = Path(__file__).parent.parent
LEFT_OUT = ("jax", "jaxlib", "optax", "h5netcdf", "h5py", "safetensors", "sklearn", "matplotlib")
LEFT_OUT += ("lzma", "_lzma")  # of the standard library, but not in a browser
PROLOGUE = f"""
import json, sys
for name in {LEFT_OUT!r}:
    sys.modules[name] = None  # whoever imports it is told that there is no such module
"""
# One process for all answers: starting it takes longer than computing them.
ANSWERS = """
import tempfile
from pathlib import Path

import latebloom as lb
from latebloom.core.errors import Unsupported

vector = lb.SparseRecovery.code(n=20, s=1, N=10, seed=1)
matrix = lb.MatrixCompletion(n1=7, n2=6, r=1, N=30, seed=1)
subgradient = lb.Experiment(vector, lb.L1(1e-4), lb.Subgradient(0.1), steps=10**6)
experiments = {
    "jump": lb.Experiment(vector, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=10**6),
    "spectral": lb.Experiment(vector, lb.L2(1e-3), lb.GradientDescent(0.1), steps=10**4),
    "slow": lb.Experiment(matrix, lb.Nuclear(1e-6), lb.ProximalGradient(0.5), steps=10**8),
    "bracketed": subgradient,
}

def passages(found):
    return [[p.low, p.high, p.kind] for p in (found.t1, found.t2)]

found = {}
for name, experiment in experiments.items():
    engine = "slow" if name == "slow" else "auto"
    run = lb.simulate(experiment, engine)
    found[name] = {"toml": experiment.to_toml(), "engine": run.engine, "t": passages(run.phases)}
    found[name]["predicted"] = lb.predict(experiment).t2
found["refused"] = []
for refused in (
    lambda: lb.simulate(subgradient, "step"),
    lambda: lb.simulate("slow-addition"),
    lambda: lb.simulate("slow-depth", "slow"),
    lambda: lb.simulate(subgradient.with_(penalty=lb.L1(1e-3) + lb.L2(1e-3))),
):
    try:
        refused()
    except Unsupported as error:
        found["refused"].append(str(error))
log = {"step": list(range(100)), "train_acc": [0.5] * 5 + [1.0] * 95}
log["val_acc"] = [0.1] * 80 + [1.0] * 20
found["diagnosis"] = passages(lb.diagnose(log))
with tempfile.TemporaryDirectory() as folder:
    packed = Path(folder, "log.csv.xz")
    packed.write_bytes(bytes.fromhex("fd377a585a00") + bytes(99))
    try:
        lb.diagnose(str(packed))
    except lb.InvalidInput as error:
        found["packed"] = str(error).removeprefix(str(packed))
found["loaded"] = sorted(name for name in sys.modules if sys.modules[name] and name in LEFT_OUT)
print(json.dumps(found))
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process in which the modules of `LEFT_OUT` cannot be imported."""
    names = f"LEFT_OUT = {LEFT_OUT!r}\n"
    command = [sys.executable, "-c", PROLOGUE + names + code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=ROOT)


@pytest.fixture(scope="module")
def answers() -> dict:
    process = python(ANSWERS)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


@pytest.mark.parametrize("name", ["jump", "spectral", "slow", "bracketed"])
def test_what_needs_no_jax_gives_the_same_without_it(name, answers):
    without = answers[name]
    experiment = lb.Experiment.from_toml(without["toml"])
    assert without["engine"] == ("jump" if name == "bracketed" else name)
    run = lb.simulate(experiment, without["engine"])
    expected = [[p.low, p.high, p.kind] for p in (run.phases.t1, run.phases.t2)]
    assert without["t"] == expected
    assert without["predicted"] == lb.predict(experiment).t2


def test_auto_gives_a_bracket_that_holds_the_exact_step(answers):
    low, high, kind = answers["bracketed"]["t"][1]
    exact = lb.simulate(lb.Experiment.from_toml(answers["bracketed"]["toml"]), "step").phases.t2
    assert kind == "bracketed"
    assert low <= exact.step <= high


def test_what_needs_jax_is_refused_with_the_reason(answers):
    step, network, layers, sums = answers["refused"]
    assert step == "engine 'step': it needs jax, which is not installed"
    assert network == sums
    assert layers == "engine 'slow': it needs jax, which is not installed"
    assert sums == "engine 'auto': only 'step' applies, and it needs jax, which is not installed"


def test_a_log_is_read(answers):
    assert answers["diagnosis"] == [[5, 5, "exact"], [80, 80, "exact"]]
    assert answers["loaded"] == []


def test_packed_logs_are_refused_where_python_lacks_the_module(answers):
    assert answers["packed"] == (
        ": is xz data, and this Python has no module lzma; unpack it by hand"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "fig3", "--steps", "2000"], 0, "t1"),
        (["predict", "fig3"], 0, "100,336"),
        (["doctor"], 0, "JAX is not installed"),
        (
            ["run", "fig3", "--steps", "9", "--engine", "step"],
            2,
            "needs jax, which is not installed",
        ),
        (["demo", "--out", "nowhere"], 2, "needs matplotlib, which is not installed"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_the_command_line_without_jax(arguments, code, says):
    process = python(
        "from latebloom.cli.main import main\nsys.exit(main(sys.argv[1:]))", *arguments
    )
    assert process.returncode == code, process.stderr
    assert says in process.stdout + process.stderr
    assert "Traceback" not in process.stderr


def test_the_distribution_leaves_out_in_a_browser_what_is_not_needed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    marked = {line.split(">")[0] for line in project["dependencies"] if "emscripten" in line}
    assert marked == {"h5netcdf[h5py]", "jax", "optax", "safetensors", "scikit-learn"}


PAGE = """
from latebloom.explore import view
from latebloom.explore.point import Point
from latebloom.explore.work import Job, compute

for name in ("sparse", "mirage", "matrix", "deep"):
    job = Job(lambda job: compute(Point.of(name), job))
    job.run()
    if job.error:
        print(name, job.error)
    else:
        page = view.run_pictures(job.first) + view.run_facts(*job.result)
        print(name, job.first.phases.t1.step, page.count("<svg"))
"""


def test_the_page_of_the_explorer_without_jax():
    process = python(PAGE)
    assert process.returncode == 0, process.stderr
    assert process.stdout.splitlines() == [
        "sparse 60 6",
        "mirage 118 6",
        "matrix 67 6",
        "deep engine 'slow': it needs jax, which is not installed",
    ]
