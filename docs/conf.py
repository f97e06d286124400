"""Sphinx configuration: MyST pages, executed while building."""

import importlib.util
import os
import re
import sys
from pathlib import Path

import latebloom

os.environ.setdefault("JAX_PLATFORMS", "cpu")  # the pages are the same on every machine
sys.path.insert(0, str(Path(__file__).parent / "extensions"))

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
    "sphinx_gallery.gen_gallery",
    "reference_pages",
]
exclude_patterns = ["_build", "jupyter_execute", "**.ipynb_checkpoints", "gallery/**.ipynb"]

nitpicky = True  # a reference that leads nowhere is a warning

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

# The scripts of the gallery are executed, too, when they have changed.
sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": ".py",
    "subsection_order": [
        f"../examples/gallery/{name}"
        for name in ("vectors", "matrices", "before", "logs", "sweeps", "networks", "laws")
    ],
    "image_scrapers": ("gallery_pictures.scrape",),
    "reset_modules": ("gallery_pictures.strict",),
    "reset_modules_order": "both",
    "capture_repr": (),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "min_reported_time": 3600,  # of one script the time says nothing
}

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
