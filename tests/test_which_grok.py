"""Which properties grok: the drawn truths, the statistics on made-up times, and a tiny run."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from latebloom_paper.beyond import which_grok
from latebloom_paper.beyond.which_grok import STUDY, TRUTHS, Times, drawn, measure, times_of
from latebloom_paper.book.claim import Verdict
from latebloom_paper.book.workspace import Workspace


def test_the_truths_have_their_property():
    for seed in range(20):
        a = {kind: drawn(kind, 12, 20, seed).truth for kind in TRUTHS}
        assert all(np.linalg.norm(truth) == pytest.approx(1) for truth in a.values())
        assert np.count_nonzero(a["sparse"]) == np.count_nonzero(a["positive"]) == 3
        assert np.count_nonzero(a["grouped"].reshape(4, 5).any(axis=1)) == 1
        assert len(set(np.abs(a["clustered"][a["clustered"] != 0]))) == 1
        assert np.count_nonzero(np.diff(a["steps"])) == 2
        assert min(a["positive"].min(), a["simplex"].min()) == 0
    simplex = drawn("simplex", 12, 20, 3)
    assert simplex.y_star[0] == pytest.approx(simplex.truth.sum() / np.sqrt(12))


def case(name, **changes):
    settings = {**STUDY.at(True).settings, **STUDY.data["properties"][name]}
    return {**settings, "seeds": [0, 1], "betas": [8e-3, 4e-3], "horizon": 2.4, **changes}


def test_times_are_those_of_plain_updates():
    """The group lasso by proximal gradient in a plain loop."""
    own = case("groups")
    found = times_of(measure(own))
    alpha, groups = own["alpha"], (4, 5)
    for seed in own["seeds"]:
        problem = drawn("grouped", own["N"], own["n"], seed)
        for k, beta in enumerate(own["betas"]):
            a, first = np.zeros(own["n"]), {}
            for t in range(round(own["horizon"] / (alpha * own["betas"][-1])) + 1):
                residual = problem.X @ a - problem.y_star
                train = np.linalg.norm(residual) / np.linalg.norm(problem.y_star)
                test = np.linalg.norm(a - problem.truth) / np.linalg.norm(problem.truth)
                if train <= 0.01:
                    first.setdefault("t1", t)
                if test <= 0.1:
                    first.setdefault("t2", t)
                z = (a - alpha * problem.X.T @ residual).reshape(groups)
                norms = np.linalg.norm(z, axis=1, keepdims=True)
                a = (z * np.maximum(1 - alpha * beta / norms, 0)).ravel()
            assert found.t1[seed, k] == first.get("t1", np.inf)
            assert found.t2[seed, k] == first.get("t2", np.inf)


def made_up(power=-1.0, late=50.0, control=np.inf, s2=1.0):
    """Return times of 20 instances of every P: delays as this power of beta."""
    times = {}
    for name in STUDY.data["properties"]:
        betas = np.array(STUDY.at(True).settings["betas"])
        delay = late * 100 * (betas / betas[-1]) ** power * np.ones((20, 1))
        t1 = np.full_like(delay, 100.0)
        times[name] = Times(t1, t1 + delay, np.full(20, np.nan))
    weak = STUDY.settings["alpha"] * STUDY.at(True).settings["betas"][-1]
    times["l1"] = times["l1"]._replace(s2=s2 * times["l1"].t2[:, -1] * weak)
    times["l2"] = times["l2"]._replace(t2=np.full((20, 3), control))
    return times


def judged(times):
    study = STUDY.at(True)
    found = which_grok.evidence(study, times)
    return {claim.id: claim.decide(found) for claim in study.claims}


def test_the_claims_follow_from_the_times():
    assert set(judged(made_up()).values()) == {Verdict.holds}
    slow = judged(made_up(power=-2.0, late=5.0, control=1e4, s2=2.0))
    assert set(slow.values()) == {Verdict.fails}
    never = {name: own._replace(t2=own.t2 * np.inf) for name, own in made_up().items()}
    never["l1"] = made_up()["l1"]
    found = judged(never)
    assert found["which-grok.steps"] is Verdict.fails
    assert found["which-grok.steps-law"] is Verdict.untested


def test_the_study_at_a_tiny_size(tmp_path, monkeypatch):
    few = {name: STUDY.data["properties"][name] for name in ("l1", "groups", "l2")}
    tiny = {"seeds": [0, 1], "betas": [8e-3, 4e-3], "horizon": 2.4}
    monkeypatch.setitem(STUDY.data, "properties", few)
    monkeypatch.setitem(STUDY.data["settings"], "quick", tiny)
    with ThreadPoolExecutor(1) as pool, Workspace(tmp_path / "store", executor=pool) as workspace:
        result = which_grok.reproduce(workspace)
    rows = {row.quantity.partition(":")[0]: row for row in result.rows}
    assert rows["sparse, l1 norm"].ours == pytest.approx(0.5, abs=0.5)
    assert "s2" in rows["sparse, l1 norm"].why
    assert rows["sparse, squared l2 norm"].ours is None
    assert result.evidence["which-grok.l2"].value == 0
    assert len(result.settings) == 3
