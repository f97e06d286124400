"""Layers and a small penalty far beyond the figures' horizon, against plain loops."""

import numpy as np
import pytest

import latebloom as lb
from latebloom_paper.beyond import depth_horizon as study
from latebloom_paper.book import STUDIES

QUICK = STUDIES["depth-horizon"].at(True)


def test_the_settings_are_those_of_the_figures_but_for_the_horizon():
    one = study.layers(QUICK, 3, 60, 4, 10**7)
    other = STUDIES["fig9"].changed({"model.depth": 3, "N": 60, "problem.seed": 4})
    assert one.with_(steps=10, record=lb.Every(1)) == other.with_(steps=10, record=lb.Every(1))
    assert {QUICK.settings["published"], QUICK.settings["stepped"], 10**7} <= set(one.record_steps)
    penalized = study.penalized(2e-6, 10**7)
    assert penalized.terms[0].beta == 2e-6
    assert penalized.model == STUDIES["depth-and-l1"].experiment.model


def test_equal_layers_follow_their_flow():
    e = study.layers(QUICK, 2, 60, 1, 60_000)
    data = e.vector_data
    u = np.full((2, data.X.shape[1]), e.init)
    for _ in range(e.steps):
        g = data.X.T @ (data.X @ (u[0] * u[1]) - data.y_star)
        u = u - float(e.method.alpha) * np.stack([u[1] * g, u[0] * g])
    truth = np.asarray(data.a_star)
    off = np.linalg.norm(u[0] * u[1] - truth) / np.linalg.norm(truth)
    found = lb.simulate(e, engine="slow")
    assert found.records == "flow"
    assert study.error(found, e.steps) == pytest.approx(off, rel=1e-3)
