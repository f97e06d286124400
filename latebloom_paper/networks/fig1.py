"""Figure 1: addition mod 97 generalizes late under each of three norms."""

import math
from collections.abc import Sequence

from latebloom.core.phases import Rules
from latebloom.runs import Run
from latebloom_paper.book.claim import FINITE, Claim, Criterion
from latebloom_paper.book.readings import Reading, reading_rows
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic, median
from latebloom_paper.book.workspace import Workspace

from .families import (
    Family,
    after_t2,
    first_seed,
    lateness,
    over_seeds,
    pairs,
    present,
    shares,
    strongest,
    until_t2,
    weakest,
)
from .modular import (
    BECAUSE,
    FULL,
    NAMES,
    SMALL,
    Setting,
    addition,
    seeds_of,
    setting_notes,
    small_notes,
    t2_rows,
    trained,
)

# Read off: t2 by norm and strength; with l2 at 1e-7 none by the end of the window.
PUBLISHED_T2: dict[str, dict[float, float]] = {
    "l1": {1e-5: 1440, 5e-6: 1440, 1e-6: 1970, 1e-7: 2700, 1e-8: 4900, 5e-9: 6050},
    "l2": {5e-5: 1640, 1e-5: 2020, 5e-6: 2220, 1e-6: 2880, 5e-7: 3740},
    "nuclear": {1e-4: 910, 5e-5: 1100, 1e-5: 1530, 1e-6: 1990, 1e-7: 2880, 5e-8: 3710},
}
# Read off: under l1 with beta = 1e-5 the l2 norm rises from 56 at t2 to about 102 at step 6,000.
PUBLISHED_RISE = {1e-5: 102 / 56}
# Read off the bottom panels, under l1: what all strengths share, then what two of them have. The
# l2 norm at step 6,000 is that of the rise.
PUBLISHED_NORMS = (
    Reading("l1_norm", 0, 1.4e3, "1,300 to 1,500"),
    Reading("l2_norm", 0, 12.5),
    Reading("l2_norm", "largest", 89.0, "82 to 97, of the first rise"),
    Reading("nuclear_norm", 0, 170.0),
    Reading("nuclear_norm", "largest", 1.26e3, "1,150 to 1,380"),
)
PUBLISHED_NORMS_OF = {
    1e-5: (
        Reading("l1_norm", "largest", 10.5e3, "near step 100"),
        Reading("l2_norm", "t2", 56.0),
        Reading("l2_norm", 6000, 102.0, "98 to 106"),
        Reading("l1_norm", 6000, 1.75e3, "1,400 to 2,200, of all but the weakest"),
        Reading("nuclear_norm", 6000, 385.0, "330 to 450, of all but the weakest"),
    ),
    5e-9: (
        Reading("l1_norm", "largest", 12.6e3, "near step 1,400"),
        Reading("l1_norm", 6000, 3.5e3),
        Reading("nuclear_norm", 6000, 670.0),
    ),
}
# A delay, by the rule of verdicts: one decade.
LATE = Rules().delay_ratio


def _late(norm: str) -> Claim:
    return Claim(
        f"fig1.{norm}",
        "section 2.1, Figure 1",
        Criterion(
            f"under the {norm} norm the network generalizes, long after it has memorized",
            "median over seeds of t2/t1 at the weakest penalty, small as the theory asks, under "
            "which most runs generalize by their end; infinite where one does not",
            low=LATE,
            high=FINITE,
        ),
    )


def rows(runs: dict[str, Family], published: bool) -> list[Comparison]:
    """Return t2 of every strength, how late it is, and what the l2 norm does after it."""
    found = []
    for norm, family in runs.items():
        found += t2_rows(norm, family, PUBLISHED_T2[norm] if published else {})
    for norm, family in runs.items():
        late = lateness(weakest(family))
        if late:
            ours, why = over_seeds([t if math.isfinite(t) else None for t in late])
            found.append(Comparison(f"{norm}, weakest that gets there: t2/t1", None, ours, why))
    if published:
        every = [run for own in runs["l1"].values() for run in own]
        found += reading_rows("l1", every, PUBLISHED_NORMS, BECAUSE)
        for beta, readings in PUBLISHED_NORMS_OF.items():
            found += reading_rows(f"l1, beta {beta:g}", runs["l1"][beta], readings, BECAUSE)
    for beta, own in sorted(runs["l1"].items(), reverse=True):
        found += _rise(f"l1, beta {beta:g}", own, PUBLISHED_RISE.get(beta) if published else None)
    for norm in ("l2", "nuclear"):
        every = [run for own in runs[norm].values() for run in own]
        found += _rise(f"{norm}, all strengths", every)
    return found


def _rise(of: str, runs: Sequence[Run], published: float | None = None) -> list[Comparison]:
    """Return what the l2 norm does after t2 in the runs that generalized; no row if none did."""
    seen = [end for end in map(after_t2, runs) if end is not None]
    if not seen:
        return []
    ours, why = over_seeds([end.rise for end in seen], "run")
    why = f"{why}; test accuracy at least {min(end.accuracy for end in seen):.3f} meanwhile"
    what = f"{of}: l2 norm at the end over its least value after t2"
    return [Comparison(what, published, ours, why, BECAUSE)]


def evidence(runs: dict[str, Family], published: bool) -> dict[str, Statistic]:
    """Return what decides the claims.

    **Arguments:**

    - `runs`: by norm and strength.
    - `published`: whether they are of the published size, of which some claims are.
    """
    found: dict[str, Statistic | None] = {}
    for norm, family in runs.items():
        late = lateness(weakest(family))
        found[f"fig1.{norm}"] = median(late) if late else None
    cells = [list(family.items()) for family in runs.values()]
    found["fig1.beta"] = shares([hit for own in cells for hit in pairs(own, until_t2)])
    after = [end for end in map(after_t2, strongest(runs["l1"])) if end is not None]
    if after:
        found["fig1.fall"] = median([end.fall for end in after])
        found["fig1.rise"] = median([end.rise for end in after])
        found["fig1.accuracy"] = median([end.accuracy for end in after])
    if published:
        every = [run for family in runs.values() for own in family.values() for run in own]
        t1 = [run.phases.t1.high for run in every]
        found["fig1.t1"] = median([math.inf if t is None else t for t in t1])
        found["fig1.t2"] = median(
            [
                (run.phases.t2.high or run.last_step) / theirs
                for norm, of_norm in PUBLISHED_T2.items()
                for beta, theirs in of_norm.items()
                for run in runs[norm][beta]
            ]
        )
    return present(found)


def reproduce(workspace: Workspace, setting: Setting | None = None) -> Reproduction:
    """Train with three norms and all strengths; compare t2 and what the norms do after it."""
    from latebloom_paper.pictures.accuracies import Panel, plot_accuracies

    setting = workspace.of(SMALL, FULL) if setting is None else setting
    alpha, published = setting.alpha, setting.p == FULL.p
    runs = {
        norm: own[alpha] for norm, own in trained(workspace, setting, (*NAMES,), (alpha,)).items()
    }
    panels = [Panel(f"{NAMES[norm]} penalty", first_seed(own)) for norm, own in runs.items()]
    norms = Panel(f"{NAMES['l1']} penalty", first_seed(runs["l1"]))
    notes = [*setting_notes(setting), *small_notes(setting), f"alpha = {alpha:g}"]
    if not published:
        notes.append("t1 and t2 of the picture are of the published size: --full decides them")
    return Reproduction(
        "fig1",
        "Figure 1: three norms, one effect",
        tuple(rows(runs, published)),
        plot_accuracies([panels], norms),
        tuple(notes),
        evidence=evidence(runs, published),
        settings=tuple(
            addition(setting, norm, alpha, max(setting.betas[norm]), setting.seeds[0])
            for norm in NAMES
        ),
        seeds=seeds_of(setting.seeds),
    )
