"""The six runs of the demo, and the page that shows them: grokking, computed exactly; a far longer
delay; a matrix; a mirage; a network."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latebloom.core.folders import check_folder, new_folder
from latebloom.core.progress import Progress
from latebloom.core.text import number
from latebloom.core.versions import versions
from latebloom.experiment.experiment import Experiment
from latebloom.experiment.presets import preset
from latebloom.methods import ProximalGradient
from latebloom.penalties import L1
from latebloom.plots import plot_mirage, plot_run
from latebloom.plots.page import Section, page
from latebloom.plots.style import render
from latebloom.runs.run import Run
from latebloom.simulate import simulate
from latebloom.theory import Prediction, predict

from .table import Row
from .tables import remarks, run_rows

TITLE = "latebloom: late generalization, on time"
LEAD = (
    "A model can fit its training data at step t1 and generalize only at step t2, far later, when "
    "a small penalty has done its work. Six runs, five of them simulated exactly and one followed "
    "along its flow, with t1, t2 and what theory predicted."
)
HEADER = ("run", "engine", "t1", "t2", "delay predicted", "verdict", "seconds")
NEXT = (
    "latebloom run fig3 --method ProximalGradient --penalty.beta 1e-7 --steps 1e8 --out out",
    "latebloom show fig3 > mine.toml   # edit it, then: latebloom run mine.toml",
    "latebloom list",
)


@dataclass(frozen=True)
class DemoRun:
    """One run of the demo: file name, titles, text, experiment, engine, command and picture."""

    file: str
    short: str
    title: str
    text: str
    experiment: Experiment
    engine: str
    command: str
    plot: Callable[[Run], Any] = plot_run
    refine: bool = False


@dataclass(frozen=True)
class Outcome:
    """What a run of the demo gave, and what was predicted."""

    source: DemoRun
    run: Run
    prediction: Prediction

    def row(self) -> Row:
        """Return the row of the table, in the order of `HEADER`."""
        run = self.run
        delay = self.prediction.delay
        predicted = number(None if delay is None else round(delay))
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
            notes=remarks(self.run, self.prediction),
            toml=self.source.experiment.to_toml(),
            command=self.source.command,
        )


def demo_runs() -> list[DemoRun]:
    """Return the six runs of the demo."""
    fig3, fig7 = preset("fig3").experiment(), preset("fig7").experiment()
    proximal = fig3.with_(method=ProximalGradient(0.1), name="fig3, proximal gradient")
    # t2 is near 1/(10 alpha beta) = 10^9: three times that shows the end as well.
    patient = proximal.with_(
        penalty=L1(1e-9), steps=3 * 10**9, name="fig3, proximal gradient, beta = 1e-9"
    )
    jump = "latebloom run fig3 --method ProximalGradient"
    return [
        DemoRun(
            "fig3-step",
            "Figure 3",
            "Figure 3, step by step",
            "The experiment of the paper's Figure 3 with its subgradient method: five non-zeros "
            "out of a hundred from thirty measurements. Every step is computed, and t1 and t2 are "
            "looked for at every one of them.",
            fig3,
            "step",
            "latebloom run fig3 --engine step",
        ),
        DemoRun(
            "fig3-jump",
            "proximal",
            "Figure 3 by proximal gradient, event by event",
            "Between two events (a component reaches or leaves zero) the proximal gradient method "
            "is an affine map, and any number of its steps has a closed form. The jump engine goes "
            "from event to event and gives the same steps without computing those in between.",
            proximal,
            "jump",
            jump,
        ),
        DemoRun(
            "patient",
            "beta = 1e-9",
            "A delay ten thousand times longer",
            "The same with beta = 1e-9 instead of 1e-5. The delay grows as 1/(alpha beta); the "
            "work does not grow with it.",
            patient,
            "jump",
            f"{jump} --penalty.beta 1e-9 --steps 3e9",
        ),
        DemoRun(
            "low-rank",
            "low rank",
            "A low-rank matrix from 70 of its 100 entries",
            "The same with matrices: the penalty is the nuclear norm, and the singular values that "
            "the truth does not have vanish one by one, mostly the smallest first. The slow engine "
            "follows the flow whose explicit steps the method takes, and brackets t2 to less than "
            "1 %; the predicted delay, the norm of what is missing over alpha beta, is too short.",
            preset("fig5-text").experiment(),
            "slow",
            "latebloom run fig5-text --engine slow",
        ),
        DemoRun(
            "mirage",
            "l2 mirage",
            "The mirage: l2 from a large initialization",
            "With weight decay only, and a large initialization, the test error also drops late "
            "and suddenly. On a linear axis it looks like grokking; on a logarithmic one it stops "
            "far from the truth, because the penalty does not favour a sparse solution.",
            fig7,
            "spectral",
            "latebloom run fig7",
            plot_mirage,
        ),
        DemoRun(
            "network",
            "x + y mod 31",
            "A network learns to add",
            "Six in ten of all sums modulo 31, two embeddings and a perceptron, Adam, weight "
            "decay. The network fits its training examples after some seventy steps, and the "
            "test examples after some three thousand. The l2 norm of the weights grows threefold "
            "first.",
            preset("blog-fig1").experiment(small=True),
            "step",
            "latebloom run blog-fig1 --small --refine",
            refine=True,
        ),
    ]


def demo(
    folder: Path, progress: Callable[[str], AbstractContextManager[Progress]]
) -> list[Outcome]:
    """Run the demo and write the page `index.html` and the pictures into `folder`, all or nothing.

    **Arguments:**

    - `folder`: a new or empty folder, or one with an earlier demo, which is replaced.
    - `progress`: title -> context with a progress function.

    **Returns:** what was run; fewer than six if the user stopped it.

    **Raises:** `InvalidInput` if the folder holds anything else or cannot be written.
    """
    sources = demo_runs()
    files = ("index.html", *(f"{source.file}.svg" for source in sources))
    check_folder(folder, files, overwrite=True)
    outcomes: list[Outcome] = []
    for source in sources:
        experiment = source.experiment
        with progress(source.title) as moved:
            run = simulate(experiment, engine=source.engine, progress=moved, refine=source.refine)
        outcomes.append(Outcome(source, run, predict(experiment, exact=False)))
        if run.interrupted:
            break
    with new_folder(folder, files, overwrite=True) as draft:
        write_page(draft, outcomes)
    return outcomes


def write_page(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write the page and its pictures into an existing folder."""
    sections = []
    for outcome in outcomes:
        svg = render(outcome.source.plot(outcome.run), "svg")
        (folder / f"{outcome.source.file}.svg").write_bytes(svg)
        sections.append(outcome.section(svg))
    rows = [outcome.row() for outcome in outcomes]
    html = page(TITLE, LEAD, HEADER, rows, sections, NEXT, versions())
    (folder / "index.html").write_text(html)
