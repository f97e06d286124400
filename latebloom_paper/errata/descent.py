"""Errata about the two phases of training and the bounds by telescoping."""

import numpy as np

from .erratum import Evidence, evidence


def waiting_time() -> Evidence:
    """One datum X = (1, 0), y* = 1, a* = (1, 0), alpha = eta = 1, beta = 1/64, from a = (1, 1):
    the second coordinate loses 1/64 a step, and f is at its level half-way through Delta t = 64.
    """
    beta, a, t = 1 / 64, np.array([1.0, 1.0]), 0
    delay = 1 / beta  # ||a - a*||^2 / (alpha beta eta)
    level = (1 + 2 * beta) * beta / 2  # (eta + C' alpha beta) beta / 2; ||F||^2 <= 2 beta^2
    while (a[0] - 1) ** 2 / 2 + beta * abs(a).sum() - beta > level:
        a, t = a - np.array([a[0] - 1, 0]) - beta * np.sign(a), t + 1
    rows = ("steps until f - f(a*) is at its level", delay, t)
    return evidence("The level is reached before Delta t.", rows, fails=t < delay, holds=t <= delay)


def level_reached() -> Evidence:
    """X = (1, 0), y* = 0, so that 0 minimizes g, h and f; alpha = 1/2, beta = 1/64, eta = 1, from
    (1, 1), which theorem 2.1 admits with t1 = 1: by t1 + Delta t the least ||a||_1 is below 0.01,
    far from the printed value.
    """
    alpha, beta, a, path, sizes = 1 / 2, 1 / 64, np.array([1.0, 1.0]), [], []
    for _ in range(200):
        F = np.array([a[0], 0]) + beta * np.sign(a)
        path, sizes = [*path, a], [*sizes, F @ F / beta**2]
        a = a - alpha * F
    delay = int(np.ceil(path[1] @ path[1] / (alpha * beta)))
    least = np.abs(path[1 : delay + 2]).sum(axis=1).min()
    level = (1 + max(sizes[1:]) * alpha * beta) / 2  # (eta + C' alpha beta) / 2
    rows = ("least ||a||_1 - ||a*||_1 from t1 to t1 + Delta t", level, least)
    return evidence("A bound.", rows, fails=abs(least - level) > 0.1, holds=least <= level)


def local_valley() -> Evidence:
    """g = p^2/2 with p = (x - 1)(x + 2), h = |x|, alpha = 1/64, beta = 3/16, eta = C' = 1, from
    x = -2.1, where the first phase is granted (r = 1/2): x stays in the valley at -2, and f* is in
    that at 1. With p = x + 2, g convex, the level is reached.
    """
    y, alpha, beta, gaps = np.linspace(-3, 3, 6001), 1 / 64, 3 / 16, []
    for p in (np.poly1d([1, 1, -2]), np.poly1d([1, 2])):
        x, path, slope = -2.1, [], p.deriv()
        for _ in range(int(3.1**2 / (alpha * beta)) + 1):  # more than Delta t
            path.append(x := x - alpha * (p(x) * slope(x) + beta * np.sign(x)))
        f_path, f_all = (p(z) ** 2 / 2 + beta * abs(z) for z in (np.array(path), y))
        gaps.append(f_path.min() - f_all.min())
    level = (1 + alpha * beta) * beta / 2
    rows = [("least f - f*, at most", level, gaps[0]), ("the same, g convex", level, gaps[1])]
    return evidence("f stays above it.", *rows, fails=gaps[0] > level, holds=gaps[1] <= level)


def limit_of_the_bound() -> Evidence:
    """dist = 1, alpha = 1/2, max ||F|| = 1, T = t2 - t1 steps: the bound (dist^2 + T alpha^2
    ||F||^2) / (2 T alpha) tends to 1/4.
    """
    alpha, T = 0.5, 10.0 ** np.arange(1, 10)
    bound = (1 + T * alpha**2) / (2 * T * alpha)
    rows = ("bound of f - f* after 10^9 steps", alpha, bound[-1])
    twice, right = abs(bound[-1] - alpha) > 1e-6, abs(bound[-1] - alpha / 2) < 1e-6
    return evidence("The limit is alpha max ||F||^2 / 2.", rows, fails=twice, holds=right)


def comparator() -> Evidence:
    """f = a1^2/2 + |a1| + |a2|, alpha = 1, two steps. At (1, 5) the inner product is 1 and the gap
    of g is 1/2. From (0, 5), which fits and is 5 away from the best fit, f goes 5, 4, 3.
    """
    a = np.array([1.0, 5.0])
    inner, gap = a[0] * a[0], a[0] ** 2 / 2  # <a - z, G(a)> for any z = (0, z2), and g(a)
    path = np.array([[0, 5], [0, 4], [0, 3]])
    least, bound = abs(path).sum(axis=1).min(), (0**2 + 2) / 4  # (dist^2 + 2 ||F||^2) / 4
    rows = [("<a - z, G> at most", gap, inner), ("least f - f* at most", bound, least)]
    right = gap <= inner and least <= (5**2 + 2) / 4
    says = "Both printed inequalities fail."
    return evidence(says, *rows, fails=inner > gap and least > bound, holds=right)


def projected_floor() -> Evidence:
    """Projected: X = (1, 0, 0), y* = 1, alpha beta = 1/8, from (1, 1/16, 1/16): two coordinates
    jump between 1/16 and -1/16 for ever. Proximal: g = x^2/2, beta = 1, alpha = 0.1, from x = 100.
    """
    a, step = np.array([1, 1 / 16, 1 / 16]), 1 / 8
    for _ in range(1000):
        a = a - step * np.sign(a)
        a[0] = 1  # the projection on the solutions of X a = y*
    gap, x = abs(a).sum() - 1, 0.9 * 100 - 0.1  # one soft-thresholded step
    after, printed, right = x**2 / 2 + x, 100 / (2 * 0.1), 100**2 / (2 * 0.1)
    rows = [("||a||_1 - ||a*||_1 tends to at most", step / 2, gap), ("f - f*", printed, after)]
    fails, holds = gap > step / 2 and after > printed, gap <= step * 3 / 2 and after <= right
    return evidence("Both printed bounds are exceeded.", *rows, fails=fails, holds=holds)


def memorization_time() -> Evidence:
    """g = x^2/2, h = |x|, alpha = 0.1, beta = 0.001, from x = 1, eps_g = g(1)/16; chi = 2, and with
    epsilon = 1/2, gamma = 0.1 all conditions hold: memorized at half the printed time.
    """
    x, t = 1.0, 0
    printed = np.log(1 / 16) / np.log(1 - 0.5 * 2 * 0.1)  # delta = (1 - epsilon) chi alpha
    while x**2 / 2 > 1 / 32:
        x, t = x - 0.1 * (x + 0.001 * np.sign(x)), t + 1
    rows = ("first step with g <= eps_g, at least", printed, t)
    says = "The printed time is an upper bound."
    return evidence(says, rows, fails=t < printed, holds=t <= np.ceil(printed))
