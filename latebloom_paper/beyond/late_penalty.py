"""The penalty switched on late: is the delay spent before memorization or after it?"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.passages import median_curve
from latebloom_paper.book.statistic import Statistic, fraction, median

STUDY = STUDIES["late-penalty"]
START, FROM_T1, SHORT, LONG, EARLY = "start", "from t1", "short", "long", "early"


def named(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what the runs are called in tables and pictures."""
    return {
        START: "from the start",
        FROM_T1: "from $t_1$ on",
        SHORT: f"from step {settings['short']:,} on",
        LONG: f"from step {settings['long']:,} on",
        EARLY: f"until step {settings['off']:,} only",
    }


def sweeps(study: Study) -> dict[str, Sweep]:
    """Return the runs by when the penalty acts."""
    s = study.settings

    def switched(step: int, before: float, after: float) -> dict[str, Any]:
        return {"type": "Piecewise", "steps": [0, step], "values": [before, after]}

    chosen = {
        START: s["beta"],
        FROM_T1: {"type": "SwitchOn", "value": s["beta"]},
        SHORT: switched(s["short"], 0.0, s["beta"]),
        LONG: switched(s["long"], 0.0, s["beta"]),
        EARLY: switched(s["off"], s["beta"], 0.0),
    }
    return {
        name: study.sweep("late", name=f"l1 {name}", base=study.changed({"penalty.beta": value}))
        for name, value in chosen.items()
    }


class Times(NamedTuple):
    """t1 and t2 of one kind of run, one each per instance; infinite: not by the end."""

    t1: np.ndarray
    t2: np.ndarray


def delays(times: Mapping[str, Times], settings: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return t2 less when the penalty began to act, over t2 - t1 with it from the start."""
    start = times[START]
    able = np.isfinite(start.t2)
    usual = (start.t2 - start.t1)[able]
    since = {FROM_T1: times[FROM_T1].t1, SHORT: settings["short"], LONG: settings["long"]}
    return {name: (times[name].t2 - begun)[able] / usual for name, begun in since.items()}


def evidence(times: Mapping[str, Times], settings: Mapping[str, Any]) -> dict[str, Statistic]:
    """Return what decides the claims."""
    ratios = delays(times, settings)
    return {
        "late-penalty.head-start": median(ratios[FROM_T1]),
        "late-penalty.short": median(ratios[SHORT]),
        "late-penalty.long": median(ratios[LONG]),
        "late-penalty.early": fraction(np.isfinite(times[EARLY].t2)),
    }


def reproduce(workspace: Workspace) -> Reproduction:
    """Run with the penalty from the start, from t1, from later on, and only at first."""
    study = STUDY.at(workspace.quick)
    labels, base = named(study.settings), study.experiment
    steps = base.record_steps
    times, curves = {}, {}
    for name, sweep in sweeps(study).items():
        cells = workspace.results(sweep).load()
        t1, t2 = (np.nan_to_num(cells[k].values, nan=np.inf) for k in ("t1", "t2"))
        times[name] = Times(t1, t2)
        curves[f"penalty {labels[name]}"] = median_curve(cells, steps)
    rows = []
    for name, label in labels.items():
        for what, values in (("t1", times[name].t1), ("t2", times[name].t2)):
            ours = float(np.median(values))
            rows.append(Comparison(f"median {what}, penalty {label}".replace("$", ""), None, ours))
    strips = {
        labels[name]: (f"penalty {labels[name]}", values)
        for name, values in delays(times, study.settings).items()
    }
    xlabel = "$t_2$ less the time without penalty / usual delay $t_2-t_1$"
    figure = pictures.plot_curves_and_strips(steps, curves, strips, xlabel, legend="lower left")
    delay = float(np.median(times[START].t2 - times[START].t1))
    found = evidence(times, study.settings)
    return study.reproduction(rows, figure, found, steps=base.steps, delay=delay)
