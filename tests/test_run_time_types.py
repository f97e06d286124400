"""The checks of types that all tests run under do check."""

import numpy as np
import pytest
import run_time_types
from beartype import beartype
from jaxtyping import Float, TypeCheckError


def shaped(a: Float[np.ndarray, " n"], b: Float[np.ndarray, " n"] | None) -> None:
    del a, b


def plain(count: int, later: "Unknown") -> str:  # pyright: ignore
    return "as said" if count else later


def test_shapes_are_known_by_their_annotations():
    assert run_time_types.has_shapes(shaped)
    assert not run_time_types.has_shapes(plain)


def test_a_shape_that_differs_is_refused():
    checked = run_time_types.jaxtyped(shaped, typechecker=beartype)
    checked(np.zeros(2), np.ones(2))
    with pytest.raises(TypeCheckError):
        checked(np.zeros(2), np.ones(3))


def test_a_plain_type_that_differs_is_refused_and_a_name_that_is_not_there_is_not_checked():
    checked = run_time_types.jaxtyped(typechecker=beartype)(plain)
    assert checked(1, object()) == "as said"
    assert checked.__annotations__ == plain.__annotations__
    with pytest.raises(TypeCheckError, match="count"):
        checked("one", 2)
    with pytest.raises(TypeCheckError, match="return"):
        checked(0, 3)


def test_the_package_is_under_these_checks():
    import latebloom as lb
    from latebloom_paper.others.verdicts import judged

    with pytest.raises(TypeCheckError, match="holds"):
        judged("yes", False)  # pyright: ignore
    with pytest.raises(TypeCheckError, match="y_star"):
        lb.SparseRecovery.from_arrays(np.ones((2, 3)), np.ones(1))
