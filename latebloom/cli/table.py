"""Rows of text as a table in a terminal."""

from collections.abc import Sequence

Row = tuple[str, ...]


def print_table(
    header: Sequence[str], rows: Sequence[Row], title: str = "", notes: Sequence[str] = ()
) -> None:
    """Print a table on standard output.

    **Arguments:**

    - `header`, `rows`: the titles of the columns, and the cells.
    - `title`, `notes`: what stands above the table, and the lines below it.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    # Text, not str: an experiment may be called "[bold]".
    table = Table(box=box.SIMPLE_HEAD, title=Text(title) if title else None, title_justify="left")
    for name in header:
        table.add_column(Text(name), overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 100  # a file has no width of its own
    console.print(table)
    for note in notes:
        console.print(Text(f"- {note}"), soft_wrap=not console.is_terminal)
