"""The explorer in a real browser: what the page shows is what the library computes."""

import json
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import parse_qsl, urlsplit

import pytest
from explore_pages import (
    assert_shows,
    point_of,
    processor_seconds,
    shown_hash,
    slider,
    wait_for_run,
)

import latebloom as lb
from latebloom.explore.point import Point
from latebloom.explore.world import names

pytestmark = pytest.mark.browser
pytest.importorskip("marimo", reason="marimo is not installed: make test-browser installs it")
sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: make test-browser installs it"
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
if CHROMIUM is None:
    pytest.skip("no Chromium on this machine", allow_module_level=True)

# Milliseconds: pages come late where many tests share two cores.
PATIENCE = 90_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Changes of a slider whose time is measured, and of which slider in each world.
CHANGES = 15
CHANGED = {"sparse": "snr", "mirage": "snr", "matrix": "beta", "deep": "beta", "network": "beta"}


@pytest.fixture(scope="module")
def server():
    """Serve the explorer until the end."""
    command = [sys.executable, "-m", "latebloom", "explore", "--no-browser", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130


@pytest.fixture(scope="module")
def address(server):
    """Return the address of the explorer with the token."""
    text = ""
    while not text.endswith("}\n"):
        line = server.stdout.readline()
        assert line, "the explorer has ended"
        text += line
    return json.loads(text)["address"]


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, address):
    """Give a function that opens a page; at the end there was no error and no request outside."""
    requests, errors = [], []
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    base, _, query = address.partition("?")
    token = dict(parse_qsl(query))["access_token"]

    def go(link, ready="#lb-run"):
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.on("websocket", lambda socket: requests.append(socket.url))
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        page.goto(f"{base}?access_token={token}&{link}")
        page.wait_for_selector(ready)
        return page

    yield go
    context.close()
    assert requests
    assert {urlsplit(url).hostname for url in requests if not url.startswith("data:")} <= {
        "127.0.0.1",
        None,
    }
    assert errors == []


def test_sliders_move_and_the_page_shows_what_simulate_finds(opened):
    page = opened("world=sparse")
    wait_for_run(page, Point.of("sparse"))
    for name, key, expected in (("N", "ArrowRight", 31), ("beta", "ArrowLeft", 7.9e-06)):
        slider(page, name).focus()
        page.keyboard.press(key)
        page.wait_for_url(re.compile(rf"[?&]{name}={expected}(&|$)"))
        point = point_of(page)
        assert point.values[name] == expected
        wait_for_run(page, point)
        experiment = point.experiment()
        assert_shows(page, lb.simulate(experiment), lb.predict(experiment))


@pytest.mark.parametrize("name", names()[1:])
def test_every_world_shows_what_simulate_finds(opened, name):
    page = opened(f"world={name}")
    point = Point.of(name)
    wait_for_run(page, point)
    experiment = point.experiment()
    exact = name != "network"
    run = lb.simulate(experiment, engine=point.world.engine)
    assert_shows(page, run, lb.predict(experiment, exact=exact))


def test_the_mouse_drags_a_slider(opened):
    page = opened("world=mirage")
    thumb = slider(page, "N").bounding_box()
    x, y = thumb["x"] + thumb["width"] / 2, thumb["y"] + thumb["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=8)
    page.mouse.up()
    page.wait_for_function("() => !location.search.includes('N=30&')")
    wait_for_run(page, point_of(page))
    assert point_of(page).values["N"] > 30


def test_a_shared_link_shows_the_same_run(opened):
    first = opened("world=sparse&N=45&s=3&seed=4")
    point = Point.of("sparse", {"N": 45, "s": 3, "seed": 4})
    wait_for_run(first, point)
    second = opened(urlsplit(first.url).query)
    wait_for_run(second, point)
    assert point_of(second) == point


def test_a_link_between_two_values_of_a_slider_keeps_its_value(opened):
    page = opened("world=sparse&alpha=0.0123&beta=3e-6")
    point = Point.of("sparse", {"alpha": 0.0123, "beta": 3e-6})
    wait_for_run(page, point)
    assert point_of(page).values == point.values


def test_back_shows_the_run_before(opened):
    page = opened("world=sparse")
    start = Point.of("sparse")
    wait_for_run(page, start)
    slider(page, "N").focus()
    for expected in (31, 32):
        page.keyboard.press("ArrowRight")
        wait_for_run(page, start.with_values(N=expected))
    page.get_by_label("World").select_option("The mirage (l2)")
    wait_for_run(page, Point.of("mirage"))
    for expected in (32, 31, 30):
        page.go_back()
        point = start.with_values(N=expected)
        wait_for_run(page, point)
        assert point_of(page) == point
        assert slider(page, "N").get_attribute("aria-valuenow") == str(
            point.world.control("N").values.index(expected)
        )


def test_a_bad_link_says_why(opened):
    page = opened("world=sparse&N=1000", ready=".lb-error")
    assert "N = '1000': must be a whole number from 5 to 90" in page.inner_text(".lb-error")
    wait_for_run(page, Point.of("sparse"))


def test_reset_and_another_world(opened):
    page = opened("world=sparse&N=45")
    wait_for_run(page, Point.of("sparse", {"N": 45}))
    page.get_by_role("button", name="Reset").click()
    wait_for_run(page, Point.of("sparse"))
    page.get_by_label("World").select_option("The mirage (l2)")
    wait_for_run(page, Point.of("mirage"))
    assert point_of(page).world.name == "mirage"


def test_an_unstable_step_size_is_a_message(opened):
    page = opened("world=sparse&alpha=0.2&N=10", ready=".lb-error")
    assert "alpha" in page.inner_text(".lb-error")


def test_a_log_is_dropped(opened, tmp_path):
    rows = [f"{k},{float(k > 300)},{float(k > 8000)}" for k in range(0, 10001, 100)]
    log = tmp_path / "my log.csv"
    log.write_text("\n".join(["step,train_acc,val_acc", *rows]))
    page = opened("panel=diagnose", ready="input[type=file]")
    page.set_input_files("input[type=file]", log)
    page.wait_for_selector("#lb-diagnosis")
    found = lb.diagnose(str(log))
    text = page.inner_text("#lb-diagnosis")
    assert "grokked" in text
    assert found.t1.words in text
    assert found.t2.words in text
    assert not page.locator(".lb-controls").is_visible()
    for idle in ("Reset", "Cancel"):
        assert not page.get_by_role("button", name=idle, include_hidden=True).is_visible()
    other = tmp_path / "other.txt"
    other.write_text("nothing to see")
    page.set_input_files("input[type=file]", other)
    page.wait_for_selector(".lb-error")
    assert page.inner_text(".lb-error").startswith("other.txt: no curves found")


def test_a_cell_of_the_phase_diagram_is_a_run(opened):
    page = opened("world=mirage&panel=phase", ready=".lb-grid")
    cell = page.locator('.lb-cell[title="N = 120, init = 0.001"]')
    cell.get_by_role("button").click()
    point = Point.of("mirage", {"N": 120, "init": 0.001})
    wait_for_run(page, point)
    assert point_of(page).values == point.values
    assert cell.get_attribute("class").endswith("lb-here")


def test_t2_alpha_beta_stays_put_in_the_plane(opened):
    page = opened("world=sparse&panel=law&n=40&s=2&N=20", ready="#lb-law")
    low, high = (float(page.get_attribute("#lb-law", f"data-{end}")) for end in ("low", "high"))
    assert high < 1.1 * low
    product = float(page.get_attribute("#lb-here", "data-product"))
    assert low <= product <= high
    page.locator('.lb-cell[title="alpha = 0.02, beta = 1e-07"]').get_by_role("button").click()
    wait_for_run(page, point_of(page).with_values(alpha=0.02, beta=1e-7))
    page.wait_for_selector(".lb-here")
    assert low <= float(page.get_attribute("#lb-here", "data-product")) <= high


def test_the_point_of_the_plane_is_dragged(opened):
    page = opened("world=sparse&panel=law&n=40&s=2&N=20", ready=".lb-here")
    low, high = (float(page.get_attribute("#lb-law", f"data-{end}")) for end in ("low", "high"))
    page.locator(".lb-here").hover()
    page.mouse.down()
    for beta in (1e-6, 1e-7):
        page.locator(f'.lb-cell[title="alpha = 0.1, beta = {beta:g}"]').hover()
        page.wait_for_selector(f'.lb-here[title="alpha = 0.1, beta = {beta:g}"]')
        assert point_of(page).values["beta"] == beta
        wait_for_run(page, point_of(page))
        assert low <= float(page.get_attribute("#lb-here", "data-product")) <= high
    page.mouse.up()
    page.locator('.lb-cell[title="alpha = 0.05, beta = 1e-07"]').hover()
    assert point_of(page).values["alpha"] == 0.1


def test_the_keyboard_shows_why_a_range_ends(opened):
    page = opened("world=sparse")
    why = page.locator(".lb-control", has_text="step size").locator("small span")
    assert not why.is_visible()
    slider(page, "alpha").focus()
    assert why.is_visible()
    assert "the method diverges" in why.inner_text()


def test_a_figure_of_the_paper_opens_with_its_settings(opened):
    page = opened("panel=paper", ready="text=what it shows")
    page.get_by_role("link", name="fig7", exact=True).click()
    wait_for_run(page, Point.of("fig7"))
    assert point_of(page).experiment() == lb.load("fig7")


def test_a_figure_of_many_runs_opens_one_of_them(opened):
    page = opened("panel=paper", ready="text=what it shows")
    row = page.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name="fig34", exact=True)
    )
    row.get_by_role("link", name="fig11-sobolev").click()
    page.wait_for_url(re.compile("world=fig11-sobolev&"))
    slider(page, "beta").wait_for()
    assert point_of(page).experiment() == lb.load("fig11-sobolev")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_selector("text=cancelled")


def test_a_long_run_shows_progress_and_is_cancelled(opened):
    page = opened("world=fig9&steps=500000000", ready=".lb-wait progress[max]")
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_selector("text=cancelled")


def test_what_is_kept_gives_the_same_experiment(opened):
    page = opened("world=deep&N=40")
    point = Point.of("deep", {"N": 40})
    wait_for_run(page, point)
    page.get_by_role("button", name="Save or share").click()
    text = page.locator("pre code").first.inner_text()
    assert lb.Experiment.from_toml(text).hash == point.experiment().hash
    with page.expect_download() as download:
        page.get_by_role("link", name="Save deep.toml").or_(
            page.get_by_role("button", name="Save deep.toml")
        ).click()
    with open(download.value.path(), encoding="utf-8") as file:
        assert lb.Experiment.from_toml(file.read()).hash == point.experiment().hash


def test_the_keyboard_reaches_every_control(opened):
    page = opened("world=matrix")
    wait_for_run(page, Point.of("matrix"))
    reached = set()
    page.keyboard.press("Tab")
    for _ in range(60):
        reached.add(
            page.evaluate(
                """() => {
                  let e = document.activeElement;
                  while (e && e.shadowRoot && e.shadowRoot.activeElement) {
                    e = e.shadowRoot.activeElement;
                  }
                  const label = e && e.getAttribute('aria-labelledby');
                  const by = label && e.getRootNode().getElementById(label);
                  return e ? (by ? by.textContent : e.textContent || e.tagName) : '';
                }"""
            )
        )
        page.keyboard.press("Tab")
    assert {"alpha", "beta", "N", "r", "tau", "seed", "Reset", "Cancel"} <= reached


@pytest.mark.parametrize("panel", ["run", "phase", "diagnose", "paper"])
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_page(opened, width, panel):
    page = opened(f"world=mirage&panel={panel}", ready=".lb-top")
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_selector(".lb-grid" if panel == "phase" else ".lb-top")
    for element in ("document.documentElement", "document.querySelector('#App')"):
        assert page.evaluate(f"{element}.scrollWidth - {element}.clientWidth") <= 0


def test_nobody_else_is_served(address):
    base, _, query = address.partition("?")
    with urllib.request.urlopen(base) as answer:
        assert "/auth/login" in answer.url
    assert urlsplit(address).hostname == "127.0.0.1"
    for header in ({"Host": "elsewhere.example"}, {"Origin": "http://elsewhere.example"}):
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(urllib.request.Request(f"{base}?{query}", headers=header))


@pytest.mark.parametrize(("name", "control"), CHANGED.items())
def test_every_change_shows_its_curve(opened, server, capsys, name, control):
    """The time of a change is measured and printed, not judged: it depends on the machine."""
    page = opened(f"world={name}")
    wait_for_run(page, Point.of(name))
    slider(page, control).focus()
    took, spent, last = [], [], shown_hash(page)
    for _ in range(CHANGES):
        began, before = time.perf_counter(), processor_seconds(server)
        page.keyboard.press("ArrowLeft")
        changed = "h => document.querySelector('#lb-run').dataset.hash !== h"
        page.wait_for_function(changed, arg=last)
        took.append(time.perf_counter() - began)
        spent.append(processor_seconds(server) - before)
        last = shown_hash(page)
    assert len(took) == CHANGES
    assert last == point_of(page).experiment().hash
    with capsys.disabled():
        wall, own = (1000 * statistics.median(seconds) for seconds in (took, spent))
        print(f"\n{name}, {control}: median time of a change {wall:.0f} ms, ", end="")
        print(f"of the server's processor {own:.0f} ms")
