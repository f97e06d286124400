"""Regenerated figures against what was published."""

import json

import pytest

from latebloom.cli import main
from latebloom.paper import PRESETS
from latebloom.paper.reproduction import Comparison


def reproduce(name):
    make = PRESETS[name].reproduce
    assert make is not None
    return make(lambda done, total: None)


@pytest.mark.parametrize("name", ["fig3", "fig7"])
def test_the_published_values_come_out(name):
    result = reproduce(name)
    assert len(result.rows) >= 8
    assert all(row.agrees for row in result.rows if row.published is not None)


@pytest.mark.slow
def test_figure_4_comes_out_where_a_delay_builds_up():
    result = reproduce("fig4")
    small = [row for row in result.rows if row.quantity.endswith(("1e-06", "1e-05", "1e-04"))]
    assert len(small) == 18
    assert all(row.agrees for row in small)
    law = {row.quantity: row for row in result.rows}
    # Recomputed by hand: the delay's constant is (t2 at alpha beta = 5e-9) * 5e-9 = 0.1005.
    assert law["t2 alpha beta (alpha beta <= 1e-5)"].ours == pytest.approx(0.1005, abs=1e-3)
    assert law["final test error / beta"].agrees


@pytest.mark.slow
def test_figure_9_comes_out_and_stops_at_the_negative_entries():
    result = reproduce("fig9")
    by_name = {row.quantity: row for row in result.rows}
    floor = by_name["norm of the negative entries of a*"]
    assert floor.ours == pytest.approx(0.01273, abs=1e-5)  # |a*[81]|, the only negative entry
    deep = [row.ours for name, row in by_name.items() if "L = 2" in name or "L = 3" in name]
    assert len(deep) == 20
    assert min(deep) >= floor.ours
    assert by_name["least test error, u^2 - v^2 from 1e-4, N = 50"].ours < 0.1 * floor.ours


def test_a_comparison_says_how_far_apart():
    row = Comparison("t2", 100.0, 105.0)
    assert row.difference == pytest.approx(0.05)
    assert row.agrees
    assert Comparison("t2", 100.0, None).agrees is False
    assert Comparison("t2", None, 3.0).agrees is None
    assert Comparison("t2", 100.0, 150.0).agrees is False


def test_reproduce_writes_the_picture_and_the_comparison(tmp_path, capsys):
    assert main(["reproduce", "fig7", "--out", str(tmp_path / "out"), "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    saved = json.loads((tmp_path / "out" / "fig7.json").read_text())
    assert printed == saved
    assert (tmp_path / "out" / "fig7.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["reproduce"], "needs a figure"),
        (["reproduce", "fig43"], "did you mean"),
        (["reproduce", "fig12"], "fig12 has no comparison yet; figures that have: "),
        (["reproduce", "fig3", "--jsn"], "did you mean '--json'"),
    ],
)
def test_a_bad_figure_is_one_clear_line(arguments, message, capsys):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
