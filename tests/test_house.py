"""The structure of the packages: rooms in one order, no circle, and a public boundary."""

import ast
from collections import defaultdict
from functools import cache

import pytest
from imports import ROOT, Import, all_imports, modules, text_of

# From low to high: a room imports only from rooms before it; rooms of one tuple do not see each
# other. `latebloom` itself is its `__init__`, the list of public names.
ORDER = (
    ("core",),
    ("problems", "penalties"),
    ("models",),
    ("methods",),
    ("experiment",),
    ("engines",),
    ("runs",),
    ("theory", "plots"),
    ("laws", "simulate", "diagnosis"),
    ("sweeps", "callbacks", "explore"),
    ("cli",),
    ("latebloom", "__main__"),
    ("latebloom_paper",),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
# `Run.plot` and `Run.save` import `plots` when they are called.
EXCEPTIONS = {("latebloom.runs.run", "latebloom.plots", "calling")}
PUBLIC = "docs/api.md"
# Files of more lines say why, in a comment among their first lines: `# Long because ...`.
LINES, FIRST = 400, 10


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "latebloom" and len(parts) > 1 else parts[0]


@pytest.fixture(scope="module")
def imports() -> list[Import]:
    return all_imports()


def test_every_module_is_in_a_room():
    assert {room(name) for name in modules()} <= set(RANK)


def test_a_room_imports_only_from_rooms_before_it(imports):
    wrong = {
        (one.module, one.source)
        for one in imports
        if room(one.module) != room(one.source)
        and RANK[room(one.module)] <= RANK[room(one.source)]
        and (one.module, one.source, one.when) not in EXCEPTIONS
    }
    assert not wrong


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one module (Kosaraju)."""
    order: list[str] = []
    seen: set[str] = set()
    back = defaultdict(set)
    for source, targets in graph.items():
        for target in targets:
            back[target].add(source)

    def visit(start: str, edges: dict[str, set[str]], out: list[str]) -> None:
        stack = [(start, iter(edges.get(start, ())))]
        seen.add(start)
        while stack:
            node, rest = stack[-1]
            for target in rest:
                if target not in seen:
                    seen.add(target)
                    stack.append((target, iter(edges.get(target, ()))))
                    break
            else:
                out.append(node)
                stack.pop()

    for node in list(graph):
        if node not in seen:
            visit(node, graph, order)
    seen.clear()
    found = []
    for node in reversed(order):
        if node not in seen:
            component: list[str] = []
            visit(node, back, component)
            if len(component) > 1:
                found.append(sorted(component))
    return found


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}}) == []


def test_no_module_imports_itself_through_others(imports):
    graph = defaultdict(set)
    for one in imports:
        if one.source != one.module and (one.module, one.source, one.when) not in EXCEPTIONS:
            graph[one.module].add(one.source)
    assert circles(graph) == []


@cache
def public_modules() -> set[str]:
    """Return the modules that the documentation lists as public."""
    text = (ROOT / PUBLIC).read_text(encoding="utf-8")
    section = text.split("## Public modules", 1)[1].split("\n## ", 1)[0]
    return {line.split("`")[1] for line in section.splitlines() if line.startswith("| `")}


@cache
def offered(module: str) -> set[str]:
    """Return the names that a public module offers: what it defines, or its `__init__` lists."""
    path = modules()[module]
    names = {name for name in modules() if name.rpartition(".")[0] == module}
    found = {name.rpartition(".")[2] for name in names & public_modules()}
    for node in ast.parse(text_of(path)).body:
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname for alias in node.names if alias.asname}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id for target in targets if isinstance(target, ast.Name)}
    return {name for name in found if not name.startswith("_")} | {"__version__"}


def test_the_paper_uses_what_is_public_only(imports):
    public = public_modules()
    assert public <= set(modules())
    wrong = []
    for one in imports:
        if one.source.partition(".")[0] != "latebloom" or room(one.module) != "latebloom_paper":
            continue
        # A name may be that of a module as well: then the function of this name is meant.
        source, _, name = one.source.rpartition(".") if not one.name else (one.source, "", one.name)
        if (one.source not in public and (source not in public or name not in offered(source))) or (
            one.name and one.name not in offered(one.source)
        ):
            wrong.append((one.module, one.source, one.name))
    assert not wrong


def test_the_top_level_holds_nothing_but_rooms():
    allowed = {"__init__.py", "__init__.pyi", "__main__.py", "simulate.py", "py.typed"}
    assert {path.name for path in (ROOT / "latebloom").iterdir() if path.is_file()} <= allowed


def test_a_long_file_says_why():
    folders = ("latebloom", "latebloom_paper", "tests", "examples", "benchmarks")
    texts = {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").splitlines()
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
    }
    long = {name: lines[:FIRST] for name, lines in texts.items() if len(lines) > LINES}
    assert not [
        name
        for name, first in long.items()
        if not any(line.startswith("# Long because ") for line in first)
    ]
