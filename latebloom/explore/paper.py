"""The panel of the paper: every figure, and the experiments beside it, with links to their runs."""

from collections.abc import Sequence
from html import escape

from latebloom.core import html
from latebloom.experiment.presets import presets

from .world import single_runs

LEAD = (
    "<p>The figures of the paper and of the post, and the experiments beside them. Each link opens "
    "a run with its settings ready to change; of a figure of many runs it is one of them, and "
    "<code>latebloom reproduce</code> computes all. Some compute every update and take seconds to "
    "minutes.</p>"
)


def page() -> str:
    """Return figures and experiments as links to the page with their settings."""
    families = [name for name, one in presets().items() if one.build is None]
    inside = {run for name in families for run in single_runs(name)}
    rows = []
    # Figures first.
    for name, one in sorted(presets().items(), key=lambda item: not item[0].startswith("fig")):
        runs = single_runs(name)
        if name in inside:
            continue
        if one.build is None:
            how = _links(runs) or f"<code>latebloom reproduce {name}</code>"
            rows.append((name, f"{escape(one.title)}: {how}", escape(one.group)))
        else:
            rows.append((_links(runs), escape(one.title), escape(one.group)))
    return LEAD + html.table(("experiment", "what it shows", "group"), rows)


def _links(names: Sequence[str]) -> str:
    return ", ".join(f'<a href="?world={name}&amp;panel=run">{name}</a>' for name in names)
