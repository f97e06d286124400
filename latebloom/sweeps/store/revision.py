"""The git revision of the code, read from the files of the repository it runs from."""

from functools import cache
from pathlib import Path


@cache
def git_revision(folder: Path | None = None) -> str:
    """Return the commit that is checked out, "" for an installed package.

    **Arguments:**

    - `folder`: of the repository; by default the one the package lies in.
    """
    folder = Path(__file__).parents[3] if folder is None else folder
    git = folder / ".git"
    try:
        if git.is_file():  # a worktree: a pointer to its own folder, which points to the common one
            git = folder / git.read_text().removeprefix("gitdir:").strip()
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref:"):
            return head
        name = head.removeprefix("ref:").strip()
        common = git / "commondir"
        top = git / common.read_text().strip() if common.is_file() else git
        if (top / name).is_file():
            return (top / name).read_text().strip()
        for line in (top / "packed-refs").read_text().splitlines():
            if line.endswith(f" {name}"):
                return line.split()[0]
    except OSError:
        return ""
    return ""
