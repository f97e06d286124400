"""The explorer without a browser: worlds, points, work in the background, pictures, grids."""

import re
import shlex
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import latebloom as lb
from latebloom.explore.dropped import diagnose_dropped
from latebloom.explore.grid import grid_of
from latebloom.explore.paper import page
from latebloom.explore.pictures import component_picture, error_picture, norm_picture
from latebloom.explore.point import PANELS, Point
from latebloom.explore.svg import TOLERANCE, Scale, points
from latebloom.explore.view import (
    diagnosis_view,
    export_texts,
    grid_caption,
    here,
    run_facts,
    run_pictures,
    waiting,
)
from latebloom.explore.work import Cancelled, Job, Kept, compute, prediction_of, run_of
from latebloom.explore.world import experiments, names, single_runs, world


def middle_point(name: str) -> Point:
    """Return a point away from the start: every control a few values further."""
    values = {}
    for control in world(name).controls:
        i = control.values.index(control.start)
        values[control.name] = control.values[min(i + 1, len(control.values) - 1)]
    return Point.of(name, values)


@pytest.mark.parametrize("name", names())
def test_a_world_starts_where_its_controls_say(name):
    start = Point.of(name)
    base = lb.load(start.world.source, start.world.settings)
    assert start.experiment().with_(steps=base.steps) == base
    for control in start.world.controls:
        key = control.key
        value = base.to_dict()
        for part in key.split("."):
            value = value[part]
        assert value == control.start


@pytest.mark.parametrize("name", names())
def test_the_values_of_a_control_increase_and_hold_the_start(name):
    for control in world(name).controls:
        assert control.start in control.values
        assert np.all(np.diff(control.values) > 0)
        assert control.values[0] == control.low
        assert control.values[-1] == control.high
        assert control.why
        assert control.text


@pytest.mark.parametrize("name", names())
def test_grids_vary_controls_within_their_range(name):
    for axes in world(name).grids.values():
        for axis in axes:
            control = world(name).control(axis.name)
            assert [control.read(value) for value in axis.values] == sorted(axis.values)


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("make", [Point.of, middle_point])
def test_every_form_of_a_point_gives_its_experiment(name, make):
    point = make(name)
    expected = point.experiment().hash
    assert lb.Experiment.from_toml(point.toml()).hash == expected
    assert Point.from_link(point.link()) == point
    assert Point.from_link(f"http://127.0.0.1:2718/?{point.link()}") == point
    program = point.python().split("run = ")[0]
    made: dict = {}
    exec(program, made)
    assert made["experiment"].hash == expected
    words = shlex.split(point.command())
    assert words[:2] == ["latebloom", "run"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    assert options.pop("--engine") == point.world.engine
    settings = [(key.removeprefix("--"), text) for key, text in options.items()]
    assert lb.load(words[2], settings).hash == expected


def test_the_horizon_follows_alpha_and_beta():
    sparse = world("sparse")
    assert sparse.steps_at({"alpha": 0.1, "beta": 1e-5}) == 10**6
    assert sparse.steps_at({"alpha": 0.1, "beta": 0.9e-5}) == 10**7
    assert sparse.steps_at({"alpha": 0.1, "beta": 1e-2}) == 1000
    assert world("fig3").steps_at({"alpha": 0.1, "beta": 1e-5}) is None


def test_named_experiments_are_worlds():
    assert "fig7" in experiments()
    for name in experiments():
        point = Point.of(name)
        assert point.world.settings_at(point.values) == []
    assert Point.of("fig7").experiment() == lb.load("fig7")
    assert Point.of("fig3", {"steps": 1000}).experiment().steps == 1000


def test_a_figure_of_many_runs_opens_one_of_them():
    assert world("fig30").name == "fig1-l1"
    assert Point.of("blog-fig5").experiment() == lb.load("fig3")
    shown = page()
    for family in ("fig1", "fig2", *(f"fig{k}" for k in (10, 11, 30, 31, 32, 33, 34, 35))):
        assert single_runs(family)
        row = shown.partition(f">{family}</th>")[2].partition("</tr>")[0]
        assert all(f'href="?world={name}&amp;panel=run"' in row for name in single_runs(family))
    assert "latebloom reproduce fig20" in shown


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("spars", "did you mean 'sparse'"),
        ("sparse?sead=3", "no setting 'sead'; did you mean 'seed'"),
        ("sparse?N=3", r"N = '3': must be a whole number from 5 to 90; fewer"),
        ("sparse?N=30.5", "must be a whole number"),
        ("sparse?beta=x", "beta = 'x': must be a number from 1e-09 to 0.01"),
        ("sparse?beta=nan", "must be a number"),
        ("sparse?panel=x", "must be one of run, law, phase, diagnose, paper"),
        ("fig19", "no world or experiment 'fig19'"),
    ],
)
def test_bad_links_are_refused(link, message):
    with pytest.raises(lb.InvalidInput, match=message):
        Point.from_link(link)


def test_what_belongs_to_the_server_is_no_setting():
    query = {"access_token": "secret", "world": "sparse"}
    assert Point.from_query(query) == Point.of("sparse")
    assert "secret" not in Point.from_query(query).link()


def test_a_run_is_that_of_simulate_and_kept():
    point = Point.of("sparse", {"n": 40, "s": 2, "N": 20, "beta": "1e-4"})
    run = run_of(point.experiment(), point.world.engine)
    assert run.phases == lb.simulate(point.experiment(), engine="jump").phases
    assert run_of(point.experiment(), point.world.engine) is run
    prediction = prediction_of(point.experiment())
    assert prediction.t2 == lb.predict(point.experiment()).t2


def test_only_the_last_results_are_kept():
    kept: Kept[int] = Kept(most=2)
    for key in (1, 2, 1, 3):
        kept.get(key, lambda key=key: key)
    assert 1 in kept
    assert 3 in kept
    assert 2 not in kept


def test_a_job_is_cancelled_at_its_next_progress():
    reached, go_on = threading.Event(), threading.Event()

    def work(job):
        job.progress(1, 3)
        reached.set()
        go_on.wait(10)
        job.progress(2, 3)
        raise AssertionError("not cancelled")

    job = Job(work)
    thread = threading.Thread(target=job.run)
    thread.start()
    assert reached.wait(10)
    assert not job.finished
    job.cancel()
    go_on.set()
    assert job.wait(10)
    thread.join(10)
    assert (job.done, job.total, job.result, job.error) == (1, 3, None, "")


def test_a_run_can_be_cancelled():
    experiment = Point.of("deep", {"seed": 7}).experiment()
    job = Job(lambda job: run_of(experiment, "slow", job))
    job.cancel()
    job.run()
    assert job.result is None
    assert job.error == ""
    with pytest.raises(Cancelled):
        run_of(experiment, "slow", job)


def test_a_job_shows_a_run_before_its_prediction():
    seen = []
    point = Point.of("sparse", {"n": 40, "s": 2, "N": 20})
    job = Job(lambda job: compute(point, job), lambda job: seen.append((job.first, job.result)))
    job.run()
    run, prediction = job.result
    assert (run, None) in seen
    assert seen[-1] == (run, (run, prediction))
    assert prediction.t2 == run.phases.t2.step


def test_a_job_says_what_went_wrong():
    def refuse(job):
        raise lb.InvalidInput("N = 0: must be at least 1")

    job = Job(refuse)
    job.run()
    assert job.error == "N = 0: must be at least 1"
    job = Job(lambda job: 1 / 0)
    job.run()
    assert "fault of latebloom: ZeroDivisionError" in job.error


@given(
    hnp.arrays(float, st.integers(2, 60), elements=st.floats(-1e3, 1e3)),
    st.integers(0, 2**32 - 1),
)
def test_a_simplified_curve_stays_near_the_curve(y, seed):
    x = np.cumsum(np.random.default_rng(seed).uniform(0.1, 5, len(y)))
    (text,) = points(x, y)
    kept = np.array([[float(c) for c in pair.split(",")] for pair in text.split()])
    rounding = 0.1 + 0.1 * np.max(np.abs(np.diff(y) / np.diff(x)), initial=0.0)
    far = np.abs(np.interp(x, kept[:, 0], kept[:, 1]) - y)
    assert far.max() <= TOLERANCE + 2 * rounding


def test_gaps_split_a_curve():
    x = np.arange(5.0)
    assert points(x, np.array([1, 1, np.nan, 2, 2.0])) == ["0.0,1.0 1.0,1.0", "3.0,2.0 4.0,2.0"]
    assert points(x, np.full(5, np.nan)) == []


@given(st.floats(1e-9, 1e9))
def test_a_logarithmic_scale_is_linear_in_the_logarithm(value):
    scale = Scale(1e-9, 1e9, 10, 190, log=True)
    assert scale.at(value) == pytest.approx(10 + 10 * (np.log10(value) + 9), abs=1e-6)
    assert np.isnan(scale.at(0.0))


@pytest.fixture(scope="module")
def sparse_run():
    point = Point.of("sparse")
    return run_of(point.experiment(), point.world.engine)


def test_the_page_says_what_the_run_found(sparse_run):
    phases = sparse_run.phases
    page = run_pictures(sparse_run)
    assert f'data-t1-low="{phases.t1.low}" data-t1-high="{phases.t1.high}"' in page
    assert f'data-t2-low="{phases.t2.low}"' in page
    assert f"t1 = {phases.t1.step}" in page
    assert f"t2 = {phases.t2.step:,}" in page
    assert f"delay {phases.delay:,}" in page
    assert "grokked</strong>" in page
    facts = run_facts(sparse_run, prediction_of(sparse_run.experiment))
    assert f"{phases.t2.step:,} (exact)" in facts
    assert f"{lb.predict(sparse_run.experiment).t2_paper:,}" in facts
    assert "computing" in run_facts(sparse_run, None)


@pytest.mark.parametrize("name", names())
def test_every_world_has_pictures(name):
    point = Point.of(name)
    run = run_of(point.experiment(), point.world.engine)
    for picture in (error_picture, component_picture, norm_picture):
        svg = picture(run)
        assert svg.count("<svg") == 2  # wide and narrow
        assert svg.count("<polyline") >= 2
        assert "nan" not in svg
    lines = re.findall(r"<polyline", component_picture(run))
    assert len(lines) <= 2 * 60


def test_a_time_that_is_never_reached_is_said():
    point = Point.of("mirage")
    run = run_of(point.experiment(), point.world.engine)
    assert "t2: never" in error_picture(run)
    assert 'data-t2-low=""' in run_pictures(run)


def test_the_law_grid_multiplies_t2_with_alpha_and_beta():
    point = Point.of("sparse", {"n": 20, "s": 1, "N": 12})
    grid = grid_of(point, "law")
    assert len(grid.cells) == len(grid.x.values) * len(grid.y.values)
    cell = grid.cells[-1]
    alpha, beta = cell.values["alpha"], cell.values["beta"]
    run = lb.simulate(point.with_values(alpha=alpha, beta=beta).experiment())
    assert cell.product == pytest.approx(run.phases.t2.step * alpha * beta, rel=1e-12)
    assert "so the delay is proportional to 1/(alpha beta)" in grid_caption(grid)
    assert grid.span == pytest.approx(0.1 * 3e-5 / (0.01 * 1e-8))
    assert f'data-product="{0.1 * 1e-5 * lb.simulate(point.experiment()).phases.t2.step}"' in here(
        point, run_of(point.experiment(), "jump")
    )


def test_a_phase_diagram_holds_verdicts_and_refusals():
    point = Point.of("mirage", {"alpha": 0.2})  # beyond the limit with few measurements
    progress = []
    job = Job(lambda job: grid_of(point, "phase", job), lambda job: progress.append(job.done))
    job.run()
    cells = job.result.cells
    assert {cell.words for cell in cells if cell.verdict is None} == {"refused"}
    assert {cell.verdict for cell in cells} >= {lb.Verdict.mirage}
    assert progress[0] == 0
    assert progress == sorted(progress)
    caption = grid_caption(job.result)
    assert "mirage" in caption
    with pytest.raises(lb.InvalidInput, match="no grid of runs"):
        grid_of(Point.of("fig3"), "phase")


def test_a_log_is_diagnosed_and_its_name_is_plain_text():
    steps = np.arange(0, 10001, 100)
    train = np.where(steps < 300, 0.2, 1.0)
    test = np.where(steps < 8000, 0.1, 0.98)
    found = lb.diagnose({"step": steps, "train_acc": train, "val_acc": test})
    page = diagnosis_view("<b>.csv", found)
    assert 'data-verdict="grokked"' in page
    assert "<b>" not in page
    assert found.t2.words in page


def test_a_log_of_losses_is_diagnosed_with_thresholds():
    rows = [f"{k},{0.5 if k < 4 else 1e-4},{0.9 if k < 300 else 1e-3}" for k in range(0, 400, 2)]
    log = "\n".join(["step,train_loss,val_loss", *rows]).encode()
    with pytest.raises(lb.InvalidInput, match="thresholds"):
        diagnose_dropped("log.csv", log)
    found = diagnose_dropped("log.csv", log, "0.01, 0.05", kind="loss")
    assert (found.t1.high, found.t2.high) == (4, 300)
    with pytest.raises(lb.InvalidInput, match="one or two numbers"):
        diagnose_dropped("log.csv", log, "1, 2, 3")


def test_settings_that_do_not_fit_together_still_have_a_link():
    point = Point.of("sparse", {"n": 20, "s": 20})
    assert len(export_texts(point)) == 4
    misfit = Point.of("fig21", {"tau": 1.0})
    assert [title for title, *_ in export_texts(misfit)] == ["Link"]


def test_waiting_shows_how_far_it_is():
    job = Job(lambda job: None)
    assert "<progress></progress> computing" in waiting(job)
    job.progress(3, 10)
    assert 'value="3"' in waiting(job)
    job.cancel()
    assert "cancelled" in waiting(job)


def test_exports_have_names_of_their_own():
    found = export_texts(Point.of("matrix"))
    assert [title for title, *_ in found] == ["TOML", "Command", "Python", "Link"]
    assert len({name for _, name, _ in found}) == 4
    assert next(iter(PANELS)) == Point.of("matrix").panel == "run"
