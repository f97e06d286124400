"""What every problem promises."""

import numpy as np
import pytest
from helpers import design, example, linear_problems

from latebloom.core.spec import FAMILIES, from_dict, to_dict

PROBLEMS = linear_problems()


# --- What every problem promises ------------------------------------------------------------------


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_shapes_agree_and_arrays_are_finite_float64_and_read_only(problem):
    assert problem.a_star.shape == problem.shape
    assert problem.operator.forward(problem.a_star).shape == problem.y_star.shape
    assert problem.operator.adjoint(problem.y_star).shape == problem.shape
    for array in (*problem.operator, problem.y_star, problem.a_star):
        assert array.dtype == np.float64
        assert np.isfinite(array).all()
        with pytest.raises(ValueError, match="read-only"):
            array[:1] = 0


@pytest.mark.parametrize("problem", PROBLEMS.values(), ids=PROBLEMS)
def test_derived_quantities_match_independent_linear_algebra(problem):
    X, y = design(problem), problem.y_star.ravel()
    eigenvalues = np.linalg.eigvalsh(X.T @ X)
    assert problem.sigma_max == pytest.approx(eigenvalues[-1], rel=1e-12)
    assert problem.alpha_max == pytest.approx(2 / eigenvalues[-1], rel=1e-12)
    np.testing.assert_allclose(problem.a_hat.ravel(), np.linalg.lstsq(X, y)[0], atol=1e-12)
    decomposed = getattr(problem, "svd", None) or problem.truth_svd
    whole = X if hasattr(problem, "svd") else problem.a_star
    assert decomposed.s.size == np.linalg.matrix_rank(whole)
    U, s, Vt = decomposed
    np.testing.assert_allclose(U @ np.diag(s) @ Vt, whole, atol=1e-13)


@pytest.mark.parametrize("name", PROBLEMS)
def test_same_spec_gives_the_same_arrays_to_the_bit(name):
    one = example(FAMILIES["problem"][name])
    two = from_dict("problem", to_dict(one))
    for array in ("y_star", "a_star"):
        np.testing.assert_array_equal(getattr(one, array), getattr(two, array))
    for mine, other in zip(one.operator, two.operator, strict=True):
        np.testing.assert_array_equal(mine, other)
    assert one.validate() is None
