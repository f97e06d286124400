"""The figures of networks: their statistics on synthetic runs, and each of them at a tiny size."""

import itertools
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.core.phases import Passage, phases
from latebloom.plots.strengths import Strengths, number
from latebloom.runs.run import Run
from latebloom_paper.book import delays, readings
from latebloom_paper.book.catalogue import STUDIES, studies
from latebloom_paper.book.claim import CORRECTED, Verdict
from latebloom_paper.book.delays import fit_exponents
from latebloom_paper.book.reproduction import over_seeds
from latebloom_paper.book.statistic import Statistic
from latebloom_paper.book.workspace import Workspace
from latebloom_paper.networks import (
    blog_fig1,
    blog_fig1_search,
    families,
    fig1,
    fig35,
    lu,
    modular,
    teachers,
)
from latebloom_paper.networks.families import Timed, pairs, until_t2, weaker_later
from latebloom_paper.pictures.accuracies import Panel, plot_accuracies
from latebloom_paper.pictures.losses import plot_losses
from latebloom_paper.pictures.lu import SphereLosses

FIGURES = (
    "fig1",
    "fig2",
    "fig30",
    "fig10",
    "fig31",
    "fig32",
    "fig33",
    "fig11",
    "fig34",
    "fig35",
    "blog-fig1",
    "lu",
    "rescaling",
)


@pytest.fixture
def workspace(tmp_path) -> Iterator[Workspace]:
    """A quick workspace in this process."""
    with ThreadPoolExecutor(1) as executor, Workspace(tmp_path / "s", executor=executor) as made:
        yield made


def fake_run(steps, t1=None, t2=None, **curves):
    """Return a run with these passages and curves, to the step; nothing was trained."""
    first, second = (
        Passage.after(steps[-1]) if t is None else Passage.between(t, t) for t in (t1, t2)
    )
    return Run(
        experiment=lb.Experiment(lb.ModularArithmetic(p=5), steps=steps[-1]),
        engine="step",
        phases=phases(steps, [1] * len(steps), [1] * len(steps), passages=(first, second)),
        trajectory=xr.Dataset(
            {name: ("step", np.asarray(v, float)) for name, v in curves.items()}, {"step": steps}
        ),
        params={},
        seconds=0.0,
    )


# Statistics ---------------------------------------------------------------------------------------


@given(
    st.floats(0.2, 3),
    st.floats(0.2, 3),
    st.floats(-3, 8),
    st.sets(st.sampled_from([1e-4, 1e-3, 1e-2, 1e-1]), min_size=2),
    st.sets(st.sampled_from([1e-7, 1e-6, 1e-5, 1e-4]), min_size=2),
)
def test_an_exact_power_law_is_found_to_rounding(a, b, c, alphas, betas):
    grid = [(x, y, math.exp(c) * x**-a * y**-b) for x in alphas for y in betas]
    fit = fit_exponents(*zip(*grid, strict=True), draws=20)
    assert fit is not None
    for found, exponent in zip(fit, (a, b), strict=True):
        np.testing.assert_allclose([found.value, found.low, found.high], exponent, rtol=1e-8)
        assert found.count == len(grid)


def test_the_interval_covers_the_exponent_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    grid = list(itertools.product((1e-3, 1e-2, 1e-1), (1e-6, 1e-5, 1e-4), range(5)))
    covered = 0
    for trial in range(60):
        noisy = [(a, b, float(np.exp(0.4 * rng.standard_normal()) / a / b)) for a, b, _ in grid]
        fit = fit_exponents(*zip(*noisy, strict=True), draws=200, seed=trial)
        assert fit is not None
        covered += fit[0].low <= 1 <= fit[0].high
    # Binomial(60, 0.95) is below 50 with probability 1e-4; bootstraps of 45 runs cover a bit less.
    assert covered >= 48


@pytest.mark.parametrize("few", [[], [(0.1, b, 1 / b) for b in (1e-3, 1e-2, 1e-1)]])
def test_too_few_runs_give_no_exponent(few):
    assert fit_exponents(*(list(column) for column in np.array(few).reshape(-1, 3).T)) is None


STEPS = [0, 10, 5000]


def law_runs(a=1.0, b=0.5, last=None, seeds=3):
    """Return runs whose delay is 2 alpha^-a beta^-b times a factor of the seed, by alpha and beta;
    those that are longer than `last` were not seen."""

    def run(alpha, beta, seed):
        delay = round(2 * alpha**-a * beta**-b * (1 + 0.01 * seed))
        end = 10**7 if last is None else last
        return fake_run([0, 10, end], 10, 10 + delay if delay < end - 10 else None)

    return {
        alpha: {beta: [run(alpha, beta, q) for q in range(seeds)] for beta in (1e-6, 1e-5, 1e-4)}
        for alpha in (1e-3, 1e-2)
    }


def test_the_law_of_the_delay_is_found_and_has_an_interval():
    law = delays.law_of(law_runs())
    assert law is not None
    for factor, k in (("alpha", 1.0), ("beta", 0.5)):
        found = delays.exponent(law, factor)
        assert found is not None
        assert found.value == pytest.approx(k, abs=1e-3)
        assert found.low <= found.value <= found.high
        assert found.count == 18
    assert [row.ours for row in delays.exponent_rows("l1", law)] == pytest.approx(
        [1, 0.5], abs=1e-3
    )


def test_runs_that_end_before_t2_count_as_later():
    seen = delays.law_of(law_runs(last=1_000_000))
    assert seen is not None
    assert (seen.used, seen.censored) == (15, 3)
    assert seen.exponents["alpha"] == pytest.approx(1, abs=0.01)
    row, _ = delays.exponent_rows("l1", seen)
    assert "3 more not by their end" in row.why


def test_too_few_runs_give_no_law():
    never = {a: {b: [fake_run(STEPS, 10)] for b in (1e-5, 1e-4)} for a in (1e-3, 1e-2)}
    one = {1e-2: {b: [fake_run(STEPS, 10, 100)] for b in (1e-5, 1e-4, 1e-3)}}
    for runs in (never, one):
        assert delays.law_of(runs) is None
        assert all(row.ours is None for row in delays.exponent_rows("l1", delays.law_of(runs)))
        assert delays.exponent(delays.law_of(runs), "alpha") is None


@given(st.permutations(list(range(6))))
def test_later_pairs_are_those_of_the_permutation(order):
    times = [Timed(10.0**-k, float(t), 100.0) for k, t in enumerate(order)]
    found = weaker_later(times)
    assert len(found) == 15
    # Strength falls with k.
    assert sum(found) == sum(order[i] < order[j] for i in range(6) for j in range(i + 1, 6))


def test_times_that_were_not_seen_are_late_only_as_far_as_the_run_goes():
    weak, strong = Timed(1e-5, None, 50), Timed(1e-3, 40, 90)
    assert weaker_later([weak, strong]) == [True]
    assert weaker_later([weak, strong._replace(step=60)]) == []
    assert weaker_later([weak, strong._replace(step=None)]) == []
    assert weaker_later([weak._replace(step=30), strong._replace(step=None)]) == [False]
    assert weaker_later([weak._replace(step=95), strong._replace(step=None)]) == []
    assert weaker_later([Timed(1e-3, 5, 9), Timed(1e-3, 7, 9)]) == []
    assert weaker_later([Timed(1e-3, 5, 9), Timed(1e-4, 5, 9)]) == [False]


def test_pairs_are_of_one_seed():
    weak = [fake_run(STEPS, 10, 90), fake_run(STEPS, 10, 30)]
    strong = [fake_run(STEPS, 10, 40), fake_run(STEPS, 10, 60)]
    assert pairs([(1e-5, weak), (1e-3, strong)], until_t2) == [True, False]
    # Without t1 there is no delay.
    assert pairs([(1e-5, [fake_run(STEPS, None, 90)]), (1e-3, strong[:1])]) == []


def test_pairs_of_learning_rates_are_of_one_strength():
    fast = {1e-5: [fake_run(STEPS, 10, 90)], 1e-4: [fake_run(STEPS, 10, 80)]}
    slow = {1e-5: [fake_run(STEPS, 20, 900)], 1e-4: [fake_run(STEPS, 70, 130)]}
    assert families.across({1e-1: fast, 1e-2: slow}) == [True, False]
    assert [p for p, _ in families.products({1e-1: fast})] == pytest.approx([1e-6, 1e-5])


def test_medians_over_seeds_count_what_was_not_seen_as_late():
    assert over_seeds([1.0, None, None])[0] is None
    assert over_seeds([1.0, None, 3.0])[0] == 3.0
    median, why = over_seeds([2.0, 4.0, 9.0])
    assert median == 4.0
    assert "from 2 to 9" in why
    assert "not by" not in why


def test_what_a_norm_does_after_t2():
    steps = [0, 10, 20, 30, 40, 50]
    curves = {"l2_norm": [20, 9, 6, 5, 7, 10], "test_error": [1, 1, 0.01, 0.2, 0.03, 0.0]}
    after = families.after_t2(fake_run(steps, t1=10, t2=20, **curves))
    assert after is not None
    assert (after.rise, after.fall, after.low) == (2.0, 1.8, 30)
    assert after.accuracy == pytest.approx(0.8)
    assert families.after_t2(fake_run(steps, l2_norm=[1] * 6, test_error=[1] * 6)) is None


def test_the_least_test_loss_is_what_was_published_as_t2():
    run = fake_run([0, 1, 5, 9], test_error=[3.0, 2.0, 0.7, 0.8])
    assert teachers.least(run) == (5, 0.7)


def test_the_published_t2_at_the_end_of_a_run_is_none():
    falling = fake_run([0, 1, 5, 9], test_error=[3.0, 2.0, 0.7, 0.6])
    assert teachers.until_least(1e-3, falling) == (1e-3, None, 9)


def test_lateness_is_infinite_without_t2():
    runs = [fake_run(STEPS, 10, 40), fake_run(STEPS, 10), fake_run(STEPS)]
    assert families.lateness(runs) == [4.0, math.inf]


def test_the_weakest_penalty_is_one_under_which_most_generalize():
    there, not_there = fake_run(STEPS, 10, 40), fake_run(STEPS, 10)
    by_beta = {1e-3: [there] * 2, 1e-4: [there] * 2, 1e-5: [there, not_there], 1e-6: [not_there]}
    assert families.weakest(by_beta) is by_beta[1e-4]
    some = {1e-5: [not_there] * 2, 1e-4: [there, not_there], 1e-3: [not_there, there]}
    assert families.weakest(some) is some[1e-4]


def test_a_reading_is_the_value_of_a_curve_where_it_was_read_off():
    curves = {"l2_norm": [2, 8, 6, 5, 7, 10], "test_error": [1, 1, 0.01, 0.2, 0.03, 0.0]}
    run = fake_run([0, 10, 20, 30, 40, 50], t1=10, t2=20, **curves)
    places = (0, 35, "largest", "t1", "t2", "least after t2")
    found = [readings.Reading("l2_norm", at, 1.0).of(run) for at in places]
    assert found == [2, 7, 10, 8, 6, 5]
    accuracy = readings.Reading(readings.ACCURACY, "least after t2", 0.75, "0.7 to 0.8")
    assert accuracy.of(run) == pytest.approx(0.8)
    late = fake_run([0, 10, 20, 30, 40, 50], t1=10, **curves)
    assert accuracy.of(late) is None
    assert readings.Reading("l2_norm", 60, 1.0).of(run) is None
    (row,) = readings.reading_rows("l2", [run, run, late], [accuracy], "seeds")
    assert (row.published, row.ours) == (0.75, pytest.approx(0.8))
    assert row.quantity == "l2: least test accuracy after t2"
    assert "1 not by the end; published: 0.7 to 0.8" in row.why


def test_what_was_read_off_is_compared_at_the_published_size_only():
    steps = [0, 100, 6000, 10_000]
    norms = dict.fromkeys(("l1_norm", "l2_norm", "nuclear_norm"), (1, 5, 3, 4))
    run = fake_run(steps, 100, 6000, test_error=[1, 1, 0, 0], **norms)
    betas = modular.STUDY.settings["betas"]
    by_norm = {norm: {b: [run] * 3 for b in own} for norm, own in betas.items()}
    published = fig1.published()
    rows = {row.quantity: row for row in fig1.rows(by_norm, published)}
    assert len(rows) == len(fig1.rows(by_norm, published))
    beside = {name: row.ours for name, row in rows.items() if row.published is not None}
    assert beside["l1: largest l2 norm"] == beside["l1, beta 5e-09: largest l1 norm"] == 5
    assert beside["l1, beta 1e-05: l2 norm at t2"] == 3
    small = [row for row in fig1.rows(by_norm, {}) if row.published is not None]
    assert small == []


W = np.array([1.0, 2.0, 4.0, 8.0])
LU = SphereLosses(
    "task",
    W,
    np.array([[1.0, 0.1, 0.01, 0.01], [1.0, 0.5, 0.2, 0.3]]),
    np.array([[1.0, 0.5, 0.2, 3.0], [1.0, 0.5, 0.4, 0.3]]),
    np.array([4.0, 8.0]),
)


def test_l_and_u_follow_from_losses():
    assert lu.shapes(LU) == ([True, False], [True, False])
    rows = {row.quantity: row.ours for row in lu.rows(LU, 1.0)}
    assert rows["task: w_c, norm of the least test loss"] == 6.0  # median of 4 and 8
    assert rows["task: seeds whose test loss is a U"] == 1.0
    found = lu.evidence([lu.shapes(LU), lu.shapes(LU)])
    assert [found[key].value for key in ("lu.L", "lu.U")] == [0.5, 0.5]
    assert found["lu.L"].count == 4


# Claims -------------------------------------------------------------------------------------------


def decided(claims, evidence):
    """Return the verdicts by id."""
    return {claim.id: claim.decide(evidence) for claim in claims}


def figure_1(rise, t2s=((900, 700), (500, 400))):
    """Return runs of Figure 1 whose l2 norm ends at `rise` times its least."""
    steps, norm = [0, 10, 100, 1000, 2000], [1, 8, 12, 6, 6 * rise]
    run = {"l2_norm": norm, "test_error": [1, 1, 1, 0, 0.001]}
    by_beta = {
        beta: [fake_run(steps, 10, t2, **run) for t2 in own] * 3
        for beta, own in zip((1e-5, 1e-4), t2s, strict=True)
    }
    return dict.fromkeys(modular.NAMES, by_beta)


def test_the_claims_of_figure_1_follow_from_its_runs():
    found = decided(STUDIES["fig1"].claims, fig1.evidence(figure_1(1.5), {}))
    assert (found.pop("fig1.t1"), found.pop("fig1.t2")) == (Verdict.untested,) * 2
    assert set(found.values()) == {Verdict.holds}
    found = decided(STUDIES["fig1"].claims, fig1.evidence(figure_1(1.0), {}))
    assert found["fig1.rise"] is Verdict.fails
    never = fig1.evidence(figure_1(1.5, ((None, None), (None, None))), {})
    found = decided(STUDIES["fig1"].claims, never)
    assert found["fig1.l1"] is Verdict.fails
    assert found["fig1.rise"] is Verdict.untested
    early = fig1.evidence(figure_1(1.5, ((15, 15), (12, 12))), {})
    assert decided(STUDIES["fig1"].claims, early)["fig1.nuclear"] is Verdict.fails


def test_t1_and_t2_of_figure_1_are_compared_at_the_published_size_only():
    curves, published = {"l2_norm": [1, 1], "test_error": [1, 1]}, fig1.published()
    runs = {
        norm: {beta: [fake_run([0, 10_000], 100, 4 * t2, **curves)] for beta, t2 in own.items()}
        for norm, own in published.items()
        if norm != "l1"
    }
    runs["l1"] = {
        b: [fake_run([0, 30_000], 100, 4 * t, **curves)] for b, t in published["l1"].items()
    }
    found = fig1.evidence(runs, published)
    assert found["fig1.t1"].value == 100
    assert found["fig1.t2"].value == 4
    verdicts = decided(STUDIES["fig1"].claims, found)
    assert verdicts["fig1.t1"] is Verdict.holds
    assert verdicts["fig1.t2"] is Verdict.fails


def test_exponents_decide_their_claims():
    found = dict.fromkeys(("fig2.nuclear-alpha",))
    for statistic, verdict in (
        (Statistic(1.0, 0.95, 1.05, 18), Verdict.holds),
        (Statistic(1.5, 1.3, 1.7, 18), Verdict.fails),
        (Statistic(-0.5, -0.6, -0.4, 18), Verdict.fails),
        (Statistic(1.0, 0.5, 1.5, 18), Verdict.undecided),
    ):
        found = dict.fromkeys(found, statistic)
        assert decided(STUDIES["fig2"].claims, found)["fig2.nuclear-alpha"] is verdict


def test_the_claims_of_teachers_and_students_follow_from_their_runs():
    def student(t2, error):
        steps = [0, 100, t2, 10**6]
        return fake_run(steps, 100, t2, test_error=[50, 20, error, 2 * error])

    def runs(sign, error=0.5):
        return {
            alpha: {
                b: [student(round(1e3 * (alpha * b) ** (-0.1 * sign)) + 101, error)] * 3 for b in bs
            }
            for alpha in (1e-3, 1e-2)
            for bs in [(1e-7, 1e-5, 1e-3)]
        }

    claims = STUDIES["fig10"].claims
    assert decided(claims, teachers.evidence("fig10", runs(1))) == {
        "fig10.delay": Verdict.holds,
        "fig10.generalizes": Verdict.fails,
    }
    assert decided(claims, teachers.evidence("fig10", runs(1, 0.01)))["fig10.generalizes"] is (
        Verdict.holds
    )
    assert decided(claims, teachers.evidence("fig10", runs(-1, 1.0))) == {
        "fig10.delay": Verdict.fails,
        "fig10.generalizes": Verdict.fails,
    }


def test_the_claims_of_the_post_need_its_settings_for_its_numbers():
    steps, norm = [0, 100, 500, 2000, 9000], [13, 60, 80, 93, 58]
    run = fake_run(steps, 500, 9000, l2_norm=norm, test_error=[1] * 5, test_loss=[1] * 5)
    found = decided(STUDIES["blog-fig1"].claims, blog_fig1.evidence([run] * 3))
    assert found["blog-fig1.late"] is found["blog-fig1.falls"] is Verdict.holds
    assert found["blog-fig1.t2"] is found["blog-fig1.rises"] is Verdict.untested
    found = decided(STUDIES["blog-fig1"].claims, blog_fig1.evidence([run] * 3, [run] * 3))
    assert set(found.values()) == {Verdict.holds}
    late = replace(run, phases=fake_run(steps, 500).phases)
    found = decided(STUDIES["blog-fig1"].claims, blog_fig1.evidence([late], [late]))
    assert found["blog-fig1.t2"] is found["blog-fig1.late"] is Verdict.fails


def test_digits_are_judged_from_either_start():
    def runs(sign):
        return {
            alpha: {
                b: [fake_run([0, 10**6], 10, round(1e3 * (alpha * b) ** (-0.1 * sign)))] * 3
                for b in (1e-7, 1e-5, 1e-3)
            }
            for alpha in (1e-3, 1e-2)
        }

    found = decided(STUDIES["fig35"].claims, fig35.evidence({1.0: runs(-1), 8.0: runs(1)}))
    assert found == {"fig35.delay": Verdict.corrected, "fig35.mnist": Verdict.undecided}
    assert decided(STUDIES["fig35"].claims, fig35.evidence({1.0: runs(1), 8.0: runs(1)}))[
        "fig35.delay"
    ] is (Verdict.holds)


# Settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_a_study_and_claims(name):
    preset = STUDIES[name]
    assert preset.study is not None
    assert preset.group == "networks"
    assert preset.note
    assert preset.claims
    assert all(claim.id.startswith(f"{name}.") for claim in preset.claims)


def test_the_group_is_complete_and_no_claim_is_made_twice():
    names = {preset.name for preset in studies("networks")}
    assert names == set(FIGURES)
    ids = [claim.id for name in FIGURES for claim in STUDIES[name].claims]
    assert len(ids) == len(set(ids)) > 25


def test_the_post_numbers_its_figures_differently():
    assert studies("blog-fig2")[0].name == "lu"
    assert studies("blog-fig3")[0].name == "rescaling"


def test_the_settings_are_the_published_ones():
    settings, students = modular.STUDY.settings, teachers.STUDY.settings
    betas = settings["betas"]
    for norm, published in fig1.published().items():
        assert set(published) <= set(betas[norm])
        assert len(betas[norm]) == 6
    for name in ("fig2", "fig30"):
        for (norm, alpha), own in readings.published_t2(STUDIES[name], betas).items():
            assert alpha in settings["alphas"]
            assert set(own) <= set(betas[norm])
    for name in ("fig10", "fig11"):
        found = readings.published_t2(STUDIES[name], {"": students["betas"]}, end=1e5)
        assert [alpha for _, alpha in found] == students["alphas"]
        assert all(len(own) == len(students["betas"]) for own in found.values())
    sweeps = [
        modular.sweep(modular.STUDY, norm, alpha)
        for norm in modular.NAMES
        for alpha in settings["alphas"]
    ]
    assert sum(sweep.size for sweep in sweeps) == 54 * 3
    e = modular.sweep(modular.STUDY, "l2", 1e-2).experiment(5)
    assert e is not None
    seeds = {"problem.seed": 2, "init.seed": 2, "method.batch_seed": 2}
    assert e.hash == modular.STUDY.changed({"penalty": "Frobenius", "beta": 5e-7, **seeds}).hash
    assert len(e.supervised.train.targets) == 3763
    assert sum(v.size for v in e.network_start.values()) == 22_720
    assert isinstance(e.penalty, lb.Frobenius)
    assert e.method.batch == 2048  # pyright: ignore


def test_a_number_that_was_read_off_twice_is_written_once():
    assert STUDIES["fig31"].published == STUDIES["fig10"].published
    assert STUDIES["blog-fig1-search"].published == STUDIES["blog-fig1"].published
    nuclear = fig1.published()["nuclear"]
    assert list(nuclear.values()) == STUDIES["fig2"].numbers("t2, alpha 1e-2, beta 1e-4 ... 5e-8")


@pytest.mark.parametrize("name", ["fig1", "fig10", "fig35", "blog-fig1", "lu"])
def test_full_networks_have_at_least_three_seeds(name):
    study = STUDIES[name]
    for key in study.data["sweeps"]:
        assert study.sweep(key).axes[-1].size >= 3


def test_the_stated_setting_of_the_post_is_one_of_those_tried():
    tried = blog_fig1_search.variants()["one table"]
    stated = STUDIES["blog-fig1"].sweep("stated", set={"steps": tried.steps})
    assert tried.hash == stated.base.hash
    fourth = stated.experiment(4)
    assert fourth is not None
    assert (fourth.problem.seed, fourth.init.seed) == (4, 4)  # pyright: ignore


# Each figure at a tiny size -----------------------------------------------------------------------


@pytest.fixture
def tiny(monkeypatch):
    """Change the quick size of a study: its experiment, settings and sweep."""

    def change(study, experiment, settings=None, sweep="family", **keys):
        data = STUDIES[study].data
        for table, own in (
            (data["experiment"], experiment),
            (data["settings"], settings),
            (data["sweeps"][sweep], keys),
        ):
            if own is not None:
                monkeypatch.setitem(table, "quick", table.get("quick", {}) | own)

    return change


def seeded(*fields, seeds=(0, 1)):
    return [{key: list(seeds) for key in (*fields, "problem.seed", "init.seed")}]


@pytest.fixture
def additions(tiny):
    tiny(
        "fig1",
        {"p": 5, "width": 4, "hidden": [4], "record": {"type": "Every", "k": 2}},
        {
            "betas": {norm: [1e-3, 1e-2] for norm in ("l1", "l2", "nuclear")},
            "alphas": [1e-2, 3e-2],
            "steps": [6, 4],
        },
        zip=seeded("method.batch_seed"),
    )


@pytest.fixture
def students(tiny, monkeypatch):
    few = {"alphas": [1e-2, 3e-2], "betas": [1e-3, 1e-2]}
    sizes = {"d": 3, "problem.hidden": 4, "N": 5, "N_test": 6, "widths": [4], "steps": 6}
    tiny("fig10", sizes, few, zip=seeded())
    nuclear = {"alphas": [1e-2, 3e-2], "set": {"penalty": "Nuclear"}}
    monkeypatch.setitem(STUDIES["fig33"].data["settings"], "quick", nuclear)
    three = {"alphas": [1e-2, 3e-2, 5e-2]}
    monkeypatch.setitem(STUDIES["fig34"].data["settings"], "quick", three)


def checked(result):
    """Return the rows of a figure by quantity, having checked its picture and its evidence."""
    result.figure.draw_without_rendering()
    assert result.notes
    assert result.settings
    rows = {row.quantity: row for row in result.rows}
    assert len(rows) == len(result.rows)
    assert all(row.published is None for row in result.rows)  # it is another problem
    known = {claim.id for claim in STUDIES[result.name].claims}
    assert {key.removesuffix(CORRECTED) for key in result.evidence} <= known
    return rows


def test_figures_1_2_and_30_share_their_runs(workspace, additions):
    result = fig1.reproduce(workspace)
    rows = checked(result)
    assert sum(name.endswith(": t2") for name in rows) == 6
    assert len(result.figure.axes) == 10  # six panels; one colour bar above, three below
    # Four steps teach nothing: no median, and nothing to compare.
    assert rows["l1, beta 0.01: t2"].ours is None
    assert (workspace.account.total, workspace.account.fresh) == (12, 12)
    workspace.begin("fig2")
    result = modular.fig2(workspace)
    rows = checked(result)
    assert len(result.figure.axes) == 3  # two panels and one colour bar
    assert rows["nuclear: delay ~ 1/alpha^k, k"].ours is None
    assert (workspace.account.total, workspace.account.fresh) == (8, 4)
    workspace.begin("fig30")
    result = modular.fig30(workspace)
    assert len(result.figure.axes) == 6
    assert {"l1", "l2"} == {name.split(",")[0] for name in checked(result) if ": t2" in name}
    assert (workspace.account.total, workspace.account.fresh) == (16, 8)


def test_runs_of_a_sweep_are_those_of_their_settings(workspace, additions):
    study = modular.STUDY.at(True)
    sweep = modular.sweep(study, "l1", 3e-2)
    runs = families.family(workspace, sweep)
    settings = [(beta, seed) for beta in (1e-3, 1e-2) for seed in (0, 1)]
    seeds = ("problem.seed", "init.seed", "method.batch_seed")
    alone = lb.simulate_batch(
        [
            study.changed({"alpha": 3e-2, "steps": 4, "beta": beta, **dict.fromkeys(seeds, seed)})
            for beta, seed in settings
        ]
    )
    for (beta, seed), run in zip(settings, alone, strict=True):
        same = runs[beta][seed]
        assert same.experiment.hash == run.experiment.hash
        for name in sweep.trajectories:
            np.testing.assert_array_equal(same.trajectory[name], run.trajectory[name])
        assert same.phases.t1 == run.phases.t1
    assert [len(own) for own in runs.values()] == [2, 2]


def test_figure_33_and_its_kin_at_a_tiny_size(workspace, students):
    result = teachers.fig33(workspace)
    rows = checked(result)
    assert rows["alpha 0.01, beta 0.001: step of the least test loss"].ours in range(7)
    assert len(result.figure.axes) == 3
    assert "fig33.generalizes" in result.evidence


def test_figure_11_at_a_tiny_size(workspace, students):
    result = teachers.fig11(workspace)
    assert any("mean square" in note for note in result.notes)
    assert len([row for row in checked(result) if "t2, test error" in row]) == 4
    workspace.begin("fig34")
    result = teachers.fig34(workspace)
    assert (result.name, result.title) == ("fig34", "Figure 34: teacher and student, Jacobians")
    assert (workspace.account.total, workspace.account.fresh) == (12, 4)


def test_figure_35_at_a_tiny_size(workspace, tiny):
    pytest.importorskip("sklearn")
    tiny(
        "fig35",
        {"n_train": 20, "n_test": 10, "widths": [5], "steps": 5},
        {"alphas": [1e-2]},
        axes={"penalty.beta": [1e-3, 1e-2]},
        zip=seeded(seeds=(0,)),
    )
    result = fig35.reproduce(workspace)
    assert len(result.figure.axes) == 4  # two panels, each row with a colour bar
    assert "start x 8, alpha 0.01, beta 0.001: t2" in checked(result)


def test_lu_at_a_tiny_size_holds_the_norm(workspace, tiny):
    sizes = {
        "problem": {"type": "ModularArithmetic", "p": 5, "train_fraction": 0.5},
        "model": {"type": "TokenPair", "combine": "matrix_product", "width": 4, "hidden": [4]},
        "alpha": 1e-2,
        "steps": 6,
    }
    few = {"radii": {"addition": [1.0, 9.0, 3]}}
    tiny("lu", {}, few, "addition", name="addition", set=sizes, zip=seeded())
    result = lu.reproduce(workspace)
    rows = checked(result)
    assert len(result.figure.axes) == 1
    assert rows["addition: w_c, norm of the least test loss"].ours in (1.0, 2.0, 3.0, 5.0, 6.0, 9.0)
    assert result.evidence["lu.L"].count == 2
    # As many as above: the compiled program is there already.
    base = lu.sweep_of(lu.STUDY.at(True), "addition")[0].base
    spheres = [replace(base.method, sphere=w) for w in (3.0, 4.0)]  # pyright: ignore
    for run in lb.simulate_batch([base.with_(method=method) for method in spheres]):
        held = run.experiment.method.sphere  # pyright: ignore
        np.testing.assert_allclose(run.trajectory["l2_norm"], held, rtol=1e-5)


def test_the_curve_of_the_post_at_a_tiny_size(workspace, tiny):
    sizes = {"p": 5, "train_fraction": 0.4, "alpha": 1e-3, "record": {"type": "Every", "k": 10}}
    tiny("blog-fig1", sizes, None, "nearest", set={"steps": 20}, zip=seeded(seeds=(0, 2)))
    result = blog_fig1.reproduce(workspace)
    rows = checked(result)
    assert rows["l2 norm at step 0"].ours == pytest.approx(13, rel=0.5)
    assert rows["t2"].ours is None
    assert "mod 31" in result.title
    assert not {"blog-fig1.t1", "blog-fig1.t2"} & set(result.evidence)


def test_the_search_trains_every_variant_once(workspace, monkeypatch):
    tried = {
        name: experiment.with_(problem=lb.ModularArithmetic(p=5), steps=20)
        for name, experiment in blog_fig1_search.variants().items()
        if name in ("sum, 4 times", "sum, 8 times")
    }
    monkeypatch.setattr(blog_fig1_search, "variants", lambda: tried)
    result = blog_fig1_search.reproduce(workspace)
    assert {row.quantity.partition(": ")[0] for row in result.rows} == set(tried)
    assert workspace.account.fresh == 2


# Pictures -----------------------------------------------------------------------------------------


def test_colours_run_with_the_strengths_and_one_strength_has_one():
    scale = Strengths([1e-5, 1e-3, 1e-4])
    light = [sum(bytes.fromhex(scale.colour(b)[1:])) for b in (1e-5, 1e-4, 1e-3)]
    assert light == sorted(light)
    assert len(set(light)) == 3
    assert Strengths([2.0]).colour(2.0).startswith("#")
    assert [number(v) for v in (5.5e-3, 1e-7, 100.0)] == ["5.5·10⁻³", "10⁻⁷", "10²"]


def test_pictures_without_runs_are_refused():
    for plot in (plot_accuracies, lambda panels: plot_losses(panels, 1.0)):
        with pytest.raises(InvalidInput, match="at least one run"):
            plot([[Panel("empty", [])]])
