"""Run the notebook that watches a loop of PyTorch, and compare what it prints with what it shows.

Its outputs are kept, because PyTorch is not installed where the pages are made. So the page shows
nothing that the code no longer does: `make test-trainers` runs it again.
"""

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tasks" / "watch-pytorch.ipynb"
# Times depend on the last bits of a processor; the words do not.
NUMBER = re.compile(r"\d[\d,.]*")


def check() -> None:
    """Raise `AssertionError` if a cell prints other sentences than those that are kept."""
    space: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec("".join(cell["source"]), space)  # our own file
        kept = "".join(
            "".join(out["text"]) for out in cell["outputs"] if out["output_type"] == "stream"
        )
        assert _words(printed.getvalue()) == _words(kept), (printed.getvalue(), kept)
    print(f"{NOTEBOOK.name} prints what it shows")


def _words(text: str) -> list[str]:
    """The beginnings of the sentences, without their numbers."""
    return [NUMBER.sub("#", line)[:40] for line in text.splitlines()]
