"""Exact laws on many instances, each able to fail."""

import numpy as np
import pytest
from law_helpers import low_rank, recorded, small, sparse, walked

import latebloom as lb
from latebloom.laws import law
from latebloom.theory.facts import Facts, facts


def ridge(rng: np.random.Generator) -> lb.Experiment:
    """Return a random ridge regression."""
    e = sparse(rng, lb.GradientDescent, penalty=False)
    beta = float(10 ** rng.uniform(-3, 0))
    alpha = float(rng.uniform(0.05, 0.95) * 2 / (e.data.sigma_max + beta))
    return e.with_(penalty=lb.L2(beta), method=lb.GradientDescent(alpha))


def layers(rng: np.random.Generator) -> lb.Experiment:
    """Return a random two-layer diagonal network."""
    e = sparse(rng, lb.GradientDescent, penalty=False)
    penalty = lb.L2(float(10 ** rng.uniform(-4, -1))) if rng.random() < 0.5 else None
    return e.with_(
        penalty=penalty,
        method=lb.GradientDescent(float(rng.uniform(0.001, 0.02))),
        model=lb.Hadamard(2),
        init=lb.Gaussian(0.5, int(rng.integers(100))),
    )


EXACT = {
    "telescoping": lambda rng: sparse(rng, lb.Subgradient),
    "proximal descent": lambda rng: sparse(rng, lb.ProximalGradient),
    "projected descent": lambda rng: sparse(rng, lb.ProjectedSubgradient),
    "error by the null space property": lambda rng: sparse(rng, lb.Subgradient),
    "error by the dual certificate": lambda rng: sparse(rng, lb.Subgradient),
    "rate of plain gradient descent": lambda rng: sparse(rng, lb.GradientDescent, penalty=False),
    "ridge in closed form": ridge,
    "rate of ridge": ridge,
    "residual of least squares": lambda rng: sparse(rng, lb.Subgradient),
    "error of least squares": lambda rng: sparse(rng, lb.Subgradient),
    "loss above least squares": lambda rng: sparse(rng, lb.Subgradient),
    "one step": lambda rng: sparse(rng, lb.Subgradient),
    "row space at every step": lambda rng: sparse(rng, lb.Subgradient),
    "gradient of a smooth loss": lambda rng: sparse(rng, lb.Subgradient),
    "product of two layers": layers,
    "squares of two layers": layers,
    "difference of two layers": layers,
    "coherence and restricted isometry": lambda rng: sparse(rng, lb.Subgradient),
    "lower bound of t2": lambda rng: sparse(rng, lb.Subgradient),
}


def judged(name: str, experiment: lb.Experiment) -> str:
    """Return the verdict of a law on a walked run of an experiment."""
    if isinstance(experiment.model, lb.Hadamard):
        run = recorded(experiment, np.zeros((1, *experiment.data.shape)))
    else:
        run = walked(experiment)
    found = law(name).check(run)
    assert found.verdict != "violated", (name, found.measured, found.promise, found.why)
    return str(found.verdict)


@pytest.mark.parametrize("name", EXACT)
def test_exact_laws_hold_on_random_instances(name):
    rng = np.random.default_rng([1, sorted(EXACT).index(name)])
    verdicts = [judged(name, EXACT[name](rng)) for _ in range(6)]
    if name != "lower bound of t2":  # these runs are too short to reach t2
        assert "holds" in verdicts


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_exact_laws_hold_on_a_thousand_random_instances(name):
    rng = np.random.default_rng([2, sorted(EXACT).index(name)])
    verdicts = [judged(name, EXACT[name](rng)) for _ in range(1000)]
    assert verdicts.count("holds") > 100 or name == "lower bound of t2"


MATRIX_LAWS = (
    "telescoping",
    "closeness to least squares, row space",
    "training loss after t1",
    "row space at every step",
    "gradient after t1",
    "subgradient of f after t1",
    "loss above least squares",
    "one step",
    "error of least squares",
)


@pytest.mark.parametrize("seed", range(4))
def test_laws_hold_on_random_matrices(seed):
    run = walked(low_rank(np.random.default_rng(seed)), 400)
    for name in MATRIX_LAWS:
        found = law(name).check(run)
        assert found.verdict in ("holds", "undecided"), (name, found)
    assert law("one step").check(run).verdict == "holds"


TAMPERED = (
    "closeness to least squares, row space",
    "training loss after t1",
    "row space at every step",
    "gradient after t1",
    "subgradient of f after t1",
)


def test_a_run_that_goes_astray_violates_the_laws():
    run = walked(small(lb.Subgradient(0.1)), 3000, every=20)
    for name in TAMPERED:
        assert law(name).check(run).verdict == "holds", name
    a = run.trajectory["a"].values
    # From the record after t1 on, so that the distance at t1 promises no more time.
    t1 = facts(run.experiment).t1
    late = run.trajectory["step"].values > t1 + 20
    astray = recorded(run.experiment, a + 3.0 * late[:, None], every=20)
    for name in TAMPERED:
        assert law(name).check(astray).verdict == "violated", name


@pytest.mark.parametrize(
    "name", ["error by the null space property", "error by the dual certificate"]
)
def test_constants_that_are_too_small_are_found_out(name, monkeypatch):
    # The inequalities hold for every vector: only wrong constants can break them.
    from latebloom.laws import null_space
    from latebloom.laws.constants.null_space import NullSpaceConstants

    wrong = NullSpaceConstants(0.0, 0.0, 0.0)
    for function in ("null_space_constants", "sign_constants"):
        monkeypatch.setattr(null_space, function, lambda *_: wrong)
    # Of an experiment that no other test has: what laws know of one is kept.
    assert law(name).check(walked(small(lb.Subgradient(0.099)), 300)).verdict == "violated"


FOLLOWED = (
    ("one step", lb.Subgradient(0.1)),
    ("decrease against a penalty", lb.Subgradient(0.1)),
    ("memorization phase", lb.Subgradient(0.05)),
    ("lemmas of the memorization phase", lb.Subgradient(0.05)),
)


VALUED = (
    ("telescoping", lb.Subgradient(0.1), "objective"),
    ("proximal descent", lb.ProximalGradient(0.1), "objective"),
    ("projected descent", lb.ProjectedSubgradient(0.1), "norm"),
    ("level of f, reached in time", lb.Subgradient(0.1), "objective"),
    ("level of h, reached in time", lb.Subgradient(0.1), "norm"),
)


@pytest.mark.parametrize(("name", "method"), FOLLOWED, ids=[name for name, _ in FOLLOWED])
def test_laws_that_follow_the_updates_notice_wrong_ones(name, method, monkeypatch):
    run = walked(small(method), 300)
    assert law(name).check(run).verdict == "holds"
    true = Facts.path

    def pushed(self, a, steps):
        path = true(self, a, steps)
        # A large push from the second update on, of which the law knows nothing.
        return path + 5.0 * (np.arange(len(path)) > 1)[:, None]

    monkeypatch.setattr(Facts, "path", pushed)
    assert law(name).check(run).verdict == "violated"


@pytest.mark.parametrize(("name", "method", "value"), VALUED, ids=[v[0] for v in VALUED])
def test_laws_of_descent_notice_values_that_are_not_those_of_the_path(
    name, method, value, monkeypatch
):
    run = walked(small(method), 3000, every=20)
    assert law(name).check(run).verdict == "holds"
    true = getattr(Facts, value)
    monkeypatch.setattr(Facts, value, lambda self, a: 1e4 * true(self, a))
    assert law(name).check(run).verdict == "violated"
