"""Tables of pairs: operations and splits against brute force, and bad input."""

import dataclasses
import itertools
import operator
from math import floor, inf, nan, sqrt

import numpy as np
import pytest
from helpers import unchecked
from hypothesis import given
from hypothesis import strategies as st
from network_helpers import refusal, rows

import latebloom as lb
from latebloom.core.spec import canonical_hash
from latebloom.problems import ModularArithmetic, PermutationComposition
from latebloom.problems.operations import CONDITIONAL, MAX_DEPTH, evaluate, is_prime, parse
from latebloom.problems.token_pairs import stratified_sizes

# --- Operations -----------------------------------------------------------------------------------


def inverse(y, p):
    """Return 1/y modulo p; raises ValueError where there is none."""
    return pow(y, -1, p)


OPERATIONS = {
    "x+y": lambda x, y, p: x + y,
    "x-y": lambda x, y, p: x - y,
    "x*y": lambda x, y, p: x * y,
    "xy": lambda x, y, p: x * y,
    "x/y": lambda x, y, p: x * inverse(y, p),
    CONDITIONAL: lambda x, y, p: x * inverse(y, p) if y % 2 else x - y,
    "x^2+y^2": lambda x, y, p: x * x + y * y,
    "x^2+xy+y^2": lambda x, y, p: x * x + x * y + y * y,
    "x^2+xy+y^2+x": lambda x, y, p: x * x + x * y + y * y + x,
    "x^3+xy": lambda x, y, p: x**3 + x * y,
    "x^3+xy^2+y": lambda x, y, p: x**3 + x * y * y + y,
    "x**3 + x*y**2 + y": lambda x, y, p: x**3 + x * y * y + y,
    "-x^2": lambda x, y, p: -(x**2),
    "(-x)^2y": lambda x, y, p: x**2 * y,
    "x--y": lambda x, y, p: x + y,
    "x*-y": lambda x, y, p: -x * y,
    "x-y-3": lambda x, y, p: x - y - 3,
    "x-(y-3)": lambda x, y, p: x - y + 3,
    "2x(y+1)": lambda x, y, p: 2 * x * (y + 1),
    "(x+y)(x-y)": lambda x, y, p: x * x - y * y,
    "x^0": lambda x, y, p: 1,
    "(x+y)^100": lambda x, y, p: (x + y) ** 100,
    "x/y*x": lambda x, y, p: x * x * inverse(y, p),
    "x/y/(x+1)": lambda x, y, p: x * inverse(y, p) * inverse(x + 1, p),
    "xy^-1": lambda x, y, p: x * inverse(y, p),
    "(x+y)^-3": lambda x, y, p: inverse(x + y, p) ** 3,
    "x/(y/x)": lambda x, y, p: x * inverse(y * inverse(x, p), p),
    "1000000x": lambda x, y, p: 10**6 * x,
}


@pytest.mark.parametrize("text", OPERATIONS)
@pytest.mark.parametrize("p", [2, 3, 13])
def test_operations_are_the_brute_force_over_all_pairs(text, p):
    expected = {}
    for x, y in itertools.product(range(p), repeat=2):
        try:
            expected[x, y] = OPERATIONS[text](x, y, p) % p
        except ValueError:  # no inverse: left out
            continue
    if not expected:
        assert "divides by 0" in refusal(lambda: ModularArithmetic(p=p, operation=text).table())
        return
    inputs, labels = ModularArithmetic(p=p, operation=text).table()
    assert {tuple(xy): v for xy, v in zip(inputs.tolist(), labels.tolist(), strict=True)} == (
        expected
    )
    assert len(labels) == len(expected)


def test_largest_modulus_does_not_overflow():
    p = 4093
    x, y = np.array([p - 1, p - 2, 17]), np.array([p - 1, 3, p - 5])
    values, defined = evaluate(parse("x^3+xy^2/(x+2)"), x, y, p)
    assert defined.tolist() == [True, False, True]
    for k in (0, 2):
        a, b = int(x[k]), int(y[k])
        assert values[k] == (a**3 + a * b * b * pow(a + 2, -1, p)) % p


LEAVES = {
    "x": lambda x, y: x,
    "y": lambda x, y: y,
    **{str(n): lambda x, y, n=n: n for n in (0, 1, 5, 12)},
}
COMBINED = {"+": operator.add, "-": operator.sub, "*": operator.mul, "": operator.mul}


@st.composite
def expressions(draw, depth=3):
    """Return an expression as text, and as a function of Python's integers."""
    if not depth or draw(st.integers(0, 3)) == 0:
        leaf = draw(st.sampled_from(list(LEAVES)))
        return leaf, LEAVES[leaf]
    kind = draw(st.sampled_from([*COMBINED, "^", "minus"]))
    a, f = draw(expressions(depth=depth - 1))
    if kind == "^":
        n = draw(st.integers(0, 5))
        return f"({a})^{n}", lambda x, y: f(x, y) ** n
    if kind == "minus":
        return f"-({a})", lambda x, y: -f(x, y)
    b, g = draw(expressions(depth=depth - 1))
    space = draw(st.sampled_from(["", " "]))
    return f"({a}){space}{kind}({b})", lambda x, y: COMBINED[kind](f(x, y), g(x, y))


@given(expressions(), st.integers(2, 30), st.data())
def test_polynomials_are_what_python_makes_of_them(expression, p, data):
    text, f = expression
    x, y = (data.draw(st.integers(0, p - 1)) for _ in range(2))
    if len(text) > 100:
        return
    values, defined = evaluate(parse(text), np.array([x]), np.array([y]), p)
    assert defined.all()
    assert values[0] == f(x, y) % p


@given(st.text(alphabet="xy01239+-*/^() .z", max_size=20) | st.text(max_size=20))
def test_any_text_is_parsed_or_refused_in_one_line(text):
    try:
        operation = parse(text)
    except lb.InvalidInput:
        assert "x^2+xy+y^2" in refusal(lambda: parse(text))
        return
    assert parse(operation.text) == operation
    values, defined = evaluate(operation, np.arange(7), np.arange(7)[::-1], 7)
    assert ((values >= 0) & (values < 7)).all()
    assert defined.shape == (7,)


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "the end of the text"),
        ("x+", "the end of the text"),
        ("x+z", "'z' at position 3"),
        ("x @ y", "'@' at position 3"),
        ("+x", "'+' at position 1"),
        ("(x+y", "the end of the text"),
        ("x+y)", "')' at position 4"),
        ("x^y", "'y' at position 3"),
        ("2^x", "'x' at position 3"),
        ("x^2^3", "'^' at position 4"),
        ("x**2**3", "'^' at position 5"),
        ("x^2.5", "'.' at position 4"),
        ("x^²", "'²' at position 3"),
        ("x2", "'2' at position 2"),
        ("2 3", "'3' at position 3"),
        ("x/yx", "'x' at position 4"),
        ("x/2y", "'y' at position 4"),
        ("x* *y", "'*' at position 4"),
        ("X+y", "'X' at position 1"),
        ("x^1000001", "'1' at position 3"),
        ("x+9999999999", "'9' at position 3"),
        ("__import__('os')", "'_' at position 1"),
        ("(" * (MAX_DEPTH + 1) + "x", f"'(' at position {MAX_DEPTH + 1}"),
        ("x" * 101, "101 characters"),
        (3, "must be a text"),
    ],
)
def test_what_is_not_understood_is_named_with_its_position(text, where):
    message = refusal(lambda: ModularArithmetic(operation=text))
    assert message.startswith("operation ")
    assert where in message
    assert "allowed are x, y, integers, + - * / ^ ( )" in message


def test_one_operation_in_two_spellings_is_one_problem():
    one, two = (ModularArithmetic(operation=t) for t in ("x^2+xy", " x ** 2 + x y"))
    assert canonical_hash(one) == canonical_hash(two)
    assert one == two
    assert ModularArithmetic(operation="x/y  if y odd else x - y").operation == CONDITIONAL


# --- Modular arithmetic ---------------------------------------------------------------------------


def test_published_sizes():
    problem = ModularArithmetic()
    assert (len(problem.train.targets), len(problem.test.targets)) == (3763, 5646)
    assert (problem.tokens, problem.outputs) == (97, 97)
    division = ModularArithmetic(operation="x/y", train_fraction=0.5)
    assert (len(division.train.targets), len(division.test.targets)) == (4656, 4656)
    assert (division.train.inputs[:, 1] > 0).all()
    assert len(ModularArithmetic(operation=CONDITIONAL).table()[1]) == 97**2


TABLES = {
    "x+y": ModularArithmetic(p=11),
    "x/y": ModularArithmetic(p=11, operation="x/y"),
    "x^3+xy": ModularArithmetic(p=11, operation="x^3+xy"),
    "S3": PermutationComposition(k=3),
    "S4": PermutationComposition(k=4, operation="xyx^-1"),
}


@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("fraction", [0.1, 0.37, 0.9])
def test_sides_are_disjoint_make_up_the_table_and_have_their_sizes(name, stratified, fraction):
    problem = dataclasses.replace(
        TABLES[name], stratified=stratified, train_fraction=fraction, seed=3
    )
    inputs, labels = problem.table()
    pairs = {tuple(xy): v for xy, v in zip(inputs.tolist(), labels.tolist(), strict=True)}
    seen = {}
    for side in (problem.train, problem.test):
        for xy, label in zip(rows(side), side.targets.tolist(), strict=True):
            assert xy not in seen
            seen[xy] = label
    assert seen == pairs
    size = len(problem.train.targets)
    assert size == floor(fraction * len(pairs))
    if stratified:
        whole = np.bincount(labels)
        share = whole * size / whole.sum()
        taken = np.bincount(problem.train.targets, minlength=len(whole))
        assert (np.abs(taken - share) < 1).all()


@given(st.lists(st.integers(0, 30), min_size=1, max_size=8), st.data())
def test_stratified_sizes_round_every_share_and_have_the_exact_total(counts, data):
    counts = np.array([*counts, 1])
    size = data.draw(st.integers(0, int(counts.sum())))
    sizes = stratified_sizes(counts, size, np.random.default_rng(0))
    share = counts * size / counts.sum()
    assert sizes.sum() == size
    assert ((np.floor(share) <= sizes) & (sizes <= np.ceil(share)) & (sizes <= counts)).all()
    up, down = (share % 1)[sizes > share], (share % 1)[sizes < share]
    if up.size and down.size:  # the largest remainders are rounded up
        assert up.min() >= down.max() - 1e-9


def test_random_split_is_uniform_and_stratification_prefers_no_label():
    counts, first = np.zeros((5, 5)), np.zeros(5)
    draws = 400
    with unchecked():
        for seed in range(draws):
            train = ModularArithmetic(p=5, train_fraction=0.4, seed=seed).train
            np.add.at(counts, tuple(train.inputs.T), 1)
            # 12 of 25 pairs: two labels give 3 and three give 2.
            even = ModularArithmetic(p=5, train_fraction=0.48, seed=seed, stratified=True).train
            first += np.bincount(even.targets, minlength=5) == 3
    assert np.abs(counts - 0.4 * draws).max() < 4.5 * sqrt(draws * 0.4 * 0.6)
    assert np.abs(first - 0.4 * draws).max() < 4 * sqrt(draws * 0.4 * 0.6)


@pytest.mark.parametrize("p", [4, 96, 4095])
@pytest.mark.parametrize("operation", ["x/y", "x^-1", CONDITIONAL])
def test_division_needs_a_prime(p, operation):
    message = refusal(lambda: ModularArithmetic(p=p, operation=operation))
    assert message.startswith(f"p = {p}: must be prime")
    below, above = map(int, message.split("primes are ")[1].split(" and "))
    assert below < p < above
    assert is_prime(below)
    assert is_prime(above)
    assert ModularArithmetic(p=p).outputs == p  # addition does not


def test_primes():
    sieve = [n for n in range(200) if sum(n % k == 0 for k in range(1, n + 1)) == 2]
    assert [n for n in range(-1, 200) if is_prime(n)] == sieve


SPLIT = [
    *(("train_fraction", v) for v in (0, 0.0, 1, 1.0, -0.1, 1.5, nan, inf, True, "0.4", None)),
    *(("seed", v) for v in (-1, 2**32, 0.5, True, "1", [1])),
    *(("stratified", v) for v in (0, 1, "true", None)),
    *(("loss", v) for v in ("?", None, 1)),
]


@pytest.mark.parametrize(
    ("cls", "name", "value"),
    [(c, n, v) for c in (ModularArithmetic, PermutationComposition) for n, v in SPLIT]
    + [(ModularArithmetic, "p", v) for v in (1, 0, -7, 4097, 10**9, 97.5, True, "97", None)]
    + [(PermutationComposition, "k", v) for v in (1, 7, 5.5, True, "5", None)]
    + [(PermutationComposition, "operation", v) for v in ("x+y", "yx", None)],
)
def test_impossible_settings_are_refused_in_one_line_that_names_them(cls, name, value):
    message = refusal(lambda: cls(**{name: value}))
    assert message.startswith(f"{name} = {value!r}")
    assert "must be" in message


@pytest.mark.parametrize(("fraction", "sizes"), [(0.1, "0 of 4"), (0.2, "0 of 4")])
def test_an_empty_side_is_refused_with_the_numbers(fraction, sizes):
    problem = ModularArithmetic(p=2, train_fraction=fraction)
    for use in (lambda: problem.train, lambda: problem.test, problem.validate):
        message = refusal(use)
        assert f"train_fraction = {fraction}" in message
        assert f"{sizes} pairs" in message


# --- Permutations ---------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [2, 3, 4])
@pytest.mark.parametrize("operation", ["xy", "xyx^-1", "xyx"])
def test_labels_are_those_of_composed_functions(k, operation):
    numbered = list(itertools.permutations(range(k)))
    number = {f: i for i, f in enumerate(numbered)}

    def after(f, g):
        return tuple(f[g[i]] for i in range(k))

    def undo(f):
        return tuple(f.index(i) for i in range(k))

    word = {
        "xy": lambda x, y: after(x, y),
        "xyx^-1": lambda x, y: after(x, after(y, undo(x))),
        "xyx": lambda x, y: after(x, after(y, x)),
    }[operation]
    inputs, labels = PermutationComposition(k=k, operation=operation).table()
    assert len(labels) == len(numbered) ** 2
    for (x, y), label in zip(inputs.tolist(), labels.tolist(), strict=True):
        assert label == number[word(numbered[x], numbered[y])]


def test_sizes_of_s5():
    problem = PermutationComposition()
    assert (problem.tokens, problem.outputs) == (120, 120)
    assert len(problem.train.targets) == len(problem.test.targets) == 7200
