"""The pages of the reference that are made from the code while the documentation is built.

Every page is a function that returns Markdown. They are written to `docs/reference/`, and only
where their text has changed, so that an unchanged page is not read again.
"""

import ast
import contextlib
import dataclasses
import importlib
import io
import json
import os
import types
import typing
from pathlib import Path

import reference_json

import latebloom
from latebloom.cli.commands import COMMANDS
from latebloom.cli.help import print_help
from latebloom.core.field_types import FAMILIES, describe, family_of
from latebloom.core.plugins import load_plugins
from latebloom.core.spec_class import hints_of

# Room of the package -> the title of its page, in the order of the table of contents.
CONCEPTS = {
    "experiment": "Experiments",
    "problems": "Problems",
    "penalties": "Penalties",
    "models": "Models",
    "methods": "Methods",
    "simulate": "Simulation",
    "engines": "Engines",
    "runs": "Runs",
    "theory": "Before a run",
    "laws": "Laws",
    "sweeps": "Sweeps",
    "plots": "Pictures",
    "diagnosis": "Logs of other trainers",
    "callbacks": "Callbacks",
    "core": "Parts, schedules, errors",
}
# Public modules whose names do not stand in `latebloom` itself: they follow on the same page.
DEEPER = (
    "problems",
    "penalties",
    "models",
    "methods",
    "engines",
    "theory",
    "laws",
    "laws.constants",
    "laws.constants.marchenko_pastur",
    "laws.constants.norm_passage",
    "sweeps",
    "plots",
    "diagnosis",
    "callbacks",
)
# Modules that are documented, and not public: what they offer may still change.
FURTHER = (
    "experiment.given",
    "theory.facts",
    "theory.intervals",
    "theory.lower_bound",
    "theory.two_term_floor",
    "laws.constants.null_space",
    "laws.constants.rank_null_space",
    "laws.constants.cl_constant",
    "laws.constants.incoherence",
    "laws.first_passage",
    "laws.kernel_to_rich",
    "laws.linear_estimators",
    "laws.norm_separation",
    "laws.ridge_bounds",
    "sweeps.grid.grid",
    "sweeps.store.results",
    "sweeps.store.export",
    "sweeps.analysis.survival",
    "sweeps.analysis.boundary",
    "sweeps.analysis.collapse",
    "diagnosis.logs.log",
    "diagnosis.logs.files",
    "diagnosis.logs.runs",
    "diagnosis.choose",
    "diagnosis.curves",
    "diagnosis.norm",
    "diagnosis.forecast",
)
WIDTH = "90"  # columns of the help: what a code block holds without a scroll bar
PACKAGE = Path(latebloom.__file__).parent
NEXT = "\n**Next:** {}\n"


def offered(module):
    """Return the names that a module offers, as `NAME as NAME` or by defining them, and where each
    is defined."""
    folder = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    files = [folder / "__init__.pyi", folder / "__init__.py", folder.with_suffix(".py")]
    tree = ast.parse(next(path for path in files if path.exists()).read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and node.level:
            base = ["latebloom", *module.split(".")] if module else ["latebloom"]
            home = ".".join([*base[: len(base) - node.level + 1], node.module])
            found |= {one.name: home for one in node.names if one.asname == one.name}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("latebloom."):
            found |= {one.name: node.module for one in node.names if one.asname == one.name}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name[0] != "_":
            found[node.name] = f"latebloom.{module}"
    return found


def value_of(home, name):
    """Return the class or function behind a name."""
    return getattr(importlib.import_module(home), name)


def directive(value):
    """Return the directive that shows the docstring of a value, "" for what has none."""
    home, name = getattr(value, "__module__", ""), getattr(value, "__name__", "")
    if not home.startswith("latebloom"):
        return ""  # an alias of a type, or a constant
    if isinstance(value, type):
        kind = "autoexception" if issubclass(value, BaseException) else "autoclass"
        return f".. {kind}:: {home}.{name}\n   :members:\n"
    if isinstance(value, types.FunctionType):
        return f".. autofunction:: {home}.{name}\n"
    return ""


def api_pages():
    """Return one page per concept: what `latebloom` offers of it, then what its modules add."""
    top = offered("")
    pages, seen = {}, {""}
    for room, title in CONCEPTS.items():
        groups = {"": {n: home for n, home in top.items() if home.split(".")[1] == room}}
        for module in (*DEEPER, *FURTHER):
            if module.split(".")[0] == room:
                note = " (may change)" if module in FURTHER else ""
                groups[f"`latebloom.{module}`{note}"] = offered(module)
        text = [f"# {title}\n"]
        for module, names in groups.items():
            parts = []
            for name, home in names.items():
                shown = directive(value_of(home, name))
                if shown not in seen:
                    seen.add(shown)
                    parts.append(shown)
            if not parts:
                continue
            text.append(f"## In {module}\n" if module else "Names in `latebloom` (`lb.NAME`).\n")
            text.append("```{eval-rst}\n" + "\n".join(parts) + "```\n")
        pages[f"api-{room}"] = "\n".join(text) + NEXT.format("[all public modules](../api.md)")
    return pages


def command_page():
    """Return the help of every command, as `latebloom help COMMAND` prints it."""
    text = ["# Commands\n", "What `latebloom help COMMAND` prints, of every command.\n"]
    os.environ["COLUMNS"] = WIDTH
    for name, command in sorted(COMMANDS.items()):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            print_help(command.load(), f"latebloom {name}")
        text += [f"## {name}\n", f"{command.summary}\n", f"```text\n{printed.getvalue()}```\n"]
    return "\n".join(text) + NEXT.format("[exit codes, JSON, settings](../command_line.md)")


def allowed(hint):
    """Return in words what a field may hold; of parts the names of their families."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        words = [allowed(one) for one in typing.get_args(hint) if one is not type(None)]
        return " or ".join(dict.fromkeys(words))
    if family := family_of(hint):
        return f"[{family}](#{family})"
    if hint is int or hint is float or hint is str:
        return describe(hint)
    if isinstance(hint, type) and issubclass(hint, typing.get_args(hint) or hint):
        return describe(hint) if hint in (bool,) or "ndarray" in str(hint) else hint.__name__
    return describe(hint).replace("|", "or")


def default_of(field):
    """Return a field's default as it stands in TOML, "required" if there is none."""
    value = field.default
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    if value is dataclasses.MISSING:
        return "required"
    if value is None:
        return ""
    if dataclasses.is_dataclass(value):
        return f"`{type(value).__name__}`"
    return f"`{json.dumps(value, default=str)}`"


def fields_table(cls):
    """Return the table of the fields of a spec."""
    hints = hints_of(cls)
    rows = [f for f in dataclasses.fields(cls) if f.init]
    if not rows:
        return "No fields.\n"
    head = "| key | what it takes | default |\n|---|---|---|\n"
    lines = [f"| `{f.name}` | {allowed(hints[f.name])} | {default_of(f)} |" for f in rows]
    return head + "\n".join(lines) + "\n"


def settings_page():
    """Return the keys of an experiment's TOML file, with types and defaults."""
    text = [
        "# Keys of TOML files\n",
        "The fields of an experiment and of its parts. They are the options of the command line "
        "too ([settings](../command_line.md)). A part is a table whose `type` chooses the member; "
        "what a member means is in its docstring, on the page of its concept. "
        "Plugins add theirs.\n",
        "Editors that know JSON Schema can complete them with "
        "{download}`experiment.schema.json <experiment.schema.json>`.\n",
        "## Top level\n",
        fields_table(latebloom.Experiment),
    ]
    for family, members in FAMILIES.items():
        text.append(f"## {family}\n")
        for name, cls in sorted(members.items()):
            if hasattr(cls, "not_from_file"):
                continue
            text += [f"### {name}\n", fields_table(cls)]
    return "\n".join(text) + NEXT.format("[sweeps are files too](../sweeps.md)")


def write(folder, name, text):
    """Write a page where its text has changed."""
    path = folder / name
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def make(app):
    """Write all pages."""
    load_plugins()
    folder = Path(app.srcdir) / "reference"
    folder.mkdir(exist_ok=True)
    for name, text in api_pages().items():
        write(folder, f"{name}.md", text)
    write(folder, "commands.md", command_page())
    write(folder, "settings.md", settings_page())
    write(folder, "experiment.schema.json", reference_json.schema())
    write(folder, "json.md", reference_json.page())


def setup(app):
    """Make the pages before Sphinx looks for them."""
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True}
