"""The report about the paper: one page from what a store keeps, without any simulation."""

import re
from dataclasses import asdict

import pytest

from latebloom.cli import main
from latebloom.paper import PRESETS
from latebloom.paper.outcome import FOLDER, Outcome
from latebloom.paper.report_page import TITLE, report_page
from latebloom.run import dump_json
from latebloom.sweeps.store import create_store
from latebloom.theory.errata import ERRATA


def statistic(value, low, high):
    return {"value": value, "low": low, "high": high, "count": 20}


def outcome(name, size="quick", **changes):
    """Return an outcome of a study, all of whose claims hold."""
    held = {"verdict": "holds", "found": statistic(0.9, 0.85, 0.95), "corrected": None}
    row = {"quantity": "t2 <b>", "published": 100.0, "ours": 104.0, "difference": 0.04}
    made = {
        "name": name,
        "title": f"Study {name} & more",
        "size": size,
        "command": f"latebloom reproduce {name} --{size}",
        "verdict": "reproduced: 1 of 1 values within 10%",
        "rows": [{**row, "agrees": True, "why": "", "because": ""}],
        "notes": ["a note with <angle> brackets"],
        "seeds": "seeds 1 to 20",
        "claims": {claim.id: held for claim in PRESETS[name].claims},
        "settings": ['name = "x"'],
        "seconds": 12.0,
        "wall": 7.0,
        "runs": 20,
        "fresh": 20,
        "fingerprint": "0" * 16,
        "version": "0",
        "versions": {},
        "made": "2026-01-01T00:00:00+00:00",
    }
    return Outcome(**{**made, **changes})


def keep(store, *outcomes):
    create_store(store)
    folder = store / FOLDER
    folder.mkdir(exist_ok=True)
    for one in outcomes:
        (folder / f"{one.name}-{one.size}.json").write_text(dump_json(asdict(one)))
        (folder / f"{one.name}-{one.size}.svg").write_text(
            "<svg xmlns='http://www.w3.org/2000/svg'/>"
        )
    return store


@pytest.fixture
def store(tmp_path):
    wrong = {"verdict": "fails", "found": statistic(0.1, 0.0, 0.3), "corrected": None}
    amended = {
        "verdict": "holds with correction",
        "found": statistic(None, 3.0, None),
        "corrected": statistic(1.0, 0.99, 1.0),
    }
    fig4 = {claim.id: wrong for claim in PRESETS["fig4"].claims} | {"fig4.error": amended}
    return keep(
        tmp_path / "store",
        outcome("fig3"),
        outcome("fig3", "full", seeds="seeds of the full size"),
        outcome("fig4", claims=fig4),
        outcome("theorems"),
    )


def test_the_page_has_all_parts_and_every_link_leads_somewhere(store):
    page = report_page(store)
    for heading in ("What does not stand as printed", "All claims", "Errata", "What it costs"):
        assert f"<h2>{heading}</h2>" in page
    for preset in (PRESETS["fig3"], PRESETS["fig4"], PRESETS["theorems"]):
        for claim in preset.claims:
            assert f">{claim.id}</code>" in page
    assert all(f">{key}</code>" in page for key in ERRATA)
    targets = set(re.findall(r'id="([^"]+)"', page))
    links = set(re.findall(r'href="#([^"]+)"', page))
    assert links
    assert links <= targets


def test_nothing_is_fetched_and_nothing_unescaped(store):
    page = report_page(store)
    assert "t2 &lt;b&gt;" in page
    assert "a note with &lt;angle&gt; brackets" in page
    assert "Study fig3 &amp; more" in page
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)
    assert "<script" not in page


def test_the_full_size_counts_and_what_is_missing_is_named(store):
    page = report_page(store)
    assert "seeds of the full size" in page
    assert "latebloom reproduce fig3 --full" in page
    assert page.count('class="study"') == 3
    missing = page.partition("Not run yet")[2].partition("</p>")[0]
    assert "fig7" in missing
    assert "fig3," not in missing


def test_what_fails_comes_first_with_what_is_right(store):
    page = report_page(store)
    told = page.partition("What does not stand as printed")[2].partition("</section>")[0]
    claims = {claim.id: claim for claim in PRESETS["fig4"].claims}
    assert told.index("fig4.alpha") < told.index("fig4.error")
    assert claims["fig4.error"].corrected.says in told
    assert "fig3.delay" not in told
    # JSON has no infinity: null stands for it, and the page says so.
    assert "inf [3, inf]" in page


def test_unexplained_differences_are_admitted(tmp_path):
    row = {"quantity": "t1", "published": 1.0, "ours": 2.0, "difference": 1.0, "agrees": False}
    silent = keep(tmp_path / "a", outcome("fig7", rows=[{**row, "why": "", "because": ""}]))
    assert "1 of the others have no explanation yet" in report_page(silent)
    told = keep(tmp_path / "b", outcome("fig7", rows=[{**row, "why": "", "because": "noise"}]))
    assert "the others are explained" in report_page(told)


def test_the_command_writes_the_page_and_replaces_only_reports(store, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["report", "--store", str(store), "--out", str(out)]) == 0
    assert main(["report", "--store", str(store), "--out", str(out), "--json"]) == 0
    assert TITLE.split()[0] in out.read_text(encoding="utf-8")
    capsys.readouterr()
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "page.html", "there is no folder"),
        (store / FOLDER / "fig3-quick.json", "holds something else"),
    ):
        assert main(["report", "--store", str(store), "--out", str(path)]) == 2
        assert message in capsys.readouterr().err
    assert main(["report", "--store", str(tmp_path / "none"), "--out", str(out)]) == 2
    assert "latebloom report --quick" in capsys.readouterr().err
