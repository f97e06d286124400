"""The sections of the report about claims and studies."""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from latebloom.core import html
from latebloom.core.text import duration, number
from latebloom_paper.book.catalogue import GROUPS, Study, studies
from latebloom_paper.book.claim import Verdict
from latebloom_paper.book.outcome import Outcome, count, picture
from latebloom_paper.book.record import NOTES, TITLES, Claims, Record, published

from . import parts as parts

JUDGED = (
    "A claim has a statistic over instances and a band in which it has to lie, written beside its "
    "wording. The verdict follows from the statistic’s 95% interval: inside the band the claim "
    "holds; outside it fails, or holds with the correction whose own statistic lies in its own "
    "band; across an edge it is not decidable here, and without a run that could tell not tested."
)
# A longer table of values opens on a click.
SHORT = 12


@dataclass(frozen=True)
class Paper:
    """What the page is about: of each study the full size if the store has it, else the quick."""

    store: Path
    record: Record
    best: dict[str, tuple[Study, Outcome]]
    claims: Claims

    @property
    def missing(self) -> list[str]:
        """The studies of paper and post, and ours, that the store does not have."""
        return [owner.name for owner in studies("all") if owner.name not in self.best]

    def verdict(self, claim: str) -> str | None:
        """Return the verdict on a claim, None if nothing was run for it."""
        found = self.record.best(claim)
        return None if found is None else found["verdict"]

    def of(self, verdict: Verdict, claims: Claims) -> Claims:
        """Return the claims with this verdict."""
        return {key: pair for key, pair in claims.items() if self.verdict(key) == verdict}


def tally(record: Record, claims: Iterable[str]) -> dict[str, int]:
    """Return how many claims have which verdict, those that nothing was run for among them."""
    counts = {**{str(verdict): 0 for verdict in Verdict}, parts.NOT_RUN: 0}
    for key in claims:
        found = record.best(key)
        counts[parts.NOT_RUN if found is None else found["verdict"]] += 1
    return counts


def remember(paper: Paper) -> str:
    """Return the claims by verdict: first what does not hold as printed."""
    theirs = published(paper.claims)
    ours = {key: pair for key, pair in paper.claims.items() if key not in theirs}
    out = ['<section id="remember">\n<h2>What to remember</h2>', f"<p>{escape(JUDGED)}</p>"]
    titles = {
        Verdict.fails: "What fails",
        Verdict.corrected: "What holds with a correction",
        Verdict.undecided: "What is not decidable here",
        Verdict.untested: "What was not tested",
        Verdict.holds: "What holds",
    }
    for verdict, title in titles.items():
        found = paper.of(verdict, theirs)
        mark, kind = parts.MARKS[verdict]
        out.append(f"<h3>{mark} {title}: {len(found)}</h3>")
        if verdict is Verdict.fails and found:
            out.append(_listed(paper, verdict, found))
            continue
        laws = {key: pair for key, pair in found.items() if pair[0].group == "theory"}
        rest = {key: pair for key, pair in found.items() if key not in laws}
        for some, what in ((rest, "figures and text"), (laws, "theorems, lemmas and identities")):
            if some:
                listed = _listed(paper, verdict, some)
                open_at_once = verdict is Verdict.corrected and some is rest
                folded = html.folded(f"{len(some)} of {what}", listed, kind)
                out.append(listed if open_at_once else folded)
    if any(paper.verdict(key) for key in ours):
        out.append(
            f"<h3>Questions of ours</h3>\n<p>{len(ours)} that the paper leaves open: "
            f"{paper.record.count(ours)}. They are "
            '<a href="#claims-beyond">below the others</a>, and with the networks.</p>'
        )
    return "\n".join([*out, "</section>"])


def _listed(paper: Paper, verdict: Verdict, claims: Claims) -> str:
    """Return claims with one verdict as a table: statement, what is right, number, or the why."""
    silent = (Verdict.undecided, Verdict.untested)
    last = "why not" if verdict in silent else "holds if"
    rows = []
    for key, (_, claim) in claims.items():
        found = paper.record.best(key)
        value, band = parts.numbers(claim, found)
        if verdict is Verdict.undecided:
            value = "" if claim.undecidable else value
            crossed = f"the interval crosses an edge of: {claim.test.band}"
            band = escape(claim.undecidable or crossed)
        elif verdict is Verdict.untested:
            band = "no run that the store has can tell"
        said = parts.statement(claim, found)
        said += f'<br><span class="quiet">{parts.source(claim.source)}</span>'
        rows.append([_link(key), said, value, band])
    return html.table(("claim", "statement", "found, 95% interval", last), rows)


def _link(claim: str) -> str:
    """Return a link to a claim's row among all claims."""
    return f'<a href="#{parts.anchor(claim)}">{parts.name_of(claim)}</a>'


def all_claims(paper: Paper) -> str:
    """Return the table of all claims, group by group."""
    out = ['<section id="claims">\n<h2>All claims</h2>']
    header = ("claim", "source", "statement", "verdict", "found, 95% interval", "holds if", "size")
    for group in GROUPS:
        own = {key: pair for key, pair in paper.claims.items() if pair[0].group == group}
        rows = []
        for key, (owner, claim) in own.items():
            found = paper.record.best(key)
            name = parts.name_of(key)
            if owner.name in paper.best:
                name = f'<a href="#{owner.name}">{name}</a>'
            said = parts.statement(claim, found)
            badge = parts.badge(paper.verdict(key))
            size = paper.record.size(key)
            source = parts.source(claim.source)
            rows.append([name, source, said, badge, *parts.numbers(claim, found), size])
        if rows:
            note = escape(NOTES.get(group, ""))
            out.append(
                f'<h3 id="claims-{group}">{escape(TITLES[group])}</h3>\n'
                f"{parts.bar(tally(paper.record, own), thin=True)}\n"
                f"<p>{escape('; '.join(paper.record.headline(own)))}. {note}</p>\n"
                f"{html.table(header, rows, [parts.anchor(key) for key in own])}"
            )
    return "\n".join([*out, "</section>"])


def study(paper: Paper, name: str) -> str:
    """Return the section of a study: picture, verdict, values, claims, settings, cost."""
    about, outcome = paper.best[name]
    said = [outcome.verdict[:1].upper() + outcome.verdict[1:]]
    if verdicts := [v for claim in about.claims if (v := paper.verdict(claim.id)) is not None]:
        said.append(f"claims: {count(verdicts)}")
    verdict = "; ".join(said)
    also = f", also {', '.join(about.aliases)}" if about.aliases else ""
    svg = picture(paper.store, name, outcome.size)
    out = [
        f'<section id="{name}" class="study">\n<h2>{escape(outcome.title)}</h2>',
        f'<p class="quiet"><code>{name}</code>{also}; {outcome.size} size</p>',
        html.picture(svg, _alt(outcome, verdict)),
        f"<p><strong>{escape(verdict)}.</strong></p>",
    ]
    if outcome.rows:
        shown = parts.values(outcome.rows)
        long = len(outcome.rows) > SHORT and about.group != "theory"
        out.append(html.folded(f"{len(outcome.rows)} numbers", shown) if long else shown)
    out.append(_claims_of(paper, about))
    notes = [parts.sentence(note) for note in (about.note, *outcome.notes) if note]
    out.append(f"<ul>{''.join(f'<li>{note}</li>' for note in notes)}</ul>" if notes else "")
    cost = f"{outcome.runs:,} runs or tables, {duration(outcome.seconds)} of work of one core"
    if about.public_seconds:
        cost += f"; the public code: {duration(about.public_seconds)} on two"
    facts = [("Seeds", escape(outcome.seeds)), ("Cost", escape(cost))]
    facts.append(("Again", f"<code>{escape(outcome.command)}</code>"))
    out.append("<dl>" + "".join(f"<dt>{a}</dt><dd>{b}</dd>" for a, b in facts if b) + "</dl>")
    if outcome.settings:
        toml = "".join(f"<pre><code>{escape(text)}</code></pre>" for text in outcome.settings)
        more = f" of {len(outcome.settings)} experiments" if len(outcome.settings) > 1 else ""
        out.append(html.folded(f"Settings{more}", toml, "settings"))
    return "\n".join([*filter(None, out), "</section>"])


def _alt(outcome: Outcome, verdict: str) -> str:
    """Return what a picture shows, in words."""
    rows = outcome.rows[:5]
    values = "; ".join(f"{row['quantity']}: {number(row['ours'])}" for row in rows)
    return f"{outcome.title}. {verdict}. {values}"


def _claims_of(paper: Paper, owner: Study) -> str:
    """Return the claims of a study with what decides them; theorems stand above already."""
    if not owner.claims or owner.group == "theory":
        where = f'<a href="#claims-{owner.group}">above</a>'
        return f"<p>{len(owner.claims)} claims: {where}.</p>" if owner.claims else ""
    rows = []
    for claim in owner.claims:
        found = paper.record.best(claim.id)
        badge = parts.badge(paper.verdict(claim.id))
        size = paper.record.size(claim.id)
        if size not in ("", paper.best[owner.name][1].size):
            badge += f'<br><span class="quiet">{size} size</span>'
        said = parts.statement(claim, found)
        said += f'<br><span class="quiet">Measured: {parts.sentence(claim.test.statistic)}</span>'
        rows.append([_link(claim.id), said, badge, *parts.numbers(claim, found)])
    return html.table(("claim", "statement", "verdict", "found, 95% interval", "holds if"), rows)
