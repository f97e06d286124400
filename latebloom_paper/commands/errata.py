"""The command `errata`: what is printed and false, with executable counterexamples."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import tyro

from latebloom.cli import DONE, FAILED, Setting, print_table
from latebloom.core.errors import InvalidInput, nearest, shown
from latebloom.core.json_text import dump_json
from latebloom.core.text import number

if TYPE_CHECKING:
    from latebloom_paper.errata import Erratum, Evidence

NOTE = "What is right, and the counterexample: latebloom errata ID. All of them executed: --run"


@dataclass(frozen=True)
class Errata:
    """List what is printed and false, loose or misworded: E-01... in the paper, B-01... the blog.

    With an ID: what is printed, what is right, and the least counterexample. --run executes it, or
    all of them, and compares both statements with the numbers; the exit code is 1 if they do not
    come out as the list says.
    """

    id: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="[ID]")] = None
    """Which, such as E-08; all if left out."""
    run: bool = False
    """Execute the counterexamples and show their lines."""
    json: bool = False
    """Print one JSON document instead of tables."""

    @staticmethod
    def known_names() -> list[str]:
        """Return the identifiers."""
        from latebloom_paper.errata import ERRATA

        return list(ERRATA)

    def execute(self, settings: list[Setting]) -> int:
        """List the errata, or print one; with --run, execute the counterexamples."""
        from latebloom_paper.errata import ERRATA

        chosen = list(ERRATA.values()) if self.id is None else [find(self.id)]
        found: dict[str, Evidence] = {}
        if self.run:
            found = {e.id: e.counterexample() for e in chosen if e.counterexample is not None}
        if self.json:
            documents = [e.to_dict() | {"laws": _laws(e)} for e in chosen]
            for document in documents:
                if document["id"] in found:
                    document["evidence"] = found[document["id"]].to_dict()
            print(dump_json(documents if self.id is None else documents[0]))
        elif self.id is not None:
            _print_one(chosen[0], found.get(chosen[0].id))
        elif self.run:
            _print_all(chosen, found)
        else:
            rows = [(e.id, e.where, e.kind, e.printed) for e in chosen]
            print_table(("id", "where", "kind", "what is printed"), rows, notes=[NOTE])
        shown = all(e.contradicts_printed and e.supports_right for e in found.values())
        return DONE if shown else FAILED


def find(name: str) -> "Erratum":
    """Return the erratum of an ID; case and leading zeros do not matter.

    >>> find("e-8").id, find("b01").id
    ('E-08', 'B-01')
    """
    from latebloom_paper.errata import ERRATA

    parts = re.fullmatch(r"\s*([a-z])-?0*+(\d+)\s*", name.lower())
    key = f"{parts[1].upper()}-{int(parts[2]):02d}" if parts else name.upper()
    if key not in ERRATA:
        raise InvalidInput(f"no erratum {shown(name)}{nearest(key, ERRATA)}")
    return ERRATA[key]


def _laws(erratum: "Erratum") -> list[dict[str, str]]:
    """Return name and status of the laws that refer to an erratum."""
    from latebloom.laws import LAWS

    found = [law for law in LAWS.values() if law.erratum == erratum.id]
    return [{"name": law.name, "status": law.status} for law in found]


def _print_one(erratum: "Erratum", evidence: "Evidence | None") -> None:
    rows = [
        ("kind", erratum.kind),
        ("printed", erratum.printed),
        ("right", erratum.right),
        ("counterexample", erratum.example),
    ]
    laws = "; ".join(f"{law['name']} ({law['status']})" for law in _laws(erratum))
    if laws:
        rows.append(("laws", laws))
    print_table((erratum.id, erratum.where), rows)
    if evidence is None:
        return
    for line in erratum.source.splitlines():
        print(f"    {line}".rstrip())
    _print_all([erratum], {erratum.id: evidence})


def _print_all(chosen: "list[Erratum]", found: "dict[str, Evidence]") -> None:
    rows = []
    for name, evidence in found.items():
        verdicts = (number(evidence.contradicts_printed), number(evidence.supports_right))
        for i, (quantity, stated, actual) in enumerate(evidence.rows):
            last = verdicts if i == 0 else ("", "")
            rows.append((name if i == 0 else "", quantity, number(stated), number(actual), *last))
    header = ("id", "quantity", "stated", "found", "printed fails", "right holds")
    none = [e.id for e in chosen if e.id not in found]
    notes = [f"Nothing to execute, slips of wording: {', '.join(none)}."] if none else []
    if len(chosen) == 1:
        notes = [evidence.says for evidence in found.values()]
    print_table(header, rows, notes=notes)
