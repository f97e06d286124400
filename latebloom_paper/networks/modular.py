"""The modular additions of Figures 1, 2 and 30, which share their runs."""

from collections.abc import Mapping, Sequence

from latebloom.experiment import Experiment
from latebloom.sweeps import Sweep, changed
from latebloom_paper.book.catalogue import STUDIES, Study
from latebloom_paper.book.reproduction import Comparison, over_seeds
from latebloom_paper.book.workspace import Workspace

from .families import Family, family

STUDY = STUDIES["fig1"]
# The public code's norms, none of them squared: of all entries, and per matrix for the other two.
PENALTIES = {"l1": "L1", "l2": "Frobenius", "nuclear": "Nuclear"}
NAMES = {"l1": "$\\ell_1$", "l2": "$\\ell_2$", "nuclear": "$\\ell_*$"}


def sweep(study: Study, norm: str, alpha: float) -> Sweep:
    """Return the runs with one norm and learning rate; Figures 1, 2 and 30 share them."""
    s = study.settings
    betas, steps = s["betas"][norm], s["steps"][s["alphas"].index(alpha)]
    return study.sweep(
        "family",
        name=f"{norm} norm, alpha = {alpha:g}",
        set={"penalty": PENALTIES[norm], "beta": betas[0], "alpha": alpha, "steps": steps},
        axes={"penalty.beta": betas},
    )


def strongest_run(study: Study, norm: str, alpha: float) -> Experiment:
    """Return the run with the strongest penalty and the first seed."""
    beta = max(study.settings["betas"][norm])
    name = f"{norm} alpha={alpha:g} beta={beta:g} seed=0"
    return changed(sweep(study, norm, alpha).base, {"penalty.beta": beta}).with_(name=name)


def trained(
    workspace: Workspace, study: Study, norms: Sequence[str], alphas: Sequence[float]
) -> dict[str, dict[float, Family]]:
    """Return the runs by norm, learning rate and strength."""
    return {
        norm: {alpha: family(workspace, sweep(study, norm, alpha)) for alpha in alphas}
        for norm in norms
    }


def t2_rows(of: str, runs: Family, published: Mapping[float, float]) -> list[Comparison]:
    """Return t2 of every strength, the strongest first.

    **Arguments:**

    - `of`: what the runs are.
    - `published`: t2 by strength.
    """
    rows = []
    for beta, own in sorted(runs.items(), reverse=True):
        ours, why = over_seeds([run.phases.t2.high for run in own])
        theirs, because = published.get(beta), STUDY.settings["because"]
        rows.append(Comparison(f"{of}, beta {beta:g}: t2", theirs, ours, why, because))
    return rows
