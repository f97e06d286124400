"""Errata of wording: captions, settings and conventions that contradict one another."""

import numpy as np

from .erratum import Erratum, Evidence, evidence


def halved_loss() -> Evidence:
    """One datum y = 1, model x, penalty x^2, beta = 1: (x - 1)^2/2 + x^2 is least at 1/3, (x - 1)^2
    + x^2 at 1/2. With twice the beta the latter is least at 1/3 too.
    """
    x = np.arange(601) / 600
    halved, whole = (x - 1) ** 2 / 2, (x - 1) ** 2
    main, appendix, twice = (
        x[np.argmin(f)] for f in (halved + x**2, whole + x**2, whole + 2 * x**2)
    )
    rows = [("minimizer, appendix", main, appendix), ("the same with 2 beta", main, twice)]
    return evidence("They are two.", *rows, fails=main != appendix, holds=main == twice)


ERRATA = (
    Erratum(
        "E-24",
        "Appendix E",
        "wording",
        "All experiments start with 0 <= zeta <= 1e-5.",
        "Figures 7 and 16 start with zeta = 10, those of depth with 1e-2: zeta belongs to each "
        "experiment.",
    ),
    Erratum(
        "E-25",
        "Captions of Figures 30 and 34",
        "wording",
        "beta is an l1 coefficient.",
        "In Figure 34 it is that of the Sobolev penalty, in the lower half of Figure 30 of l2.",
    ),
    Erratum(
        "E-28",
        "Section 4 and equation 125",
        "wording",
        "The Sobolev experiment minimizes one objective: data loss over 2N in the text, over N in "
        "the appendix.",
        "Pick one and say which: beta with 1/(2N) is 2 beta with 1/N.",
        halved_loss,
    ),
    Erratum(
        "E-29",
        "Caption of Figure 24",
        "wording",
        "t1 and t2 on the paths are the memorization and the generalization step.",
        "They are markers for display.",
    ),
    Erratum(
        "E-31",
        "Appendix H.1",
        "wording",
        "The landscape figure shows N = 20, 30 ... 70.",
        "The public code runs N = 10, 20 ... 100.",
    ),
)
