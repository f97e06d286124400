"""Operations on pairs of residues: expressions in x and y over the integers modulo p."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

from latebloom.core.errors import InvalidInput

# Power et al.'s operation that no expression describes.
CONDITIONAL = "x/y if y odd else x-y"
# Far above the published operations (16 characters); the bounds keep every expression quick, and
# the parser's recursion shallow.
MAX_LENGTH = 100
MAX_NUMBER = 10**6
MAX_DEPTH = 10
DIGITS = "0123456789"
ALLOWED = (
    "allowed are x, y, integers, + - * / ^ ( ) and products such as xy, as in 'x^2+xy+y^2', or "
    f"'{CONDITIONAL}'"
)

# Residues, and where they are defined: not where a divisor was zero.
Residues = tuple[Int[np.ndarray, "..."], Bool[np.ndarray, "..."]]


class Instruction(NamedTuple):
    """One step of a stack machine: push x, y or a number, or combine what is on top."""

    name: str
    number: int = 0


class Operation(NamedTuple):
    """A parsed operation: its text in normal form, and its steps in postfix order."""

    text: str
    program: tuple[Instruction, ...]

    @property
    def divides(self) -> bool:
        """Whether the operation needs inverses modulo p."""
        return any(name == "/" or (name == "^" and n < 0) for name, n in self.program)


def parse(text: str) -> Operation:
    r"""Return the operation that a text describes.

    Sums, differences, products and quotients of x, y, integers and parentheses, with the usual
    precedence; powers have integer exponents, $x^{-1}$ is the inverse; `^` may be written `**`; a
    product may leave out its sign (`xy`, `2x`, `x(y+1)`) except where that is ambiguous (`x/yx`).
    Besides, `x/y if y odd else x-y`, where y is odd as an integer in 0..p-1.

    **Arguments:**

    - `text`: at most 100 characters, integers at most 10^6, parentheses at most 10 deep.

    **Raises:** `InvalidInput` with the position (from 1) of what is not understood.

    Source: the binary operations listed in the appendix of arXiv 2201.02177.

    >>> parse("x ** 2 + xy").text
    'x^2+xy'
    """
    if not isinstance(text, str):
        raise InvalidInput(f"operation = {text!r}: must be a text; {ALLOWED}")
    if len(text) > MAX_LENGTH:
        raise InvalidInput(
            f"operation has {len(text)} characters: must have at most {MAX_LENGTH}; {ALLOWED}"
        )
    squeezed = "".join(text.split())
    if squeezed == "".join(CONDITIONAL.split()):
        branches = (*parse("x/y").program, *parse("x-y").program)
        return Operation(CONDITIONAL, (*branches, Instruction("odd")))
    parser = _Parser(text)
    parser.sum()
    if parser.peek():
        raise parser.error("is not understood here")
    return Operation(squeezed.replace("**", "^"), tuple(parser.program))


class _Parser:
    """Recursive descent; appends to `program` in postfix order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0
        self.program: list[Instruction] = []

    def error(self, what: str) -> InvalidInput:
        found = self.peek()
        where = f"{found!r} at position {self.at + 1}" if found else "the end of the text"
        return InvalidInput(f"operation = {self.text!r}: {where} {what}; {ALLOWED}")

    def peek(self) -> str:
        """Return the next character, "^" for "**", "" at the end."""
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1
        return "^" if self.text.startswith("**", self.at) else self.text[self.at : self.at + 1]

    def take(self) -> str:
        """Return the next character and go past it."""
        found = self.peek()
        self.at += 2 if self.text.startswith("**", self.at) else 1
        return found

    def emit(self, name: str, number: int = 0) -> None:
        self.program.append(Instruction(name, number))

    def sum(self) -> None:
        self.product()
        while self.peek() in ("+", "-"):
            sign = self.take()
            self.product()
            self.emit(sign)

    def product(self) -> None:
        self.signed()
        divided = False
        while found := self.peek():
            if found in "*/":
                self.take()
                self.signed()
                divided = found == "/"
                self.emit(found)
            elif found in "xy(":
                if divided:
                    raise self.error("may or may not belong to the divisor: write * or parentheses")
                self.power()
                self.emit("*")
            elif found in DIGITS:
                raise self.error("follows a factor: write ^ for a power or * for a product")
            else:
                return

    def signed(self) -> None:
        negative = False
        while self.peek() == "-":
            self.take()
            negative = not negative
        self.power()
        if negative:
            self.emit("negate")

    def power(self) -> None:
        self.atom()
        if self.peek() != "^":
            return
        self.take()
        sign = -1 if self.peek() == "-" else 1
        if sign < 0:
            self.take()
        if self.peek() not in tuple(DIGITS):
            raise self.error("is no exponent: it must be an integer")
        self.emit("^", sign * self.integer())
        if self.peek() == "^":
            raise self.error("follows a power: write parentheses")

    def atom(self) -> None:
        found = self.peek()
        if found in ("x", "y"):
            self.emit(self.take())
        elif found in tuple(DIGITS):
            self.emit("number", self.integer())
        elif found == "(":
            if self.depth == MAX_DEPTH:
                raise self.error(f"is more than {MAX_DEPTH} parentheses deep")
            self.take()
            self.depth += 1
            self.sum()
            self.depth -= 1
            if self.peek() != ")":
                raise self.error("stands where ) is missing")
            self.take()
        else:
            raise self.error("stands where x, y, an integer or ( is needed")

    def integer(self) -> int:
        self.peek()
        end = self.at
        while self.text[end : end + 1] in tuple(DIGITS):
            end += 1
        number = int(self.text[self.at : end])
        if number > MAX_NUMBER:
            raise self.error(f"starts a number above {MAX_NUMBER}, the largest")
        self.at = end
        return number


def evaluate(
    operation: Operation, x: Int[np.ndarray, " N"], y: Int[np.ndarray, " N"], p: int
) -> Residues:
    """Return the results modulo p for pairs (x, y), and where they are defined.

    **Arguments:**

    - `operation`: see `parse`.
    - `x`, `y`: integers in 0..p-1, shape (N,).
    - `p`: the modulus, small enough for a table of p numbers; prime if the operation divides.

    **Returns:** residues in 0..p-1 and a mask, both of shape (N,); residues off the mask, where a
    divisor is 0 modulo p, mean nothing.

    >>> evaluate(parse("x/y"), np.array([1, 1]), np.array([2, 0]), 5)
    (array([3, 0]), array([ True, False]))
    """
    x, y = np.asarray(x, np.int64), np.asarray(y, np.int64)  # products stay below 2^62
    everywhere = np.ones(x.shape, bool)
    stack: list[Residues] = []
    for name, number in operation.program:
        if name in ("x", "y", "number"):
            pushed = {"x": x, "y": y, "number": np.full(x.shape, number)}[name]
            stack.append((pushed % p, everywhere))
            continue
        b, defined = stack.pop()
        if name == "/" or number < 0:
            defined, b = defined & (b != 0), _power(b, p - 2, p)  # Fermat: b^(p-1) = 1
        if name == "negate":
            stack.append((-b % p, defined))
        elif name == "^":
            stack.append((_power(b, abs(number), p), defined))
        elif name == "odd":
            (a, also), odd = stack.pop(), y % 2 == 1
            stack.append((np.where(odd, a, b), np.where(odd, also, defined)))
        else:
            a, also = stack.pop()
            combine = {"+": np.add, "-": np.subtract}.get(name, np.multiply)
            stack.append((combine(a, b) % p, also & defined))
    return stack.pop()


def _power(base: np.ndarray, exponent: int, p: int) -> np.ndarray:
    """Return base^exponent modulo p, looked up as pairs outnumber p; 0^0 = 1."""
    return np.array([pow(residue, exponent, p) for residue in range(p)])[base]


def is_prime(p: int) -> bool:
    """Return whether p is prime, by trial division."""
    return p > 1 and all(p % k for k in range(2, int(p**0.5) + 1))
