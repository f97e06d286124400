"""How engines end runs, which of them is taken, and what follows a run."""

import warnings

import jax
import numpy as np
import pytest
from engine_helpers import PUBLISHED, SMALL, subgradient

import latebloom as lb
from latebloom.engines.base import run_engine
from latebloom.engines.decomposition import decompose
from latebloom.engines.linear_functions import LinearFunctions
from latebloom.engines.modes import Modes


def test_divergence_is_a_result_with_its_step():
    alpha = 1.05 * PUBLISHED.alpha_max
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-5), lb.Subgradient(alpha), steps=10**5)
    run = lb.simulate(experiment, force=True)
    assert run.phases.verdict == "diverged"
    # The loop with the documented bound: training error above 10^6 max(1, initial relative error).
    a, X, y = np.array(experiment.start), PUBLISHED.X, PUBLISHED.y_star
    for step in range(10**5):
        if np.linalg.norm(X @ a - y) > 1e6 * max(
            np.linalg.norm(y), np.linalg.norm(X @ experiment.start - y)
        ):
            break
        a = subgradient(alpha, 1e-5)(X, y, a, step, None)
    assert run.phases.diverged_at == step
    assert np.isfinite(run.trajectory["a"].values).all()


def test_an_unstable_step_size_is_refused_with_both_numbers():
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-5), lb.Subgradient(0.3))
    with pytest.raises(lb.InvalidInput, match=r"alpha = 0\.3 .*0\.2809"):
        lb.simulate(experiment)


@pytest.mark.parametrize("engine", ["step", "jump"])
def test_ctrl_c_keeps_what_is_done(engine):
    def stop(done, total):
        if done > 5000:
            raise KeyboardInterrupt

    method = lb.Subgradient(0.1) if engine == "step" else lb.ProximalGradient(0.1)
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-5), method, steps=10**9)
    run = lb.simulate(experiment, engine=engine, progress=stop)
    assert run.interrupted
    assert 5000 < run.trajectory.step[-1] < 10**9
    assert run.phases.t1.step == 60


def test_importing_and_simulating_leave_the_precision_of_jax_alone():
    import jax.numpy as jnp

    lb.simulate(lb.Experiment(SMALL, lb.L1(1e-3), steps=10), engine="step")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert jnp.asarray(1.0).dtype == ("float64" if jax.config.jax_enable_x64 else "float32")
    assert not jax.config.jax_enable_x64


def test_auto_takes_the_cheapest_exact_engine():
    def engine(penalty, method, model=None):
        e = lb.Experiment(SMALL, penalty, method, model or lb.Linear(), steps=100)
        return lb.simulate(e).engine

    assert engine(lb.L1(1e-3), lb.ProximalGradient(0.1)) == "jump"
    assert engine(lb.L1(1e-3), lb.Subgradient(0.1)) == "step"
    assert engine(lb.L2(1e-3), lb.Subgradient(0.1)) == "spectral"
    assert engine(None, lb.GradientDescent(0.1)) == "spectral"
    assert engine(None, lb.GradientDescent(0.1), lb.Hadamard(2)) == "step"
    assert engine(lb.Euclidean(1e-3), lb.ProximalGradient(0.1)) == "step"


@pytest.mark.parametrize(
    ("engine", "penalty", "method", "match"),
    [
        ("jump", lb.L1(1e-3), lb.FISTA(0.1), "ProximalGradient"),
        ("jump", lb.Euclidean(1e-3), lb.ProximalGradient(0.1), "L1 and L2"),
        ("jump", lb.L1(lb.PowerDecay(1e-3)), lb.ProximalGradient(0.1), "constant"),
        ("spectral", lb.L1(1e-3), lb.Subgradient(0.1), "L2"),
    ],
)
def test_an_engine_that_does_not_apply_says_why(engine, penalty, method, match):
    with pytest.raises(lb.Unsupported, match=match):
        lb.simulate(lb.Experiment(SMALL, penalty, method, steps=10), engine=engine)


def test_an_unknown_engine_names_the_nearest():
    with pytest.raises(lb.InvalidInput, match="did you mean 'spectral'"):
        lb.simulate(lb.Experiment(SMALL, lb.L1(1e-3), steps=10), engine="spectal")


def duplicated(seed):
    """A problem with equal columns, where coordinates tie to the last digit."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((30, 60)) / 6
    X[:, 30:] = X[:, rng.integers(0, 30, 30)]
    a_star = np.zeros(60)
    a_star[rng.choice(60, 4, replace=False)] = rng.standard_normal(4)
    y = X @ a_star + 1e-3 * rng.standard_normal(30)
    return lb.SparseRecovery.from_arrays(X, y, a_star)


@pytest.mark.parametrize("seed", range(40, 52))
def test_ties_do_not_keep_a_run_or_its_limit_going_for_ever(seed):
    problem = duplicated(seed)
    alpha = (0.1, 1.0, 1.9)[seed % 3] / problem.sigma_max
    experiment = lb.Experiment(problem, lb.L1(1e-2), lb.ProximalGradient(alpha), steps=10**15)
    end = run_engine("jump", experiment).params[-1]
    gradient = problem.X.T @ (problem.X @ end - problem.y_star)
    # The optimality condition of the lasso, written out.
    assert np.abs(gradient).max() <= 1e-2 * (1 + 1e-9)
    np.testing.assert_allclose(gradient[end != 0], -1e-2 * np.sign(end[end != 0]), atol=1e-10)


@pytest.mark.parametrize("engine", ["spectral", "step"])
def test_a_dip_that_comes_later_is_not_called_infeasible(engine):
    # a runs through a* on its way from 0 to y: the test error dips to 0 and rises to 1.
    problem = lb.SparseRecovery.from_arrays(np.eye(1), np.array([1.0]), np.array([0.5]))
    whole = lb.Experiment(
        problem, None, lb.GradientDescent(0.01), init=0.0, steps=10_000, thresholds=(1e-3, 0.05)
    )
    # 1 - 0.99^t >= 0.475 first at t = ln(0.525) / ln(0.99) = 64.1.
    run = lb.simulate(whole, engine=engine)
    assert run.phases.t2.step == 65
    early = lb.simulate(whole.with_(steps=64), engine=engine)
    assert early.phases.t2.kind == "censored"
    never = lb.simulate(whole.with_(thresholds=(1e-3, 1e-6)), engine=engine)
    assert never.phases.t2.kind == "infeasible"


def test_a_threshold_at_the_floor_to_the_last_digit_is_decided():
    # That the search ends is what is tested; rounding may decide these three either way.
    experiment = lb.Experiment(PUBLISHED, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=10**6)
    floor = float(lb.simulate(experiment).trajectory["test_error"][-1])
    for threshold in (floor * (1 - 1e-15), floor, floor * (1 + 1e-15)):
        run = lb.simulate(experiment.with_(thresholds=(1e-3, threshold), steps=10**15))
        assert run.phases.t2.kind in ("exact", "infeasible", "censored")
    assert lb.simulate(experiment.with_(thresholds=(1e-3, 1.01 * floor))).phases.t2.kind == "exact"


def test_a_run_too_short_for_a_proved_t2_is_undecided_not_memorized_only():
    experiment = lb.Experiment(
        lb.SparseRecovery.code(N=30), lb.L1(1e-5), lb.ProximalGradient(0.1), steps=1000
    )
    t2 = lb.simulate(experiment.with_(steps=10**6)).phases.t2.step
    assert t2 > 1000
    for engine in ("jump", "step"):
        found = lb.simulate(experiment, engine=engine).phases
        assert (found.t2.kind, found.verdict) == ("censored", "undecided")


def test_crossing_zero_without_a_threshold_is_no_event():
    problem = lb.SparseRecovery(n=30, s=2, N=60, seed=1)
    alpha = 0.9999 * problem.alpha_max  # a mode changes its sign at every step
    experiment = lb.Experiment(problem, lb.L2(1e-9), lb.ProximalGradient(alpha), steps=10**6)
    jumped = lb.simulate(experiment, engine="jump")
    assert jumped.events == 0
    exact = lb.simulate(experiment, engine="spectral").phases
    assert (jumped.phases.t1.step, jumped.phases.t2.step) == (exact.t1.step, exact.t2.step)


def test_an_average_within_the_margin_of_its_bracket_decides_nothing():
    problem = lb.SparseRecovery.code(n=40, N=30, s=2)
    experiment = lb.Experiment(problem, lb.L1(1e-4), lb.Subgradient(0.1), steps=10**6)
    end = float(lb.simulate(experiment, engine="jump").trajectory["test_error"][-1])
    found = lb.simulate(experiment.with_(thresholds=(1e-3, 1.02 * end)), engine="jump").phases
    assert (found.t2.kind, found.verdict) == ("censored", "undecided")
    assert f"{end:.3g} <= {1.02 * end:.3g}" in found.reason


def test_the_note_speaks_of_a_bracket_only_where_there_is_one():
    problem = lb.SparseRecovery.code(n=40, N=30, s=2)
    experiment = lb.Experiment(problem, lb.L1(1e-4), lb.ProjectedSubgradient(0.1), steps=10**6)
    late = lb.simulate(experiment.with_(thresholds=(1e-3, 0.1)), engine="jump")
    assert late.phases.t2.kind == "bracketed"
    assert "t2 is a bracket" in late.notes[0]
    start = float(late.trajectory["test_error"][0])
    early = lb.simulate(experiment.with_(thresholds=(1e-3, 0.99 * start)), engine="jump")
    assert early.phases.t2.kind == "exact"
    assert "bracket" not in early.notes[0]


@pytest.mark.parametrize("s", [1, 5, 30])
@pytest.mark.parametrize("steps", [10, 300, 10**5])
def test_what_comes_after_a_run_is_the_same_from_its_end_as_from_its_start(s, steps):
    problem = lb.SparseRecovery.code(n=40, s=s, N=20, seed=4)
    experiment = lb.Experiment(
        problem, lb.L1(1e-4), lb.ProximalGradient(0.1), steps=steps, thresholds=(1e-4, 1e-2)
    )
    found = lb.simulate(experiment, engine="jump").phases
    whole, end = run_engine("jump", experiment.with_(steps=10**15)), lb.limit(experiment)
    both = zip(
        (found.t1, found.t2),
        (whole.t1, whole.t2),
        (end.train_floor, end.test_floor),
        experiment.thresholds,
        strict=True,
    )
    for passage, ever, floor, threshold in both:
        if ever.step is not None:
            kind = "exact" if ever.step <= steps else "censored"
        else:
            kind = "infeasible" if floor > threshold else "censored"
        assert passage.kind == kind
        if kind == "infeasible":
            assert passage.end == pytest.approx(floor, rel=1e-9)
            assert threshold < passage.floor <= passage.end * (1 + 1e-9)


@pytest.mark.parametrize("spread", [1e-1, 1e-2, 1e-3, 3e-4, 1e-6])
@pytest.mark.parametrize("shape", [(30, 12), (30, 29), (30, 30), (25, 30)])
def test_every_way_to_decompose_gives_the_singular_values_that_were_built_in(spread, shape, rng):
    r = min(shape)
    U, V = (np.linalg.qr(rng.standard_normal((m, r)))[0] for m in shape)
    built = np.geomspace(1.0, spread, r)
    X = (U * built) @ V.T
    found = decompose(np.ascontiguousarray(X.T))
    order = np.argsort(-found.s)
    # Some roundings of the largest, also where the Gram matrix has lost three digits more.
    np.testing.assert_allclose(found.s[order], built, rtol=0, atol=1e-14)
    for basis, exact in ((found.U[:, order], U), (found.rows(np.arange(shape[1]))[:, order], V)):
        np.testing.assert_allclose(np.abs((basis * exact).sum(axis=0)), 1.0, rtol=0, atol=1e-9)


@pytest.mark.parametrize("fastest", [0.5, 1.0, 1.9])
def test_first_exit_is_that_of_every_step_looked_at(fastest, rng):
    found = 0
    for _ in range(200):
        p = np.append(fastest * 10.0 ** -rng.uniform(0, 4, 5), 0.0)
        # The slow modes weigh little in every step, as in a run: the sums have turns at any time.
        weight = rng.standard_normal((4, 6)) * np.append(p[:-1], 1e-4)
        constant, room = rng.standard_normal(4), rng.uniform(0.5, 3.0, 4)
        least, most = constant - room, constant + np.where(rng.random(4) < 0.5, room, np.inf)
        modes = Modes(p)
        steps = np.arange(20_001, dtype=float)
        value = constant[:, None] + weight @ modes.psi(steps)
        out = ((value < least[:, None]) | (value > most[:, None])).any(axis=0)
        expected = int(out.argmax()) if out.any() else None
        assert LinearFunctions(modes, constant, weight, least, most).first_exit(0, 20_000) == (
            expected
        )
        found += expected is not None and expected > 100
    assert found >= 10  # not all of them leave at once
