"""Errata of wording: captions, settings and conventions that contradict one another."""

import numpy as np

from .erratum import Evidence, evidence


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
