"""What programs print, from the templates in the TOML files beside this one."""

import tomllib
from pathlib import Path

from . import PROBES, save

# Examples in a data set whose correct ones are counted.
EXAMPLES = 4704


def shown(i, s, a, b):
    """The values of one record under the names that the templates use."""
    seconds = 1_700_000_000 + 60 * i
    return {
        **{"i": i, "n": i + 1, "s": s, "e": i // 10, "j": i % 10},
        **{"a": a, "b": b, "A": 100 * a, "B": 100 * b, "c": 1 - a, "d": 1 - b},
        **{"CC": 100 * (1 - a), "DD": 100 * (1 - b)},
        **{"ac": f"{a:.4f}".replace(".", ","), "bc": f"{b:.4f}".replace(".", ",")},
        **{"ta": round(EXAMPLES * a), "tb": round(EXAMPLES * b)},
        **{"sa": f"{s:,}".replace(",", "'"), "su": f"{s:_}", "u": seconds},
        "t": f"2024-01-{1 + i // 24:02d}T{i % 24:02d}:00:00",
    }


def _probe(name, entry):
    def made(folder, k, train, test):
        lines = [entry["head"].removeprefix("\n")] if "head" in entry else []
        for i, (s, a, b) in enumerate(zip(k.tolist(), train.tolist(), test.tolist(), strict=True)):
            lines.append(entry["each"].removeprefix("\n").format(**shown(i, s, a, b)))
        lines += [entry["tail"].lstrip("\n")] if "tail" in entry else []
        return [save(folder / entry.get("name", "run.log"), lines), *entry.get("options", [])]

    made.__name__ = name
    return made


def probes_of(name):
    """The probes in a file of templates."""
    table = tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))
    return {name: _probe(name, entry) for name, entry in table.items()}


for _file in ("programs", "wider", "second", "third", "fourth", "fifth", "sixth"):
    PROBES |= probes_of(f"{_file}.toml")
# What is refused, with the command that is meant.
PROPOSED = probes_of("proposals.toml")
