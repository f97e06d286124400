"""The slow-time engine, against plain loops of a few lines."""

import warnings

import numpy as np
import pytest

import latebloom as lb
from latebloom.engines import matrix_following, slow_flow
from latebloom.engines.base import run_engine
from latebloom.engines.low_rank_bdf import LowRankBDF
from latebloom.engines.slow import SLOW
from latebloom.engines.slow_flow import Flow, threshold_derivative
from latebloom.engines.step import simulate_step
from latebloom.penalties import Nuclear
from latebloom.problems import MatrixCompletion, MatrixSensing

METHODS = (lb.ProximalGradient, lb.Subgradient, lb.ProjectedSubgradient)
COMPLETION = MatrixCompletion(n1=7, n2=6, r=1, N=30, seed=1)
SENSING = MatrixSensing(n1=5, n2=7, r=1, N=28, seed=1)


def experiment(problem, method=lb.ProximalGradient, rate=1e-4, share=0.6, **settings):
    alpha = share * problem.alpha_max / 2
    settings = {"steps": int(3 / rate), "thresholds": (1e-2, 1e-2), **settings}
    return lb.Experiment(problem, Nuclear(rate / alpha), method(alpha), **settings)


def svt(Z, mu):
    U, s, Vt = np.linalg.svd(Z, full_matrices=False)
    return (U * np.maximum(s - mu, 0)) @ Vt


def dense(problem):
    """Return X as a matrix and the data as a vector."""
    unit = np.eye(np.prod(problem.shape)).reshape(-1, *problem.shape)
    return np.array([problem.operator.forward(E).ravel() for E in unit]).T, problem.y_star.ravel()


def loop(e, keep=()):
    """Return t1, t2 and the iterates at some steps, until both errors are below."""
    X, y = dense(e.data)
    pinv, alpha, beta = np.linalg.pinv(X), e.method.alpha, e.penalty.beta
    A, star, shape = e.start.ravel(), e.data.a_star.ravel(), e.data.shape
    first, kept = [None, None], {}
    for k in range(e.steps + 1):
        errors = np.linalg.norm(X @ A - y), np.linalg.norm(A - star)
        for i, scale in enumerate((np.linalg.norm(y), np.linalg.norm(star))):
            if first[i] is None and errors[i] <= e.thresholds[i] * scale:
                first[i] = k
        if k in keep:
            kept[k] = A.reshape(shape)
        if None not in first and k >= max(keep, default=0):
            break
        if isinstance(e.method, lb.ProximalGradient):
            A = svt((A - alpha * X.T @ (X @ A - y)).reshape(shape), alpha * beta).ravel()
            continue
        U, s, Vt = np.linalg.svd(A.reshape(shape), full_matrices=False)
        H = ((U * (s > max(shape) * np.finfo(float).eps * s[0])) @ Vt).ravel()
        if isinstance(e.method, lb.Subgradient):
            A = A - alpha * (X.T @ (X @ A - y) + beta * H)
        else:
            A = A - alpha * beta * H
            A = A - pinv @ (X @ A - y)
    return first, kept


@pytest.mark.parametrize("problem", [COMPLETION, SENSING])
@pytest.mark.parametrize("method", METHODS)
def test_t2_of_the_plain_loop_is_inside_a_bracket_of_one_percent(problem, method):
    e = experiment(problem, method)
    (t1, t2), _ = loop(e)
    found = run_engine("slow", e)
    assert t2 > matrix_following.FAST  # or nothing is tested
    assert found.t2.low <= t2 <= found.t2.high
    assert found.t2.high - found.t2.low <= 0.01 * t2
    assert found.t1.low <= t1 <= found.t1.high
    if t1 <= matrix_following.FAST:
        assert found.t1.step == t1
    assert (found.done, found.interrupted) == (e.steps, False)


@pytest.mark.parametrize("method", METHODS)
def test_short_runs_are_exact(method):
    e = experiment(COMPLETION, method, rate=3e-3, steps=1500, record=lb.At((7, 1500)))
    (t1, t2), kept = loop(e, (7, 1500))
    found = run_engine("slow", e)
    assert (found.t1.step, found.t2.step) == (t1, t2)
    assert list(found.steps) == sorted({0, 7, 1500, t1, t2})
    np.testing.assert_allclose(found.params[found.steps == 7][0], kept[7], rtol=0, atol=1e-13)
    # Where a run chatters, rounding decides what comes next, to within the chatter.
    atol = 1e-9 if method is lb.ProximalGradient else 3e-3 * np.sqrt(6)
    np.testing.assert_allclose(found.params[-1], kept[1500], rtol=0, atol=atol)
    assert found.notes == ()


@pytest.mark.parametrize("method", METHODS)
def test_records_agree_with_stepping(method):
    at = (100, 2000, 2500, 4000)
    e = experiment(COMPLETION, method, steps=4000, record=lb.At(at))
    _, kept = loop(e, at)
    found = run_engine("slow", e)
    for k in at:
        distance = np.linalg.norm(found.params[found.steps == k][0] - kept[k])
        # A proximal run is at its flow up to the discretization, the others within the chatter.
        assert distance <= (1e-12 if k <= 2000 else 2e-4 * np.sqrt(6))


@pytest.mark.parametrize("problem", [COMPLETION, SENSING])
def test_an_euler_step_of_the_flow_is_a_step_of_proximal_gradient(problem, rng):
    e = experiment(problem, rate=0.01)
    flow = slow_flow.flow_of(e)
    scale = float(np.linalg.norm(problem.a_hat))
    Z = rng.standard_normal(problem.shape)
    X, y = dense(problem)
    A = svt(Z, 0.01)
    step = A.ravel() - e.method.alpha * X.T @ (X @ A.ravel() - y)
    euler = Z.ravel() + 0.01 * flow.velocity(0.0, Z.ravel() / scale)
    np.testing.assert_allclose(euler, step, rtol=0, atol=1e-12)


SPECTRA = {"generic": None, "repeated": (2.0, 2.0, 0.3), "zero": (2.0, 0.0, 0.0), "null": (0, 0, 0)}


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (5, 3)])
@pytest.mark.parametrize("spectrum", SPECTRA.values(), ids=SPECTRA)
def test_jacobian_against_finite_differences(shape, spectrum, rng):
    Z, mu, h = rng.standard_normal(shape), 0.7, 1e-6
    if spectrum is not None:
        U, _, Vt = np.linalg.svd(Z, full_matrices=False)
        Z = (U * np.array(spectrum)) @ Vt
    n = Z.size
    basis, image = threshold_derivative(Z, mu)
    units = h * np.eye(n).reshape(n, *shape)
    expected = np.array([(svt(Z + E, mu) - svt(Z - E, mu)).ravel() / (2 * h) for E in units]).T
    np.testing.assert_allclose(image @ basis.T, expected, rtol=0, atol=1e-8)
    G = rng.standard_normal((n, n))
    flow = Flow(
        lambda A: (G @ A.ravel()).reshape(shape), lambda columns: G @ columns, 3.0, mu, shape
    )
    J = flow.jacobian(0.0, Z.ravel())
    numbers = [
        flow.velocity(0.0, z) for z in (Z.ravel() + np.vstack([units, -units]).reshape(-1, n))
    ]
    expected = (np.array(numbers[:n]) - np.array(numbers[n:])).T / (2 * h)
    np.testing.assert_allclose(J.dense(), expected, rtol=0, atol=1e-6)
    b = rng.standard_normal(n)
    x = J.newton(0.2)(b)
    np.testing.assert_allclose(x - 0.2 * (J.dense() @ x), b, rtol=0, atol=1e-10)


def test_the_cost_does_not_grow_with_the_delay():
    problem, counts, scaled = MatrixCompletion(n1=8, n2=8, r=1, N=40, seed=2), [], []
    for rate in (1e-5, 1e-8):
        found = run_engine("slow", experiment(problem, rate=rate, steps=int(10 / rate)))
        counts.append(found.events)
        scaled.append(rate * found.t2.low)
    assert counts[1] <= 1.5 * counts[0]
    assert scaled[0] == pytest.approx(scaled[1], rel=5e-3)


def test_a_step_inside_the_flow_has_the_index_of_stepping():
    # The integrator from step 2000 with hardly any error: the distance from stepping is that of
    # Euler's method, which falls with the rate; a shift by one step would stay.
    e = experiment(COMPLETION, rate=1e-4, steps=2050, record=lb.At((2001, 2050)))
    _, kept = loop(e, (2001, 2050))
    found = run_engine("slow", e)
    per_step = np.linalg.norm(kept[2050] - kept[2001]) / 49
    for k in (2001, 2050):
        distance = np.linalg.norm(found.params[found.steps == k][0] - kept[k])
        assert distance <= 0.25 * per_step


def test_data_may_have_any_size():
    small = experiment(COMPLETION)
    c = 1e4
    problem = MatrixCompletion.from_arrays(COMPLETION.mask, c * COMPLETION.a_star)
    large = small.with_(problem=problem, penalty=Nuclear(c * small.penalty.beta), init=c * 1e-6)
    one, other = run_engine("slow", small), run_engine("slow", large)
    assert one.t1 == other.t1
    assert abs(one.t2.low - other.t2.low) <= 1e-4 * one.t2.low


def test_a_threshold_at_the_floor_is_undecided():
    e = experiment(COMPLETION, lb.Subgradient, rate=5e-4, steps=20_000)
    end = run_engine("slow", e).params[-1]
    floor = np.linalg.norm(end - COMPLETION.a_star) / np.linalg.norm(COMPLETION.a_star)
    found = run_engine("slow", e.with_(thresholds=(1e-2, 1.001 * floor)))
    assert found.t2.kind == "censored"
    assert any("undecided" in note and "engine 'step'" in note for note in found.notes)


def test_a_threshold_below_the_floor_is_not_reached():
    e = experiment(COMPLETION, rate=1e-3, share=0.02, thresholds=(0.5, 1e-4), steps=50_000)
    found = run_engine("slow", e)
    assert (found.t2.kind, found.t2.low) == ("censored", e.steps + 1)


def test_a_failed_integration_says_so(monkeypatch):
    def stretches(*arguments):
        for i, stretch in enumerate(slow_flow.stretches(*arguments)):
            if i == 100:
                raise slow_flow.Failed("the step size is too small")
            yield stretch

    monkeypatch.setattr(matrix_following, "stretches", stretches)
    e = experiment(COMPLETION)
    found = run_engine("slow", e)
    assert matrix_following.FAST < found.done < e.steps
    assert found.t2.kind == "censored"
    assert found.t2.low == found.done + 1
    assert any("too small" in note and "engine 'step'" in note for note in found.notes)


def test_what_may_lie_just_beyond_the_flow_is_not_denied():
    # The flow lags its run by up to a step: with t2 as the horizon it has not got there.
    e = experiment(COMPLETION, rate=3e-4)
    (_, t2), _ = loop(e)
    found = run_engine("slow", e.with_(steps=t2)).t2
    assert found.high is not None or found.low <= t2


def test_an_interrupted_run_keeps_what_was_done():
    def stop(done, total):
        if done > matrix_following.FAST:
            raise KeyboardInterrupt

    e = experiment(COMPLETION)
    found = run_engine("slow", e, stop)
    assert found.interrupted
    assert matrix_following.FAST < found.done < e.steps
    assert found.steps[-1] == found.done
    assert found.t1.step is not None
    assert found.t2.kind == "censored"


def test_the_integrator_reads_no_memory_that_was_never_set(monkeypatch):
    """SciPy's BDF leaves rows of its difference table as they are found in memory."""
    empty = np.empty

    def poisoned(shape, dtype=float, **more):
        out = empty(shape, dtype, **more)
        if out.dtype == np.float64:
            out.view(np.uint64)[...] = 0x7FF4000000000000  # a NaN that raises when it is used
        return out

    monkeypatch.setattr(np, "empty", poisoned)
    solver = LowRankBDF(slow_flow.flow_of(experiment(COMPLETION)), np.ones(42), 1.0, 1e-6, 1e-8)
    monkeypatch.setattr(np, "empty", empty)
    with np.errstate(invalid="raise"):
        for _ in range(5):
            solver.step()
    assert solver.status == "running"
    assert np.isfinite(solver.D[:4]).all()
    assert not solver.D[-1].any()


def test_progress_ends_at_the_horizon():
    seen = []
    e = experiment(COMPLETION)
    run_engine("slow", e, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (e.steps, e.steps)
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": lb.FISTA(0.1)}, "ProjectedSubgradient"),
        ({"penalty": Nuclear(1e-3) + lb.L2(1e-3), "method": lb.Subgradient(0.1)}, "no other"),
        ({"penalty": lb.L1(1e-3)}, "Nuclear"),
        ({"penalty": Nuclear(lb.SwitchOn(1e-3))}, "constant"),
        ({"penalty": Nuclear(0.0)}, "beta > 0"),
        ({"method": lb.Subgradient(2.5)}, "not below 2"),
        ({"problem": MatrixCompletion(n1=60, n2=50, r=1, N=800)}, "3000 is above 1000"),
    ],
)
def test_why_not_says_what_it_needs(changes, words):
    e = experiment(COMPLETION).with_(**changes)
    assert words in SLOW.why_not(e)
    with pytest.raises(lb.Unsupported, match="use engine 'step'"):
        run_engine("slow", e)


def test_vectors_are_refused():
    e = lb.Experiment(lb.SparseRecovery(n=9, s=1, N=6), lb.L1(1e-3))
    assert "matrix" in SLOW.why_not(e)


def random_experiment(seed):
    """Return a random recoverable experiment, or None.

    Stepping costs 1/(alpha beta) times the cube of the size: large matrices get the larger rates,
    and one instance in fifty is 30 x 30.
    """
    rng = np.random.default_rng([5, seed])
    n1 = log_uniform(rng, 5, 30)
    n2 = log_uniform(rng, 5, min(30, 400 / n1))
    n1, n2 = (30, 30) if seed % 50 == 0 else (round(n1), round(n2))
    r = int(rng.integers(1, min(4, min(n1, n2) // 2) + 1))
    freedom = r * (n1 + n2 - r)
    N = min(int(freedom * rng.uniform(1.6, 3)), int(0.9 * n1 * n2))
    slowest = min(1e-6 * max(1.0, n1 * n2 / 40) ** 1.5, 5e-5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # empty rows, fewer data than degrees of freedom
        problem = (MatrixCompletion, MatrixSensing)[seed % 2](n1=n1, n2=n2, r=r, N=N, seed=seed)
        if not problem.recovery.recoverable:
            return None
        rate, share = log_uniform(rng, slowest, 1e-4), rng.uniform(0.1, 1)
        goals = (1e-2, log_uniform(rng, 3e-3, 0.1))
        settings = {"steps": int(8 / rate), "thresholds": goals, "record": lb.At((0,))}
        return experiment(problem, METHODS[seed % 3], rate, float(share), **settings)


def log_uniform(rng, low, high):
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


@pytest.mark.slow
@pytest.mark.parametrize("part", range(3))
def test_t2_of_300_random_instances_is_inside_the_bracket(part):
    inside, decided, undecided, seed = 0, 0, 0, 10_000 * part
    while decided < 100:
        e, seed = random_experiment(seed), seed + 1
        if e is None:
            continue
        found = run_engine("slow", e)
        t2 = found.t2
        if (
            t2.high is None or t2.low <= matrix_following.FAST
        ):  # the floor is above the threshold, or exact
            undecided += any("undecided" in note for note in found.notes)
            continue
        decided += 1
        assert t2.high - t2.low <= 0.01 * t2.high
        stepped = simulate_step([e.with_(steps=int(1.02 * t2.high))])[0].t2
        inside += stepped.step is not None and t2.low <= stepped.step <= t2.high
        print(seed - 1, e.data.shape, type(e.method).__name__, t2.low, stepped.step, t2.high)
    assert inside >= 0.99 * decided
    assert undecided <= 0.1 * decided
