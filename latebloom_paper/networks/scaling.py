"""Figures 2 and 30: t2 falls with the learning rate and with the regularization strength."""

from collections.abc import Mapping
from functools import partial

from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.delays import exponent, exponent_rows, law_of
from latebloom_paper.book.readings import published_t2, reading_rows, readings_of
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic
from latebloom_paper.book.workspace import Workspace

from .families import Family, across, first_seed, pairs, present, products, shares
from .modular import NAMES, STUDY, strongest_run, t2_rows, trained

# By norm, learning rate and strength.
Runs = Mapping[str, Mapping[float, Family]]


def reproduce(name: str, workspace: Workspace) -> Reproduction:
    """Train with all learning rates and strengths for some norms; compare t2, and how it scales."""
    from latebloom_paper.pictures.accuracies import Panel, plot_accuracies

    figure, additions = (s.at(workspace.quick) for s in (STUDIES[name], STUDY))
    s = additions.settings
    norms, alphas = figure.settings["norms"], s["alphas"]
    published = {} if workspace.quick else published_t2(figure, s["betas"])
    runs = trained(workspace, additions, norms, alphas)
    rows: list[Comparison] = []
    for norm, own in runs.items():
        for alpha, family in own.items():
            rows += t2_rows(f"{norm}, alpha {alpha:g}", family, published.get((norm, alpha), {}))
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
        [Panel(rf"{NAMES[norm]}, $\alpha$ = {alpha:g}", first_seed(own[alpha])) for alpha in alphas]
        for norm, own in runs.items()
    ]
    found = orders(name, runs)
    for norm, law in laws.items():
        for factor in ("alpha", "beta"):
            found[f"{name}.{norm}-{factor}"] = exponent(law, factor)
    settings = [strongest_run(additions, norm, alphas[0]) for norm in norms]
    return figure.reproduction(rows, plot_accuracies(panels), present(found), settings, **s)


def orders(name: str, runs: Runs) -> dict[str, Statistic | None]:
    """Return whether the delay falls with alpha, and with alpha beta, over all norms."""
    return {
        f"{name}.alpha": shares([hit for own in runs.values() for hit in across(own)]),
        f"{name}.product": shares([hit for own in runs.values() for hit in pairs(products(own))]),
    }


fig2, fig30 = (partial(reproduce, name) for name in ("fig2", "fig30"))
