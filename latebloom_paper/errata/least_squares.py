"""Errata about sparse recovery and ridge regression with fewer data than unknowns."""

import numpy as np

from latebloom.problems import SparseRecovery

from .erratum import Evidence, evidence


def contraction() -> Evidence:
    """X = (1, 1), alpha = 1/4: I - alpha X^T X keeps (1, -1) and halves (1, 1), so its norm is 1
    and the printed t1, a quotient by ln rho_2, does not exist; on the row space the norm is 1/2.
    """
    X, alpha = np.array([[1.0, 1.0]]), 1 / 4
    step = np.eye(2) - alpha * X.T @ X
    rho, on_rows = np.linalg.norm(step, 2), np.linalg.norm(step @ np.linalg.pinv(X) @ X, 2)
    rows = [("rho_2, of the whole space", "< 1", rho), ("of the row space", "< 1", on_rows)]
    says = "Only the row space contracts."
    return evidence(says, *rows, fails=rho > 1 - 1e-12, holds=on_rows < 1 - 1e-12)


def closeness() -> Evidence:
    """X = (2, 1), y* = 2, a* = (1, 0), least squares (4/5, 2/5), alpha = 0.1, beta = 0.01, rho_2 on
    the row space 1/2, from 0: a recovers a*, 0.45 away from least squares.
    """
    X, y, alpha, beta, a = np.array([[2.0, 1.0]]), np.array([2.0]), 0.1, 0.01, np.zeros(2)
    a_hat, P, apart = np.array([0.8, 0.4]), X.T @ X / 5, []
    bound = 2 * alpha * beta * np.sqrt(2) / (1 - 1 / 2)
    t1 = int(np.ceil(np.log(1 + 0.5 * np.sqrt(0.8) / (alpha * beta * np.sqrt(2))) / np.log(2)))
    for _ in range(3000):
        a = a - alpha * (X.T @ (X @ a - y) + beta * np.sign(a))
        apart.append((np.linalg.norm(a - a_hat), np.linalg.norm(P @ (a - a_hat))))
    far, near = np.array(apart)[t1:].max(axis=0)
    rows = [("||a - a_hat|| after t1", bound, far), ("its row-space part", bound, near)]
    return evidence("Only that part stays.", *rows, fails=far > bound, holds=near <= bound)


def noise_condition() -> Evidence:
    """X = 1/8, a* = 1, noise 1, beta = 1/128, alpha = 64 (one step reaches the minimizer, F = 0),
    eta = 1: ||X^T xi|| is 1/8 of ||U^T xi||, and the bound made from it is far too small.
    """
    X, xi, beta, a, eta = 1 / 8, 1.0, 1 / 128, 1.0, 1.0
    for _ in range(3):
        a = a - 64 * (X * (X * a - (X + xi)) + beta * np.sign(a))
    printed, right = ((eta + noise**2 / beta) / 2 for noise in (X * xi, xi))  # C = noise^2/...
    rows = ("|a| - |a*| at most", printed, abs(a) - 1)
    says = "Small singular values hide noise."
    return evidence(says, rows, fails=abs(a) - 1 > printed, holds=abs(a) - 1 <= right)


def two_terms() -> Evidence:
    """X = (1, 0), y* = 1, a* = (1, 0), from (0, 129/256), with alpha beta = 1/256 twice: the errors
    are close to beta = 1/128 and to 1/32.
    """
    errors, pairs = [], ((1 / 2, 1 / 128), (1 / 8, 1 / 32))
    for alpha, beta in pairs:
        a = np.array([0, 0.5 + 1 / 512])
        for _ in range(1000):
            a = a - alpha * (np.array([a[0] - 1, 0]) + beta * np.sign(a))
        errors.append(np.linalg.norm(a - [1, 0]))
    rows = ("ratio of the two errors", 1.0, errors[1] / errors[0])
    near = [abs(e - beta) <= 1 / 256 for e, (_, beta) in zip(errors, pairs, strict=True)]
    says = "Equal products, unequal errors."
    return evidence(says, rows, fails=abs(errors[1] / errors[0] - 1) > 0.1, holds=all(near))


def row_space() -> Evidence:
    """X = [[1, 0], [1, 0]], column space of (1, 1), row space of (1, 0), l2 with beta = 1e-9: a* =
    (1, 0) is outside the former and recovered, a* = (1, 1) is inside it and not.
    """
    X, beta, rows, right = np.array([[1.0, 0], [1, 0]]), 1e-9, [], []
    for a_star in (np.array([1.0, 0]), np.array([1.0, 1])):
        a = np.linalg.solve(X.T @ X + beta * np.eye(2), X.T @ X @ a_star)
        outside = [a_star - P @ a_star for P in (X @ np.linalg.pinv(X), np.linalg.pinv(X) @ X)]
        printed, floor = np.linalg.norm(outside, axis=1)
        rows.append((f"error for a* = {a_star}", printed, np.linalg.norm(a - a_star)))
        right.append(abs(rows[-1][2] - floor) < 1e-6)
    fails = all(abs(row[2] - row[1]) > 0.1 for row in rows)
    return evidence("The floor is about rows.", *rows, fails=fails, holds=all(right))


def training_floor() -> Evidence:
    """The experiment itself: n = 100, s = 5, N = 30, l1, subgradient method, alpha = 0.1, beta =
    1e-5, until after t2; and the same with ten times the beta.
    """
    problem = SparseRecovery.text(n=100, s=5, N=30, seed=1)
    X, y, beta = problem.X, problem.y_star, np.array([[1e-5], [1e-4]])
    a, least = np.full((2, 100), 1e-6), np.full(2, np.inf)
    for _ in range(110_000):
        residual = a @ X.T - y
        least = np.minimum(least, (residual * residual).sum(axis=1))
        a = a - 0.1 * (residual @ X + beta * np.sign(a))
    once, tenfold = np.sqrt(least) / np.linalg.norm(y)
    rows = [("least relative training error", 1e-6, once), ("with tenfold beta", "", tenfold)]
    return evidence("It levels off.", *rows, fails=once > 1e-5, holds=8 < tenfold / once < 12)


def delay_constant() -> Evidence:
    """X = (2, 1), y* = 2, a* = (1, 0), from least squares (4/5, 2/5), alpha beta = 1e-4: the kernel
    is (1, -2), so the second entry falls by 2/5 alpha beta per step, not by alpha beta.
    """
    X, a, alpha, beta, steps = np.array([[2.0, 1.0]]), np.array([0.8, 0.4]), 0.1, 1e-3, 0
    printed = 0.4 / (alpha * beta)  # ||a_hat - a*||_inf/(alpha beta)
    while np.abs(a - [1, 0]).max() > 0.01:
        z = a - alpha * X.T @ (X @ a - 2)
        a, steps = np.sign(z) * np.maximum(np.abs(z) - alpha * beta, 0), steps + 1
    rows = [("t2, printed", printed, steps), ("t2 = s2/(alpha beta)", printed / 0.4, steps)]
    says = "The velocity is P H, not H."
    near = abs(steps / (printed / 0.4) - 1) < 0.05
    return evidence(says, *rows, fails=steps > 2 * printed, holds=near)
