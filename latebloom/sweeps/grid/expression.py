"""Formulas in sweeps: arithmetic on named values, read by our own small interpreter.

A formula such as ``ceil(4 * s * log(n / s))`` or ``1e9 if beta < 1e-5 else 1e6`` is parsed by
Python and evaluated here, node by node: what is not listed below does not exist in it, so that a
file from somebody else can compute numbers and nothing more.
"""

import ast
import builtins
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from latebloom.core.errors import InvalidInput, nearest

OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: operator.not_,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: getattr(math, name, None) or getattr(builtins, name)
    for name in ("abs", "ceil", "exp", "floor", "log", "log10", "max", "min", "round", "sqrt")
}
# Integers beyond this are no setting of any experiment, and 9**9**9 would fill the memory.
LARGEST = 1e300
# Far more than a formula needs, and few enough for a tree that is walked by recursion.
LONGEST = 500


class Expression:
    """A formula in named values.

    **Arguments:**

    - `text`: numbers, strings, names (dotted ones too), + - * / // % **, comparisons, and, or,
      not, `a if condition else b`, and the functions of `FUNCTIONS`.

    **Raises:** `InvalidInput` for anything else, naming it.

    >>> from latebloom.sweeps.grid.expression import Expression
    >>> formula = Expression("ceil(4 * s * log(problem.n / s))")
    >>> sorted(formula.names), formula({"s": 5, "problem.n": 100})
    (['problem.n', 's'], 60)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: set[str] = set()
        if len(text) > LONGEST:
            raise InvalidInput(f"a formula of {len(text)} characters: at most {LONGEST} are read")
        try:
            self._tree = ast.parse(text.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise InvalidInput(f"{text!r}: not a formula, such as 'ceil(4 * s)'") from None
        self._check(self._tree)

    def __call__(self, values: Mapping[str, Any]) -> Any:
        """Return the value of the formula.

        **Arguments:**

        - `values`: name -> value, for all of `names`.

        **Raises:** `InvalidInput` where it has no value, as 1/0.
        """
        try:
            return self._value(self._tree, values)
        except (ArithmeticError, ValueError, TypeError) as error:
            known = ", ".join(f"{name} = {values[name]!r}" for name in sorted(self.names))
            raise InvalidInput(f"{self.text!r} has no value for {known} ({error})") from None

    def _check(self, node: ast.AST) -> None:
        """Raise unless every node is one that `_value` knows; collect the names."""
        name = _dotted(node)
        if name is not None:
            self.names.add(name)
            return
        allowed = isinstance(node, ast.BoolOp | ast.IfExp)
        if isinstance(node, ast.Constant):
            allowed = isinstance(node.value, bool | int | float | str)
        elif isinstance(node, ast.BinOp | ast.UnaryOp):
            allowed = type(node.op) in OPERATORS
        elif isinstance(node, ast.Compare):
            allowed = all(type(op) in OPERATORS for op in node.ops)
        elif isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else ast.unparse(node.func)
            if called not in FUNCTIONS or node.keywords:
                raise InvalidInput(
                    f"{self.text!r}: no function {called!r}{nearest(called, FUNCTIONS)}"
                )
            for argument in node.args:
                self._check(argument)
            return
        if not allowed:
            raise InvalidInput(
                f"{self.text!r}: {ast.unparse(node)!r} is not allowed; a formula has numbers, "
                "names, + - * / // % **, comparisons, and/or/not, if-else and "
                f"{', '.join(FUNCTIONS)}"
            )
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._check(child)

    def _value(self, node: ast.AST, values: Mapping[str, Any]) -> Any:
        name = _dotted(node)
        if name is not None:
            return values[name]
        match node:
            case ast.Constant():
                return node.value
            case ast.IfExp():
                chosen = node.body if self._value(node.test, values) else node.orelse
                return self._value(chosen, values)
            case ast.BoolOp():
                found: Any = None
                for part in node.values:
                    found = self._value(part, values)
                    if bool(found) == isinstance(node.op, ast.Or):
                        break
                return found
            case ast.UnaryOp():
                return OPERATORS[type(node.op)](self._value(node.operand, values))
            case ast.BinOp():
                return self._binary(node, values)
            case ast.Compare():
                left = self._value(node.left, values)
                for op, side in zip(node.ops, node.comparators, strict=True):
                    right = self._value(side, values)
                    if not OPERATORS[type(op)](left, right):
                        return False
                    left = right
                return True
            case ast.Call(func=ast.Name(id=called)):
                return FUNCTIONS[called](*(self._value(a, values) for a in node.args))
        raise AssertionError(node)  # _check lets nothing else through

    def _binary(self, node: ast.BinOp, values: Mapping[str, Any]) -> Any:
        left, right = self._value(node.left, values), self._value(node.right, values)
        for side in (left, right):
            if isinstance(side, str):
                raise TypeError(f"{side!r} is not a number")
        if isinstance(node.op, ast.Pow):
            left = float(left)  # powers of integers may grow without end
        found = OPERATORS[type(node.op)](left, right)
        if isinstance(found, complex) or abs(found) > LARGEST:
            raise ArithmeticError("the result is not a number that a setting can have")
        return found


def _dotted(node: ast.AST) -> str | None:
    """Return the name that the node spells, such as problem.N, or None."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        front = _dotted(node.value)
        return None if front is None else f"{front}.{node.attr}"
    return None
