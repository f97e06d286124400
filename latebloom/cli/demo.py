"""The command `demo`: the headline experiments on one page."""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from latebloom.core.json_text import dump_json
from latebloom.core.progress import progress_bar

from .commands import DONE, Setting
from .table import print_table, print_text


@dataclass(frozen=True)
class Demo:
    """Run the headline experiments and write one page with pictures and numbers."""

    out: Path = Path("demo")
    """The folder for the page; an earlier demo in it is replaced."""
    json: bool = False
    """Print one JSON document instead of a table."""

    def execute(self, settings: list[Setting]) -> int:
        """Run the experiments, write the page and print the table."""
        from .demo_runs import HEADER, NEXT, demo

        outcomes = demo(self.out, progress_bar)
        page = self.out / "index.html"
        if self.json:
            print(dump_json({"page": str(page), "runs": [o.run.to_dict() for o in outcomes]}))
        else:
            print_table(HEADER, [outcome.row() for outcome in outcomes])
            print_text(f"The pictures and the numbers: {page}")
            print("\nType next:")
            for command in NEXT:
                print(f"  {command.replace('latebloom', _program(), 1)}")
        return DONE


def _program() -> str:
    """Return what to type for this program: a path if it is not among the commands of the shell."""
    called = Path(sys.argv[0])
    on_path = shutil.which("latebloom") is not None or called.name != "latebloom"
    return "latebloom" if on_path else str(called)
