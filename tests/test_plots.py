"""Pictures: what is drawn where, not pixels."""

import subprocess
import sys

import matplotlib
import numpy as np
import pytest

import latebloom as lb
from latebloom.core.phases import Passage, phases
from latebloom.plots import components, plot_law, plot_lines, plot_mirage, plot_run, save_figure
from latebloom.plots.page import Section, page
from latebloom.plots.style import power, render
from latebloom.runs.run import Run
from latebloom.runs.trajectory import observables


def make_run(n=6, last=10**6, t1=60, t2=10**5, truth=True, penalty=None, **changes):
    """Return a run with invented times, whose predictor walks from 0 to the truth."""
    problem = lb.SparseRecovery(n=n, s=2, N=4, seed=1, basis="identity")
    if not truth:
        problem = lb.SparseRecovery.from_arrays(problem.X, problem.y_star)
    experiment = lb.Experiment(problem, penalty or lb.L1(1e-3), steps=last, name="invented")
    steps = experiment.record.steps(last)
    goal = problem.a_star if truth else np.ones(n)
    params = np.outer(np.log1p(steps) / np.log1p(last), goal)
    data = observables(experiment, steps, params)
    passages = tuple(
        p if isinstance(p, Passage) else Passage.after(last) if p is None else Passage.between(p, p)
        for p in (t1, t2)
    )
    test = data.test_error.values if truth else None
    found = phases(steps, data.train_error.values, test, passages=passages)
    return Run(experiment, "step", found, data, params[-1], 1.0, **changes)


def texts(axes):
    return [text.get_text() for text in axes.texts]


def labels(axes):
    return [line.get_label() for line in axes.lines]


def by_gid(axes, gid):
    return [artist for artist in axes.get_children() if artist.get_gid() == gid]


def test_the_layout_of_figure_3():
    figure = plot_run(make_run())
    top, middle, bottom, ratio, norm = figure.axes
    assert [a.get_xscale() for a in (top, middle, bottom)] == ["log"] * 3
    assert [a.get_yscale() for a in (top, middle, bottom)] == ["log", "log", "linear"]
    assert ratio.get_yscale() == norm.get_yscale() == "linear"
    assert labels(top)[:2] == ["training error", "test error"]
    assert "nabla g" in ratio.get_ylabel()
    assert norm.get_ylabel() == r"$\|a\|_1$"
    assert bottom.get_xlabel() == "step + 1"
    assert bottom.get_xlim() == (1, 10**6 + 1)
    assert "invented" in figure.get_suptitle()
    # The truth is a dashed line.
    assert [line.get_linestyle() for line in norm.lines] == ["-.", "--"]


def test_times_are_lines_and_the_delay_an_arrow():
    top = plot_run(make_run(t1=60, t2=100_347)).axes[0]
    assert [line.get_xdata()[0] for name in ("t1", "t2") for line in by_gid(top, name)] == [
        61,
        100_348,
    ]
    assert {"$t_1$ = 60", "$t_2$ = 100,347", r"$\Delta t$ = 100,287"} <= set(texts(top))
    arrows = [t for t in top.texts if getattr(t, "arrow_patch", None) is not None]
    assert len(arrows) == 1


def test_a_bracketed_time_is_a_band():
    top = plot_run(make_run(t2=Passage.between(900, 1100))).axes[0]
    (band,) = by_gid(top, "t2")
    assert (band.get_x(), band.get_x() + band.get_width()) == (901, 1101)
    assert "$t_2$ in [900, 1,100]" in texts(top)


@pytest.mark.parametrize(
    ("t1", "t2", "text"),
    [
        (None, None, "$t_1$: not by step 1,000,000, $t_2$: not by step 1,000,000"),
        (60, None, "$t_2$: not by step 1,000,000"),
        (60, Passage.never(0.85), "$t_2$: never (floor 0.85)"),
    ],
)
def test_a_time_that_is_missing_is_named(t1, t2, text):
    top = plot_run(make_run(t1=t1, t2=t2)).axes[0]
    assert text in texts(top)
    assert not by_gid(top, "t2")
    assert not by_gid(top, "delay")


def test_no_truth_draws_no_test_error_and_no_target():
    figure = plot_run(make_run(truth=False, t2=None))
    assert labels(figure.axes[0])[0] == "training error"
    assert "test error" not in labels(figure.axes[0])
    assert not any("t_2" in text for text in texts(figure.axes[0]))
    assert len(figure.axes[4].lines) == 1


def test_no_penalty_no_ratio():
    run = make_run()
    bare = run.experiment.with_(penalty=None)
    figure = plot_run(Run(bare, "step", run.phases, run.trajectory, run.params, 1.0))
    assert len(figure.axes) == 4


def test_only_l2_shows_the_l2_norm():
    figure = plot_run(make_run(penalty=lb.L2(1e-3)))
    assert figure.axes[4].get_ylabel() == r"$\|a\|_2$"


def test_an_interrupted_run_says_so():
    assert "interrupted at step 1,000,000" in plot_run(make_run(interrupted=True)).get_suptitle()


@pytest.mark.parametrize("last", [1, 10**2, 10**12])
def test_any_horizon(last):
    figure = plot_run(make_run(last=last, t1=min(60, last), t2=None))
    assert figure.axes[0].get_xlim() == (1, max(last + 1, 10))
    assert render(figure, "svg").startswith(b"<?xml")


def test_a_diverged_run_has_gaps_not_errors():
    run = make_run(t1=None, t2=None)
    run.trajectory["train_error"][-3:] = np.inf
    run.trajectory["gradient_ratio"][-3:] = np.nan
    assert render(plot_run(run), "png")


def test_components_are_capped_and_the_legend_says_so():
    figure = plot_run(make_run(n=2000, last=100, t2=None))
    bottom = figure.axes[2]
    (grey,) = bottom.collections
    assert len(grey.get_segments()) == components.MAX_OFF
    assert f"(1998, the largest {components.MAX_OFF} drawn)" in grey.get_label()
    assert "on the support (2)" in labels(bottom)


def test_a_mirage_is_drawn_on_both_axes():
    figure = plot_mirage(make_run(penalty=lb.L2(1e-3), t2=Passage.never(0.8)))
    linear, logarithmic, norm = figure.axes
    assert (linear.get_yscale(), logarithmic.get_yscale()) == ("linear", "log")
    assert linear.get_xscale() == logarithmic.get_xscale() == "log"
    assert "2" in norm.get_ylabel()


def test_the_law_is_a_line_through_the_points():
    grid = [(a, b) for a in (0.01, 0.1) for b in (1e-6, 1e-5, 1e-1)]
    rows = [
        {"alpha": a, "beta": b, "t2": 0.1 / (a * b), "predicted": 0.07 / (a * b)} for a, b in grid
    ]
    rows.append({"alpha": 0.1, "beta": 1e-7, "t2": None})
    axes = plot_law(rows).axes[0]
    measured, predicted, line = axes.lines
    assert measured.get_marker() == "o"
    assert predicted.get_marker() == "*"
    assert line.get_linestyle() == "--"
    np.testing.assert_allclose(line.get_xdata() * line.get_ydata(), 0.1)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")


def test_the_law_with_errors_and_brackets():
    rows = [{"alpha": 0.1, "beta": 1e-5, "t2": 1e5, "low": 9e4, "high": 2e5, "error": 1e-4}]
    figure = plot_law(rows)
    assert figure.axes[1].get_yscale() == "log"
    with pytest.raises(lb.InvalidInput, match="t2"):
        plot_law([{"alpha": 0.1, "beta": 1e-5, "t2": None}])


def test_pictures_leave_matplotlib_as_it_was(tmp_path):
    before = dict(matplotlib.rcParams)
    make_run().plot(tmp_path / "run.svg")
    assert dict(matplotlib.rcParams) == before
    code = "import latebloom.plots, sys; assert 'matplotlib.pyplot' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_run_gives_the_same_file():
    assert render(plot_run(make_run()), "svg") == render(plot_run(make_run()), "svg")


def test_a_picture_needs_a_known_suffix(tmp_path):
    figure = plot_run(make_run(last=100, t2=None))
    for name in ("run.gif2", "run"):
        with pytest.raises(lb.InvalidInput, match=r"\.svg"):
            save_figure(figure, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_powers_of_ten_are_plain_text():
    assert [power(v) for v in (1e-12, 1.0, 1e5)] == ["10⁻¹²", "10⁰", "10⁵"]


def test_the_page_escapes_and_needs_nothing_else():
    section = Section("A <b>", "x < y", b"<svg/>", 'say "a"', ("a & b",), "n = 1", "latebloom list")
    html = page("T & T", "lead", ["run", "t1"], [["A <b>", "60"]], [section], ["next"], {"x": "1"})
    assert "A &lt;b&gt;" in html
    assert "x &lt; y" in html
    assert 'alt="say &quot;a&quot;"' in html
    assert f'href="#{section.anchor}"' in html
    assert f'id="{section.anchor}"' in html
    assert "prefers-color-scheme: dark" in html
    assert "http" not in html
    assert "<script" not in html


def test_lines_have_markers_where_there_is_room_and_the_axes_that_were_asked_for():
    few, many = ([(k, k) for k in range(1, n)] for n in (10, 100))
    figure = plot_lines({"few": few, "many": many}, "x", "y", log="y")
    axes = figure.axes[0]
    assert (axes.get_xscale(), axes.get_yscale()) == ("linear", "log")
    assert [line.get_marker() for line in axes.lines] == ["o", "None"]
    with pytest.raises(lb.InvalidInput, match="log = 'z': must be one of x, y, xy"):
        plot_lines({"few": few}, "x", "y", log="z")
