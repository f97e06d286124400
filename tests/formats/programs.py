"""What programs print, from the templates in programs.toml."""

import tomllib
from pathlib import Path

from . import PROBES, save


def _probe(name, entry):
    def made(folder, k, train, test):
        lines = [entry["head"]] if "head" in entry else []
        for i, (s, a, b) in enumerate(zip(k.tolist(), train.tolist(), test.tolist(), strict=True)):
            shown = {"i": i, "n": i + 1, "s": s, "a": a, "b": b}
            shown |= {"A": 100 * a, "B": 100 * b, "c": 1 - a, "d": 1 - b}
            lines.append(entry["each"].lstrip("\n").format(**shown))
        lines += [entry["tail"]] if "tail" in entry else []
        return [save(folder / entry.get("name", "run.log"), lines), *entry.get("options", [])]

    made.__name__ = name
    return made


_TABLE = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
PROBES |= {name: _probe(name, entry) for name, entry in _TABLE.items()}
