"""What a page shows of a run, of a grid of runs and of a log, as HTML."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np

from latebloom.core import html
from latebloom.core.errors import InvalidInput
from latebloom.core.palette import TEST, TRAIN
from latebloom.core.phases import Verdict
from latebloom.core.text import UNKNOWN, number
from latebloom.diagnosis import Diagnosis
from latebloom.runs.run import Run
from latebloom.theory import Prediction
from latebloom.theory.advice import explain
from latebloom.theory.rows import run_rows

from .dropped import diagnose_dropped
from .grid import LAW, Grid, product_of
from .pictures import Curve, component_picture, curve_picture, error_picture, norm_picture
from .point import Point
from .work import Job
from .world import World, names, world

# A letter for each verdict, so that no one has to tell colours.
LETTERS = {
    Verdict.grokked: "G",
    Verdict.generalized_at_once: "O",
    Verdict.memorized_only: "M",
    Verdict.mirage: "I",
    Verdict.never_memorized: "N",
    Verdict.ungrokked: "U",
    Verdict.diverged: "D",
    Verdict.undecided: "?",
}


ABOUT_LOGS = (
    "The log stays on this machine. Columns are found by name; enter here what the names do not "
    "say. Errors and losses need thresholds."
)
# t2 alpha beta is called a constant if it changes by no more than this factor.
CONSTANT = 1.1


def verdict_line(verdict: str, reason: str) -> str:
    """Return the verdict with a sentence."""
    words = verdict.replace("_", " ")
    return (
        f'<p class="lb-verdict"><strong class="lb-{verdict}">{words}</strong> {escape(reason)}</p>'
    )


def run_pictures(run: Run) -> str:
    """Return the verdict and the pictures of a run; the times are there as data as well."""
    t1, t2 = run.phases.t1, run.phases.t2
    times = {"t1-low": t1.low, "t1-high": t1.high, "t2-low": t2.low, "t2-high": t2.high}
    data = {"hash": run.experiment.hash, "verdict": run.phases.verdict, **times}
    named = " ".join(f'data-{name}="{"" if v is None else v}"' for name, v in data.items())
    line = verdict_line(str(run.phases.verdict), run.phases.reason)
    return (
        f'<div id="lb-run" {named}>{line}{error_picture(run)}'
        f"{component_picture(run)}{norm_picture(run)}</div>"
    )


def run_facts(run: Run, prediction: Prediction | None) -> str:
    """Return what was measured beside what was predicted, and the sentences.

    **Arguments:**

    - `run`: of the experiment.
    - `prediction`: of the same; None as long as it is not there.
    """
    known = Prediction() if prediction is None else prediction
    header = ("", "measured", "predicted" if prediction is not None else "predicted (computing)")
    rows = [tuple(map(escape, row)) for row in run_rows(run, known)]
    notes = list(dict.fromkeys(explain(run, known)))
    return f'<div id="lb-facts">{html.table(header, rows)}{sentences(notes[1:])}</div>'


def worlds_listed(point: Point) -> dict[str, str]:
    """Return title -> name of the worlds, that of the point included."""
    listed = dict.fromkeys([*names(), point.world.name])
    return {world(name).title: name for name in listed}


def controls_list(of: World, sliders: Mapping[str, str]) -> str:
    """Return the sliders of a world, each with what it is and why its range ends where it does.

    **Arguments:**

    - `of`: the world.
    - `sliders`: HTML of the slider of each control, by name.
    """
    rows = "".join(
        f'<div class="lb-control">{sliders[control.name]}<small>{control.text}<span>, '
        f"{control.low:g} to {control.high:g}: {control.why}</span></small></div>"
        for control in of.controls
    )
    return f'<div class="lb-controls"><p class="lb-about">{of.text}</p>{rows}</div>'


def sentences(notes: Iterable[str]) -> str:
    """Return sentences as a list."""
    items = "".join(f"<li>{escape(note)}</li>" for note in notes if note)
    return f"<ul>{items}</ul>" if items else ""


def waiting(job: Job) -> str:
    """Return how far a job is."""
    if job.cancelled:
        return '<p class="lb-wait" role="status">cancelled; change a setting to start again</p>'
    bar = "<progress></progress>"
    if job.total:
        bar = f'<progress max="{job.total}" value="{min(job.done, job.total)}"></progress>'
    words = escape(job.note) or (f"{job.done:,} of {job.total:,}" if job.total else "computing")
    return f'<p class="lb-wait" role="status">{bar} {words}</p>'


def refused(message: str) -> str:
    """Return a message that says why there is no result."""
    return f'<p class="lb-error" role="alert">{escape(message)}</p>'


def here(point: Point, run: Run) -> str:
    """Return t2 alpha beta at the point of the page."""
    product = product_of(point, run)
    words = run.phases.t2.words if product is None else f"t2 alpha beta = {product:.4g}"
    alpha, beta = (f"{name} = {point.values[name]:g}" for name in ("alpha", "beta"))
    return f'<p id="lb-here" data-product="{product}"><strong>{alpha}, {beta}: {words}</strong></p>'


def _change(ratio: float) -> str:
    """Return how much a number changes, in words: in percent up to a factor of two.

    >>> _change(1.0016), _change(3.21)
    ('0.16 %', 'a factor of 3.2')
    """
    return f"a factor of {ratio:.2g}" if ratio > 2 else f"{100 * (ratio - 1):.2g} %"


def grid_caption(grid: Grid) -> str:
    """Return what a grid shows, and how to read it."""
    seen = dict.fromkeys(cell.verdict for cell in grid.cells if cell.verdict is not None)
    keys = "".join(
        f'<li><span class="lb-key lb-{verdict}">{LETTERS[verdict]}</span> '
        f"{str(verdict).replace('_', ' ')}</li>"
        for verdict in seen
    )
    legend = f'<ul class="lb-legend">{keys}</ul>'
    if grid.kind == LAW:
        found = [cell.product for cell in grid.cells if cell.product is not None]
        if not found:
            return "<p>No cell reaches t2 here.</p>"
        low, high = min(found), max(found)
        constant = high <= CONSTANT * low
        ends = (
            "so the delay is proportional to 1/(alpha beta)."
            if constant
            else "so the delay is not proportional to 1/(alpha beta) here."
        )
        text = (
            "Each cell is a run; its number is t2 alpha beta. Drag the framed cell, or choose "
            "another. Across the plane alpha beta changes by a "
            f"factor of {grid.span:,.0f}, the number by {_change(high / low)}, from "
            f"{low:.4g} to {high:.4g}, {ends}"
        )
        return f'<p id="lb-law" data-low="{low}" data-high="{high}">{text}</p>{legend}'
    return (
        "<p>Each cell is a run: its letter is the verdict, its number t2. Choose one to see it.</p>"
        f"{legend}"
    )


def grid_table(grid: Grid, point: Point, buttons: Sequence[str]) -> str:
    """Return a grid of runs with its axes.

    **Arguments:**

    - `grid`: what is shown.
    - `point`: where the page is; its cell is framed.
    - `buttons`: HTML of the button of each cell.
    """
    columns = len(grid.x.values)
    cells = []
    for i, (cell, button) in enumerate(zip(grid.cells, buttons, strict=True)):
        if i % columns == 0:
            y = grid.y.name
            cells.append(f'<div class="lb-axis">{y} = {cell.values[y]:g}</div>')
        framed = all(point.values.get(name) == value for name, value in cell.values.items())
        letter = "" if cell.verdict is None else LETTERS[cell.verdict]
        verdict = "" if cell.verdict is None else f" lb-{cell.verdict}"
        classes = f"lb-cell{verdict}{' lb-here' if framed else ''}"
        title = ", ".join(f"{name} = {value:g}" for name, value in cell.values.items())
        cells.append(f'<div class="{classes}" title="{title}"><b>{letter}</b>{button}</div>')
    x = grid.x.name
    below = "".join(f'<div class="lb-axis">{x} = {value:g}</div>' for value in grid.x.values)
    plane = " lb-plane" if grid.kind == LAW else ""  # over which the point is dragged
    style = f"grid-template-columns: auto repeat({columns}, minmax(4.2rem, 1fr))"
    return (
        f"{grid_caption(grid)}"
        f'<div class="lb-grid{plane}" style="{style}">{"".join(cells)}<div></div>{below}</div>'
    )


def code(text: str) -> str:
    """Return lines of code."""
    return html.code(text)


def picture_file(run: Run | None, kind: str) -> bytes:
    """Return the picture of a run as a file, drawn as `latebloom run --out` draws it.

    **Arguments:**

    - `run`: what is drawn; None if it is not there yet.
    - `kind`: png or svg.

    **Raises:** `InvalidInput` without a run.
    """
    if run is None:
        raise InvalidInput("the run is not there yet: wait for it, then save its picture")
    from latebloom.plots import plot_run, render

    return render(plot_run(run), kind)


def diagnosis_view(name: str, found: Diagnosis) -> str:
    """Return the diagnosis of a log.

    **Arguments:**

    - `name`: of the log.
    - `found`: what its curves show.
    """
    shown = [
        Curve(np.asarray(c.steps), np.asarray(c.values, float), colour, dash, c.name)
        for c, colour, dash in ((found.train, TRAIN, ""), (found.test, TEST, "6 3"))
    ]
    log = "accuracy" not in (found.train.kind, found.test.kind)
    picture = curve_picture(shown, found.phases, found.thresholds, log)
    rows = [
        ("t1 (memorized)", escape(found.t1.words)),
        ("t2 (generalized)", escape(found.t2.words)),
        ("delay", escape(found.delay_words)),
        ("last, training and test", " and ".join(number(float(c.values[-1])) for c in shown)),
    ]
    ahead = found.forecast
    if ahead is not None:
        step = UNKNOWN if ahead.step is None else f"{ahead.step:,}"
        rows.append(("forecast of t2", f"{step}: {escape(ahead.reason)}"))
    notes = [*found.reasons, *(f"note: {note}" for note in found.notes)]
    line = verdict_line(str(found.verdict), found.advice)
    return (
        f'<div id="lb-diagnosis" data-verdict="{found.verdict}">{line}{picture}'
        f"{html.table((name, ''), rows)}{sentences(notes)}</div>"
    )


def dropped_view(name: str, contents: bytes, columns: Mapping[str, Any]) -> str:
    """Return the diagnosis of a dropped log, or why there is none; see `diagnose_dropped`."""
    try:
        return diagnosis_view(name, diagnose_dropped(name, contents, **columns))
    except InvalidInput as error:
        return refused(str(error))


def export_texts(point: Point) -> Sequence[tuple[str, str, str]]:
    """Return (title, name of the file, text) of each form in which a point can be kept.

    Of settings that do not fit together only the link is left.
    """
    link = ("Link", f"{point.world.name}.txt", f"latebloom explore '{point.link()}'\n")
    try:
        return (
            ("TOML", f"{point.world.name}.toml", point.toml()),
            ("Command", f"{point.world.name}.sh", f"{point.command()}\n"),
            ("Python", f"{point.world.name}.py", point.python()),
            link,
        )
    except InvalidInput:
        return (link,)
