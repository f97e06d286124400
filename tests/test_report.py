"""The report about the paper: one page from what a store keeps, without any simulation."""

import json
from dataclasses import asdict
from html.parser import HTMLParser
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from latebloom.cli.main import main
from latebloom.core.json_text import dump_json
from latebloom.sweeps.store.store import create_store
from latebloom_paper.book.catalogue import STUDIES, studies
from latebloom_paper.book.outcome import FOLDER, Outcome
from latebloom_paper.errata import ERRATA
from latebloom_paper.report.page import TEXT, report_page
from latebloom_paper.report.parts import bar

# What a picture may hold that a URL or an attribute may not.
PICTURE = """<?xml version="1.0"?>
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 504 60.5">
<style>*{x: y}</style><g
id="#1"><text>β &lt; 'a' &amp; 50% &#38; b</text></g></svg>
"""
VOID = ("meta", "img", "br", "wbr", "rect")


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
        "claims": {claim.id: held for claim in STUDIES[name].claims},
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
        (folder / f"{one.name}-{one.size}.svg").write_text(PICTURE, encoding="utf-8")
    return store


@pytest.fixture
def store(tmp_path):
    wrong = {"verdict": "fails", "found": statistic(0.1, 0.0, 0.3), "corrected": None}
    amended = {
        "verdict": "holds with correction",
        "found": statistic(None, 3.0, None),
        "corrected": statistic(1.0, 0.99, 1.0),
    }
    fig4 = {claim.id: wrong for claim in STUDIES["fig4"].claims} | {"fig4.error": amended}
    return keep(
        tmp_path / "store",
        outcome("fig3"),
        outcome("fig3", "full", seeds="seeds of the full size"),
        outcome("fig4", claims=fig4),
        outcome("theorems"),
    )


class Page(HTMLParser):
    """The parts of a page: ids, links, images, text by section; it must be well-formed."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.links, self.images, self.open = [], [], [], []
        self.text = {}
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        assert tag != "script"
        assert not any(name.startswith("on") for name in found)
        if "id" in found:
            self.ids.append(found["id"])
        if "href" in found:
            self.links.append(found["href"])
        if "src" in found:
            self.images.append(found)
        if tag not in VOID:
            self.open.append((tag, found.get("id") if tag == "section" else None))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop()[0] == tag

    def handle_data(self, data):
        for key in ("", *(name for _, name in self.open if name)):
            self.text[key] = f"{self.text.get(key, '')}{data}"


@pytest.fixture
def page(store):
    return Page(report_page(store))


def test_the_page_has_all_parts_and_every_link_leads_somewhere(page):
    assert {"remember", "claims", "errata", "cost", "made", "fig3", "fig4"} <= set(page.ids)
    for name in ("fig3", "fig4", "theorems"):
        for claim in STUDIES[name].claims:
            assert f"claim-{claim.id.replace('.', '-')}" in page.ids
            assert claim.id in page.text["claims"]
    assert set(ERRATA) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert {"fig4", "claim-fig4-error", "E-22"} <= inside
    assert inside <= set(page.ids)


def test_nothing_is_fetched_and_nothing_unescaped(page):
    assert [link for link in page.links if not link.startswith("#")] == [
        "https://arxiv.org/abs/2506.05718"
    ]
    assert "t2 <b>" in page.text["fig3"]
    assert "a note with <angle> brackets." in page.text["fig3"]
    assert "Study fig3 & more" in page.text["fig3"]


def test_pictures_travel_inside_the_page_whole(page):
    assert len(page.images) == 3
    for image in page.images:
        kind, _, data = image["src"].partition(",")
        assert kind == "data:image/svg+xml;charset=utf-8"
        assert not set(data) & set("\n#<>&'")
        drawn = ElementTree.fromstring(unquote(data))
        assert [text.strip() for text in drawn.itertext() if text.strip()] == [
            "*{x: y}",
            "β < 'a' & 50% & b",
        ]
        assert drawn[1].get("id") == "#1"
        assert (image["width"], image["height"]) == ("504", "60")
        assert "t2 <b>: 104" in image["alt"]


def test_the_full_size_counts_and_what_is_missing_is_named(page):
    told = page.text["fig3"]
    assert "seeds of the full size" in told
    assert "latebloom reproduce fig3 --full" in told
    assert 'name = "x"' in told
    missing = page.text["made"].partition("Not run yet")[2].partition("latebloom")[0]
    assert "fig7" in missing
    assert "fig3," not in missing
    assert f"{len(studies('all')) - 3} not run yet" in page.text[""]
    assert "not run" in page.text["claims"]


def test_the_headline_counts_what_stands(page):
    told = " ".join(page.text[""].split())
    fig4 = len(STUDIES["fig4"].claims)
    held = len(STUDIES["fig3"].claims) + len(STUDIES["theorems"].claims)
    for words in (f"✓ {held} hold", "≈ 1 holds with correction", f"✗ {fig4 - 1} fail"):
        assert words in told
    assert "2 of 2 published values agree within 10%" in told
    assert "1 at the published size, 2 at the quick one" in told
    assert "36 s of work" in told
    official = [STUDIES[name].public_seconds for name in ("fig3", "fig4")]
    hours = round(sum(filter(None, official)) / 3600)
    assert f"{hours} h of the public code" in told


def test_what_fails_comes_first_with_what_is_right(page):
    told = page.text["remember"]
    corrected = {claim.id: claim.corrected for claim in STUDIES["fig4"].claims if claim.corrected}
    assert told.index("fig4.alpha") < told.index("fig4.error") < told.index("fig3.delay")
    right = told[told.index("fig4.error") :].partition("Figure 4")[0]
    assert f"Right: {corrected['fig4.error'].says}" in right
    # JSON has no infinity: null stands for it, and the page says so.
    assert "inf [3, inf]" in told
    # A correction that no run was asked about is not called right.
    prefactor = told[told.index("fig4.prefactor") :].partition("Figure 4")[0]
    assert f"not tested in this run: {corrected['fig4.prefactor'].says}" in prefactor


def test_values_say_whether_they_agree(tmp_path):
    row = {"quantity": "t1", "published": 1.0, "ours": 2.0, "difference": 1.0, "agrees": False}
    silent = {**row, "why": "", "because": ""}
    told = {**row, "why": "the mean", "because": "noise"}
    before = Page(report_page(keep(tmp_path / "a", outcome("fig7", rows=[silent]))))
    assert "1 of the others have no explanation yet" in before.text[""]
    after = Page(report_page(keep(tmp_path / "b", outcome("fig7", rows=[told]))))
    assert "every other one is explained" in after.text[""]
    for words in ("+100.0%", "✗ no", "the mean; noise"):
        assert words in after.text["fig7"]
    drawn = {**told, "drawn": True}
    both = Page(report_page(keep(tmp_path / "c", outcome("fig7", rows=[told, drawn]))))
    for words in ("in the range of our draws", "the mean; see (a)", "(a) noise"):
        assert words in both.text["fig7"]


def test_costs_are_compared_where_both_are_known(page):
    told = page.text["cost"]
    official = STUDIES["fig3"].public_seconds
    assert official is not None
    # Only Figure 3 was run at the full size: one ratio, and no sum.
    assert f"fig38 s12 s12 s{official / 12.0:.2g}" in told
    assert "with both times" not in told


def test_a_bar_divides_its_length():
    counts = {
        "holds": 3,
        "holds with correction": 0,
        "fails": 1,
        "not decidable here": 0,
        "not tested": 0,
    }
    drawn = bar(counts)
    assert 'aria-label="3 hold, 1 fails"' in drawn
    assert 'x="75.00%"' in drawn
    assert bar(dict.fromkeys(counts, 0)) == ""


def test_the_command_writes_the_page_and_says_what_is_on_it(store, tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["report", "--store", str(store), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "3 studies" in said
    assert "not run yet: fig5" in said
    assert main(["report", "--store", str(store), "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["page"] == str(out)
    assert told["claims"]["holds with correction"] == 1
    assert told["claims"]["fails"] == len(STUDIES["fig4"].claims) - 1
    assert set(told["beyond"]) == set(told["claims"])
    assert "fig7" in told["missing"]
    assert TEXT["title"] in out.read_text(encoding="utf-8")


def test_only_reports_are_replaced_unless_asked(store, tmp_path, capsys):
    other = tmp_path / "other.html"
    other.write_text("<title>mine</title>")
    command = ["report", "--store", str(store), "--out"]
    for path, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "page.html", "there is no folder"),
        (other, "is not an earlier report"),
    ):
        assert main([*command, str(path)]) == 2
        assert message in capsys.readouterr().err
    assert other.read_text() == "<title>mine</title>"
    assert main([*command, str(other), "--overwrite"]) == 0
    assert main([*command, str(other)]) == 0


def test_an_empty_store_is_told_how_to_fill_it(tmp_path, capsys):
    out = tmp_path / "page.html"
    assert main(["report", "--store", str(tmp_path / "none"), "--out", str(out)]) == 2
    assert "latebloom report --quick" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("code", [0, 130])
def test_quick_reproduces_first_and_stops_where_that_was_stopped(
    store, tmp_path, monkeypatch, code
):
    asked = []

    def reproduce(command, settings):
        asked.append(command)
        return code

    monkeypatch.setattr("latebloom_paper.commands.reproduce.Reproduce.execute", reproduce)
    out = tmp_path / "page.html"
    assert main(["report", "--quick", "--store", str(store), "--out", str(out)]) == code
    assert [(one.figure, one.quick, one.store) for one in asked] == [("all", True, str(store))]
    assert out.exists() == (code == 0)
