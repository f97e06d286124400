"""The report: claims, figures, theorems, errata and costs as one self-contained page."""

import base64
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from latebloom import __version__
from latebloom._versions import versions
from latebloom.theory.errata import ERRATA

from .catalogue import GROUPS, PRESETS, Preset, studies
from .claim import Claim, Verdict
from .outcome import Outcome, all_claims, picture
from .record import TITLES, Record, outcomes_of, published, record_of

# The look of the demo's page, and what a table needs on a phone and in print.
STYLES = (Path(__file__).parents[1] / "plots" / "page.css", Path(__file__).with_name("report.css"))
TITLE = "What stands of \u201cGrokking Beyond the Euclidean Norm of Model Parameters\u201d"
# A verdict has a colour, a mark and a word: no reader needs the colour.
MARKS = {
    Verdict.holds: ("\u2713", "holds"),
    Verdict.corrected: ("\u2248", "corrected"),
    Verdict.fails: ("\u2717", "fails"),
    Verdict.undecided: ("?", "undecided"),
}
HEADER = ("claim", "source", "statement", "verdict", "found, 95% interval", "holds if", "size")
AGAIN = (
    "latebloom reproduce all --quick",
    "latebloom report --out report.html",
    "latebloom claims --check",
)


def report_page(store: Path) -> str:
    """Return the page as HTML; it needs no other file and no network.

    **Arguments:**

    - `store`: the folder of a store in which studies were reproduced. Of each the full size is
      taken where there is one.

    **Raises:** `InvalidInput` if nothing was reproduced there.
    """
    record = record_of(store)
    best: dict[str, tuple[Preset, Outcome]] = {}
    for preset, _, outcome in outcomes_of(store):  # quick before full: the last one counts
        best[preset.name] = (preset, outcome)
    claims = all_claims()
    theirs = published(claims)
    missing = [p.name for p in studies("all") if p.name not in best]
    parts = [
        _head(),
        f"<header>\n<h1>{escape(TITLE)}</h1>",
        _lead(record, theirs, best, missing),
        "</header>\n<main>",
        _surprises(theirs, record),
        _claims(claims, record, best),
        *(_study(store, preset, outcome) for preset, outcome in best.values()),
        _errata(),
        _costs(record),
        _made(missing),
    ]
    made = ", ".join(f"{name} {number}" for name, number in versions().items())
    when = datetime.now(UTC).date().isoformat()
    parts.append(f"</main>\n<footer>{when}, with {escape(made)}.</footer>\n</body>\n</html>\n")
    return "\n".join(filter(None, parts))


def _head() -> str:
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(TITLE)}</title>\n<style>\n{style}</style>\n</head>\n<body>"
    )


def _lead(
    record: Record,
    claims: Mapping[str, tuple[Preset, Claim]],
    best: Mapping[str, tuple[Preset, Outcome]],
    missing: Sequence[str],
) -> str:
    """Return the first lines: how many claims stand, how many values agree, at which cost."""
    outcomes = [outcome for _, outcome in best.values()]
    compared, agreeing = sum(o.compared for o in outcomes), sum(o.agreeing for o in outcomes)
    full = sum(o.size == "full" for o in outcomes)
    rows = [row for o in outcomes for row in o.rows]
    silent = sum(row["agrees"] is False and not row["because"] for row in rows)
    rest = (
        f"{silent} of the others have no explanation yet" if silent else "the others are explained"
    )
    told = [
        f"{len(claims)} quantitative statements of the paper (arXiv 2506.05718) and of its "
        f"authors\u2019 post, each with the test that decides it: {record.count(claims)}.",
        f"{agreeing} of {compared} values read off the published pictures agree within 10%; "
        f"{rest}. {len(outcomes)} studies, {full} of them at the published size.",
    ]
    if missing:
        told.append(f"Not run yet, and so not decided: {', '.join(missing)}.")
    paragraphs = "\n".join(f'<p class="lead">{escape(text)}</p>' for text in told)
    return paragraphs + _bar(record, claims)


def _bar(record: Record, claims: Iterable[str]) -> str:
    """Return the verdicts as one bar."""
    found = [best["verdict"] for key in claims if (best := record.best(key)) is not None]
    pieces = []
    for verdict, (mark, name) in MARKS.items():
        count = found.count(verdict)
        if count:
            label = f"{count} {verdict}"
            pieces.append(
                f'<span class="{name}" style="flex-grow: {count}" title="{escape(label)}">'
                f"{mark} {count}</span>"
            )
    words = escape(record.count(claims))
    return f'\n<div class="bar" role="img" aria-label="{words}">{"".join(pieces)}</div>'


def _surprises(claims: Mapping[str, tuple[Preset, Claim]], record: Record) -> str:
    """Return what does not stand as printed, which is what most readers look for."""
    items = []
    for wanted in (Verdict.fails, Verdict.corrected):
        for key, (_, claim) in claims.items():
            best = record.best(key)
            if best is None or best["verdict"] != wanted:
                continue
            right = ""
            if wanted is Verdict.corrected and claim.corrected is not None:
                right = f" <em>Right:</em> {escape(claim.corrected.says.rstrip('.'))}."
            items.append(
                f"<li>{_verdict(wanted)} {escape(claim.test.says.rstrip('.'))}.{right} "
                f'<a href="#{_anchor(key)}">{escape(key)}</a></li>'
            )
    if not items:
        return ""
    return (
        "<section>\n<h2>What does not stand as printed</h2>\n"
        f'<ul class="verdicts">{"".join(items)}</ul>\n</section>'
    )


def _claims(
    claims: Mapping[str, tuple[Preset, Claim]],
    record: Record,
    best: Mapping[str, tuple[Preset, Outcome]],
) -> str:
    """Return the table of all claims, group by group."""
    from latebloom.paper_verbs import claim_row

    parts = ["<section>\n<h2>All claims</h2>"]
    for group in GROUPS:
        rows = []
        for key, (preset, claim) in claims.items():
            if preset.group != group:
                continue
            found = record.best(key)
            row = claim_row(claim, found)
            verdict = None if found is None else found["verdict"]
            name = f'<code id="{_anchor(key)}">{escape(key)}</code>'
            if preset.name in best:
                name = f'<a href="#{preset.name}">{name}</a>'
            cells = (claim.source, row[1], None, row[3], row[4], record.size(key))
            told = [escape(cell) if cell is not None else _verdict(verdict) for cell in cells]
            rows.append([name, *told])
        if rows:
            parts.append(f"<h3>{escape(TITLES[group])}</h3>\n{_table(HEADER, rows)}")
    return "\n".join([*parts, "</section>"])


def _study(store: Path, preset: Preset, outcome: Outcome) -> str:
    """Return the section of a study: picture, verdict, values, claims, settings, cost."""
    from latebloom.paper_verbs import claim_row
    from latebloom.sweep_verbs import duration

    data = base64.b64encode(picture(store, outcome.name, outcome.size)).decode("ascii")
    parts = [
        f'<section id="{outcome.name}" class="study">\n<h2>{escape(outcome.title)}</h2>',
        f"<p>{escape(preset.note)}</p>" if preset.note else "",
        f'<figure><img alt="{escape(outcome.title)}" loading="lazy" '
        f'src="data:image/svg+xml;base64,{data}"></figure>',
    ]
    if outcome.compared:
        parts.append(f"<p><strong>{escape(outcome.verdict)}.</strong></p>")
    if outcome.rows:
        rows = [_row(row) for row in outcome.rows]
        header = ("quantity", "published", "ours", "difference", "why")
        shown = [k for k in range(5) if k in (0, 2) or any(row[k] for row in rows)]
        table = _table([header[k] for k in shown], [[row[k] for k in shown] for row in rows])
        whole = f"<summary>{len(rows)} numbers</summary>\n{table}"
        parts.append(table if len(rows) <= 12 else f"<details>{whole}</details>")
    if preset.claims:
        found = []
        for claim in preset.claims:
            kept = outcome.claims.get(claim.id)
            row = claim_row(claim, kept)
            verdict = None if kept is None else kept["verdict"]
            cells = (escape(row[1]), _verdict(verdict), escape(row[3]), escape(row[4]))
            found.append([f"<code>{escape(claim.id)}</code>", *cells])
        header = ("claim", "statement", "verdict", "found", "holds if")
        parts.append(_table(header, found))
    told = [*outcome.notes, f"seeds: {outcome.seeds}" if outcome.seeds else ""]
    parts.append("<ul>" + "".join(f"<li>{escape(note)}</li>" for note in filter(None, told)))
    official = f"; the public code: {duration(preset.official)}" if preset.official else ""
    cost = f"{outcome.size} size, {outcome.runs:,} runs or tables, {duration(outcome.seconds)}"
    parts.append(f"<li>{escape(cost)} of work{escape(official)}</li></ul>")
    parts.append(f"<p>Again: <code>{escape(outcome.command)}</code></p>")
    for toml in outcome.settings:
        parts.append(
            f"<details><summary>Settings</summary><pre><code>{escape(toml)}</code></pre></details>"
        )
    return "\n".join([*filter(None, parts), "</section>"])


def _row(row: Mapping[str, Any]) -> list[str]:
    """Return one compared value as cells."""
    from latebloom.report import number

    difference = "" if row["difference"] is None else f"{row['difference']:+.1%}"
    if row["agrees"] is False:
        difference = f"<strong>{difference or 'differs'}</strong>"
    why = "; ".join(filter(None, (row["why"], row["because"])))
    published = "" if row["published"] is None else number(row["published"])
    ours = "never" if row["ours"] is None else number(row["ours"])
    return [escape(row["quantity"]), published, ours, difference, escape(why)]


def _errata() -> str:
    rows = [
        [f"<code>{escape(e.id)}</code>", escape(e.where), escape(e.printed), escape(e.right)]
        for e in ERRATA.values()
    ]
    table = _table(("entry", "where", "printed", "right"), rows)
    return (
        "<section>\n<h2>Errata</h2>\n<p>What is printed and false, loose or misworded; "
        "<code>latebloom errata ID --run</code> runs the counterexample.</p>\n"
        f"<details><summary>{len(rows)} entries</summary>\n{table}</details>\n</section>"
    )


def _costs(record: Record) -> str:
    """Return the table of times."""
    from latebloom.sweep_verbs import duration

    rows = []
    for name, found in record.figures.items():
        times = [found[size]["seconds"] if size in found else None for size in ("quick", "full")]
        official = PRESETS[name].official
        told = ["" if t is None else duration(t) for t in (official, *times)]
        ratio = f"{official / times[1]:,.0f}" if official and times[1] else ""
        rows.append([f'<a href="#{name}">{name}</a>', *told, ratio])
    header = ("study", "public code", "quick", "full", "times faster at full size")
    return (
        "<section>\n<h2>What it costs</h2>\n<p>Work of one core; studies that share runs count "
        "them each time. The public code was measured on two cores; at the full size ours has "
        "twenty instances where it has one.</p>\n"
        f"{_table(header, rows)}\n</section>"
    )


def _made(missing: Sequence[str]) -> str:
    commands = [*AGAIN, *(f"latebloom reproduce {name} --quick" for name in missing)]
    typed = escape("\n".join(commands))
    return (
        f"<section>\n<h2>How it was made</h2>\n<p>By latebloom {__version__}, from runs: "
        "no number on this page was typed in. A verdict follows from the 95% interval of its "
        "statistic over instances: inside the band the claim holds, outside it fails, or holds "
        "with the correction whose own statistic lies in its band; across an edge it is not "
        f"decidable here.</p>\n<pre><code>{typed}</code></pre>\n</section>"
    )


def _verdict(verdict: str | None) -> str:
    """Return a verdict as a coloured word with a mark."""
    if verdict is None:
        return '<span class="verdict">not run</span>'
    mark, name = MARKS[Verdict(verdict)]
    return f'<span class="verdict {name}">{mark} {escape(verdict)}</span>'


def _anchor(claim: str) -> str:
    return f"claim-{claim.replace('.', '-')}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose cells know their column's name: on a phone each row is a card."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "\n".join(
        "<tr>"
        + "".join(
            f'<td data-label="{escape(name)}">{cell}</td>'
            for name, cell in zip(header, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="table"><table class="cards">\n<thead><tr>{head}</tr></thead>\n<tbody>\n'
        f"{body}\n</tbody>\n</table></div>"
    )
