"""The studies beyond the figures about sparse recovery: their statistics, on data made by hand and
on tiny runs."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import latebloom as lb
from latebloom.experiment.record import At
from latebloom_paper.beyond import (
    debiasing,
    depth_and_l1,
    late_penalty,
    noise,
    prefactor,
    signed_depth,
)
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.claim import CORRECTED, Verdict
from latebloom_paper.book.passages import median_curve
from latebloom_paper.book.workspace import Workspace
from latebloom_paper.pictures.strips import draw_lines, draw_strips

QUESTIONS = ("debiasing", "depth-and-l1", "late-penalty", "noise", "prefactor", "signed-depth")


@pytest.fixture
def workspace(tmp_path):
    with ThreadPoolExecutor(1) as pool, Workspace(tmp_path / "store", executor=pool) as made:
        yield made


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_study_has_its_claims_and_is_ours(name):
    study = STUDIES[name]
    assert study.group == "beyond"
    assert study.study is not None
    assert len(study.claims) >= 4
    for claim in study.claims:
        assert claim.id.startswith(f"{name}.")
        assert claim.source.startswith("ours")


# Signs --------------------------------------------------------------------------------------------


def test_errors_are_compared_with_the_negative_entries():
    negative = np.array([0.1, 0.2, 0.0])
    tied = np.array([[0.11, 0.24, 0.5], [0.1, 0.2, 0.5]])  # N = 50, N = 100
    small = np.full((2, 3), 1e-3)
    names = (signed_depth.TIED, signed_depth.TIED_SMALL, signed_depth.PENALIZED)
    errors = {**dict.fromkeys(names, tied), signed_depth.SIGNED_SMALL: small}
    errors[signed_depth.SIGNED] = 1e3 * small
    found = signed_depth.evidence(errors, negative)
    assert found["signed-depth.tied"].value == pytest.approx(1.0)
    assert found["signed-depth.tied"].count == 2  # the third has no negative entry
    assert found["signed-depth.difference"].value == pytest.approx((0.01 + 0.005) / 2)
    # A start a hundred times larger leaves a thousand times more.
    assert found["signed-depth.start" + CORRECTED].value == pytest.approx(1.5)


def test_a_difference_of_squares_crosses_zero_and_equal_layers_do_not():
    problem = lb.SparseRecovery.from_arrays(np.eye(2), np.array([0.5, -0.5]), np.array([0.5, -0.5]))
    made = STUDIES["signed-depth"].experiment
    made = made.with_(problem=problem, init=1e-2, steps=2000, record=At(()))
    signed = lb.simulate(made).trajectory["a"].values[-1]
    tied = lb.simulate(made.with_(model=lb.Hadamard(2))).trajectory["a"].values[-1]
    assert signed == pytest.approx([0.5, -0.5], abs=1e-6)
    assert tied == pytest.approx([0.5, 0.0], abs=1e-6)
    assert (tied >= 0).all()


# Depth --------------------------------------------------------------------------------------------


def test_the_penalties_on_the_layers_are_the_norms_of_a():
    runs, beta = depth_and_l1.experiments(depth_and_l1.STUDY), depth_and_l1.STUDY.settings["beta"]
    u = np.array([0.3, 0.0, 0.5])
    v = np.array([0.0, 0.2, 0.0])
    for name, depth, exponent in (
        (depth_and_l1.DEEP_L1, 2, 1.0),
        (depth_and_l1.DEEP_LAYERS, 2, 1 / 2),
        (depth_and_l1.DEEPER_LAYERS, 3, 1 / 3),
    ):
        a = u**depth - v**depth
        value = runs[name].penalty.value(np.stack([u, v]))
        assert float(value) == pytest.approx(beta * (np.abs(a) ** exponent).sum())


def kind(error, t1=1.0, t2=1.0):
    error = np.array(error, dtype=float)
    return depth_and_l1.Kind(error, np.full(error.shape, t1), np.full(error.shape, t2))


def test_the_fewest_measurements_are_the_first_that_do():
    made = kind([[1.0, 0.01, 1.0], [0.02, 1.0, 1.0], [0.0, 0.0, 1.0]])
    assert depth_and_l1.fewest(made, (10, 20, 30)).tolist() == [20.0, 10.0, np.inf]


def test_depth_is_judged_by_medians_over_instances():
    full, quick = (depth_and_l1.STUDY.at(quick) for quick in (False, True))
    measurements = full.settings["measurements"]
    k = len(measurements)
    good = kind([[1.0] * 6, *[[0.0] * 6] * (k - 1)], t1=10.0, t2=50.0)
    late = kind([*[[1.0] * 6] * (k - 1), [0.01] * 6], t1=10.0, t2=500.0)
    never = kind([[1.0] * 6] * k, t2=np.inf)
    found = dict.fromkeys(depth_and_l1.experiments(full), good)
    found |= {
        depth_and_l1.DEEP: never,
        depth_and_l1.DEEP_L1: late,
        depth_and_l1.DEEPER_LAYERS: never,
    }
    judged = depth_and_l1.evidence(found, measurements)
    assert judged["depth-and-l1.late"].value == 1.0
    assert judged["depth-and-l1.restores"].value == pytest.approx(0.01)
    assert judged["depth-and-l1.no-delay"].value == 1.0
    assert judged["depth-and-l1.harmless"].value == 1.0
    assert judged["depth-and-l1.measurements"].value == 1.0
    assert judged["depth-and-l1.fewer-3"].value == np.inf
    # What is claimed of the full size alone.
    few = {name: found[name] for name in depth_and_l1.experiments(quick)}
    decided = depth_and_l1.evidence(few, measurements)
    assert not {"depth-and-l1.fewer-2", "depth-and-l1.late"} & set(decided)


# The floor ----------------------------------------------------------------------------------------


def constant(beta):
    """Return a short run with constant alpha and beta."""
    base = STUDIES["debiasing"].changed({"beta": beta, "steps": 10_000})
    return base.with_(record=At(debiasing.records(base.steps)))


def test_the_decaying_strengths_drive_as_far_as_the_constant_ones():
    beta = 1e-3
    base = constant(beta)
    runs = debiasing.kinds(base)
    t = np.arange(base.steps)
    driven = float(np.sum(runs[debiasing.ALPHA_DECAYS].method.alpha(t, -1)))
    betas = runs[debiasing.BETA_DECAYS].penalty.strength(t, -1)
    assert float(np.sum(betas)) == pytest.approx(beta * base.steps / 1.1, rel=0.01)
    # 1/(1 + 10 x) over x in [0, 1] has the mean ln(11)/10.
    assert driven == pytest.approx(0.1 * base.steps * np.log(11) / 10, rel=0.01)
    # 10/(1 + 10 x)^2 over x in [0.9, 1]: root mean square of 0.1 and 0.083.
    assert debiasing.left_of_beta(base) == pytest.approx(0.0907, abs=2e-3)


def test_debiasing_finds_the_support_and_the_truth():
    made = constant(1e-3)
    error, exact = debiasing.debiased(lb.simulate(made, engine="step"))
    assert exact
    assert error < 1e-12


def test_ratios_of_floors_decide():
    def of(*values):
        return np.tile(np.array(values, dtype=float), 10)

    floor = {
        debiasing.CONSTANT: of(1.0, 2.0),
        debiasing.ALPHA_DECAYS: of(0.8, 1.6),
        debiasing.BETA_DECAYS: of(0.1, 0.2),
        debiasing.PROXIMAL: of(0.8, np.nan),
        debiasing.DEBIASED: of(1e-9, 1e-9),
    }
    swing = {debiasing.CONSTANT: of(1.0, 1.0), debiasing.ALPHA_DECAYS: of(0.1, 0.1)}
    support = np.tile([True, False], 10)
    found = debiasing.evidence(floor, swing, support, of(1.0, np.nan), 0.1)
    assert found["debiasing.alpha"].value == pytest.approx(0.8)
    assert found["debiasing.alpha" + CORRECTED].value == pytest.approx(1.0)
    assert found["debiasing.beta"].value == pytest.approx(1.0)
    assert found["debiasing.support"].value == 0.5
    assert found["debiasing.law"].count == 10
    alpha = next(claim for claim in STUDIES["debiasing"].claims if claim.id == "debiasing.alpha")
    assert alpha.decide(found) is Verdict.corrected


# The late penalty ---------------------------------------------------------------------------------


def test_waiting_is_taken_off_before_delays_are_compared():
    settings = STUDIES["late-penalty"].at(True).settings
    start = late_penalty.Times(np.array([10.0, 10.0]), np.array([1010.0, np.inf]))
    other = late_penalty.Times(np.array([10.0, 10.0]), np.array([1510.0, np.inf]))
    times = {
        late_penalty.START: start,
        late_penalty.FROM_T1: other,
        late_penalty.SHORT: other._replace(t2=other.t2 + settings["short"]),
        late_penalty.LONG: start._replace(t2=start.t2 - 10 + settings["long"]),
        late_penalty.EARLY: other._replace(t2=np.array([np.inf, np.inf])),
    }
    found = late_penalty.evidence(times, settings)
    assert found["late-penalty.head-start"].value == pytest.approx(1.5)
    assert found["late-penalty.short"].value == pytest.approx(1.51)
    assert found["late-penalty.long"].value == pytest.approx(1.0)
    assert found["late-penalty.long"].count == 1  # the other one never generalizes
    assert found["late-penalty.early"].value == 0.0


def test_a_tiny_late_penalty_runs_whole(workspace, monkeypatch):
    data = STUDIES["late-penalty"].data
    tiny = {"beta": 1e-3, "short": 100, "long": 500, "off": 50}
    monkeypatch.setitem(data["settings"], "quick", tiny)
    sizes = {"steps": 4000, "penalty.beta.value": 1e-3, "thresholds": [0.1, 0.1]}
    monkeypatch.setitem(data["experiment"], "quick", sizes)
    monkeypatch.setitem(data["sweeps"]["late"], "quick", {"axes": {"problem.seed": [1, 2]}})
    result = late_penalty.reproduce(workspace)
    assert set(result.evidence) == {claim.id for claim in STUDIES["late-penalty"].claims}
    assert 0.8 < result.evidence["late-penalty.long"].value < 1.2
    assert result.evidence["late-penalty.early"].value == 0.0
    assert len(result.figure.axes) == 2


# Noise --------------------------------------------------------------------------------------------


def test_the_noise_is_that_of_the_problem():
    made = STUDIES["noise"].at(True).experiment.problem
    assert isinstance(made, lb.SparseRecovery)
    assert noise.deviation(made, np.array([1e4])).item() == pytest.approx(made.noise_std)
    # Least squares on the support: an error proportional to the noise, zero without.
    few = [noise.oracle(made, snr, np.arange(20)).mean() for snr in (1e2, 1e4)]
    assert few[0] / few[1] == pytest.approx(10.0)


def test_slopes_and_delays_of_a_made_up_noise():
    study = STUDIES["noise"].at(True)
    problem, sweep = study.experiment.problem, noise.sweep(study)
    assert isinstance(problem, lb.SparseRecovery)
    snrs, betas = (np.array(*sweep.axes[i].values.values()) for i in (0, 1))
    sigma = xr.DataArray(noise.deviation(problem, snrs), dims="snr")
    beta = xr.DataArray(betas, dims="beta")
    seed = xr.DataArray(np.ones(6), dims="problem.seed")
    # Least where beta is 0.3 sigma, a fifth of that a decade away.
    error = sigma * (1 + np.abs(np.log(beta / (0.3 * sigma)))) * seed
    t2 = 1e6 * (1 + 10 * sigma) + 0 * error
    lost = (sigma > 1e-3) & (0 * error == 0)
    cells = xr.Dataset(
        {
            "test_error": error,
            "t2_high": t2.where(~lost),
            "verdict": xr.where(lost, "memorized_only", "grokked"),
        }
    ).assign_coords(snr=snrs, beta=betas)
    found = noise.evidence(cells, problem)
    assert found["noise.lost"].value == 0.0
    assert found["noise.groks"].value == 1.0
    assert found["noise.delay-high"].value == pytest.approx(1.0, abs=1e-2)
    assert found["noise.gain"].value < 0.5
    assert 0.7 < found["noise.beta"].value < 1.3


# The prefactor ------------------------------------------------------------------------------------


def test_the_grids_keep_what_they_say_fixed():
    for study in (STUDIES["prefactor"].at(quick) for quick in (True, False)):
        grids, fixed = prefactor.grids(study), study.settings["fixed"]
        assert {(N / n, s / n) for n, N, s in grids[prefactor.BY_N]} == {(0.4, 0.04)}
        assert {(n, s) for n, _, s in grids[prefactor.BY_MEASUREMENTS]} == {
            (fixed, round(0.04 * fixed))
        }
        assert {(n, N) for n, N, _ in grids[prefactor.BY_SPARSITY]} == {(fixed, round(0.6 * fixed))}


def test_exponents_are_found_and_shared_instances_count_once():
    x = np.array([1.0, 2.0, 4.0])
    each = np.array([1.0, 1.1, 0.9, 1.2, 0.8, 1.05])
    own = prefactor.Swept(x, x[:, None] ** -2 * each, x[:, None] ** 0.5 * each, 1 + 0 * x[:, None])
    found = prefactor.evidence(dict.fromkeys(("n", "N/n", "s/n"), own))
    assert found["prefactor.N"].value == pytest.approx(-2.0)
    assert found["prefactor.ratio-s"].value == pytest.approx(0.5)
    assert found["prefactor.factor-2"].count == 18
    # 1, sqrt(2) and 2 times the six: those above 2 are outside.
    assert found["prefactor.factor-2"].value == pytest.approx(15 / 18)
    assert found["prefactor.slow"].value == 1.0


def test_a_tiny_prefactor_runs_whole(workspace, monkeypatch):
    tiny = {"n": [25, 50], "fixed": 25, "measurements": [0.6, 0.8], "sparsity": [0.04, 0.08]}
    data = STUDIES["prefactor"].data
    monkeypatch.setitem(data["settings"], "quick", tiny)
    monkeypatch.setitem(data["sweeps"]["prefactor"], "zip", [{"problem.seed": [0, 1]}])
    result = prefactor.reproduce(workspace)
    assert set(result.evidence) == {claim.id for claim in STUDIES["prefactor"].claims}
    assert result.evidence["prefactor.slow"].value == 1.0
    assert len(result.rows) == 6
    fresh = workspace.account.fresh
    again = prefactor.reproduce(workspace)
    assert [row.ours for row in again.rows] == [row.ours for row in result.rows]
    assert workspace.account.fresh == fresh  # the second time nothing was computed


# Pictures -----------------------------------------------------------------------------------------


def test_curves_at_their_own_steps_have_a_median_at_common_ones():
    step = xr.DataArray([[0.0, 9.0, 99.0], [0.0, 99.0, np.nan]], dims=("problem.seed", "record"))
    error = xr.DataArray([[1.0, 0.1, 0.01], [1.0, 0.01, np.nan]], dims=("problem.seed", "record"))
    cells = xr.Dataset({"trajectory_step": step, "trajectory_test_error": error})
    found = median_curve(cells, np.array([0, 9, 99]))
    assert found == pytest.approx([1.0, 0.1, 0.01])


def test_what_was_never_seen_stands_at_the_edge():
    axes = Figure().subplots()
    draw_strips(axes, {"one": [1.0, 10.0, np.inf, np.inf], "two": [0.0, np.nan, 5.0]}, log=True)
    texts = [text.get_text().strip() for text in axes.texts]
    assert texts == ["2", "1"]
    dots = [line for line in axes.lines if line.get_marker() == "."]
    assert [len(line.get_xdata()) for line in dots] == [2, 1]


def test_what_is_not_finite_is_a_gap():
    axes = Figure().subplots()
    draw_lines(axes, {"a": ([1, 2, 3], [1.0, np.inf, 2.0])})
    assert np.isnan(axes.lines[0].get_ydata()).tolist() == [False, True, False]
