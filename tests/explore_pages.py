"""What tests do with a page of the explorer in a browser."""

import os
from pathlib import Path

from latebloom.explore.point import Point


def slider(page, name):
    """Return the slider of a control."""
    return page.get_by_role("slider", name=name, exact=True)


def point_of(page):
    """Return the point that the address of a page names."""
    return Point.from_link(page.url)


def wait_for_run(page, point):
    """Wait until the page shows the run of a point."""
    page.wait_for_selector(f'#lb-run[data-hash="{point.experiment().hash}"]')


def cells(page, row):
    """Return measured and predicted of a row of the table, as a reader sees them."""
    line = page.locator("#lb-facts tr").filter(has=page.get_by_role("rowheader", name=row))
    return [cell.inner_text().strip() for cell in line.first.locator("td").all()]


def assert_shows(page, run, prediction):
    """The page shows t1, t2 and the verdict of the run, and t2 of the prediction."""
    page.wait_for_selector("#lb-facts th:text-is('predicted')")
    t1, t2 = run.phases.t1, run.phases.t2
    assert cells(page, "t1 (memorized)")[0] == t1.words
    assert cells(page, "t2 (generalized)")[0] == t2.words_at(run.last_step)
    if prediction.t2 is not None:
        assert cells(page, "t2 (generalized)")[1].startswith(f"{prediction.t2:,}")
    words = str(run.phases.verdict).replace("_", " ")
    assert page.locator("#lb-run .lb-verdict strong").inner_text() == words
    if t2.step is not None:
        assert f"t2 = {t2.step:,}" in page.locator("svg.lb-wide").first.text_content()


def processor_seconds(process):
    """Return the processor time of a process; 0 where no /proc tells it."""
    stat = Path(f"/proc/{process.pid}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def shown_hash(page):
    """Return the hash of the run that a page shows."""
    return page.get_attribute("#lb-run", "data-hash")
