# Everything a contributor or a newcomer runs. Needs make and Python 3.11 or newer, nothing else.
#   make PYTHON=python3.12 test      another interpreter
#   make WORKERS=8 test              more test processes
#   make ARGS="-k jump" test         more options for pytest, or for the benchmarks

PYTHON  ?= python3
VENV    ?= .venv
WORKERS ?= 2
ARGS    ?=
SEED    ?= 0

BIN     := $(VENV)/bin
PIP     := $(BIN)/python -m pip --disable-pip-version-check
# Exact versions everywhere, the build backend included: hence no isolated (unpinned) build.
INSTALL := $(PIP) install --quiet --constraint constraints.txt
RUNTIME := $(VENV)/.installed-runtime
DEV     := $(VENV)/.installed-dev
DOCS    := $(VENV)/.installed-docs

# One BLAS thread per process: tests run in parallel processes, and benchmarks compare single cores.
ONE_THREAD := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help demo test test-slow test-lowest test-python test-browser explore-static test-trainers fuzz lint format bench claims docs check clean
.NOTPARALLEL: # the targets share one virtual environment

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s  %s\n", $$1, $$2 }' Makefile

demo: $(RUNTIME) ## install, run the headline experiments, leave pictures and a page in demo/
	@$(BIN)/latebloom demo --out demo

test: $(DEV) ## run the fast tests and the examples in the docstrings
	@$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

test-slow: $(DEV) ## run the slow tests (minutes)
	@$(ONE_THREAD) $(BIN)/python -m pytest -n $(WORKERS) -m slow $(ARGS)

test-browser: $(DEV) ## try the explorer in a real browser (needs a Chromium, or may install one)
	@$(INSTALL) --no-build-isolation --editable ".[browser]"
	@command -v chromium || command -v chromium-browser || command -v google-chrome || { \
	    echo "no Chromium on this machine; on Debian and Ubuntu: apt-get install --no-install-recommends chromium" >&2; \
	    command -v apt-get >/dev/null && apt-get install -y --no-install-recommends chromium || exit 1; }
	@$(ONE_THREAD) $(BIN)/python -m pytest -m browser -rs -s $(ARGS) tests/test_explore_browser.py

# uv is marimo's: it looks with it for modules beside the page.
explore-static: $(RUNTIME) ## write the explorer as static pages that compute in the browser
	@$(INSTALL) --no-build-isolation --editable ".[explore]"
	@$(INSTALL) uv
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/python packaging/explore_static.py explore-static

# In an environment of its own. Old releases warn of new versions of what they use themselves.
LOWEST := .venv-lowest

test-lowest: ## run the fast tests with the lowest versions of the dependencies
	@$(PYTHON) -m venv $(LOWEST)
	@$(LOWEST)/bin/python -m pip --disable-pip-version-check install --quiet uv
	@$(LOWEST)/bin/uv pip install --quiet --python $(LOWEST)/bin/python --resolution lowest-direct \
	    --editable ".[dev]"
	@$(ONE_THREAD) $(LOWEST)/bin/python -m pytest -n $(WORKERS) -W ignore::DeprecationWarning $(ARGS)

PYTHONS = $(foreach v,3.11 3.12 3.13 3.14,$(shell python$(v) -c 'print("python$(v)")' 2>/dev/null))

test-python: ## run the fast tests with every Python from 3.11 to 3.14 that is found
	@echo "found: $(PYTHONS)"
	@for p in $(PYTHONS); do echo "$$p"; $(MAKE) VENV=.venv-$$p PYTHON=$$p test || exit; done

# A quarter of an hour each on a quiet machine; make SEED=3 fuzz tries others.
fuzz: $(DEV) ## try 2,800 random inputs, wrong types and 300 interrupts, and print what goes wrong
	@$(ONE_THREAD) PYTHONPATH=tests $(BIN)/python -m fuzz --seed $(SEED) $(ARGS)
	@$(ONE_THREAD) PYTHONPATH=tests $(BIN)/python -m fuzz.interrupts --seed $(SEED)

# In an environment of its own: PyTorch is never a dependency.
TRAINERS := .venv-trainers

test-trainers: $(TRAINERS)/.installed ## train with the real Lightning, Transformers and Keras (minutes)
	@$(TRAINERS)/bin/python -m benchmarks.trainers

$(TRAINERS)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(TRAINERS)
	@echo "installing PyTorch, Lightning, Transformers and Keras into $(TRAINERS) (minutes, once)"
	@$(TRAINERS)/bin/python -m pip install --quiet torch==2.13.0 lightning 'transformers[torch]' keras
	@$(TRAINERS)/bin/python -m pip install --quiet hatchling
	@$(TRAINERS)/bin/python -m pip install --quiet --no-build-isolation --editable .
	@touch $@

lint: $(DEV) ## check style, format and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python

format: $(DEV) ## rewrite the sources in the project's format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(RUNTIME) ## measure the engines against a plain NumPy loop
	@$(ONE_THREAD) $(BIN)/python -m benchmarks $(ARGS)

# The other networks take a day at the published size; whoever has run them gets them recorded too.
NETWORKS = blog-fig1 fig1 fig2

claims: $(RUNTIME) ## regenerate every figure into paper.store, and the recorded verdicts from it
	@$(BIN)/latebloom reproduce all --quick --store paper.store
	@$(BIN)/latebloom reproduce convex --full --store paper.store
	@$(BIN)/latebloom reproduce theory --full --store paper.store
	@$(BIN)/latebloom reproduce beyond --full --store paper.store
	@for f in $(NETWORKS); do $(BIN)/latebloom reproduce $$f --full --store paper.store || exit; done
	@$(BIN)/latebloom claims --store paper.store --json > claims.json.new
	@mv claims.json.new latebloom_paper/claims.json
	@$(BIN)/latebloom claims --store paper.store --markdown > claims.md.new
	@mv claims.md.new docs/claims.md

docs: $(DOCS) ## build the documentation into docs/_build/html; warnings are errors
	@$(BIN)/python -m sphinx -q -W --keep-going docs docs/_build/html
	@echo "open docs/_build/html/index.html"

check: lint test ## everything CI runs

clean: ## remove what the targets made, .venv included
	rm -rf $(VENV) .venv-* demo explore-static bench docs/_build docs/jupyter_execute docs/gallery docs/reference \
	    .pytest_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	    echo "latebloom needs Python 3.11 or newer, and '$(PYTHON)' is not on this machine" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo "latebloom needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1);" \
	         "try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@echo "creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "'$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

# A stamp is older than these two files exactly when the environment has to be brought up to date.
$(RUNTIME): pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing latebloom into $(VENV) (a minute or two, once)"
	@$(INSTALL) hatchling
	@$(INSTALL) --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME)
	@echo "installing the development tools into $(VENV)"
	@$(INSTALL) --no-build-isolation --editable ".[dev]"
	@touch $@

$(DOCS): $(RUNTIME)
	@echo "installing the documentation tools into $(VENV)"
	@$(INSTALL) --no-build-isolation --editable ".[docs]"
	@touch $@
