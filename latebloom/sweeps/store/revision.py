"""The git revision of the code that computed a result."""

import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path


@cache
def git_revision() -> str:
    """Return the commit that is checked out where the package lies, "" if it is installed."""
    folder = Path(__file__).parents[3]
    if (folder / ".git").exists():
        command = ["git", "-C", str(folder), "rev-parse", "HEAD"]
        with suppress(OSError):
            return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return ""
