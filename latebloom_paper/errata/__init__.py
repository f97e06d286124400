"""Errata: what is printed and false, loose or misworded, each with the least counterexample.

E-01 to E-33 are in arXiv 2506.05718, B-01 to B-03 in the authors' blog post about it. Every
counterexample is a function of at most ten lines and a test.
"""

from . import blog, constants, descent, dynamics, least_squares, matrices, stability, wording
from .erratum import Erratum as Erratum
from .erratum import Evidence as Evidence

_PAPER = (descent, constants, stability, least_squares, dynamics, matrices, wording)

# In the order of the numbers, the blog post last.
ERRATA: dict[str, Erratum] = {
    found.id: found
    for found in (
        *sorted((e for room in _PAPER for e in room.ERRATA), key=lambda found: found.id),
        *blog.ERRATA,
    )
}
