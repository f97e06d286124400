"""The command `cite`: the papers behind an experiment, as BibTeX."""

import inspect
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from importlib.resources import files
from typing import Annotated, Any

from tyro.conf import Positional, arg

from latebloom.core.json_text import dump_json

from .commands import DONE, Setting
from .options import experiment_settings, load_experiment

# The number of a paper at arXiv, and what a docstring calls its source.
ARXIV = re.compile(r"\b\d{4}\.\d{4,5}\b")
SOURCE = re.compile(r"Source: (.*?)(?:\n\s*\n|\Z)", re.DOTALL)
# Keys of the bibliography that every answer has: latebloom and the paper that it grew from.
ALWAYS = ("latebloom", "2506.05718")


@dataclass(frozen=True)
class Cite:
    """Print BibTeX for latebloom and the papers behind an experiment.

    These are the sources that the documentation names for its problem, penalty, method, model and
    engine, and the papers of other groups whose laws `latebloom check` tests on it.
    """

    experiment: Annotated[
        str,
        Positional,
        arg(
            metavar="NAME|FILE.toml",
            help="An experiment. Without one, latebloom and its paper.",
        ),
    ] = ""
    json: bool = False
    """Print one JSON document instead of BibTeX."""

    known_settings = staticmethod(experiment_settings)

    def execute(self, settings: list[Setting]) -> int:
        """Print the entries, and as comments the sources that have none."""
        sources: dict[str, str] = {}
        if self.experiment:
            from latebloom.experiment.presets import engine_of

            experiment = load_experiment(self.experiment, settings, small=False)
            sources = sources_of(experiment, engine_of(self.experiment)) | _laws_of(experiment)
        entries = bibliography()
        keys = dict.fromkeys(ALWAYS)
        for text in sources.values():
            keys |= dict.fromkeys(key for key in entries if key in text)
        if self.json:
            print(dump_json({"sources": sources, "bibtex": [entries[key] for key in keys]}))
            return DONE
        for part, text in sources.items():
            print(f"% {part}: {text}")
        print("\n".join(entries[key] for key in keys), end="")
        return DONE


def bibliography() -> dict[str, str]:
    """Return the BibTeX entries, by what a source names: the number at arXiv, or the authors."""
    return tomllib.loads(files("latebloom.cli").joinpath("bibliography.toml").read_text("utf-8"))


def sources_of(experiment: Any, engine: str = "auto") -> dict[str, str]:
    """Return what the parts of an experiment and its engine name as their source, by their name.

    >>> import latebloom as lb
    >>> from latebloom.cli.cite import sources_of
    >>> sources_of(lb.load("fig3"))["L1"]
    'arXiv 2506.05718, section 3.1 and appendix D.'
    """
    from latebloom.engines.base import find_engine

    found = {}
    for part in (*_parts(experiment), find_engine(engine, experiment)):
        match = SOURCE.search(inspect.getdoc(type(part)) or "")
        if match:
            found[type(part).__name__] = " ".join(match[1].split())
    return found


def _laws_of(experiment: Any) -> dict[str, str]:
    """Return the sources of the laws of other groups that are about an experiment."""
    from latebloom.laws import LAWS, NotCovered

    found = {}
    for law in LAWS.values():
        if set(ARXIV.findall(law.source)) - set(ALWAYS):
            with suppress(NotCovered):
                law.context(experiment)
                found[f"law: {law.name}"] = law.source
    return found


def _parts(spec: Any) -> Iterator[Any]:
    """Yield a spec and the specs inside of it."""
    yield spec
    for field in fields(spec) if is_dataclass(spec) else ():
        value = getattr(spec, field.name)
        for one in value if isinstance(value, tuple) else (value,):
            if is_dataclass(one):
                yield from _parts(one)
