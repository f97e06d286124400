"""Pictures of matrix runs: the layout of Figure 5, and the presets of matrices."""

import numpy as np
import pytest

import latebloom as lb
from latebloom.experiment.presets import preset
from latebloom.plots import plot_run
from latebloom_paper.book.catalogue import STUDIES


@pytest.fixture(scope="module")
def run():
    problem = lb.MatrixCompletion(n1=6, n2=5, r=2, N=27, seed=1)
    e = lb.Experiment(problem, lb.Nuclear(1e-2), lb.ProximalGradient(0.5), steps=1500)
    return lb.simulate(e.with_(thresholds=(0.05, 0.1)), engine="slow")


def test_the_layout_of_figure_5(run):
    figure = plot_run(run)
    top, middle, bottom, *right = figure.axes
    titles = [axes.get_title(loc="left") for axes in (top, middle, bottom)]
    assert titles == [
        "(a) errors and gradient ratio",
        "(b) errors and nuclear norm",
        "(c) singular values of the iterate",
    ]
    s = run.trajectory["singular_values"].values
    drawn = {line.get_gid(): line for line in bottom.lines}
    for i in range(2):
        np.testing.assert_array_equal(drawn[f"singular-value-{i}"].get_ydata(), s[:, i])
        target = np.linalg.svd(run.experiment.data.a_star)[1][i]
        np.testing.assert_allclose(drawn[f"truth-{i}"].get_ydata(), target)
    (rest,) = bottom.collections
    assert len(rest.get_segments()) == 3
    np.testing.assert_array_equal(rest.get_segments()[0][:, 1], s[:, 2])
    truth = np.linalg.norm(run.experiment.data.a_star, "nuc")
    labels = [line.get_label() for axes in right for line in axes.lines]
    assert any(f"= {truth:.3g}" in label for label in labels)


def test_the_ratio_of_gradients_is_left_out_where_the_loss_has_none(run):
    method = lb.ProjectedSubgradient(0.5)
    e = run.experiment.with_(method=method, penalty=lb.Nuclear(1e-2), steps=100)
    figure = plot_run(lb.simulate(e, engine="slow"))
    assert figure.axes[0].get_title(loc="left") == "(a) errors"
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert not any("nabla" in label for label in labels)
    assert any("nabla" in axes.get_ylabel() for axes in plot_run(run).axes)


PUBLISHED = {  # n1, n2, N, alpha, beta, steps, as read off the picture or said in the text
    "fig5": (10, 10, 80, 0.1, 1e-5, 10**7),
    "fig6": (10, 10, 80, 0.1, 1e-5, 10**7),
    "fig8": (10, 10, 70, 0.1, 1e-5, 5 * 10**6),
    "fig5-text": (10, 10, 70, 0.1, 1e-4, 10**6),
    "fig14": (10, 10, 70, 0.1, 1e-4, 10**6),
    "fig15": (10, 10, 70, 0.1, 1e-4, 10**6),
    "fig5-notebook": (10, 10, 80, 0.1, 1e-4, 10**7),
    "fig8-notebook": (10, 10, 70, 1.0, 1e-5, 10**7),
    "fig14-notebook": (10, 10, 80, 0.1, 1e-5, 10**7),
    "fig15-notebook": (10, 10, 80, 0.1, 1e-5, 10**7),
    "fig23": (10, 10, 70, 0.1, 1e-5, 5 * 10**6),
    "fig29": (10, 10, 80, 0.1, 1e-5, 10**7),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_matrix_presets_have_the_published_settings(name):
    e = preset(name).experiment()
    p, beta = e.problem, e.penalty.beta
    assert (p.n1, p.n2, p.N, e.method.alpha, beta, e.steps) == PUBLISHED[name]
    assert (p.r, e.init) == (2, 1e-6)
    size = np.sqrt(2 * 0.5) if "text" in name or name in ("fig14", "fig15") else 10.0
    assert np.linalg.norm(p.a_star) == pytest.approx(size)
    assert p.recovery.recoverable


def test_the_figure_8_default_generalizes_within_its_horizon():
    found = lb.simulate(STUDIES["fig8"].experiment, engine="slow").phases
    assert found.verdict is lb.Verdict.grokked
    assert found.t2.high < 5 * 10**6


def test_a_matrix_run_is_saved_with_its_picture(run, tmp_path):
    folder = run.save(tmp_path / "out")
    again = lb.Experiment.from_toml(folder / "experiment.toml")
    assert again.hash == run.experiment.hash
    assert (folder / "run.png").read_bytes().startswith(b"\x89PNG")
    assert run.to_dict()["final"]["nuclear_norm"] == pytest.approx(
        float(run.trajectory["nuclear_norm"][-1])
    )
