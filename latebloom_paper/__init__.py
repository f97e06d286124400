"""The paper and the post, reproduced: figures, claims, theorems, errata, and what they leave open.

Importing it registers the named experiments, sweeps and commands: it is a plugin of latebloom.

Source: arXiv 2506.05718, "Grokking Beyond the Euclidean Norm of Model Parameters".
"""

from pathlib import Path

from latebloom.cli import register_command
from latebloom.sweeps import register_sweeps

from .book.catalogue import register_studies

register_studies(Path(__file__).with_name("catalogue.toml"), __name__, group="")
register_sweeps(Path(__file__).with_name("sweeps"))
for _name, _summary, _place in (
    ("reproduce", "Regenerate figures of the paper and decide its claims.", "reproduce:Reproduce"),
    ("claims", "List what paper and post state in numbers, with the verdicts.", "claims:Claims"),
    ("report", "Write claims, figures, theorems and errata as one page.", "report:Report"),
    ("errata", "List what is printed and false, loose or misworded.", "errata:Errata"),
):
    register_command(_name, _summary, f"{__name__}.commands.{_place}")
