"""How often a longer run overturns a verdict of "never" or "only", at random horizons."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import beta

import latebloom as lb
from latebloom.core.phases import Passage, Phases
from latebloom.engines.base import find_engine
from latebloom.engines.step import shape, simulate_step
from latebloom.engines.training import train
from latebloom.runs.network_trajectory import network_observables
from latebloom.runs.trajectory import observables
from latebloom.simulate import least_squares_phases, network_phases

from .every_kind import EXACT, KINDS, TRAINED, experiments
from .timing import Row

# Long runs of each kind, and horizons at which each of them is cut.
INSTANCES, CUTS = 24, 2
SEEDS = (51, 52, 53)  # the rule was made on 1 and 11, and was changed after 41 to 43 had been seen
# At most this fraction of verdicts may be overturned.
GOAL = 0.01
# Verdicts that say never or only.
FINAL = ("never_memorized", "memorized_only", "mirage")


class Cut(NamedTuple):
    """A run cut short, and the whole one."""

    kind: str
    step: int
    short: Phases
    whole: Phases

    @property
    def final(self) -> bool:
        """Whether the verdict of the short one says never or only."""
        return self.short.verdict in FINAL

    @property
    def ground(self) -> str:
        """On what ground it does so: proof, limit or rest, as in `latebloom.core.judgement`."""
        early = self.short.verdict == "never_memorized"
        if (self.short.t1 if early else self.short.t2).floor is not None:
            return "proof"
        return "limit" if "in the end it is about" in self.short.reason else "rest"

    @property
    def overturned(self) -> bool:
        """Whether the whole one does what the verdict excludes."""
        early = self.short.verdict == "never_memorized"
        return self.final and (self.whole.t1 if early else self.whole.t2).high is not None

    @property
    def ends(self) -> bool:
        """Whether the whole run does not do what the short one has not done either."""
        early = self.short.t1.high is None
        return (self.whole.t1 if early else self.whole.t2).high is None


def results(kind: str, count: int, seed: int) -> Iterator[tuple[lb.Experiment, Any]]:
    """Yield experiments of a kind and what their engine returns."""
    drawn = list(experiments(kind, count, seed))
    if kind in EXACT:
        for experiment in drawn:
            yield experiment, find_engine("auto", experiment).run(experiment)
    elif kind in TRAINED:
        yield from zip(drawn, train(drawn), strict=True)
    else:
        batches = defaultdict(list)
        for experiment in drawn:
            batches[shape(experiment)].append(experiment)
        for batch in batches.values():
            yield from zip(batch, simulate_step(batch), strict=True)


def seen_by(passage: Passage | None, step: int) -> Passage | None:
    """Return a passage as it is known after so many steps."""
    if passage is None or passage.high is None or passage.high > step:
        return None if passage is None else Passage.after(step)
    return replace(passage, sustained=None, sustained_from=None)


def cuts(kind: str, count: int, per_run: int, seed: int) -> Iterator[Cut]:
    """Yield runs of a kind, cut at horizons that are uniform on a logarithmic axis."""
    rng = np.random.default_rng([seed, 1])
    for experiment, result in results(kind, count, seed):
        whole = cut(experiment, result, len(result.steps) - 1)
        steps = result.steps
        for _ in range(per_run):
            at = 10 ** rng.uniform(1, np.log10(steps[-1]))
            i = int(np.searchsorted(steps, at, "right")) - 1
            yield Cut(kind, int(steps[i]), cut(experiment, result, i), whole)


def cut(experiment: lb.Experiment, result: Any, i: int) -> Phases:
    """Return the phases of a run that ends with its record i."""
    step = int(result.steps[i])
    until = slice(0, i + 1)
    if isinstance(experiment.problem, lb.problems.Supervised):
        curves = network_observables(experiment, result.steps, result.measures)
        t1, t2 = (seen_by(p, step) for p in result.passages)
        return network_phases(experiment, curves.isel(step=until), (t1, t2))
    diverged = result.diverged_at
    part = replace(
        result,
        steps=result.steps[until],
        params=result.params[until],
        t1=seen_by(result.t1, step),
        t2=seen_by(result.t2, step),
        done=step,
        diverged_at=diverged if diverged is not None and diverged <= step else None,
    )
    short = experiment.with_(steps=max(step, 1))
    t1 = -1 if part.t1.step is None else part.t1.step
    return least_squares_phases(short, part, observables(short, part.steps, part.params, t1=t1))


def row(what: str, found: list[Cut]) -> Row:
    """Return the share of verdicts that are overturned, and how many are withheld."""
    final = [c for c in found if c.final]
    wrong = sum(c.overturned for c in final)
    open_ = [c for c in found if c.short.verdict == "undecided"]
    needless = sum(c.ends for c in open_)
    share = wrong / max(1, len(final))
    # With 95% confidence, by Clopper and Pearson.
    most = float(beta.ppf(0.95, wrong + 1, len(final) - wrong)) if wrong < len(final) else 1.0
    detail = f"{wrong} of {len(final)} verdicts of never or only, at most {most:.1%}"
    if len(found) > len(final):
        detail += (
            f"; undecided {len(open_)} of {len(found)} runs, {needless} of them with nothing more "
            "to come"
        )
    return Row(what, 100 * share, "% overturned", f"<= {GOAL:.0%}", share <= GOAL, detail)


def measure(out: Path) -> list[Row]:
    """Return the rows over all kinds, over the grounds of the verdicts, and kind by kind."""
    found = [c for seed in SEEDS for k in KINDS for c in cuts(k, INSTANCES, CUTS, seed)]
    table = Counter((c.kind, str(c.short.verdict), c.overturned) for c in found)
    lines = [
        {"kind": k, "verdict": v, "overturned": o, "runs": n} for (k, v, o), n in table.items()
    ]
    (out / "verdicts.json").write_text(json.dumps(lines, indent=1) + "\n")
    final = [c for c in found if c.final]
    grounds = {g: [c for c in final if c.ground == g] for g in ("proof", "limit", "rest")}
    return [
        row("all", found),
        *(row(ground, some) for ground, some in grounds.items()),
        row("without a proof", grounds["limit"] + grounds["rest"]),
        *(row(kind, [c for c in found if c.kind == kind])._replace(met=True) for kind in KINDS),
    ]
