"""Statistics, claims and comparisons."""

import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import latebloom_paper
from latebloom.cli.main import main
from latebloom.core.errors import InvalidInput
from latebloom.laws import LAWS
from latebloom_paper.book.catalogue import GROUPS, STUDIES, studies
from latebloom_paper.book.claim import CORRECTED, Claim, Criterion, Verdict
from latebloom_paper.book.outcome import all_claims
from latebloom_paper.book.reproduction import Comparison, compared, one_draw
from latebloom_paper.book.settled import on_record, on_records, settled
from latebloom_paper.book.statistic import Statistic, exactly, fraction, median, slopes
from latebloom_paper.convex.fig28 import least_measurements
from latebloom_paper.errata import ERRATA
from latebloom_paper.theory import theorems

# Statistics ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [0.05, 0.3, 0.8])
def test_the_interval_of_a_share_covers_it_at_least_95_percent_of_the_time(p):
    n = 20
    covered = 0.0
    for k in range(n + 1):  # exactly, by the binomial probabilities
        found = fraction([True] * k + [False] * (n - k))
        covered += math.comb(n, k) * p**k * (1 - p) ** (n - k) * (found.low <= p <= found.high)
    assert covered >= 0.95


def test_ends_of_a_share():
    assert fraction([True] * 20).high == 1.0
    assert fraction([False] * 20).low == 0.0
    # (1 - 0.025)^... : twenty of twenty leave 0.025^(1/20).
    assert fraction([True] * 20).low == pytest.approx(0.025 ** (1 / 20))


def test_the_interval_of_a_median_covers_it_95_percent_of_the_time(rng):
    draws = rng.exponential(size=(2000, 21))
    covered = [(s := median(row)).low <= math.log(2) <= s.high for row in draws]
    assert np.mean(covered) >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 2000)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_a_median_is_inside_its_interval(values):
    found = median(values)
    assert found.low <= found.value <= found.high
    assert found.value == pytest.approx(float(np.median(values)))


def test_what_was_never_seen_counts_as_infinite():
    assert median([1.0, 2.0, math.inf, math.inf, math.inf]).value == math.inf
    assert median([1.0, 1.0, 1.0, math.inf]).value == 1.0


def test_no_instances_are_no_statistic():
    for function in (fraction, median):
        with pytest.raises(InvalidInput, match="no instances"):
            function([])
    with pytest.raises(InvalidInput, match="1 of 2 values are no numbers"):
        median([1.0, math.nan])


def test_slopes_are_those_of_polyfit(rng):
    x = np.geomspace(1, 100, 6)
    y = np.exp(rng.standard_normal((3, 6)))
    expected = [np.polyfit(np.log(x), np.log(row), 1)[0] for row in y]
    np.testing.assert_allclose(slopes(x, y), expected)
    y[0, 2] = np.inf
    kept = np.delete(np.arange(6), 2)
    assert slopes(x, y)[0] == pytest.approx(np.polyfit(np.log(x[kept]), np.log(y[0, kept]), 1)[0])
    assert np.isnan(slopes(x, np.full((1, 6), np.nan))).all()


# Claims -------------------------------------------------------------------------------------------


def stat(low, high):
    return Statistic(0.5 * (low + high), low, high, 20)


@pytest.mark.parametrize(
    ("found", "better", "verdict"),
    [
        (stat(0.9, 1.0), None, Verdict.holds),
        (stat(0.7, 0.9), None, Verdict.undecided),
        (stat(0.1, 0.3), None, Verdict.fails),
        (stat(0.1, 0.3), stat(0.0, 0.5), Verdict.corrected),
        (stat(0.1, 0.3), stat(0.4, 0.6), Verdict.fails),
        (stat(0.9, 1.0), stat(5.0, 6.0), Verdict.holds),
        (None, stat(0.0, 0.5), Verdict.untested),
    ],
)
def test_a_verdict_follows_from_the_intervals_alone(found, better, verdict):
    claim = Claim("a.b", "here", Criterion("x", "y", low=0.8), Criterion("z", "y", high=0.5))
    pairs = {"a.b": found, "a.b" + CORRECTED: better}
    assert claim.decide({k: v for k, v in pairs.items() if v is not None}) is verdict


def test_what_cannot_be_decided_stays_undecided():
    claim = Claim("a.b", "here", Criterion("x", "y", low=0.8), undecidable="unknown constants")
    assert claim.decide({"a.b": stat(0.9, 1.0)}) is Verdict.undecided


def test_claims_are_named_after_their_study_and_can_fail():
    for key, (preset, claim) in all_claims().items():
        assert key.partition(".")[0] in (preset.name, "theory"), key
        for test in filter(None, (claim.test, claim.corrected)):
            assert test.low <= test.high
            assert not (math.isinf(test.low) and math.isinf(test.high)), f"{key} cannot fail"
            assert test.says, key
            assert test.statistic, key
    assert len(all_claims()) == sum(len(p.claims) for p in STUDIES.values())


def test_every_figure_of_paper_and_post_is_a_study():
    names = {name for p in STUDIES.values() if p.place for name in (p.name, *p.aliases)}
    wanted = {f"fig{k}" for k in range(1, 36)} | {f"blog-fig{k}" for k in range(1, 8)}
    assert wanted <= names
    everything = {p.name for p in studies("all")} | {p.name for p in studies("others")}
    for preset in STUDIES.values():
        if preset.group:
            assert preset.group in GROUPS
            assert preset.name in everything


def test_no_study_is_without_something_that_decides_it():
    for preset in studies("all"):
        assert preset.claims or preset.source, preset.name  # claims, or values read off a picture


def test_every_printed_law_has_a_claim_and_its_correction():
    ids = {claim.id: claim for claim in STUDIES["theorems"].claims}
    for law in LAWS.values():
        if law.status in ("printed", "as printed"):
            assert theorems.slug(law.name) in ids
        if law.name in theorems.UNDECIDABLE:
            assert ids[theorems.slug(law.name)].undecidable
        elif law.status == "printed":
            assert LAWS[theorems.RIGHT[law.name]].status != "printed"
            assert ids[theorems.slug(law.name)].corrected is not None
    assert len(ids) == len(STUDIES["theorems"].claims)


def test_violations_count_only_runs_that_decide():
    laws = {
        "telescoping": {"verdict": ["holds", "undecided", "holds"], "slack": [1.0, 1.0]},
        "one step": {"verdict": ["holds", "violated"], "slack": [1.0, -1.0]},
        "Welch bound": {"verdict": ["vacuous"], "slack": []},
    }
    found = theorems.evidence(laws)
    assert found["theory.telescoping" + CORRECTED] == exactly(0, 2)
    assert found["theory.one-step"] == exactly(1, 2)
    assert "theory.welch-bound" not in found
    # Its printed form is refuted by the counterexample of the errata.
    assert ERRATA["E-14"].counterexample is not None
    assert found["theory.telescoping"] == exactly(1, 1)


@pytest.mark.parametrize("name", sorted(theorems.FAMILIES))
def test_families_of_the_theorems_are_experiments(name):
    sparse = name == "too few entries"
    with pytest.warns(UserWarning, match="degrees of freedom") if sparse else nullcontext():
        assert theorems.experiment(name, 1).steps >= 400


# Settled steps ------------------------------------------------------------------------------------


def curves(*errors):
    """Return a sweep with these test errors, each at steps 0, 1, 2, 4, 8 ..."""
    steps = np.concatenate([[0.0], 2.0 ** np.arange(len(errors[0]) - 1)])
    return xr.Dataset(
        {
            "trajectory_step": ("record", steps),
            "trajectory_test_error": (("cell", "record"), np.stack(errors)),
        }
    )


def test_a_curve_settles_where_it_stays_near_its_end():
    ds = curves([1.0, 0.5, 0.1, 0.2, 0.101, 0.1], np.full(6, 0.3))
    # 0.1 at step 2 is left again; from step 8 on it stays.
    assert settled(ds, stays=True).values.tolist() == [8.0, 0.0]
    ds["trajectory_test_error"][0, 5] = np.nan  # a shorter run ends at 0.101
    assert settled(ds, stays=True).values[0] == 8.0


def test_the_published_rule_takes_two_records_in_a_row_near_the_mean_of_the_last_three():
    crossing = [1.0, 0.102, 0.1, 0.5, 0.1, 0.1, 0.1]  # near 0.1, away, and back
    touching = [1.0, 0.1, 0.5, 0.5, 0.1, 0.1, 0.1]  # one record near 0.1 is not enough
    falling = [1.0, 0.9, 0.8, 0.5, 0.3, 0.2, 0.1]  # no two records near the mean 0.2
    ds = curves(crossing, touching, falling)
    assert settled(ds).values.tolist() == [1.0, 8.0, np.inf]
    assert settled(ds, stays=True).values.tolist() == [8.0, 8.0, 32.0]
    # Of two records there is no mean of three: the mean of both.
    assert settled(curves([0.1, 0.1], [1.0, 0.5])).values.tolist() == [0.0, np.inf]
    ds = curves([0.2, 0.1, 0.0, 0.1, 0.1, 0.1])
    ds["trajectory_test_error"][0, 4:] = np.nan
    assert settled(ds, end=0.1).values.tolist() == [np.inf]


def plainly_settled(steps, errors, end, least, stays):
    """The rules in plain Python, for one curve without gaps."""
    tail = errors[-1:] if stays else errors[-3:]
    level = sum(tail) / len(tail) if end is None else end
    near = [abs(e - level) <= max(0.05 * abs(level), least) for e in errors]
    for k in range(len(errors)):
        if all(near[k:]) if stays else k + 1 < len(errors) and near[k] and near[k + 1]:
            return steps[k]
    return np.inf


@pytest.mark.parametrize("stays", [False, True])
@pytest.mark.parametrize(("end", "least"), [(None, 0.0), (0.2, 0.0), (0.2, 0.05)])
def test_both_rules_against_plain_python(rng, stays, end, least):
    errors = 0.2 * np.exp(0.05 * rng.normal(size=(60, 9)) * rng.integers(0, 4, size=(60, 9)))
    ds = curves(*errors)
    steps = ds["trajectory_step"].values
    expected = [plainly_settled(steps, e.tolist(), end, least, stays) for e in errors]
    found = settled(ds, stays=stays, end=np.nan if end is None else end, least=least)
    assert found.values.tolist() == expected
    assert len(set(expected)) > 2


def test_curves_at_other_records():
    ds = curves(1 / (np.concatenate([[0.0], 2.0 ** np.arange(5)]) + 1))
    found = on_records(ds, np.array([0.0, 3.0, 12.0, 20.0]))["trajectory_test_error"].values[0]
    np.testing.assert_allclose(found[:3], [1, 1 / 4, 1 / 13])  # a power law of t + 1
    assert np.isnan(found[3])  # beyond the end


def test_records_of_the_public_code():
    assert [on_record(k) for k in (0, 999, 1000, 1001, 2000)] == [0, 999, 1000, 2000, 2000]


def test_the_measurements_needed_are_those_after_the_last_failure():
    got = xr.DataArray(
        [[True, True, True], [False, True, True], [True, True, False], [False, False, False]],
        dims=("seed", "N"),
        coords={"N": [10, 20, 30]},
    )
    assert least_measurements(got).values.tolist() == [10.0, 20.0, math.inf, math.inf]


# Comparisons --------------------------------------------------------------------------------------


def test_a_comparison_explains_what_differs():
    inside = Comparison("a", 10.0, 10.5, because="noise")
    outside = Comparison("b", 10.0, 20.0, because="noise")
    assert inside.to_dict()["because"] == ""
    assert (inside.reason, outside.reason) == ("", "noise")
    assert compared([inside]).startswith("reproduced: 1 of 1")
    assert compared([inside, outside]).endswith("the others explained")
    assert compared([outside, replace(outside, because="")]).endswith("not explained: b")
    assert compared([outside]).startswith("not reproduced: 0 of 1")
    assert compared([Comparison("a", None, 1.0)]) == "no values were published"
    drawn, apart = one_draw("c", 4.0, [1.0, 9.0], "draws"), one_draw("d", 4.0, [5.0, 9.0], "draws")
    assert (drawn.agrees, drawn.drawn, apart.drawn) == (False, True, False)
    assert compared([drawn, inside]).endswith(
        "1 of 2 values within 10%, 1 in the range of our draws"
    )
    assert compared([drawn, apart]).endswith("1 in the range of our draws, not explained: d")
    assert compared([apart]).startswith("not reproduced")


def test_the_page_of_claims_is_what_the_command_prints(capsys):
    page = Path(latebloom_paper.__file__).parents[1] / "docs/claims.md"
    assert main(["claims", "--markdown"]) == 0
    assert capsys.readouterr().out == page.read_text(encoding="utf-8")
