"""Errata of the blog post."""

import numpy as np

from .erratum import Evidence, evidence


def descent_under_pl() -> Evidence:
    """g = x^2/2 (mu = L = 1), h = |x - 2| at x = 1, so that H = -G = -1; alpha = beta = 1/2: x goes
    to 3/4, g to 9/16 of itself. The printed 1 - delta is negative; ours is 9/16, attained.
    """
    mu, L, alpha, beta, x = 1.0, 1.0, 0.5, 0.5, 1.0
    after = x - alpha * (x + beta * np.sign(x - 2))
    factor = after**2 / x**2
    printed = 1 - mu * alpha * ((2 - alpha * L) * (1 + beta) + alpha * beta**2 * L)
    loss = 2 * beta * abs(1 - alpha * L) + alpha * L * beta**2
    right = 1 - mu * alpha * (2 - alpha * L - loss)
    rows = [("g after / g before, at most", printed, factor), ("ours", right, factor)]
    return evidence("The cross term harms.", *rows, fails=factor > printed, holds=factor <= right)


def norm_of_subgradients() -> Evidence:
    """h = ||x||_1 in four dimensions, H = (1, 1, 1, 1), alpha L = 0.05, gamma = 0.2, tau = 0.94,
    and gamma ||G||_2 = 1.5 beta: 6 steps of domination are promised with ||H||_inf = 1, and not
    even step 0 has it.
    """
    beta, H, tau = 1.0, np.ones(4), 1 - 1.2 * 0.05
    gradient = 1.5 * beta  # gamma ||G||_2
    promised = np.log(gradient / (beta * abs(H).max())) / -np.log(tau)
    right = np.log(gradient / (beta * np.linalg.norm(H))) / -np.log(tau)
    rows = ("beta ||H||_2 at step 0, at most gamma ||G||_2", gradient, beta * np.linalg.norm(H))
    dominated = beta * np.linalg.norm(H) <= gradient
    fails, holds = promised >= 0 and not dominated, right < 0 or dominated
    return evidence("Step 0 already fails.", rows, fails=fails, holds=holds)


def strict_radius() -> Evidence:
    """g = x^2/2 (mu = 1) at x = 1: g'^2/g = 2 everywhere, and r^2 = 2 g(x)/mu = 1 gives 4 g(x) = 2
    = r^2 chi, not <.
    """
    mu, g, chi = 1.0, 0.5, 2.0
    at, above = 2 * g / mu, 2 * g / mu + 0.01
    rows = [("r^2 chi, above 4 g", "> 2", at * chi), ("r^2 + 0.01", "> 2", above * chi)]
    return evidence(
        "CL fails at equality.", *rows, fails=not 4 * g < at * chi, holds=4 * g < above * chi
    )
