"""Figures 2 and 30: t2 falls with the learning rate and with the regularization strength.

Figure 1 shares their runs, modular additions.
"""

from collections.abc import Mapping, Sequence
from functools import partial

from latebloom.experiment import Experiment, changed
from latebloom.sweeps import Sweep
from latebloom_paper import pictures
from latebloom_paper.book import STUDIES, Comparison, Reproduction, Study, Workspace
from latebloom_paper.book.delays import exponent, exponent_rows, law_of
from latebloom_paper.book.readings import published_t2, reading_rows, readings_of
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.book.statistic import Statistic

from .families import Family, across, family, first_seed, fraction_of, pairs, present, products

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
    """Return the runs by norm, learning rate and regularization strength.

    **Arguments:**

    - `workspace`: where runs are kept.
    - `study`: whose sweeps they are.
    - `norms`, `alphas`: penalties and learning rates.
    """
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


# By norm, learning rate and strength.
Runs = Mapping[str, Mapping[float, Family]]


def reproduce(name: str, workspace: Workspace) -> Reproduction:
    """Train with all learning rates and strengths for some norms; compare t2, and how it scales."""
    figure, additions = (s.at(workspace.quick) for s in (STUDIES[name], STUDY))
    s = additions.settings
    norms, alphas = figure.settings["norms"], s["alphas"]
    published = {} if workspace.quick else published_t2(figure, s["betas"])
    runs = trained(workspace, additions, norms, alphas)
    rows: list[Comparison] = []
    for norm, own in runs.items():
        for alpha, cells in own.items():
            rows += t2_rows(f"{norm}, alpha {alpha:g}", cells, published.get((norm, alpha), {}))
    for of, reading in () if workspace.quick else readings_of(figure):
        norm, alpha, beta = of["norm"], of["alpha"], of.get("beta")
        own, label = runs[norm][alpha], f"{norm}, alpha {alpha:g}"
        some = [run for cell in own.values() for run in cell] if beta is None else own[beta]
        label = label if beta is None else f"{label}, beta {beta:g}"
        rows += reading_rows(label, some, (reading,), s["because"])
    laws = {norm: law_of(own) for norm, own in runs.items()}
    for norm, law in laws.items():
        rows += exponent_rows(norm, law)
    panels = [
        [
            pictures.Panel(rf"{NAMES[norm]}, $\alpha$ = {alpha:g}", first_seed(own[alpha]))
            for alpha in alphas
        ]
        for norm, own in runs.items()
    ]
    found = orders(name, runs)
    for norm, law in laws.items():
        for factor in ("alpha", "beta"):
            found[f"{name}.{norm}-{factor}"] = exponent(law, factor)
    settings = [strongest_run(additions, norm, alphas[0]) for norm in norms]
    return figure.reproduction(
        rows, pictures.plot_accuracies(panels), present(found), settings, **s
    )


def orders(name: str, runs: Runs) -> dict[str, Statistic | None]:
    """Return whether the delay falls with alpha, and with alpha beta, over all norms."""
    alphas = [hit for own in runs.values() for hit in across(own)]
    both = [hit for own in runs.values() for hit in pairs(products(own))]
    return {f"{name}.alpha": fraction_of(alphas), f"{name}.product": fraction_of(both)}


fig2, fig30 = (partial(reproduce, name) for name in ("fig2", "fig30"))
