"""The study of the delay of networks: its numbers from made-up runs, and a tiny size of it."""

from typing import Any

import numpy as np
import pytest
from network_helpers import fake_run

from latebloom_paper.beyond import networks_delay as study
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.workspace import Workspace

NAME = "networks-delay"


def test_the_flow_is_compared_where_both_are_known():
    lines = {
        study.L2: study.Line({1e-2: np.inf, 1e-3: 0.50, 1e-4: 0.50}, {1e-3: 0.51}),
        study.SLOWER: study.Line({1e-3: 0.505}, {}),
        study.HEAVY: study.Line({1e-3: 0.5, 1e-4: 0.6}, {}),
    }
    found = study.flow_evidence(lines)
    assert found[f"{NAME}.flow"].value == pytest.approx(0.02)
    assert found[f"{NAME}.alpha"].value == pytest.approx(0.01)
    assert found[f"{NAME}.momentum"].value == pytest.approx(0.2)
    assert found[f"{NAME}.constant"].value == pytest.approx(1.2)
    # t2 ~ s2/beta: the exponents are 1, and 1 + log10(0.6/0.5).
    assert found[f"{NAME}.beta"].value == pytest.approx(1 + np.log10(1.2) / 2)


def runs(power: float) -> Any:
    """Return runs by alpha and beta of five seeds, with t2 = c/(alpha beta^power)."""

    def run(alpha: float, beta: float, seed: int) -> Any:
        t2 = round((5 + seed) / alpha / beta**power)
        return fake_run([0, 10**9], 3, t2, test_error=[1, 0])

    alphas, betas = (1e-3, 1e-2), (0.01, 0.1, 1.0)
    return {a: {b: [run(a, b, k) for k in range(5)] for b in betas} for a in alphas}


def test_exponents_and_constants_of_adam():
    both = {("addition-11", "decoupled"): runs(1.0), ("addition-11", "coupled"): runs(0.5)}
    found = study.adam_evidence(both)
    for key, value in (("decoupled-alpha", 1), ("decoupled-beta", 1), ("coupled-beta", 0.5)):
        assert found[f"{NAME}.addition-11-{key}"].value == pytest.approx(value, abs=0.01)
    assert found[f"{NAME}.addition-11-decoupled-constant"].value == pytest.approx(0, abs=0.01)
    assert found[f"{NAME}.addition-11-coupled-small"].value == pytest.approx(0.5, abs=0.01)
    assert set(found) <= {claim.id for claim in STUDIES[NAME].claims}


@pytest.mark.slow
def test_a_tiny_size_runs_whole(tmp_path, monkeypatch):
    quick = STUDIES[NAME].data["settings"]["quick"]
    one = {"alphas": [1e-2], "betas": [0.3], "steps": "300"}
    flows = {name: {**own, "betas": [1e-3], "stepped": []} for name, own in quick["flows"].items()}
    two = {**one, "alphas": [1e-2, 3e-3], "betas": [0.3, 1.0]}
    tiny = {
        "flows": {**flows, study.L2: {**flows[study.L2], "betas": [1e-3, 1e-4], "slow": 0.9}},
        "adam": ["addition-11"],
        "grids": {"decoupled": {"addition-11": two}, "coupled": {"addition-11": two}},
    }
    monkeypatch.setitem(STUDIES[NAME].data["settings"], "quick", tiny)
    with Workspace(tmp_path / "store", "quick", workers=1) as workspace:
        result = study.reproduce(workspace)
    assert result.evidence[f"{NAME}.momentum"].value < 0.01
    assert result.evidence[f"{NAME}.alpha"].value < 0.01
    assert len(result.figure.axes) == 2
