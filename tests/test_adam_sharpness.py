"""The preconditioned curvature of Adam, against eigenvalues of the whole Hessian in NumPy."""

import numpy as np
import pytest

import latebloom as lb
from latebloom.engines import adam_sharpness
from latebloom_paper.beyond import adam_edge

N, N_TEST = 6, 5


def problem():
    x = np.random.default_rng(0).standard_normal((N + N_TEST, 4)).astype(np.float32)
    y = (x @ np.array([1.0, -1.0, 0.5, 0.0], np.float32))[:, None]
    return lb.SupervisedData(x[:N], y[:N], x[N:], y[N:], loss="mse")


@pytest.mark.parametrize("coupling", ["coupled", "decoupled"])
def test_it_is_that_of_the_hessian_of_a_linear_model(coupling):
    model = lb.Custom("linear", {"w": np.full((1, 4), 0.3)}, lambda p, x: x @ p["w"].T)
    alpha, beta, steps = 0.05, 0.01, 60
    e = lb.Experiment(
        problem(), lb.On(lb.L2(beta), "all"), lb.Adam(alpha, coupling=coupling), model,
        steps=steps, thresholds=(0.5, 1e-9), precision="float64",
    )  # fmt: skip
    found = adam_sharpness(e, per_decade=10)
    assert found.t2 is None
    assert len(found.steps) > 3
    # Algorithm 1 of Kingma and Ba, and the eigenvalues of P^(1/2) H P^(1/2) at those steps.
    x, y = (a.astype(float) for a in (e.supervised.train.inputs, e.supervised.train.targets))
    H, w, m, v = 2 / N * x.T @ x, np.full(4, 0.3), np.zeros(4), np.zeros(4)
    expected = {}
    for t in range(1, steps + 1):
        decay = beta * w
        g = 2 / N * x.T @ (x @ w - y[:, 0]) + (decay if coupling == "coupled" else 0)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        root = np.sqrt(v / (1 - 0.999**t)) + 1e-8
        w = w - alpha * (m / (1 - 0.9**t) / root + (decay if coupling == "decoupled" else 0))
        expected[t] = alpha * np.linalg.eigvalsh(H / np.sqrt(np.outer(root, root))).max() / 38
    for t, value in zip(found.steps, found.values, strict=True):
        assert value == pytest.approx(expected[t], rel=0.03)  # the iteration ends at 1 %


def test_other_methods_are_refused():
    e = lb.Experiment(problem(), method=lb.SGD(0.1), model=lb.MLP((3,)))
    with pytest.raises(lb.Unsupported, match="only that of Adam"):
        adam_sharpness(e)


def test_the_median_is_over_the_steps_of_the_delay():
    """Records are dense at its begin: nine tenths of the steps are in its last decade."""
    run = adam_edge.Delay("decoupled", 1e-2, 0.1, 0, 1000, [10, 100, 1000], [0.0, 0.0, 0.9])
    assert adam_edge.typical([run])[0] == pytest.approx(0.9 * (505 - 100) / 900, rel=0.01)
    assert adam_edge.final([run])[0] == 0.9
    coupled = [run._replace(coupling="coupled", alpha=alpha) for alpha in (1e-4, 1e-2)]
    found = adam_edge.evidence([run] * 3 + coupled * 3)
    assert set(found) == {claim.id for claim in adam_edge.STUDY.claims}
    assert found["adam-edge.adamw-end"].value == 0.9
