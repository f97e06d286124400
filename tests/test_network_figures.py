"""The figures of networks, each of them at a tiny size, and their pictures."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

import latebloom as lb
from latebloom.core.errors import InvalidInput
from latebloom.plots.strengths import Strengths, number
from latebloom_paper.book import readings
from latebloom_paper.book.catalogue import STUDIES, studies
from latebloom_paper.book.claim import CORRECTED
from latebloom_paper.book.workspace import Workspace
from latebloom_paper.networks import (
    blog_fig1,
    blog_fig1_search,
    families,
    fig1,
    fig35,
    lu,
    modular,
    stored_run,
    teachers,
)
from latebloom_paper.pictures.accuracies import Panel, plot_accuracies
from latebloom_paper.pictures.losses import plot_losses

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
    "stored-run",
)


@pytest.fixture
def workspace(tmp_path) -> Iterator[Workspace]:
    """A quick workspace in this process."""
    with ThreadPoolExecutor(1) as executor, Workspace(tmp_path / "s", executor=executor) as made:
        yield made


# Settings -----------------------------------------------------------------------------------------


def test_the_single_run_of_a_figure_is_one_of_its_runs():
    for norm in modular.PENALTIES:
        strongest = modular.strongest_run(modular.STUDY, norm, 0.01)
        assert lb.load(f"fig1-{norm}").hash == strongest.hash
    for run in ("fig10-l1", "fig11-sobolev", "fig32-l2", "fig33-nuclear"):
        figure = run.partition("-")[0]
        settings = teachers.settings_of(figure, False)
        base = teachers.sweep(teachers.STUDY, settings, 0.001).base
        assert 1e-3 in settings["betas"]
        assert lb.load(run).hash == base.with_(beta=1e-3).hash
    base = fig35.sweep(STUDIES["fig35"], 1.0, 0.0003).base
    assert lb.load("fig35-l1").hash == base.with_(beta=1e-3).hash


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


def test_the_stored_run_at_a_tiny_size(workspace, tiny):
    sizes = {"p": 5, "train_fraction": 0.4, "alpha": 1e-3, "record": {"type": "Every", "k": 10}}
    tiny("stored-run", sizes, None, "runs", set={"steps": 20}, zip=seeded(seeds=(0, 2)))
    result = stored_run.reproduce(workspace)
    rows = checked(result)
    assert rows["t2"].ours is None
    assert rows["largest l2 norm"].published is None
    assert "mod 31" in result.title
    assert set(result.evidence) <= {"stored-run.late"}


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
