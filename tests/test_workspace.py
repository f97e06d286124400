"""The workspace that studies get their runs from, and what is kept of them."""

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import latebloom as lb
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.core.progress import progress_bar
from latebloom.engines import base
from latebloom.experiment.record import At
from latebloom_paper.book.catalogue import STUDIES
from latebloom_paper.book.checked import check
from latebloom_paper.book.claim import Verdict
from latebloom_paper.book.outcome import all_claims, load, picture, regenerate
from latebloom_paper.book.record import Record, outcomes_of, read_record, record_of
from latebloom_paper.book.workspace import Workspace

# The workspace ------------------------------------------------------------------------------------


def ridge(**changes):
    problem = lb.SparseRecovery(n=8, s=1, N=4, seed=1)
    made = lb.Experiment(
        problem, lb.L2(1e-2), lb.GradientDescent(0.1), init=1.0, steps=100, record=At((5, 50))
    )
    return made.with_(**changes)


@pytest.fixture
def workspace(tmp_path):
    with ThreadPoolExecutor(1) as pool, Workspace(tmp_path / "store", executor=pool) as made:
        yield made


def test_nothing_is_computed_twice(workspace):
    grid = lb.sweep(ridge(), {"beta": [1e-3, 1e-2]}, trajectories=("test_error",), name="grid")
    workspace.begin("one")
    first = workspace.results(grid)
    assert (workspace.account.total, workspace.account.fresh) == (2, 2)
    workspace.begin("two")
    again = workspace.results(grid)
    assert (workspace.account.total, workspace.account.fresh) == (2, 0)
    assert workspace.account.seconds > 0
    np.testing.assert_array_equal(first["test_error"], again["test_error"])


def test_a_cell_of_a_sweep_is_the_run_it_came_from(workspace):
    grid = lb.sweep(
        ridge(), {"beta": [1e-3, 1e-2]}, trajectories=("train_error", "test_error"), name="grid"
    )
    runs = workspace.runs(grid)
    assert runs.shape == (2,)
    for run, beta in zip(runs, (1e-3, 1e-2), strict=True):
        direct = lb.simulate(ridge(penalty=lb.L2(beta)))
        # A store keeps what an error does not go below, not where it ends.
        assert run.phases.t1 == replace(direct.phases.t1, end=None)
        assert run.phases.t2 == replace(direct.phases.t2, end=None)
        assert run.phases.verdict is direct.phases.verdict
        np.testing.assert_array_equal(run.trajectory["step"], direct.trajectory["step"])
        np.testing.assert_array_equal(run.trajectory["test_error"], direct.trajectory["test_error"])


def test_a_run_comes_back_whole(workspace):
    first = workspace.run(ridge())
    workspace.begin("again")
    again = workspace.run(ridge())
    assert (workspace.account.total, workspace.account.fresh) == (1, 0)
    assert again.phases == first.phases
    assert again.engine == first.engine
    xr.testing.assert_equal(again.trajectory, first.trajectory)
    np.testing.assert_array_equal(again.params, first.params)
    # A damaged file is not believed.
    (path,) = (workspace.folder / "runs").glob("*.nc")
    path.write_bytes(path.read_bytes()[:100])
    workspace.begin("damaged")
    assert workspace.run(ridge()).phases == first.phases
    assert workspace.account.fresh == 1


def test_no_run_is_served_after_a_change_of_what_computes_it(workspace, monkeypatch):
    first = workspace.run(ridge())
    monkeypatch.setattr(base, "_package_digest", lambda: "the sources after a change")
    for fresh in (1, 0):
        workspace.begin("again")
        assert workspace.run(ridge()).phases == first.phases
        assert workspace.account.fresh == fresh


def test_failed_cells_are_an_error_unless_they_may_fail(workspace):
    grid = lb.sweep(ridge(), {"alpha": [0.1, 50.0]}, name="grid")
    with pytest.raises(InvalidInput, match=r"grid: alpha=50\.0"):
        workspace.results(grid)
    found = workspace.results(grid, failures=True)
    assert found["status"].values.tolist() == ["done", "failed"]


def test_tables_are_kept_by_their_settings(workspace):
    calls = []

    def compute(progress):
        calls.append(progress)
        return {"x": [1.0, math.inf]}

    assert workspace.table("numbers", {"n": 1}, compute) == {"x": [1.0, None]}
    assert workspace.table("numbers", {"n": 1}, compute) == {"x": [1.0, None]}
    assert len(calls) == 1
    workspace.table("numbers", {"n": 2}, compute)
    assert len(calls) == 2


def test_cases_are_computed_once_each(workspace):
    calls = []

    def double(case):
        calls.append(case["k"])
        return 2 * case["k"]

    assert workspace.tables("double", [{"k": k} for k in (1, 2)], double) == [2, 4]
    assert workspace.tables("double", [{"k": k} for k in (2, 3, 1)], double) == [4, 6, 2]
    assert sorted(calls) == [1, 2, 3]


# Outcomes and records -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Return a store with Figure 7 in it."""
    folder = tmp_path_factory.mktemp("kept") / "store"
    with ThreadPoolExecutor(1) as pool, Workspace(folder, executor=pool) as workspace:
        made = regenerate(STUDIES["fig7"], workspace)
        return folder, made, regenerate(STUDIES["fig7"], workspace)


def test_a_study_is_kept_with_everything_a_report_needs(kept):
    folder, _, made = kept
    outcome = load(folder, "fig7", "quick")
    assert outcome is not None
    assert outcome == made.outcome
    assert set(outcome.claims) == {claim.id for claim in STUDIES["fig7"].claims}
    assert all(c["verdict"] in set(Verdict) for c in outcome.claims.values())
    assert outcome.compared == outcome.agreeing == 10
    assert "L2" in outcome.settings[0]
    assert picture(folder, "fig7", "quick").startswith(b"<?xml")
    assert load(folder, "fig7", "full") is None


def test_the_same_data_are_no_other_settings(kept):
    _, made, again = kept
    assert made.earlier is None
    assert again.earlier == made.outcome
    assert again.outcome.fresh == 0
    assert again.replaced == ""
    other = replace(again, earlier=replace(made.outcome, fingerprint="0"))
    assert "other settings" in other.replaced


def test_a_record_is_that_of_the_store(kept, tmp_path):
    folder, made, _ = kept
    record = record_of(folder)
    assert record.best("fig7.drop") == made.outcome.claims["fig7.drop"]
    assert record.size("fig7.drop") == "quick"
    assert record.figures["fig7"]["quick"]["agreeing"] == 10
    assert [(p.name, size) for p, size, _ in outcomes_of(folder)] == [("fig7", "quick")]
    with pytest.raises(InvalidInput, match="reproduce all --quick"):
        record_of(tmp_path)


def test_the_full_size_counts_where_it_could_tell():
    known = {"verdict": "holds", "found": {"value": 1}, "corrected": None}
    silent = {"verdict": "not decidable here", "found": None, "corrected": None}
    record = Record(
        "here",
        "0",
        {"a": {"quick": known, "full": silent}, "b": {"quick": silent, "full": known}, "c": {}},
        {},
    )
    assert [record.size(key) for key in "abc"] == ["quick", "full", ""]
    assert record.count("abc") == "2 hold"


def test_a_record_names_the_versions_that_computed_it():
    figures = {"fig3": {"full": {"version": "0.1.0"}}, "fig4": {"quick": {"version": "0.10.0"}}}
    found = {"verdict": "holds", "found": {"value": 1}, "corrected": None}
    known = {key: pair for key, pair in all_claims().items() if pair[0].name in figures}
    verdicts = {
        key: {"full" if study.name == "fig3" else "quick": found}
        for key, (study, _) in known.items()
    }
    record = Record("recorded with {versions}", "9", verdicts, figures)
    only = {key: pair for key, pair in known.items() if pair[0].name == "fig3"}
    assert record.results(only) == "recorded with 0.1.0"
    assert record.results(known) == "recorded with 0.1.0 and 0.10.0"
    assert read_record().results(all_claims()).startswith("recorded with latebloom 0.1.0 and 0.2.0")


def test_a_check_compares_with_what_is_recorded(kept, monkeypatch):
    folder, made, _ = kept
    known = {key: pair for key, pair in all_claims().items() if pair[0].name == "fig7"}
    good = record_of(folder)
    monkeypatch.setattr("latebloom_paper.book.checked.read_record", lambda: good)
    with ThreadPoolExecutor(1) as pool, Workspace(folder, executor=pool) as workspace:
        assert all(one.agrees and one.same for one in check(known, workspace))
        first = dict(made.outcome.claims["fig7.drop"])
        first["found"] = first["found"] | {"value": 0.5}
        changed = Record("", "", {**good.claims, "fig7.drop": {"quick": first}}, {})
        monkeypatch.setattr("latebloom_paper.book.checked.read_record", lambda: changed)
        found = {one.claim: one for one in check(known, workspace)}
    assert found["fig7.drop"].agrees
    assert not found["fig7.drop"].same


# The command line ---------------------------------------------------------------------------------


def test_claims_are_listed_from_a_store(kept, capsys):
    folder, _, _ = kept
    assert main(["claims", "fig7", "--store", str(folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert set(document["claims"]) == {claim.id for claim in STUDIES["fig7"].claims}
    drop = document["claims"]["fig7.drop"]
    assert drop["quick"]["verdict"] == "holds"
    assert drop["holds_if"] == "at least 0.8"
    assert set(document["figures"]) == {"fig7"}
    assert main(["claims", "fig7", "--store", str(folder), "--markdown"]) == 0
    table = capsys.readouterr().out
    assert table.count("\n| fig7.") == 5
    assert main(["claims", "fig7.drop", "--store", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "statistic" in told
    assert "latebloom reproduce fig7 " in told


def test_a_claim_names_the_command_of_its_verdict(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)  # no store: what is recorded with the package
    assert main(["claims", "fig3.delay"]) == 0
    assert "latebloom reproduce fig3 --full" in capsys.readouterr().out
    assert main(["claims", "fig10.generalizes"]) == 0  # of the networks, most are quick
    told = capsys.readouterr().out
    assert "reproduce fig10" in told
    assert "--full" not in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["claims", "fig7.dorp"], "did you mean 'fig7.drop'"),
        (["claims", "--store", "nowhere"], "reproduce all --quick"),
        (["reproduce", "fig3", "--quick", "--full"], "choose one size"),
        (["reproduce", "convx"], "did you mean 'convex'"),
        (["reproduce", "beta0"], "latebloom run beta0"),
    ],
)
def test_bad_input_is_one_clear_line(arguments, message, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_ctrl_c_in_a_group_says_what_is_kept(tmp_path, capsys, monkeypatch):
    def stop(preset, workspace):
        raise KeyboardInterrupt

    monkeypatch.setattr("latebloom_paper.book.outcome.regenerate", stop)
    assert main(["reproduce", "convex", "--store", str(tmp_path / "s")]) == 130
    error = capsys.readouterr().err
    assert "the same command goes on" in error
    assert "0 of" in error


def test_bars_of_the_lab_name_their_study(tmp_path):
    seen = []

    def bar(title):
        seen.append(title)
        return progress_bar(title)

    with (
        ThreadPoolExecutor(1) as pool,
        Workspace(tmp_path / "s", bar=bar, executor=pool) as workspace,
    ):
        workspace.begin("fig7")
        workspace.run(ridge(name="the run"))
        workspace.table("fig7 numbers", {}, lambda progress: 1)
    assert seen == ["fig7: the run", "fig7 numbers"]
