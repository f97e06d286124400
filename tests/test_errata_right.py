"""What the right statements of the errata rest on, over random instances."""

import math

import numpy as np
import pytest

# What the right statements rest on ----------------------------------------------------------------


def objective(X, y, a, beta):
    """Return least squares plus l1."""
    return 0.5 * np.sum((X @ a - y) ** 2) + beta * np.abs(a).sum()


def sparse_instance(rng, N=5, n=9):
    """Return X of norm 1, a*, y*: noiseless, one non-zero."""
    X = rng.standard_normal((N, n))
    X /= np.linalg.norm(X, 2)
    a_star = np.zeros(n)
    a_star[rng.integers(n)] = 1 + rng.random()
    return X, a_star, X @ a_star


def test_telescoping_bounds_every_lasso_and_every_comparator(rng):
    alpha, beta = 0.5, 0.05
    for _ in range(10):
        X, a_star, y = sparse_instance(rng)
        a, path, squares = rng.standard_normal(9), [], 0.0
        start = a
        for t in range(1, 201):
            F = X.T @ (X @ a - y) + beta * np.sign(a)
            path.append(objective(X, y, a, beta))
            squares += F @ F
            a = a - alpha * F
            for x in (a_star, np.zeros(9), rng.standard_normal(9)):
                bound = (np.sum((start - x) ** 2) + alpha**2 * squares) / (2 * alpha * t)
                assert min(path) - objective(X, y, x, beta) <= bound + 1e-12


def test_delay_is_enough_and_never_needed_on_random_lassos(rng):
    """E-01: at every eta the level is reached in time, and somewhere long before."""
    alpha, beta, shares = 0.5, 0.05, []
    for eta in (0.5, 1.0, 2.0):
        X, a_star, y = sparse_instance(rng)
        a = np.zeros(9)
        a0, gaps, largest = a, [], 0.0
        steps = math.ceil(np.sum((a0 - a_star) ** 2) / (alpha * beta * eta))
        for _ in range(steps + 1):
            F = X.T @ (X @ a - y) + beta * np.sign(a)
            gaps.append(objective(X, y, a, beta) - objective(X, y, a_star, beta))
            largest = max(largest, F @ F / beta**2)
            a = a - alpha * F
        level = (eta + largest * alpha * beta) * beta / 2
        assert min(gaps) <= level
        shares.append(np.flatnonzero(np.array(gaps) <= level)[0] / steps)
    assert min(shares) < 0.5


def test_proximal_bound_with_the_square(rng):
    for _ in range(10):
        X, _, y = sparse_instance(rng)
        beta, alpha, path, a = 0.05, 1.0, [], 5 * rng.standard_normal(9)
        start = a
        for _ in range(20_000):
            z = a - alpha * X.T @ (X @ a - y)
            a = np.sign(z) * np.maximum(np.abs(z) - alpha * beta, 0)
            path.append(objective(X, y, a, beta))
            if len(path) > 100 and path[-1] == path[-100]:
                break
        for T in (1, 5, 50):
            bound = np.sum((start - a) ** 2) / (2 * alpha * T)
            assert min(path[:T]) - path[-1] <= bound + 1e-9


def test_row_space_bound_holds_for_all_runs_and_the_whole_one_fails_for_some(rng):
    """E-07, E-08: rho_2 of the range, and the row-space part only."""
    alpha, beta, outside = 0.4, 1e-3, 0
    for _ in range(5):
        X, _, y = sparse_instance(rng)
        a_hat, P = np.linalg.pinv(X) @ y, np.linalg.pinv(X) @ X
        sigma = np.linalg.svd(X)[1] ** 2
        assert np.linalg.norm(np.eye(9) - alpha * X.T @ X, 2) == pytest.approx(1)
        rho = np.abs(1 - alpha * sigma).max()
        assert rho < 1
        bound = 2 * alpha * beta * np.sqrt(9) / (1 - rho)
        a = np.zeros(9)
        t1 = math.ceil(
            -math.log1p((1 - rho) * np.linalg.norm(a_hat) / (alpha * beta * 3)) / math.log(rho)
        )
        for t in range(t1 + 5000):
            a = a - alpha * (X.T @ (X @ a - y) + beta * np.sign(a))
            if t >= t1:
                assert np.linalg.norm(P @ (a - a_hat)) <= bound
        outside += np.linalg.norm(a - a_hat) > bound
    assert outside


def test_recipes_of_lemma_c11(rng):
    for tau in rng.uniform(0.01, 0.99, 500):
        epsilon = rng.uniform(0, 1 - tau)
        assert tau < 1 - epsilon  # (1)
        gamma = rng.uniform(0, min(epsilon, (1 - epsilon) / tau - 1))
        assert tau < (1 - epsilon) / (1 + gamma)  # (2), ours
        printed = (1 - tau) / (2 * tau)
        # (2), printed: gamma below epsilon, epsilon below its cap, and the best case of both.
        assert tau >= (1 - min(printed, 1)) / (1 + printed)
        gamma, epsilon = (1 - tau) / (2 * (1 + tau)), rng.uniform(0, (1 - tau) / 2)
        assert 0 < gamma < 1 - epsilon
        assert tau < (1 - epsilon - gamma) / (1 + gamma)  # (3), as printed


def test_smoothness_constants(rng):
    for p in (2, 3, 7):
        assert np.linalg.norm(np.ones((p, p)), 2) > math.sqrt(p) + 1e-3
        for _ in range(50):
            H = rng.standard_normal((p, p))
            assert np.linalg.norm(H + H.T, 2) <= p * np.abs(H + H.T).max() + 1e-12


def test_remainder_is_bounded_above_as_printed_and_on_both_sides_with_ours(rng):
    """E-11, both regimes, on indefinite quadratics, where the remainder is exact."""
    for _ in range(2000):
        p, epsilon = int(rng.integers(1, 5)), rng.uniform(0.02, 0.98)
        Q = rng.standard_normal((p, p))
        Q = Q + Q.T
        Q /= np.abs(Q).max()  # L_2 = 1
        G, u = rng.standard_normal((2, p))
        for gamma, m, share in (
            (epsilon * rng.random(), None, epsilon),
            ((1 - epsilon) * rng.random(), epsilon, None),
        ):
            m = epsilon - gamma if m is None else m
            share = epsilon + gamma if share is None else share
            towards = (u, G, -G)[rng.integers(3)]
            F = G + gamma * np.linalg.norm(G) * towards / np.linalg.norm(towards)
            for shrink, two_sided in ((1.0, False), ((1 + gamma) ** 2, True)):
                alpha = 2 * m / p / shrink
                R = -alpha * (G @ F) + alpha**2 / 2 * (F @ Q @ F) + alpha * (G @ G)
                most = share * alpha * (G @ G) + 1e-12
                assert most >= R
                if two_sided:
                    assert abs(R) <= most


def test_the_counterexample_to_the_remainder_satisfies_all_hypotheses():
    """E-11: CL at the start, and the other two caps on alpha."""
    x, r, epsilon, gamma = 10.07, 14.0, 0.15, 0.1
    y = np.linspace(x - r, x + r, 280_001)
    T = np.tanh(10 * y - 100)
    q, slope = y + T / 10, 2 - T**2
    start = (x + np.tanh(10 * x - 100) / 10) ** 2
    chi = 4 * (slope**2).min()  # g'^2 / g = 4 q'^2
    assert 4 * start < ((1 - epsilon) / (1 + gamma)) ** 2 * r**2 * chi
    z = np.linspace(x - 2 * r, x + 2 * r, 560_001)
    T = np.tanh(10 * z - 100)
    L_2 = np.abs(2 * ((2 - T**2) ** 2 - 20 * (z + T / 10) * T * (1 - T**2))).max()
    alpha, L_1 = 2 * (epsilon - gamma) / L_2, np.abs(2 * q * slope).max()
    assert alpha < min(r / (L_1 + gamma * L_1), 1 / ((1 + gamma) * L_2))


def test_the_counterexample_to_convexity_satisfies_the_hypotheses_of_phase_one():
    """E-03: CL at -2.1 with r = 1/2, and alpha, beta below their maxima."""
    x, r, epsilon, gamma, alpha, beta = -2.1, 0.5, 0.5, 0.2, 1 / 64, 3 / 16
    y = np.linspace(x - r, x + r, 10_001)
    chi = (2 * (2 * y + 1) ** 2).min()  # g'^2 / g
    assert 4 * ((x - 1) * (x + 2)) ** 2 / 2 < ((1 - epsilon) / (1 + gamma)) ** 2 * r**2 * chi
    L_1 = np.abs((y - 1) * (y + 2) * (2 * y + 1)).max()
    z = np.linspace(x - 2 * r, x + 2 * r, 10_001)
    L_2 = np.abs((2 * z + 1) ** 2 + 2 * (z - 1) * (z + 2)).max()
    beta_max = gamma * abs((x - 1) * (x + 2) * (2 * x + 1))
    assert beta < beta_max
    caps = r / (L_1 + beta_max), 2 * (epsilon - gamma) / L_2, 1 / ((1 + gamma) * L_2)
    assert alpha < min(caps)


def theorem_c10(g, gradient, p, L_1, L_2, chi, r, epsilon, gamma, H, L_h):
    """Return the largest alpha and beta of the theorem, or zeros where CL fails."""
    if 4 * g >= ((1 - epsilon) / (1 + gamma)) ** 2 * r**2 * chi:
        return 0.0, 0.0
    beta = gamma * gradient / H
    L = math.sqrt(p) * L_2
    caps = r / ((L_1 + beta * L_h) * math.sqrt(p)), 2 * (epsilon - gamma) / (L_2 * p)
    return min(*caps, 1 / ((1 + gamma) * L)), beta


def test_the_counterexamples_on_quadratics_satisfy_the_hypotheses_of_the_main_theorem():
    # E-02: g = a1^2/2 in two dimensions from (1, 1).
    alpha, beta = theorem_c10(0.5, 1, 2, 1 + 5, 1, 2, 5, 0.75, 0.1, math.sqrt(2), 1)
    assert alpha > 1 / 2
    assert beta > 1 / 64
    # ... where t1 = 1 is inside its window for eps_g = 0.75 g.
    delta, tau = 0.25 * 2 / 2, 1 - 1.1 * math.sqrt(2) / 2
    assert math.log(0.75) / math.log(1 - delta) <= 1 <= math.log(1 / 6.4) / math.log(tau)
    # E-05: four dimensions, G = (1, 1, 1, 1).
    alpha, beta = theorem_c10(2, 2, 4, 1 + 4, 1, 2, 4, 0.31, 0.2, 2, 1)
    assert alpha > 0.05
    assert beta > 0.15
    # E-32: one dimension from 1; the printed time is inside the window.
    alpha, beta = theorem_c10(0.5, 1, 1, 1 + 2.5, 1, 2, 2.5, 0.5, 0.1, 1, 1)
    assert alpha > 0.1
    assert beta > 0.001
    assert math.log(1 / 16) / math.log(0.9) < math.log(0.001 / 0.1) / math.log(1 - 1.1 * 0.1)


def test_no_beta_is_left_by_the_preservation_theorem(rng):
    """E-09: g = c (x - m)^2/2, h = |x|, any start, any r with CL, any share of the ball."""
    for _ in range(300):
        c, m, x = rng.uniform(0.1, 3), rng.normal(), 3 * rng.normal()
        if abs(x - m) < 1e-3 or abs(x) < 1e-3:
            continue
        r = abs(x - m) * rng.uniform(1.01, 5)  # 4 g < r^2 chi with chi = 2 c
        small, chi = r * rng.random(), 2 * c
        g, h = c * (x - m) ** 2 / 2, abs(x)
        assert 4 * g < r**2 * chi
        low = c * max(abs(x - m) - small, 0) ** 2 / 2
        high, top = c * (abs(x - m) + small) ** 2 / 2, abs(x) + small
        A, B, C = 4 * g * high, 4 * g * top + 4 * h * high, 4 * h * top
        D = small**2 * chi * low / 2
        root = B**2 - 4 * C * (A - D)
        assert root == pytest.approx(
            16 * (g * top - h * high) ** 2 + 8 * h * top * small**2 * chi * low, abs=1e-6 * B**2
        )
        assert min(math.sqrt(low * chi) / 4, (math.sqrt(max(root, 0)) - B) / (2 * C)) <= 0


def test_rate_under_pl_at_the_step_one_over_l(rng):
    """E-15: (1 - mu/L)^t bounds, and mu/L is too fast as soon as 3 mu < 2 L or so."""
    for _ in range(50):
        mu = rng.uniform(0.05, 0.3)
        curvature = np.array([mu, rng.uniform(mu, 1), 1.0])
        x = rng.standard_normal(3)
        start = curvature @ x**2
        for t in range(1, 10):
            x = x - curvature * x
            assert curvature @ x**2 <= (1 - mu) ** t * start + 1e-15
        assert (1 - mu) ** 2 > mu


def test_decrease_under_pl_with_the_right_delta(rng):
    """B-01: multi-dimensional, any subgradient as long as the gradient, any stable alpha."""
    for _ in range(2000):
        curvature = rng.uniform(0.2, 2, 3)
        mu, L = curvature.min(), curvature.max()
        alpha, beta = rng.uniform(0, 2 / L), rng.random()
        x, H = rng.standard_normal((2, 3))
        G = curvature * x
        H = rng.choice([1, -1]) * G if rng.random() < 0.3 else H / np.linalg.norm(H)
        H = H * min(1, np.linalg.norm(G) / np.linalg.norm(H))
        delta = mu * alpha * (2 - alpha * L - 2 * beta * abs(1 - alpha * L) - alpha * L * beta**2)
        after = x - alpha * (G + beta * H)
        if delta >= 0:
            assert curvature @ after**2 <= (1 - delta) * (curvature @ x**2) + 1e-12


def test_pure_shrinking_is_trapped_and_leaves_the_other_coordinates(rng):
    """E-16, E-17 on multiples of 1/4 with alpha = 1."""
    for _ in range(100):
        n = int(rng.integers(1, 6))
        a = rng.integers(4, 40, n) / 4 * rng.choice([1, -1], n)
        start, inside = a, []
        for t in range(1, 50):
            if np.abs(a).max() <= 1:
                inside.append(t)
            a = a - np.sign(a)
        first = max(math.ceil(np.abs(start).max()), 1)
        assert inside == list(range(first, 50))
        assert np.count_nonzero(a) == n - np.sum(start % 1 == 0)


def test_the_open_box_of_singular_values_is_reached_as_printed():
    """C.42(2): sigma_max < alpha if and only if t > floor(sigma_max(A^(1)) / alpha)."""
    for sigma in (0.5, 1.0, 2.25, 3.0, 4.75):
        s, inside = sigma, []
        for t in range(1, 20):
            if s < 1:
                inside.append(t)
            s = abs(s - 1) if s > 0 else 0.0
        assert inside == list(range(math.floor(sigma) + 1, 20))


def polar(A):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    return (U * (s > 1e-10 * s[0])) @ Vt


def test_polar_factors_of_full_rank_and_of_less(rng):
    """E-21: Li's bound and the printed one for full rank; the printed one fails below."""
    failures = 0
    for _ in range(500):
        E = rng.standard_normal((4, 4))
        E *= rng.random() / np.linalg.norm(E, 2)
        size = np.linalg.norm(E, 2)
        A = rng.standard_normal((4, 4))
        A *= size * rng.uniform(1.05, 6) / np.linalg.svd(A)[1][-1]
        least, moved = np.linalg.svd(A)[1][-1], np.linalg.svd(A - E)[1][-1]
        apart = np.linalg.norm(polar(A - E) - polar(A))
        assert apart <= 2 * np.linalg.norm(E) / (least + moved) + 1e-9
        assert apart <= 2 * math.sqrt(2 * 4) / (least / size - 1) + 1e-9
        tall, F = A[:, :3], E[:, :3]
        q = np.linalg.svd(tall)[1][-1] / np.linalg.norm(F, 2)
        assert np.linalg.norm(polar(tall - F) - polar(tall)) <= 2 * math.sqrt(6) / (q - 1) + 1e-9
        low = tall @ rng.standard_normal((3, 4))
        low *= 50 * size / np.linalg.svd(low)[1][2]
        failures += np.linalg.norm(polar(low - E) - polar(low)) > 2 * math.sqrt(6) / (50 - 1)
    assert failures > 400


@pytest.mark.parametrize(("n", "N"), [(9, 1), (16, 4), (40, 10)])
def test_coherence_of_gaussian_rows(rng, n, N):
    """E-19: C1 = 1/2 holds with its probability; a square basis excludes large C1 altogether."""
    Phi = np.linalg.qr(rng.standard_normal((n, n)))[0]
    draws = rng.standard_normal((400, N, n))
    mu = np.abs(draws @ Phi).max(axis=2) / np.linalg.norm(draws, axis=2)
    assert mu.min() >= 1 / math.sqrt(n) - 1e-12
    root = 2 * math.sqrt(math.log(n * N))
    over = np.mean(mu.max(axis=1) > root / math.sqrt(n))
    assert over <= 1 / (n * N)
    assert mu.min() > root / n**1.5


def test_l2_error_is_the_part_outside_the_row_space(rng):
    """E-26."""
    for _ in range(20):
        X, a_star = rng.standard_normal((4, 7)), rng.standard_normal(7)
        a = np.linalg.solve(X.T @ X + 1e-9 * np.eye(7), X.T @ X @ a_star)
        outside = a_star - np.linalg.pinv(X) @ X @ a_star
        assert np.linalg.norm(a - a_star) == pytest.approx(np.linalg.norm(outside), rel=1e-4)
