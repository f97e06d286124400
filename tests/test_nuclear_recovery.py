"""Recoverability of low-rank matrices against facts that are known otherwise."""

import json

import numpy as np
import pytest
from helpers import KINDS, measure

from latebloom import MatrixCompletion, MatrixSensing, Unsupported
from latebloom.problems.nuclear_recovery import nuclear_recovery, solve_nuclear
from latebloom.problems.operators import Dense, Entries, RankOne, Tensor
from latebloom.problems.tangent import Complement, Rows, Tangent


def product(rng, n1, n2, r):
    return rng.standard_normal((n1, r)) @ rng.standard_normal((r, n2))


def matrix_of(operator, shape):
    """X itself, a column per entry of the unknown: for small problems."""
    units = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    return np.column_stack([operator.forward(unit).ravel() for unit in units])


def ask(operator, a_star):
    return nuclear_recovery(operator, a_star)


def nuclear(A):
    return np.linalg.svd(A, compute_uv=False).sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(12))
def test_answer_agrees_with_the_program(kind, seed):
    rng = np.random.default_rng(seed)
    n1, n2, r = 6, 5, 1 + seed % 2
    N = int(rng.integers(8, 28))
    operator, a_star = measure(kind, rng, n1, n2, N), product(rng, n1, n2, r)
    found = ask(operator, a_star)
    A, gap, _ = solve_nuclear(operator, operator.forward(a_star), (n1, n2), 1e-8)
    assert gap < 1e-6
    assert np.allclose(operator.forward(A), operator.forward(a_star))
    assert nuclear(A) <= nuclear(a_star) * (1 + 1e-7)
    error = np.linalg.norm(A - a_star) / np.linalg.norm(a_star)
    assert found.recoverable == (error < 1e-3)
    if found.recoverable:
        assert found.dual_norm_off_tangent < 1
        assert found.program_error is None
    else:
        if "no observed entry" in found.reason:
            return
        assert "smaller nuclear norm" in found.reason
        # Both have the gap 1e-6, and the norm may grow with the square of the distance only.
        assert found.program_error == pytest.approx(error, abs=2e-2)
        if found.dual_norm_off_tangent is not None:
            assert found.dual_norm_off_tangent > 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(6))
def test_positive_answer_is_an_inequality_in_every_direction_of_the_kernel(kind, seed):
    rng = np.random.default_rng(seed)
    operator, a_star = measure(kind, rng, 6, 6, 30), product(rng, 6, 6, 1)
    found = ask(operator, a_star)
    X = matrix_of(operator, (6, 6))
    kernel = np.linalg.svd(X)[2][np.linalg.matrix_rank(X) :]
    U, _, Vt = np.linalg.svd(a_star)
    U, Vt = U[:, :1], Vt[:1]
    smallest = np.inf
    for _ in range(300):
        D = (rng.standard_normal(len(kernel)) @ kernel).reshape(6, 6)
        off = (np.eye(6) - U @ U.T) @ D @ (np.eye(6) - Vt.T @ Vt)
        # The directional derivative of the norm, and what the certificate promises of it.
        slope = np.sum((U @ Vt) * D) + nuclear(off)
        smallest = min(smallest, slope / nuclear(off))
        if found.recoverable:
            assert slope >= (1 - found.dual_norm_off_tangent) * nuclear(off) - 1e-12
    assert found.recoverable or smallest < 1


@pytest.mark.parametrize("kind", KINDS)
def test_shortest_dual_point_is_that_of_a_dense_least_squares_problem(kind, rng):
    operator, a_star = measure(kind, rng, 7, 6, 38), product(rng, 7, 6, 1)
    found = ask(operator, a_star)
    U, _, Vt = np.linalg.svd(a_star)
    PU, PV = np.outer(U[:, 0], U[:, 0]), np.outer(Vt[0], Vt[0])
    T = np.eye(42) - np.kron(np.eye(7) - PU, np.eye(6) - PV)
    X = matrix_of(operator, (7, 6))
    rows = np.linalg.pinv(X) @ X
    Y = rows @ np.linalg.pinv(T @ rows, rcond=1e-10) @ np.outer(U[:, 0], Vt[0]).ravel()
    norm = np.linalg.norm(((np.eye(42) - T) @ Y).reshape(7, 6), 2)
    assert norm < 1
    assert found.dual_norm_off_tangent == pytest.approx(norm, rel=1e-8)


@pytest.mark.parametrize(("seed", "recoverable"), [(0, True), (18, True), (1, False), (12, False)])
def test_least_dual_norm_decides_where_the_shortest_point_does_not(seed, recoverable):
    rng = np.random.default_rng(seed)
    operator, a_star = measure("entries", rng, 10, 10, 72), product(rng, 10, 10, 2)
    tangent = Tangent(*_compact(a_star, 2), Rows(operator).project)
    Y = Rows(operator).project(tangent.solve(tangent.U @ tangent.Vt))
    assert np.linalg.norm(tangent.off(Y), 2) > 1
    found = ask(operator, a_star)
    assert found.recoverable is recoverable
    assert (found.dual_norm_off_tangent < 1) is recoverable
    A, _, _ = solve_nuclear(operator, operator.forward(a_star), (10, 10), 1e-8, 2000)
    assert (np.linalg.norm(A - a_star) < 1e-3 * np.linalg.norm(a_star)) == recoverable


def _compact(A, r):
    U, _, Vt = np.linalg.svd(A)
    return U[:, :r], Vt[:r]


def test_large_systems_are_solved_as_small_ones_are(monkeypatch, rng):
    operator, a_star = measure("entries", rng, 20, 18, 290), product(rng, 20, 18, 2)
    U, Vt = _compact(a_star, 2)
    dense = Tangent(U, Vt, Rows(operator).project)
    answers = dense.least, dense.solve(U @ Vt), ask(operator, a_star)
    monkeypatch.setattr("latebloom.problems.tangent.DENSE", 0)
    iterated = Tangent(U, Vt, Rows(operator).project)
    assert iterated.least == pytest.approx(answers[0], rel=1e-2)
    assert np.allclose(iterated.solve(U @ Vt), answers[1], atol=1e-10)
    again = ask(operator, a_star)
    assert again.recoverable is answers[2].recoverable is True
    assert again.dual_norm_off_tangent == pytest.approx(answers[2].dual_norm_off_tangent, rel=1e-6)


def test_missing_row_and_columns_are_named(rng):
    a_star = product(rng, 8, 8, 1)
    mask = np.ones((8, 8))
    mask[3] = 0.0
    found = ask(Entries(mask), a_star)
    assert found.recoverable is False
    assert found.reason.startswith("row 3 (counted from 0) has no observed entry")
    mask[:, [0, 1, 5, 6]] = 0.0
    found = ask(Entries(mask), a_star)
    assert "row 3 and columns 0, 1, 5 and more" in found.reason
    assert "have no observed entry" in found.reason


def test_missing_row_of_zeros_is_recovered(rng):
    a_star = product(rng, 6, 6, 1)
    a_star[2] = 0.0
    mask = np.ones((6, 6))
    mask[2] = 0.0
    found = ask(Entries(mask), a_star)
    assert found.recoverable is True  # a row that is not zero makes the norm larger
    assert found.injective_on_tangent is False


def test_disconnected_blocks_are_not_recoverable(rng):
    mask = np.kron(np.eye(2), np.ones((4, 4)))
    found = ask(Entries(mask), product(rng, 8, 8, 1))
    assert found.recoverable is False
    assert found.injective_on_tangent is False
    assert found.dual_norm_off_tangent is None
    assert "not injective on the tangent space" in found.reason
    assert "smaller nuclear norm" in found.reason


def test_fewer_measurements_than_degrees_of_freedom(rng):
    found = ask(measure("tensor", rng, 8, 8, 20), product(rng, 8, 8, 2))
    assert found.recoverable is False
    assert found.injective_on_tangent is False
    assert "rank 20, below the r (n1 + n2 - r) = 28 degrees of freedom" in found.reason


def test_few_measurements_along_the_singular_vectors_are_enough():
    # ||A||_* >= A_11, with equality for multiples of e1 e1^T only: one entry of 3 dimensions.
    found = ask(Entries(np.diag([1.0, 0.0])), np.diag([2.0, 0.0]))
    assert found.recoverable is True
    assert found.injective_on_tangent is False
    assert found.dual_norm_off_tangent == 0
    # Both entries of the diagonal: [[1, s], [s, 1]] has the norm 2 for all |s| <= 1.
    found = ask(Entries(np.eye(2)), np.eye(2))
    assert found.recoverable is False
    assert found.program_error == 0
    assert "does not grow along a direction in the kernel" in found.reason
    # With two singular vectors of each side, A_11 + A_22 leaves diag(1, -1) free.
    X = Tensor(np.eye(2)[None])
    assert ask(X, np.diag([2.0, 1.0])).recoverable is False
    assert ask(Entries(np.eye(2)), np.ones((2, 2))).recoverable is not True


def test_all_but_one_entry_of_ones_is_a_tie_of_first_order():
    # ||[[1, 1], [1, t]]||_*^2 is (1 - t)^2 + 4 below t = 1 and (1 + t)^2 above: the minimum is the
    # matrix of ones, but the slope vanishes on one side and no certificate is strict.
    mask = np.array([[1.0, 1.0], [1.0, 0.0]])
    found = ask(Entries(mask), np.ones((2, 2)))
    assert found.recoverable is None
    assert found.dual_norm_off_tangent == pytest.approx(1)
    assert found.reason.startswith("undecided")
    # A larger corner puts the slope on both sides: t = 2 minimizes [[2, 2], [1, t - 1]].
    assert ask(Entries(mask), np.array([[2.0, 1.0], [1.0, 0.5]])).recoverable is True
    # A smaller one: the norm falls on as t does.
    found = ask(Entries(mask), np.array([[0.5, 1.0], [1.0, 2.0]]))
    assert found.recoverable is False
    assert found.program_error > 0.1


@pytest.mark.parametrize("kind", ["rank one", "tensor"])
def test_all_dimensions_measured_needs_no_penalty(kind, rng):
    found = ask(measure(kind, rng, 4, 4, 20), product(rng, 4, 4, 3))
    assert found.recoverable
    assert found.by_least_squares
    assert "least squares" in found.reason
    found = ask(Entries(np.ones((4, 4))), product(rng, 4, 4, 3))
    assert found.by_least_squares


def test_zero_and_one_by_one():
    assert ask(Entries(np.eye(3)), np.zeros((3, 3))).recoverable is True
    assert ask(Entries(np.ones((1, 1))), np.ones((1, 1))).recoverable is True
    assert ask(Entries(np.zeros((1, 1))), np.ones((1, 1))).recoverable is False


@pytest.mark.parametrize("problem", [MatrixCompletion, MatrixSensing])
def test_noise_in_the_data_does_not_matter(problem):
    clean, noisy = (problem(n1=6, n2=6, r=1, N=24, seed=1, snr=snr) for snr in (None, 1.0))
    assert np.abs(clean.y_star - noisy.y_star).max() > 0.01
    assert noisy.recovery == clean.recovery


def test_a_certified_draw_keeps_its_certificate():
    problem = MatrixCompletion(n1=6, n2=6, r=1, N=24, recoverable=True)
    assert problem.recovery is problem.instance.recovery
    assert problem.recovery == ask(problem.operator, problem.a_star)


@pytest.mark.parametrize("kind", KINDS)
def test_the_unit_does_not_matter(kind, rng):
    operator, a_star = measure(kind, rng, 6, 6, 24), product(rng, 6, 6, 1)
    found = ask(operator, a_star)
    scaled = ask(operator, 1e-9 * a_star)
    assert scaled.recoverable == found.recoverable
    assert scaled.dual_norm_off_tangent == pytest.approx(found.dual_norm_off_tangent, rel=1e-6)
    turned = ask(operator, -a_star)
    assert turned.recoverable == found.recoverable


def test_fields_are_json_ready(rng):
    operator = measure("entries", rng, 6, 6, 15)
    found = ask(operator, product(rng, 6, 6, 2))
    again = json.loads(json.dumps(found.to_dict()))
    assert again == found.to_dict()
    assert again["recoverable"] is False


def test_other_operators_and_too_many_measurements_are_refused(rng):
    with pytest.raises(Unsupported, match="Dense"):
        Rows(Dense(np.eye(2), np.eye(2)))
    with pytest.raises(Unsupported, match="N = 6000"):
        Rows(RankOne(np.ones((6000, 2)), np.ones((6000, 2))))


@pytest.mark.parametrize("kind", KINDS)
def test_program_gives_the_shortest_matrix_that_fits(kind, rng):
    operator = measure(kind, rng, 3, 3, 6)
    y = operator.forward(rng.standard_normal((3, 3)))
    A, gap, iterations = solve_nuclear(operator, y, (3, 3))
    assert gap <= 1e-9
    assert iterations > 0
    assert np.allclose(operator.forward(A), y)
    # Any other matrix that fits is longer.
    X = matrix_of(operator, (3, 3))
    kernel = np.linalg.svd(X)[2][np.linalg.matrix_rank(X) :]
    for _ in range(50):
        D = (rng.standard_normal(len(kernel)) @ kernel).reshape(3, 3)
        assert nuclear(A + D) >= nuclear(A) * (1 - 1e-8)


@pytest.mark.parametrize("kind", ["rank one", "tensor"])
@pytest.mark.parametrize("unit", [1e-8, 1e-200])
def test_units_of_the_measurements_do_not_matter(kind, unit):
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((22, 5)), rng.standard_normal((22, 5))
    a_star = np.outer(rng.standard_normal(5), rng.standard_normal(5))
    scale = np.where(np.arange(23) % 2, 1.0, unit)[:, None]
    left, right = np.vstack([left, np.zeros(5)]), np.vstack([right, np.ones(5)])
    plain, scaled = RankOne(left, right), RankOne(scale * left, right)
    if kind == "tensor":
        plain, scaled = (Tensor(X.flat().reshape(-1, 5, 5)) for X in (plain, scaled))
    for operator in (plain, scaled):
        found = ask(operator, a_star)
        assert found.recoverable is True
        assert found.dual_norm_off_tangent == pytest.approx(0.3495780235)


def test_matrix_that_fits_all_but_hidden_rows_is_no_witness():
    # Pairs of rows that differ by 1e-8 count as one row in a Gram matrix; the 22 are enough.
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((22, 5)), rng.standard_normal((22, 5))
    a_star = np.outer(rng.standard_normal(5), rng.standard_normal(5))
    assert ask(RankOne(left, np.tile(right[:11], (2, 1))), a_star).recoverable is True
    left[11:] = left[:11] + 1e-8 * left[11:]
    found = ask(RankOne(left, np.tile(right[:11], (2, 1))), a_star)
    assert found.recoverable is None
    assert found.program_error > 0.1
    assert "undecided" in found.reason


@pytest.mark.parametrize("size", 10.0 ** -np.arange(3, 13))
def test_small_entries_do_not_change_the_answer(size):
    # The last row is seen in its last entry alone: Y_33 v_3 = u_3 makes the least norm 0.1, and
    # Y_33 u_3 = v_3 for the transpose 10. Rounding may hide it, but no other answer is right.
    u, v = np.array([1, 1, 1, size]), np.array([1, 1, 1, 10 * size])
    mask = np.ones((4, 4))
    mask[3, :3] = 0
    found = ask(Entries(mask), np.outer(u, v))
    turned = ask(Entries(mask.T), np.outer(u, v))
    assert found.recoverable is not False
    assert turned.recoverable is not True
    if size > 5e-8:
        assert found.recoverable is True
        assert found.dual_norm_off_tangent == pytest.approx(0.1)
        assert turned.recoverable is False


def test_tall_matrix_takes_little_memory():
    rng = np.random.default_rng(0)
    a_star = product(rng, 40_000, 3, 1)  # 40,000 x 40,000 doubles are 12 GiB
    mask = (rng.random(a_star.shape) < 0.9).astype(float)
    mask[:, 0] = 1.0
    assert ask(Entries(mask), a_star).recoverable is True


@pytest.mark.parametrize(("n", "r"), [(5, 1), (6, 3), (4, 4), (3, 0)])
def test_complement_is_an_orthonormal_basis(n, r, rng):
    for U in (np.linalg.qr(rng.standard_normal((n, n)))[0][:, :r], -np.eye(n)[:, :r]):
        basis = Complement(U).combine(np.eye(n - r))
        assert np.allclose(np.column_stack([U, basis]).T @ np.column_stack([U, basis]), np.eye(n))
        Z = rng.standard_normal((n, 2))
        assert np.allclose(Complement(U).coordinates(Z), basis.T @ Z)
