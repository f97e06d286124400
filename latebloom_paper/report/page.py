"""The report: claims, figures, theorems, errata and costs as one self-contained page."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from latebloom.core import html
from latebloom.core.files import read_toml
from latebloom.core.text import duration
from latebloom.core.versions import __version__
from latebloom.plots import STYLE
from latebloom_paper.book.catalogue import STUDIES, public_seconds_of
from latebloom_paper.book.outcome import Outcome, all_claims
from latebloom_paper.book.record import outcomes_of, published, record_of
from latebloom_paper.errata import ERRATA

from . import parts as parts
from . import sections as sections
from .sections import Paper, tally

# The look of the demo's page, and what a table needs on a phone and in print.
STYLES = (STYLE, Path(__file__).with_name("report.css"))
# The paper's name, which is in the title.
NAME = "“Grokking Beyond the Euclidean Norm of Model Parameters”"
TEXT = read_toml(Path(__file__).with_name("report.toml"))
# Where values were published.
PAPER = ("convex", "networks")


def report_page(store: Path) -> str:
    """Return the page as HTML; it needs no other file and no network.

    **Arguments:**

    - `store`: the folder of a store in which studies were reproduced.

    **Raises:** `InvalidInput` if nothing was reproduced there.
    """
    record = record_of(store)
    # Quick comes before full: the last one counts.
    best = {study.name: (study, outcome) for study, _, outcome in outcomes_of(store)}
    paper = Paper(store, record, best, all_claims())
    theory = [name for name, (study, _) in best.items() if study.group == "theory"]
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    body = [
        f"<header>\n<h1>{escape(TEXT['title'])}</h1>\n<p class='lead'>{TEXT['lead']}</p>",
        _headline(paper),
        _contents(paper),
        "</header>\n<main>",
        sections.remember(paper),
        sections.all_claims(paper),
        *(sections.study(paper, name) for name in [*(n for n in best if n not in theory), *theory]),
        _errata(),
        _costs(paper),
        _made(paper),
        "</main>",
    ]
    return html.document(TEXT["title"], style, body)


def _headline(paper: Paper) -> str:
    """Return the verdicts as a bar, and beside it values, studies, work and date."""
    theirs = published(paper.claims)
    counts = tally(paper.record, theirs)
    outcomes = [outcome for _, outcome in paper.best.values()]
    rows = [row for p, o in paper.best.values() if p.group in PAPER for row in o.rows]
    compared = [row for row in rows if row["published"] is not None]
    silent = sum(row["agrees"] is False and not row["because"] for row in compared)
    agreeing = sum(bool(row["agrees"]) for row in compared)
    unexplained = f"{silent} of the others have no explanation yet"
    rest = unexplained if silent else "every other one is explained"
    full = sum(outcome.size == "full" for outcome in outcomes)
    sizes = f"{full} at the published size, {len(outcomes) - full} at the quick one"
    if paper.missing:
        sizes += f", {len(paper.missing)} not run yet"
    official = public_seconds_of(paper.best)
    facts = [
        (f"{agreeing} of {len(compared)}", f"published values agree within 10%; {rest}"),
        (f"{len(outcomes)} studies", sizes),
        (duration(sum(o.seconds for o in outcomes)), "of work of one core for this page"),
    ]
    if official:
        what = "of the public code for all these figures at the published size, on two cores"
        facts.append((f"{official / 3600:,.0f} h", what))
    if counts[parts.NOT_RUN]:
        facts.append((str(counts[parts.NOT_RUN]), "claims that nothing was run for yet"))
    tiles = "".join(f"<div><b>{escape(a)}</b> {escape(b)}</div>" for a, b in facts)
    return (
        f'<p class="sum"><b>{len(theirs)} claims</b> of the paper and the post:</p>\n'
        f'{parts.bar(counts)}\n<div class="facts">{tiles}</div>\n'
        f'<p class="quiet">{datetime.now(UTC).date().isoformat()}. {_versions(outcomes)}</p>'
    )


def _versions(outcomes: Sequence[Outcome]) -> str:
    """Return with what the studies were made."""
    kinds = {tuple(sorted(outcome.versions.items())) for outcome in outcomes}
    newest = max(outcomes, key=lambda outcome: outcome.made)
    text = ", ".join(f"{name} {version}" for name, version in newest.versions.items())
    if len(kinds) > 1:
        text += " (and others: the studies were not all made with the same versions)"
    return f"Made with {escape(text)}." if text else ""


def _contents(paper: Paper) -> str:
    """Return the links into the page."""
    places = {"remember": "What to remember", "claims": "All claims"}
    if "theorems" in paper.best:
        places["theorems"] = "Theorems"
    places |= {"errata": "Errata", "cost": "What it costs", "made": "How it was made"}
    names = " ".join(f'<a href="#{name}">{name}</a>' for name in paper.best)
    links = " ".join(f'<a href="#{key}">{words}</a>' for key, words in places.items())
    return f'<nav aria-label="Contents">\n<p>{links}</p>\n<p>Studies: {names}</p>\n</nav>'


def _errata() -> str:
    rows = [
        [
            f'<code>{e.id}</code> <span class="quiet">{e.kind}</span>',
            escape(e.where),
            parts.sentence(e.printed),
            parts.sentence(e.right),
        ]
        for e in ERRATA.values()
    ]
    table = html.table(("entry", "where", "printed", "right"), rows, list(ERRATA))
    return (
        '<section id="errata">\n<h2>Errata</h2>\n<p>What is printed and false, loose or misworded; '
        "<code>latebloom errata ID --run</code> runs the counterexample.</p>\n"
        f"{table}\n</section>"
    )


def _costs(paper: Paper) -> str:
    """Return the table of times."""
    rows, both, ours = [], [], 0.0
    for name, found in paper.record.figures.items():
        quick, full = (found[k]["seconds"] if k in found else None for k in ("quick", "full"))
        official = STUDIES[name].public_seconds
        ratio = ""
        if official and full:
            both.append(name)
            ours += full
            ratio = f"{float(f'{official / full:.2g}'):,.6g}"
        times = ["" if t is None else duration(t) for t in (official, quick, full)]
        rows.append([f'<a href="#{name}">{name}</a>', *times, ratio])
    text = TEXT["costs"]
    if len(both) > 1:
        text += (
            f" The {len(both)} figures with both times: {duration(ours)}; the public code "
            f"{duration(public_seconds_of(both))}, runs that figures share counted once."
        )
    header = ("study", "public code", "quick", "full", "public code / full")
    return (
        f'<section id="cost">\n<h2>What it costs</h2>\n<p>{escape(text)}</p>\n'
        f"{html.table(header, rows)}\n</section>"
    )


def _made(paper: Paper) -> str:
    typed = escape("\n".join(TEXT["again"]))
    missing = ""
    if paper.missing:
        names = ", ".join(f"<code>{name}</code>" for name in paper.missing)
        missing = (
            f'\n<p id="missing">Not run yet, and so not decided: {names}. '
            "<code>latebloom reproduce NAME</code> adds one of them.</p>"
        )
    return (
        f'<section id="made">\n<h2>How it was made</h2>\n<p>By latebloom {__version__}. '
        f"{escape(TEXT['made'])}</p>{missing}\n<pre><code>{typed}</code></pre>\n</section>"
    )
