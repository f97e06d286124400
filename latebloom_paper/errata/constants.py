"""Errata about the constants of the memorization phase."""

import numpy as np

from .erratum import Evidence, evidence


def smoothness_constant() -> Evidence:
    """g = (x1 + x2)^2/2 at (1, 0): all second derivatives are 1, so sqrt(p) L_2 = sqrt(2), but the
    Hessian doubles (1, 1), and ||grad g||^2 = 2 against 2 L g = L.
    """
    hessian, g, gradient = np.ones((2, 2)), 0.5, np.ones(2)
    entry, norm, square = abs(hessian).max(), np.linalg.norm(hessian, 2), gradient @ gradient
    L, right = np.sqrt(2) * entry, 2 * entry
    rows = [("L, of the gradient", L, norm), ("||grad g||^2 at most 2 L g", 2 * L * g, square)]
    fails = norm > L + 0.1 and square > 2 * L * g + 0.1
    holds = norm <= right + 1e-12 and square <= 2 * right * g
    return evidence("sqrt(p) L_2 is too small.", *rows, fails=fails, holds=holds)


def domination() -> Evidence:
    """g = ||x - c||^2/2 in four dimensions from x = c + (1, 1, 1, 1), c > 0, h = l1, alpha = 0.05,
    gamma = 0.2, beta = 0.15: beta ||H|| <= gamma ||G|| is promised for 7 steps with L_h = 1, for 2
    with L_h = 2; it ends in between.
    """
    gamma, beta, G, H, held = 0.2, 0.15, np.ones(4), np.ones(4), 0
    tau = 1 - (1 + gamma) * 0.05 * 2  # L = sqrt(p) L_2 = 2: more than the Hessian's norm, 1
    start = gamma * np.linalg.norm(G) / beta
    promised, right = (int(np.log(start / L_h) / -np.log(tau)) for L_h in (1.0, 2.0))
    while beta * np.linalg.norm(H) <= gamma * np.linalg.norm(G):
        G, held = G - 0.05 * (G + beta * H), held + 1  # the gradient moves as x does
    rows = ("last step with beta ||H||_2 <= gamma ||G||_2, at least", promised, held - 1)
    says = "Domination ends too early."
    return evidence(says, rows, fails=held - 1 < promised, holds=held - 1 >= right)


def remainder() -> Evidence:
    """g = q^2 with q = x + tanh(10 (x - 10))/10, which satisfies CL at x = 10.07 with r = 14,
    epsilon = 0.15, gamma = 0.1 and the largest alpha of the lemma, beta h = gamma G(10.07) |x|: the
    remainder is below -epsilon alpha ||G||^2, though not above +epsilon alpha ||G||^2.
    """
    x = np.append(np.linspace(10.07 - 28, 10.07 + 28, 560_001), 10.07)
    T = np.tanh(10 * x - 100)
    q, slope, bend = x + T / 10, 2 - T**2, -20 * T * (1 - T**2)  # q, q', q''
    G, L_2, R = 2 * (q * slope)[-1], abs(2 * (slope**2 + q * bend)).max(), []
    for alpha in (2 * 0.05 / L_2, 2 * 0.05 / L_2 / 1.1**2):  # the printed step, and the right one
        z = 10.07 - alpha * 1.1 * G
        R.append(((z + np.tanh(10 * z - 100) / 10) ** 2 - q[-1] ** 2) / (alpha * G**2) + 1)
    rows = ("|remainder| / (alpha ||G||^2) at most", 0.15, abs(R[0]))
    right = max(R[0], abs(R[1])) <= 0.15
    return evidence("It is too large.", rows, fails=abs(R[0]) > 0.15, holds=right)


def recipe() -> Evidence:
    """a = 1, b = 4, tau = 1/2: gamma = (1 - tau)/(2 tau) = 1/2, and no epsilon above gamma gives
    more than (1/3)^2 b = 4/9. With epsilon = 1/4 and gamma = 1/8 it is (2/3)^2 b = 16/9.
    """
    a, b, tau = 1.0, 4.0, 0.5
    gamma = (1 - tau) / (2 * tau)
    epsilon = np.linspace(gamma, (1 + tau) / 2, 1001)  # all that the recipe and 0 < gamma allow
    best = (((1 - epsilon) / (1 + gamma)) ** 2 * b).max()
    right = ((1 - 1 / 4) / (1 + 1 / 8)) ** 2 * b  # 1/8 < min(1/4, (3/4)/tau - 1)
    rows = [("((1 - epsilon)/(1 + gamma))^2 b, above 1", "above 1", best), ("by ours", "", right)]
    return evidence("The recipe never works here.", *rows, fails=best <= a, holds=right > a)
