"""The picture of a gallery script: the value of its last line.

Our figures are made without pyplot, so Sphinx-Gallery's own scraper does not see them.
"""

import warnings

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

DPI = 110


def scrape(block, block_vars, gallery_conf):
    """Save the figure that the last expression of a block gave, and return the reST that shows it.

    **Arguments:** those of every scraper of Sphinx-Gallery.
    """
    last = block_vars["example_globals"].get("___")
    if not isinstance(last, Figure):
        return ""
    path = next(block_vars["image_path_iterator"])
    last.savefig(path, dpi=DPI)
    title = block_vars["example_globals"]["__doc__"].strip().split("\n")[0]
    return figure_rst([path], gallery_conf["src_dir"], fig_titles=title)


FILTERS = []


def strict(gallery_conf, fname, when):
    """Make warnings of a script errors, as in the tests; afterwards they are what they were.

    **Arguments:** those of every reset of Sphinx-Gallery; `when` is `before` or `after`.
    """
    if when == "before":
        FILTERS.append(warnings.filters[:])
        warnings.simplefilter("error")
    elif FILTERS:
        warnings.filters[:] = FILTERS.pop()
