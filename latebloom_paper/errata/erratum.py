"""What an erratum is, and what running its counterexample shows."""

import ast
import inspect
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Value = float | int | bool | str
Kind = Literal["false", "loose", "wording"]

NOTHING = "Nothing to execute: a slip of wording."


@dataclass(frozen=True)
class Evidence:
    """What a counterexample found: numbers, and what follows from them.

    **Fields:**

    - `says`: the outcome in one sentence.
    - `rows`: quantity, what is stated of it (by the printed statement, unless the quantity names
      the right one), what was found.
    - `contradicts_printed`: whether the numbers violate the printed statement.
    - `supports_right`: whether the same numbers satisfy the right one.
    """

    says: str
    rows: tuple[tuple[str, Value, Value], ...]
    contradicts_printed: bool
    supports_right: bool

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready."""
        names = ("quantity", "stated", "found")
        rows = [dict(zip(names, row, strict=True)) for row in self.rows]
        return vars(self) | {"rows": rows}


def evidence(
    says: str, *rows: tuple[str, Any, Any], fails: bool | np.bool_, holds: bool | np.bool_
) -> Evidence:
    """Return an `Evidence` with plain numbers in place of NumPy's.

    **Arguments:**

    - `says`, `rows`: see `Evidence`.
    - `fails`: whether the printed statement fails; `holds`: whether the right one holds.

    >>> import numpy as np
    >>> evidence("one is not two", ("1", 2, np.float64(1)), fails=np.True_, holds=True).rows
    (('1', 2, 1.0),)
    """
    plain = tuple((name, _plain(stated), _plain(found)) for name, stated, found in rows)
    return Evidence(says, plain, bool(fails), bool(holds))


def _plain(value: Any) -> Value:
    return value.item() if isinstance(value, np.generic) else value


@dataclass(frozen=True)
class Erratum:
    """One statement that is false, loose or misworded where it was published.

    **Fields:**

    - `id`: E-01, E-02... in the paper; B-01... in the blog post.
    - `where`: theorem, lemma, equation, section or caption.
    - `printed`: what it says, in our words.
    - `right`: what to use instead.
    - `kind`: `false` (fails as stated), `loose` (needs a hypothesis, or is partly true), `wording`.
    - `counterexample`: a function of at most ten lines without arguments, or None.
    """

    id: str
    where: str
    kind: Kind
    printed: str
    right: str
    counterexample: Callable[[], Evidence] | None = None

    @property
    def example(self) -> str:
        """The counterexample in words."""
        text = inspect.getdoc(self.counterexample) if self.counterexample else None
        return " ".join((text or NOTHING).split())

    @property
    def source(self) -> str:
        """The lines of the counterexample, without its description; empty if there is none."""
        return body(self.counterexample) if self.counterexample else ""

    def to_dict(self) -> dict[str, Any]:
        """Return all fields, JSON-ready: for the counterexample, its description and its lines."""
        fields = {name: value for name, value in vars(self).items() if name != "counterexample"}
        return fields | {"counterexample": self.example, "source": self.source or None}


def body(function: Callable[..., Any]) -> str:
    """Return the lines of a function below its docstring, as written.

    >>> print(body(_plain))
    return value.item() if isinstance(value, np.generic) else value
    """
    text = textwrap.dedent(inspect.getsource(inspect.unwrap(function)))
    tree = ast.parse(text).body[0]
    assert isinstance(tree, ast.FunctionDef)
    described = ast.get_docstring(tree) is not None
    lines = text.splitlines()[tree.body[int(described)].lineno - 1 :]
    return textwrap.dedent("\n".join(lines)).strip("\n")
