"""The figures of networks: their statistics on synthetic runs, and each of them at a tiny size."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import latebloom as lb
from latebloom._errors import InvalidInput
from latebloom.paper import (
    PRESETS,
    delays,
    families,
    fig1,
    fig2,
    fig10,
    fig11,
    fig30,
    fig35,
    lu,
    modular,
    teachers,
)
from latebloom.paper.delays import Delay, delay_of, fit_exponents
from latebloom.phases import Passage, phases
from latebloom.plots.accuracies import Panel, plot_accuracies
from latebloom.plots.losses import plot_losses
from latebloom.plots.lu import Curves
from latebloom.plots.strengths import Strengths, number
from latebloom.run import Run

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
    "lu",
)


class Moves:
    """Remembers the calls of a progress bar."""

    def __init__(self):
        self.seen = []

    def __call__(self, done, total, note=""):
        self.seen.append((done, total))

    def check(self):
        """The bar only moves on, always over the same length, and arrives."""
        done = [d for d, _ in self.seen]
        assert len({total for _, total in self.seen}) == 1
        assert done == sorted(done)
        assert done[-1] == self.seen[-1][1]


def fake_run(steps, t1=None, t2=None, **curves):
    """Return a run with these passages and curves; nothing was trained."""
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
    grid = [Delay(x, y, math.exp(c) * x**-a * y**-b) for x in alphas for y in betas]
    fit = fit_exponents(grid, draws=20)
    assert fit is not None
    np.testing.assert_allclose([fit.a, fit.b], [a, b], rtol=1e-8)
    np.testing.assert_allclose([fit.a_interval, fit.b_interval], [[a, a], [b, b]], rtol=1e-8)
    assert (fit.used, fit.censored) == (len(grid), 0)


def test_the_interval_covers_the_exponent_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    grid = list(itertools.product((1e-3, 1e-2, 1e-1), (1e-6, 1e-5, 1e-4), range(5)))
    covered = 0
    for trial in range(60):
        noisy = [
            Delay(a, b, float(np.exp(0.4 * rng.standard_normal()) / a / b)) for a, b, _ in grid
        ]
        fit = fit_exponents(noisy, draws=200, seed=trial)
        assert fit is not None
        covered += fit.a_interval[0] <= 1 <= fit.a_interval[1]
    # Binomial(60, 0.95) is below 50 with probability 1e-4; bootstraps of 45 runs cover a bit less.
    assert covered >= 48


def test_runs_that_end_before_t2_are_left_out_and_counted():
    grid = [Delay(a, b, 1 / (a * b)) for a in (0.1, 0.01) for b in (1e-3, 1e-4)]
    fit = fit_exponents([*grid, Delay(0.001, 1e-5, None), Delay(0.1, 1e-5, None)])
    assert fit is not None
    assert (fit.used, fit.censored) == (4, 2)
    assert fit.a == pytest.approx(1)
    (row, _) = delays.exponent_rows("l1", [*grid, Delay(0.001, 1e-5, None)])
    assert row.ours == pytest.approx(1)
    assert "1 left out" in row.why


@pytest.mark.parametrize(
    "few",
    [[], [Delay(0.1, 0.1, None)], [Delay(0.1, b, 1 / b) for b in (1e-3, 1e-2, 1e-1)]],
)
def test_too_few_runs_give_no_exponent(few):
    assert fit_exponents(few) is None
    assert all(row.ours is None for row in delays.exponent_rows("l1", few))


def test_the_delay_needs_both_passages_in_this_order():
    steps = [0, 10, 20, 30]
    assert delay_of(fake_run(steps, 10, 30), 0.1, 1e-3).steps == 20
    assert delay_of(fake_run(steps, 10, None), 0.1, 1e-3).steps is None
    assert delay_of(fake_run(steps, None, 10), 0.1, 1e-3).steps is None
    assert delay_of(fake_run(steps, 10, 10), 0.1, 1e-3).steps is None


@given(st.permutations(list(range(6))))
def test_inversions_are_those_of_the_permutation(order):
    times = {10.0**-k: [float(t)] for k, t in enumerate(order)}
    # Strength falls with k, so that a later time at a smaller k is an inversion.
    count = sum(order[i] > order[j] for i in range(6) for j in range(i + 1, 6))
    assert families.inversions(times) == (count, 15)


def test_inversions_count_within_seeds_and_take_unseen_times_as_late():
    times = {1e-3: [5.0, None], 1e-4: [9.0, 3.0], 1e-5: [None, None]}
    # First seed: 5 < 9 < never. Second: the strongest never, the middle one 3, the weakest never.
    assert families.inversions(times) == (1, 5)


def test_medians_over_seeds_count_what_was_not_seen_as_late():
    assert families.over_seeds([1.0, None, None])[0] is None
    assert families.over_seeds([1.0, None, 3.0])[0] == 3.0
    median, why = families.over_seeds([2.0, 4.0, 9.0])
    assert median == 4.0
    assert "from 2 to 9" in why
    assert "not by" not in why


def test_what_a_norm_does_after_t2():
    steps = [0, 10, 20, 30, 40, 50]
    run = fake_run(
        steps, t2=20, l2_norm=[1, 9, 6, 5, 7, 10], test_error=[1, 1, 0.01, 0.2, 0.03, 0.0]
    )
    after = families.after_t2(run)
    assert after is not None
    assert (after.rise, after.low) == (2.0, 30)
    assert after.accuracy == pytest.approx(0.8)
    assert families.after_t2(fake_run(steps, l2_norm=[1] * 6, test_error=[1] * 6)) is None


def test_the_least_test_loss_is_what_was_published_as_t2():
    run = fake_run([0, 1, 5, 9], test_error=[3.0, 2.0, 0.7, 0.8])
    assert teachers.least(run) == (5, 0.7)


def test_l_and_u_are_told_from_losses():
    w = np.array([1.0, 2.0, 4.0, 8.0])
    train = np.array([[1.0, 0.1, 0.01, 0.01], [1.0, 0.5, 0.2, 0.3]])
    test = np.array([[1.0, 0.5, 0.2, 3.0], [1.0, 0.5, 0.4, 0.3]])
    curves = Curves("task", w, train, test, w[test.argmin(axis=1)])
    rows = {row.quantity: row.ours for row in lu.rows(curves, 1.0)}
    assert rows["task: w_c, norm of the least test loss"] == 6.0  # median of 4 and 8
    assert rows["task: seeds whose test loss is least inside the range (U)"] == 1.0
    low = [v for name, v in rows.items() if name.endswith("(L)")]
    assert low == [1.0]


# Settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_in_the_catalogue_at_two_sizes(name):
    preset = PRESETS[name]
    assert preset.build is None
    assert preset.reproduce is not None
    assert preset.reproduce_small is not None
    assert preset.note


def test_the_settings_are_the_published_ones():
    for norm, published in fig1.PUBLISHED_T2.items():
        assert set(published) <= set(modular.FULL.betas[norm])
        assert len(modular.FULL.betas[norm]) == 6
    for published in (fig2.PUBLISHED_T2, fig30.PUBLISHED_T2):
        for (norm, alpha), own in published.items():
            assert alpha in modular.FULL.steps
            assert set(own) <= set(modular.FULL.betas[norm])
    for published in (fig10.PUBLISHED, fig11.PUBLISHED):
        assert set(published) == set(teachers.FULL.alphas)
        assert all(len(own) == len(teachers.FULL.betas) for own in published.values())
    e = modular.addition(modular.FULL, "l2", 1e-2, 1e-6, seed=3)
    assert len(e.supervised.train.targets) == 3763
    assert sum(v.size for v in e.network_start.values()) == 22_720
    assert isinstance(e.penalty, lb.Frobenius)
    assert e.method.batch == 2048  # pyright: ignore


# Each figure at a tiny size -----------------------------------------------------------------------

TINY = replace(
    modular.SMALL,
    p=5,
    width=4,
    hidden=4,
    betas={"l1": (1e-3, 1e-2), "l2": (1e-3, 1e-2), "nuclear": (1e-3, 1e-2)},
    steps={1e-2: 6, 3e-2: 4},
    seeds=(0, 1),
    every=2,
)
STUDENT = teachers.Setting(
    d=3, hidden=4, N=5, N_test=6, alphas=(1e-2, 3e-2), betas=(1e-3, 1e-2), steps=6, together=True
)


def reproduced(figure, **settings):
    """Return the rows of a figure by quantity, having checked its progress and its picture."""
    moves = Moves()
    result = figure(moves, **settings)
    moves.check()
    result.figure.draw_without_rendering()
    assert result.notes
    rows = {row.quantity: row for row in result.rows}
    assert len(rows) == len(result.rows)
    return result, rows


def test_figure_1_at_a_tiny_size():
    result, rows = reproduced(fig1.study, setting=TINY)
    assert sum(name.endswith(": t2") for name in rows) == 6
    assert len(result.figure.axes) == 10  # six panels; one colour bar above, three below
    # Four steps teach nothing: no median, and nothing to compare.
    assert rows["l1, beta 0.01: t2"].ours is None
    assert rows["l1: pairs of strengths of which the stronger has the later t2"].ours == 0


def test_runs_are_the_same_together_and_apart():
    group = [modular.addition(TINY, "l1", 3e-2, b, q) for b in (1e-3, 1e-2) for q in (0, 1)]
    moves = Moves()
    (together,) = families.run_groups([group], Moves())
    (apart,) = families.run_groups([group], moves, together=False)
    moves.check()
    assert moves.seen[-1] == (16, 16)
    for one, two in zip(together, apart, strict=True):
        assert one.experiment is two.experiment
        np.testing.assert_allclose(one.trajectory["l1_norm"], two.trajectory["l1_norm"], rtol=1e-5)


def test_figures_2_and_30_at_a_tiny_size():
    result, rows = reproduced(fig2.study, setting=TINY)
    assert len(result.figure.axes) == 3  # two panels and one colour bar
    assert rows["nuclear: delay ~ 1/alpha^k, k"].ours is None
    result, rows = reproduced(fig30.study, setting=TINY)
    assert len(result.figure.axes) == 6
    assert {"l1", "l2"} == {name.split(",")[0] for name in rows if ": t2" in name}


@pytest.mark.parametrize("name", ["fig10", "fig33"])
def test_figure_10_and_its_kin_at_a_tiny_size(name):
    moves = Moves()
    reproduce = PRESETS[name].reproduce
    result = reproduce(moves, setting=STUDENT)  # pyright: ignore
    moves.check()
    rows = {row.quantity: row for row in result.rows}
    assert len(rows) == len(result.rows)
    least = rows["alpha 0.01, beta 0.001: step of the least test loss"].ours
    assert least in range(7)
    assert len(result.figure.axes) == 3


def test_figure_11_at_a_tiny_size():
    result = fig11.reproduce("fig11", Moves(), setting=replace(STUDENT, together=False))
    assert any("mean square" in note for note in result.notes)
    assert len([row for row in result.rows if "t2, test error" in row.quantity]) == 4


def test_figure_35_at_a_tiny_size():
    pytest.importorskip("sklearn")
    setting = fig35.Setting(
        n_train=20, n_test=10, width=5, alphas=(1e-2,), betas=(1e-3, 1e-2), steps=5, seeds=(0,)
    )
    result, rows = reproduced(fig35.study, setting=setting)
    assert len(result.figure.axes) == 4  # two panels, each row with a colour bar
    assert "start x 8, alpha 0.01, beta 0.001: t2" in rows


def test_lu_at_a_tiny_size_holds_the_norm():
    tasks = [
        lu.Task("teacher", lu._teacher(3, 4, 5), lb.MLP(widths=(4,)), 1e-2, 6, (0.5, 8.0, 3)),
        lu.Task("addition", lu._addition(5, 0.5), lu._pairs(4, 4), 1e-2, 6, (1.0, 9.0, 3)),
    ]
    result, rows = reproduced(lu.study, tasks=tasks, seeds=(0, 1))
    assert len(result.figure.axes) == 2
    assert rows["teacher: w_c, norm of the least test loss"].ours in (0.5, 1.25, 2.0, 5.0, 8.0)
    problem = tasks[1].problem(0)
    # As many as above: the compiled program is there already.
    for run in lb.simulate_batch([lu.on_sphere(tasks[1], w, 0, problem) for w in range(3, 9)]):
        held = run.experiment.method.sphere  # pyright: ignore
        np.testing.assert_allclose(run.trajectory["l2_norm"], held, rtol=1e-5)


def test_ctrl_c_ends_a_figure():
    def press(done, total, note=""):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fig2.study(press, setting=TINY)


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
