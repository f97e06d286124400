"""JSON in the reference: the schema of an experiment, and what the commands print."""

import contextlib
import dataclasses
import io
import json
import types
import typing

import numpy as np

import latebloom
from latebloom.cli.main import main
from latebloom.core.field_types import FAMILIES, family_of
from latebloom.core.spec_class import hints_of

BASIC = {bool: "boolean", int: "integer", float: "number", str: "string"}
# Commands that take seconds, one of each kind of document.
SHOWN = (
    ("run", "fig13"),
    ("predict", "fig13"),
    ("list",),
    ("cite", "fig13"),
    ("claims", "fig3.delay"),
    ("errata", "E-08"),
)
DEPTH = 3  # what lies deeper is an entry of a list, or belongs to one figure
LONG = 48


def schema_of(hint):
    """Return the JSON Schema of a field's annotation."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return {"anyOf": [schema_of(one) for one in typing.get_args(hint)]}
    if hint is type(None):
        return {"type": "null"}
    if hint in BASIC:
        return {"type": BASIC[hint]}
    if typing.get_origin(hint) is typing.Literal:
        return {"enum": list(typing.get_args(hint))}
    if typing.get_origin(hint) is tuple:
        return {"type": "array"}
    if hint is np.ndarray:
        return {"type": ["array", "string"]}  # nested lists, or the name of a file
    if family := family_of(hint):
        return {"$ref": f"#/$defs/{family}"}
    return {}


def object_of(cls, name=""):
    """Return the JSON Schema of a spec class."""
    hints = hints_of(cls)
    fields = [f for f in dataclasses.fields(cls) if f.init]
    properties = {f.name: schema_of(hints[f.name]) for f in fields}
    nothing = dataclasses.MISSING
    required = [f.name for f in fields if f.default is nothing and f.default_factory is nothing]
    if name:
        properties["type"] = {"const": name}
        required.append("type")
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def schema():
    """Return the JSON Schema of an experiment's file, with the parts that are registered."""
    top = object_of(latebloom.Experiment)
    top["properties"]["plugins"] = {"type": "array", "items": {"type": "string"}}
    parts = {
        family: {"anyOf": [object_of(cls, name) for name, cls in sorted(members.items())]}
        for family, members in FAMILIES.items()
    }
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "experiment"}
    return json.dumps({**head, **top, "$defs": parts}, indent=1) + "\n"


def rows(value, path=""):
    """Yield key, type and an example of everything in a document."""
    if isinstance(value, dict) and path.count(".") < DEPTH and value:
        for key, inner in value.items():
            yield from rows(inner, f"{path}.{key}" if path else key)
        return
    if isinstance(value, list) and value and isinstance(value[0], dict):
        if path.count(".") < DEPTH:
            yield from rows(value[0], f"{path}[]")
        return
    kind = {type(None): "null", dict: "object", list: "array"}.get(type(value))
    text = json.dumps(value, ensure_ascii=False)
    short = text if len(text) <= LONG else text[: LONG - 4] + " ..."
    yield path, kind or BASIC[type(value)], short


def document(command):
    """Return what a command prints with --json."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        main([*command, "--json"])
    return json.loads(printed.getvalue())


def page():
    """Return the tables of the documents."""
    text = [
        "# What the commands print as JSON\n",
        "Every command with `--json` prints one document. These were printed while this page was "
        "made; of a list the first entry is shown, as `name[]`.\n",
    ]
    for command in SHOWN:
        text.append(f"## latebloom {' '.join(command)} --json\n")
        text.append("| key | type | example |\n|---|---|---|")
        for path, kind, example in rows(document(command)):
            shown = example.replace("|", "\\|").replace("`", "'")
            text.append(f"| `{path}` | {kind} | `{shown}` |")
        text.append("")
    text.append("\n**Next:** [exit codes and errors](../command_line.md)\n")
    return "\n".join(text)
