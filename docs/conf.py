"""Sphinx configuration: MyST pages, executed while building."""

import importlib.util
import re
from pathlib import Path

import latebloom

project = "latebloom"
author = "The latebloom authors"
project_copyright = author
release = latebloom.__version__
version = release

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_design",
]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints"]

html_theme = "furo"
html_title = f"latebloom {release}"

# MathJax comes with the pages: formulas render from disk, without a network.
MATHJAX = "tex-svg.js"
PACKAGE = importlib.util.find_spec("sphinx-mathjax-offline")
assert PACKAGE is not None
assert PACKAGE.origin is not None
html_static_path = ["style.css", str(Path(PACKAGE.origin).parent / "static" / "mathjax" / MATHJAX)]
mathjax_path = MATHJAX
html_css_files = ["style.css"]

myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

# Outputs are computed here and never committed, so a page cannot show what the code no longer does.
# The one exception needs PyTorch; `make test-trainers` runs it again.
nb_execution_mode = "cache"
nb_execution_excludepatterns = ["tasks/watch-pytorch.ipynb"]
nb_execution_raise_on_error = True
nb_execution_timeout = 120

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words, and the signature is shown
# Docstrings write `names` with single backticks, as Markdown does.
default_role = "code"

# $...$ outside of ``literals``, within one paragraph.
DOLLAR_MATH = re.compile(r"(``.*?``)|(?<![\\$])\$((?:[^$\n]|\n(?!\s*\n))+?)\$(?!\$)")


def dollar_math(app, what, name, obj, options, lines):
    """Turn the $math$ of our docstrings into the role that autodoc understands."""

    def role(match):
        return match[1] or f":math:`{' '.join(match[2].split())}`"

    lines[:] = DOLLAR_MATH.sub(role, "\n".join(lines)).split("\n")


def setup(app):
    """Connect the docstring conversion."""
    app.connect("autodoc-process-docstring", dollar_math)
