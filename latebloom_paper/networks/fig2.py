"""Figure 2: under the nuclear norm t2 falls with the learning rate and with the strength."""

from collections.abc import Mapping, Sequence

from latebloom_paper.book.claim import Claim, Criterion
from latebloom_paper.book.delays import exponent, exponent_rows, law_of
from latebloom_paper.book.readings import ACCURACY, Reading, reading_rows
from latebloom_paper.book.reproduction import Comparison, Reproduction
from latebloom_paper.book.statistic import Statistic
from latebloom_paper.book.workspace import Workspace

from .families import Family, across, first_seed, pairs, present, products, shares
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

Published = Mapping[tuple[str, float], Mapping[float, float]]
# By norm, learning rate and strength; None for all strengths.
Accuracies = Mapping[tuple[str, float, float | None], Reading]
# By norm, learning rate and strength.
Runs = Mapping[str, Mapping[float, Family]]

# Read off, by learning rate; at 1e-3 the smallest strength has none by the end of the run.
PUBLISHED_T2: Published = {
    ("nuclear", 1e-3): {1e-4: 5410, 5e-5: 7450, 1e-5: 9700, 1e-6: 13250, 1e-7: 19220},
    ("nuclear", 1e-2): {1e-4: 910, 5e-5: 1100, 1e-5: 1530, 1e-6: 1990, 1e-7: 2880, 5e-8: 3710},
    ("nuclear", 1e-1): {1e-4: 490, 5e-5: 610, 1e-5: 930, 1e-6: 1430, 1e-7: 1930, 5e-8: 2100},
}
DIPS: Accuracies = {
    ("nuclear", 1e-1, None): Reading(ACCURACY, "least after t2", 0.8, "dips to 0.65 to 0.95")
}


def order_claims(name: str, source: str) -> tuple[Claim, ...]:
    """Return the claims that the delay falls with alpha, and with alpha beta."""
    apart = "(the pairs are not independent: the interval is too short)"
    return (
        Claim(
            f"{name}.alpha",
            source,
            Criterion(
                "a larger learning rate shortens the delay",
                "share of pairs of learning rates, of one norm, strength and seed, of which the "
                f"smaller has the longer t2 - t1 {apart}",
                low=0.8,
            ),
        ),
        Claim(
            f"{name}.product",
            source,
            Criterion(
                "the smaller alpha beta, the longer the delay",
                "share of pairs of runs, of one norm and seed, of which the one with the smaller "
                f"alpha beta has the longer t2 - t1 {apart}",
                low=0.8,
            ),
        ),
    )


def law_claims(name: str, source: str, norm: str) -> tuple[Claim, ...]:
    """Return the questions whether the delay has the exponents of least squares, in alpha and beta.

    The paper fits none for networks.
    """
    return tuple(
        Claim(
            f"{name}.{norm}-{factor}",
            f"ours, on {source}",
            Criterion(
                f"under the {norm} norm the delay of a network goes as 1/{factor}, as that of "
                "least squares",
                f"k of delay ~ 1/{factor}^k, most likely for all runs, those included that had not "
                "generalized by their end",
                low=0.9,
                high=1.1,
            ),
        )
        for factor in ("alpha", "beta")
    )


def scaling(
    workspace: Workspace,
    name: str,
    title: str,
    setting: Setting,
    norms: Sequence[str],
    published: Published,
    accuracies: Accuracies,
) -> Reproduction:
    """Train with all learning rates and strengths for some norms; compare t2, and how it scales.

    **Arguments:**

    - `name`, `title`: of the figure.
    - `norms`: which of `modular.PENALTIES`; a row of panels each.
    - `published`: t2 by (norm, alpha) and beta, of the published size.
    - `accuracies`: what else was read off, of the published size.
    """
    from latebloom_paper.pictures.accuracies import Panel, plot_accuracies

    alphas = tuple(setting.steps)
    runs = trained(workspace, setting, norms, alphas)
    rows: list[Comparison] = []
    for norm, own in runs.items():
        for alpha, family in own.items():
            theirs = published.get((norm, alpha), {}) if setting.p == FULL.p else {}
            rows += t2_rows(f"{norm}, alpha {alpha:g}", family, theirs)
    if setting.p == FULL.p:
        for (norm, alpha, beta), reading in accuracies.items():
            own, of = runs[norm][alpha], f"{norm}, alpha {alpha:g}"
            some = [run for cell in own.values() for run in cell] if beta is None else own[beta]
            of = of if beta is None else f"{of}, beta {beta:g}"
            rows += reading_rows(of, some, (reading,), BECAUSE)
    laws = {norm: law_of(own) for norm, own in runs.items()}
    for norm, law in laws.items():
        rows += exponent_rows(norm, law)
    panels = [
        [Panel(rf"{NAMES[norm]}, $\alpha$ = {alpha:g}", first_seed(own[alpha])) for alpha in alphas]
        for norm, own in runs.items()
    ]
    notes = (
        *setting_notes(setting),
        *small_notes(setting),
        "k: what makes the delays most likely, both exponents at once, with log-normal scatter; "
        "a run that has not generalized by its end counts as later; intervals: bootstrap over "
        "whole seeds",
        "least squares with a linear model has k = 1 for both; the paper fits none for networks",
    )
    found = orders(name, runs)
    for norm, law in laws.items():
        for factor in ("alpha", "beta"):
            found[f"{name}.{norm}-{factor}"] = exponent(law, factor)
    settings = tuple(
        addition(setting, norm, alphas[0], max(setting.betas[norm]), setting.seeds[0])
        for norm in norms
    )
    return Reproduction(
        name,
        title,
        tuple(rows),
        plot_accuracies(panels),
        notes,
        evidence=present(found),
        settings=settings,
        seeds=seeds_of(setting.seeds),
    )


def orders(name: str, runs: Runs) -> dict[str, Statistic | None]:
    """Return what decides `order_claims`, over all norms."""
    return {
        f"{name}.alpha": shares([hit for own in runs.values() for hit in across(own)]),
        f"{name}.product": shares([hit for own in runs.values() for hit in pairs(products(own))]),
    }


SOURCE = "section 2.1, Figure 2"


def reproduce(workspace: Workspace, setting: Setting | None = None) -> Reproduction:
    """Train under the nuclear norm with three learning rates."""
    setting = workspace.of(SMALL, FULL) if setting is None else setting
    title = "Figure 2: the delay against alpha and beta, nuclear norm"
    return scaling(workspace, "fig2", title, setting, ("nuclear",), PUBLISHED_T2, DIPS)
