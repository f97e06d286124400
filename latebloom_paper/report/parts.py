"""The pieces of the report: verdicts, statements, numbers, tables of values."""

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from latebloom.core import html
from latebloom.core.text import number
from latebloom_paper.book.claim import Claim, Verdict
from latebloom_paper.book.claim_text import statistic_text
from latebloom_paper.book.reproduction import READ_OFF_ACCURACY, footnotes
from latebloom_paper.errata import ERRATA

# A verdict has a mark and a word beside its colour: no reader needs the colour.
MARKS = {
    Verdict.holds: ("✓", "holds"),
    Verdict.corrected: ("≈", "corrected"),
    Verdict.fails: ("✗", "fails"),
    Verdict.undecided: ("?", "undecided"),
    Verdict.untested: ("–", "untested"),
}
PAPER = "arXiv 2506.05718, "
ENTRY = r"\b[EB]-\d\d\b"
# What a claim is called on that nothing has been run for.
NOT_RUN = "not run"


def anchor(claim: str) -> str:
    """Return the fragment of a claim's row.

    >>> anchor("fig4.error")
    'claim-fig4-error'
    """
    return f"claim-{claim.replace('.', '-')}"


def name_of(claim: str) -> str:
    """Return a claim's id as code that breaks only after a dot or a dash."""
    breakable = re.sub(r"([.-])", r"\1<wbr>", escape(claim))
    return f"<code>{breakable}</code>"


def plain(text: str) -> str:
    """Return a text, escaped, with numbers such as 1e-4 on one line."""
    return re.sub(r"\b[\d.]+e[+-]\d+", r'<span class="whole">\g<0></span>', escape(text))


def sentence(text: str) -> str:
    """Return a statement, escaped, with one full stop.

    >>> sentence("t1 < t2"), sentence("(It is.)")
    ('t1 &lt; t2.', '(It is.)')
    """
    return plain(text if text.endswith((".", ".)")) else f"{text}.")


def source(text: str) -> str:
    """Return a source, its errata as links; on this page it needs no arXiv number.

    >>> source("arXiv 2506.05718, Figure 4 (E-22)")
    'Figure 4 (<a class="whole" href="#E-22">E-22</a>)'
    """

    def link(found: re.Match[str]) -> str:
        name = found[0]
        return f'<a class="whole" href="#{name}">{name}</a>' if name in ERRATA else name

    return re.sub(ENTRY, link, escape(text.removeprefix(PAPER)))


def badge(verdict: str | None) -> str:
    """Return a verdict as a coloured word with a mark."""
    if verdict is None:
        return f'<span class="verdict">{NOT_RUN}</span>'
    mark, name = MARKS[Verdict(verdict)]
    return f'<span class="verdict {name}">{mark} {escape(verdict)}</span>'


def bar(counts: Mapping[str, int], thin: bool = False) -> str:
    """Return the verdicts as one bar, each a part of its length.

    **Arguments:**

    - `counts`: verdict -> how many claims.
    - `thin`: without the legend below it.
    """
    total = sum(counts[verdict] for verdict in MARKS)
    if not total:
        return ""
    pieces, legend, words, left = [], [], [], 0.0
    for verdict, (mark, name) in MARKS.items():
        count = counts[verdict]
        if not count:
            continue
        width = 100 * count / total
        plural = verdict.plural if count > 1 else verdict
        pieces.append(
            f'<rect class="{name}" x="{left:.2f}%" width="{max(width - 0.3, 0.2):.2f}%" '
            f'height="100%"><title>{count} {plural}</title></rect>'
        )
        legend.append(f'<li class="{name}"><b>{mark} {count}</b> {plural}</li>')
        words.append(f"{count} {plural}")
        left += width
    label = ", ".join(words)
    drawn = f'<svg class="bar" role="img" aria-label="{label}">{"".join(pieces)}</svg>'
    return drawn if thin else f'{drawn}\n<ul class="legend">{"".join(legend)}</ul>'


def statement(claim: Claim, found: dict[str, Any] | None) -> str:
    """Return what is stated, and beside it what is right, or was tried as such."""
    printed = sentence(claim.test.says)
    if claim.corrected is None or found is None or found["verdict"] == Verdict.holds:
        return printed
    labels = {Verdict.corrected: "Right:", Verdict.fails: "Not shown either:"}
    label = labels.get(Verdict(found["verdict"]), "Instead:")
    if found["corrected"] is None:
        label = "Instead, not tested in this run:"
    return f"{printed}<br><em>{label}</em> {sentence(claim.corrected.says)}"


def numbers(claim: Claim, found: dict[str, Any] | None) -> tuple[str, str]:
    """Return what was found, with its interval, and the band it has to lie in."""
    band = _whole(claim.test.band)
    if claim.undecidable:
        return escape(claim.undecidable), band
    if found is None:
        return "", band
    value = _number(found["found"])
    if found["corrected"] is None or found["verdict"] == Verdict.holds or claim.corrected is None:
        return value, band
    label = "right:" if found["verdict"] == Verdict.corrected else "instead:"
    kind = f'<em class="quiet">{label}</em>'
    better = f'<span class="whole">{kind} {escape(claim.corrected.band)}</span>'
    return f"{value}<br>{kind} {_number(found['corrected'])}", f"{band}<br>{better}"


def _number(found: dict[str, Any] | None) -> str:
    """Return a statistic with its interval, and over how many instances it is."""
    if found is None:
        return ""
    value, _, interval = statistic_text(found).partition(" ")
    text = f"{_whole(value)} {_whole(interval)}" if interval else _whole(value)
    if found["count"] > 1:
        text += f' <span class="quiet whole">n = {found["count"]}</span>'
    return text


def _whole(text: str) -> str:
    """Return a text that stays on one line."""
    return f'<span class="whole">{escape(text)}</span>'


def values(rows: Sequence[dict[str, Any]]) -> str:
    """Return the table of published values beside ours, without the columns that say nothing."""
    tolerance = f"within {READ_OFF_ACCURACY:.0%}"
    header = ("quantity", "published", "ours", "difference", tolerance, "why")
    reasons, notes = footnotes([row["because"] for row in rows])
    cells = [_value(row, reason) for row, reason in zip(rows, reasons, strict=True)]
    shown = [k for k in range(6) if k in (0, 2) or any(row[k] for row in cells)]
    below = "".join(f"<p>{plain(note)}</p>" for note in notes)
    return (
        html.table([header[k] for k in shown], [[row[k] for k in shown] for row in cells]) + below
    )


def _value(row: dict[str, Any], reason: str) -> tuple[str, ...]:
    """Return one compared value as cells."""
    published = "" if row["published"] is None else number(row["published"])
    difference = "" if row["difference"] is None else f"{row['difference']:+.1%}"
    kind, text = ("holds", "✓ yes") if row["agrees"] else ("fails", "✗ no")
    if row["agrees"] is False and row.get("drawn"):
        kind, text = "corrected", "≈ in the range of our draws"
    inside = "" if row["agrees"] is None else f'<span class="verdict {kind}">{text}</span>'
    why = "; ".join(filter(None, (row["why"], reason)))
    own = (published, number(row["ours"]), difference)
    return (plain(row["quantity"]), *map(escape, own), inside, plain(why))
