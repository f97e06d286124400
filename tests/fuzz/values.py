"""Values that are wrong nearly everywhere, and ways to spoil what is right."""

import random
from typing import Any

# As they are typed. Sizes between a million and a billion are left out: they would be computed.
TEXTS = (
    *(
        "",
        " ",
        "0",
        "1",
        "2",
        "-1",
        "7",
        "30",
        "0.1",
        "0.5",
        "1e-7",
        "1e-300",
        "1e-400",
        "1e9",
        "1e30",
    ),
    *(
        "1e400",
        "nan",
        "inf",
        "-inf",
        "-0.0",
        "9" * 5000,
        "0x10",
        "1_000",
        "1e",
        "1,2,3",
        "1,,",
        "[1, 2]",
    ),
    *(
        "[[1]]",
        "{",
        "}",
        "{a = 1}",
        "[" * 3000,
        "true",
        "none",
        "None",
        "null",
        "abc",
        "L1",
        "L2",
        "Nuclear",
    ),
    *(
        "ProximalGradient",
        "Adam",
        "SwitchOn",
        "PowerDecay",
        "Hadamard",
        "Every",
        "LogSpaced",
        "step",
        "jump",
    ),
    *(
        "'",
        '"',
        "\\",
        "a b",
        "a\nb",
        "\t",
        "é∑β",
        "🙂",
        "\udcff",
        "x" * 300,
        "y" * 100_000,
        "--",
        "-",
        "=",
    ),
    *(
        ".",
        "..",
        "~",
        "/",
        "fig3",
        "fig3.toml",
        "log.csv",
        "folder",
        "store",
        "/proc/x",
        "/sys/x/y",
        "%s",
        "{0}",
    ),
    *(
        "alpha",
        "beta",
        "N",
        "seed",
        "2026-01-01",
        "1979-05-27T07:32:00Z",
        "2**31",
        "-2147483649",
        "4294967296",
    ),
)
# As they stand in a TOML file or are given to a function.
OBJECTS: tuple[Any, ...] = (
    *(0, 1, -1, 3, 10**9, 10**30, 2**63, 0.0, 0.1, -0.5, 1e-300, 1e300, float("nan"), float("inf")),
    *(
        "",
        "a",
        "L1",
        "none",
        "é🙂",
        "x" * 100_000,
        "X.npy",
        "folder",
        True,
        False,
        [],
        [1],
        [[1, 2], [3]],
    ),
    *(
        [1, "a"],
        {},
        {"type": "L1"},
        {"type": "L1", "beta": 1e-3},
        {"type": "nope"},
        {"type": 3},
        {"a": {}},
    ),
    *(
        [{"type": "L1", "beta": 1e-3}],
        {"type": "Every", "k": 0},
        {"type": "SwitchOn"},
        [[[[[[1]]]]]],
        [0.1] * 500,
    ),
)


def chance(rng: random.Random, share: float) -> bool:
    """Return True in this share of the cases."""
    return rng.random() < share


def misspelt(rng: random.Random, text: str) -> str:
    """Return a text with one slip of the fingers."""
    at = rng.randrange(len(text) + 1)
    return rng.choice(
        [
            text[:at] + text[at + 1 :],
            text[:at] + rng.choice("abz.-_ é=") + text[at:],
            text.upper(),
            text[:at],
            text[at:] + text[:at],
        ]
    )


def spoilt(rng: random.Random, tree: Any, depth: int = 0) -> Any:
    """Return nested tables and lists with one place changed, left out or added."""
    if isinstance(tree, dict) and tree and (depth == 0 or chance(rng, 0.8)):
        key = rng.choice(list(tree))
        out = dict(tree)
        kind = rng.random()
        if kind < 0.7:
            out[key] = spoilt(rng, out[key], depth + 1)
        elif kind < 0.8:
            del out[key]
        elif kind < 0.9:
            out[misspelt(rng, key)] = out.pop(key)
        else:
            out[rng.choice(["type", "beta", "alpha", "steps", "plugins", "é", ""])] = rng.choice(
                OBJECTS
            )
        return out
    if isinstance(tree, list) and tree and chance(rng, 0.5):
        at = rng.randrange(len(tree))
        return [*tree[:at], spoilt(rng, tree[at], depth + 1), *tree[at + 1 :]]
    if isinstance(tree, str) and chance(rng, 0.4):
        return misspelt(rng, tree)
    if isinstance(tree, int | float) and not isinstance(tree, bool) and chance(rng, 0.4):
        return rng.choice([-tree, tree + 0.5, str(tree), tree * 10**6, [tree]])
    return rng.choice(OBJECTS)
