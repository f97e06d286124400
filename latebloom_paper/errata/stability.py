"""Errata about assumptions on f: common minimizers, CL of the sum, the rate under PL."""

import numpy as np

from .erratum import Evidence, evidence


def common_minimizer() -> Evidence:
    """g = (x - 1)^2/2 without noise, h = |x|, beta = 1/8: f is least at 7/8, g at 1, and f* =
    15/128 is below beta h* = 1/8.
    """
    x, beta = np.arange(-256, 257) / 128, 1 / 8
    f = (x - 1) ** 2 / 2 + beta * abs(x)
    best, least = x[f.argmin()], f.min()
    rows = [("minimizer of f, one of g", 1.0, best), ("f*, equal to beta h*", beta, least)]
    fails = best != 1 and least != beta
    return evidence("f and g share no minimizer.", *rows, fails=fails, holds=least <= beta)


def preserved_inequality() -> Evidence:
    """g = (x - 1)^2/2, h = |x| at x = 3, where g is CL for every r > 2. The smaller of the two
    printed caps on beta is negative for r' = 3/2 and for r' = 5/2 (a ball that contains the zero of
    g). f itself, with beta = 0.01, has 4 f(3) >= r'^2 chi in both balls.
    """
    caps, f_cl = [], []
    for r in (1.5, 2.5):
        low, high, h = max(2 - r, 0) ** 2 / 2, (2 + r) ** 2 / 2, 3 + r  # of g and h in the ball
        A, B, C, D = 8 * high, 8 * h + 12 * high, 12 * h, r**2 * low  # g(3) = 2, h(3) = 3, chi = 2
        caps.append(min((low * 2) ** 0.5 / 4, ((B**2 - 4 * C * (A - D)) ** 0.5 - B) / (2 * C)))
        y = np.linspace(3 - r, 3 + r, 5001)
        chi = ((y - 0.99) ** 2 / ((y - 1) ** 2 / 2 + 0.01 * y)).min()
        f_cl.append(r**2 * chi > 4 * 2.03)
    rows = [(f"beta_max, r' = {r}", "> 0", cap) for r, cap in zip((1.5, 2.5), caps, strict=True)]
    return evidence("No beta is allowed.", *rows, fails=max(caps) <= 0, holds=not any(f_cl))


def descent_rate() -> Evidence:
    """g = (x1^2 + 4 x2^2)/2, mu = 1, L = 4, alpha = 1/4, from (1, 0): one step multiplies g by
    (3/4)^2 = 9/16, more than mu/L = 1/4.
    """
    x, curvature = np.array([1.0, 0.0]), np.array([1.0, 4.0])
    after = x - 0.25 * curvature * x
    factor = float(curvature @ after**2) / float(curvature @ x**2)
    rows = ("g after one step of 1/L, relative, at most", 1 / 4, factor)
    return evidence("g falls by less.", rows, fails=factor > 1 / 4, holds=factor <= 1 - 1 / 4)
