"""The seven runs of the demo, and the page that shows them: grokking, computed exactly; a far
longer delay; a matrix; a mirage; a network; one whose delay is skipped."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from latebloom.core.files import read_toml
from latebloom.core.folders import check_folder, new_folder
from latebloom.core.progress import Progress
from latebloom.core.text import number
from latebloom.core.versions import versions
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.presets import load
from latebloom.plots import plot_mirage, plot_run
from latebloom.plots.page import Section, page
from latebloom.plots.style import render
from latebloom.runs.run import Run as Result
from latebloom.simulate import simulate
from latebloom.theory import Prediction
from latebloom.theory.advice import explain
from latebloom.theory.predict import predict_at_once
from latebloom.theory.rows import run_rows

from .arguments import split
from .run import Run
from .table import Row

TITLE = "latebloom: late generalization, on time"
LEAD = (
    "A model can fit its training data at step t1 and generalize only at step t2, far later, when "
    "a small penalty has done its work. Six runs, five of them simulated exactly and one followed "
    "along its flow, with t1, t2 and what theory predicted."
)
HEADER = ("run", "engine", "t1", "t2", "t2 predicted", "verdict", "seconds")
NEXT = (
    "latebloom run fig3 --method ProximalGradient --penalty.beta 1e-7 --steps 1e8 --out out",
    "latebloom show fig3 > mine.toml   # edit it, then: latebloom run mine.toml",
    "latebloom list",
)


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo: file name, titles, text, command and what it runs."""

    file: str
    short: str
    title: str
    text: str
    engine: str
    command: str
    experiment: Experiment
    refine: bool


@dataclass(frozen=True)
class Outcome:
    """What a run of the demo gave, and what was predicted."""

    source: DemoRun
    run: Result
    prediction: Prediction

    def row(self) -> Row:
        """Return the row of the table, in the order of `HEADER`."""
        run = self.run
        predicted = number(self.prediction.t2)
        times = (run.phases.t1.brief, run.phases.t2.brief)
        verdict = str(run.phases.verdict).replace("_", " ")
        return (self.source.short, run.engine, *times, predicted, verdict, f"{run.seconds:.2g}")

    def section(self, svg: bytes) -> Section:
        """Return the section of the page."""
        rows = run_rows(self.run, self.prediction)
        facts = "; ".join(f"{name}: {value}" for name, value, _ in rows if value)
        return Section(
            title=self.source.title,
            text=self.source.text,
            svg=svg,
            alt=f"Errors against the step, with t1, t2, norms and components. {facts}.",
            notes=explain(self.run, self.prediction),
            toml=self.source.experiment.to_toml(),
            command=self.source.command,
        )


def demo_runs() -> list[DemoRun]:
    """Return the runs of the demo, as `demo.toml` lists them."""
    found = []
    for table in read_toml(Path(__file__).with_name("demo.toml"))["runs"]:
        own, settings = split("run", Run, table["command"].split()[2:])
        experiment = load(own[0], settings, "--small" in own)
        experiment = experiment.with_(name=table.pop("name", experiment.name))
        found.append(DemoRun(**table, experiment=experiment, refine="--refine" in own))
    return found


def demo(
    folder: Path, progress: Callable[[str], AbstractContextManager[Progress]]
) -> list[Outcome]:
    """Run the demo and write the page `index.html` and the pictures into `folder`, all or nothing.

    **Arguments:**

    - `folder`: a new or empty folder, or one with an earlier demo, which is replaced.
    - `progress`: title -> context with a progress function.

    **Returns:** what was run.

    **Raises:** `InvalidInput` if the folder holds anything else or cannot be written;
    `KeyboardInterrupt` after Ctrl-C.
    """
    sources = demo_runs()
    files = ("index.html", *(f"{source.file}.svg" for source in sources))
    check_folder(folder, files, overwrite=True)
    outcomes: list[Outcome] = []
    for source in sources:
        experiment = source.experiment
        with progress(source.title) as moved:
            run = simulate(experiment, engine=source.engine, progress=moved, refine=source.refine)
        if run.interrupted:
            raise KeyboardInterrupt
        outcomes.append(Outcome(source, run, predict_at_once(experiment)))
    with new_folder(folder, files, overwrite=True) as draft:
        sections = []
        for outcome in outcomes:
            plot = plot_mirage if outcome.source.file == "mirage" else plot_run
            svg = render(plot(outcome.run), "svg")
            (draft / f"{outcome.source.file}.svg").write_bytes(svg)
            sections.append(outcome.section(svg))
        rows = [outcome.row() for outcome in outcomes]
        html = page(TITLE, LEAD, HEADER, rows, sections, NEXT, versions())
        (draft / "index.html").write_text(html)
    return outcomes
