"""Texts in which a table is written for another program, as plain lines: HTML, LaTeX, YAML."""

import re
from html.parser import HTMLParser

# A number as Python prints an array of one: np.float64(0.97), tensor(0.97, device='cuda:0').
PRINTED = re.compile(
    r"(?<![\w.])(?:[a-z]\w{0,15}\.)?(?:[Tt]ensor|(?:Device)?[Aa]rray|b?float\d{0,3}|u?int\d{0,3})"
    r"\(\s*+\[?([-+]?[\d.][\d.e+-]*+|-?nan|-?inf)\]?\s*+(?:,(?:[^()\n]|\(\)){0,200}+)?\)"
)
PRINTS = re.compile(r"(?:ensor|rray|float\d*|int\d*)\(")
# A name in a tuple of Julia: (:epoch, 3, :train, 0.97).
SYMBOL = re.compile(r"(?<![\w:]):([A-Za-z]\w*+),[ ]")
# LaTeX: what stands around the rows, and in the cells.
BEGIN = re.compile(r"\\begin\{tab\w*\*?\}(?:\[\w*\])?(?:\{[^{}]*\}){0,2}")
RULES = re.compile(r"\\(?:(?:top|mid|bottom|cmid)rule|[hc]line)(?:\([^()]*\))?(?:\{[^{}]*\})?")
COMMAND = re.compile(r"\\(?:text\w*|math\w*|num|emph|multicolumn\{\d+\}\{\w+\})\{([^{}]*)\}")
# Between the cells of a wiki's table: one or two bars, marks of a header.
WIKI = re.compile(r"[ ]*(?:\|\|?|!!)[ ]*(?![-}+])")
# A name, and below it lines of one value each, as YAML writes a list.
NAMED = re.compile(r":[ \t]*+\n[ \t]*+-[ \t]")
BLOCK = re.compile(
    r"^[ \t]*+([\w/.@-]++(?:[ ]++[\w/.@-]++)*+):[ \t]*+\n"
    r"((?:[ \t]*+-[ \t]++[^\s:{\[]++[ \t]*+(?:\n|\Z)){5,}+)",
    re.M,
)
ROW = re.compile(r"<tr[\s>]", re.IGNORECASE)
# Elements of XML, which become lines of names and numbers.
CLOSING, TAG = re.compile(r"</[^<>]*>"), re.compile(r"<[?!]?")
# Where a text may begin to hold such lists.
HEAD = 65536


def plain_text(text: str) -> str:
    """Return a text with tables and numbers as they stand in a plain one.

    >>> plain_text("train_acc=np.float64(0.5) val_acc=tensor(0.25, device='cuda:0')")
    'train_acc=0.5 val_acc=0.25'
    """
    if PRINTS.search(text):
        text = PRINTED.sub(r"\1", text)
    text = SYMBOL.sub(r"\1: ", text)
    begin = text.lstrip()[:200].lower()
    if begin.startswith("<") and ROW.search(text):
        return rows_of_html(text)
    if begin.startswith("<"):
        return TAG.sub("\n", CLOSING.sub("", text))
    if "\\begin{tab" in text:
        return rows_of_latex(text)
    if begin.startswith(("||", "{|")):
        return rows_of_wiki(text)
    return BLOCK.sub(_in_a_line, text) if NAMED.search(text[:HEAD]) else text


def bare(cell: str) -> str:
    """Return a cell without the marks that set it in bold or code, and without brackets."""
    return cell.strip().strip("*`$[]").strip()


class _Rows(HTMLParser):
    """The cells of the tables in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = [[]]
        self.inside = False

    @property
    def rows(self) -> list[list[str]]:
        """Those of the last table."""
        return self.tables[-1]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a table, a row or a cell."""
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.rows.append([])
        self.inside = tag in ("td", "th") or (self.inside and tag not in ("tr", "table"))
        if tag in ("td", "th") and self.rows:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        """End a cell."""
        self.inside = self.inside and tag not in ("td", "th", "tr")

    def handle_data(self, data: str) -> None:
        """Take the text of a cell."""
        if self.inside and self.rows and self.rows[-1]:
            self.rows[-1][-1] += " ".join(data.split())


def rows_of_html(text: str) -> str:
    """Return the rows of the longest table in a page, with tabs between the cells."""
    parser = _Rows()
    parser.feed(text)
    return "\n".join("\t".join(row) for row in max(parser.tables, key=len) if row)


def rows_of_latex(text: str) -> str:
    """Return the rows of a table of LaTeX, with tabs between the cells."""
    text = RULES.sub("", BEGIN.sub("", text)).replace("\\%", "%").replace("\\_", "_")
    for _ in range(2):  # bold within a number
        text = COMMAND.sub(r"\1", text)
    lines = [line.strip().partition("\\\\")[0] for line in text.splitlines() if "&" in line]
    return "\n".join("\t".join(bare(cell) for cell in line.split("&")) for line in lines)


def rows_of_wiki(text: str) -> str:
    """Return the rows of a table of a wiki, with tabs between the cells."""
    rows = [WIKI.split(line.strip("|! ")) for line in text.splitlines() if WIKI.search(line)]
    return "\n".join("\t".join(bare(cell) for cell in row) for row in rows)


def _in_a_line(match: re.Match[str]) -> str:
    cells = ", ".join(line.split()[-1] for line in match[2].splitlines())
    return f"{match[1]}: [{cells}]\n"
