# make notebooks   run every notebook        make test   run the tests        make help   the rest
# Every target sets itself up first: .venv, from requirements.txt. Works with GNU make 3.81 and later.

PYTHON ?=
EXTRAS ?=
ARGS ?=
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

TF_CPP_MIN_LOG_LEVEL ?= 3
export TF_CPP_MIN_LOG_LEVEL
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help notebooks test results bench lint clean setup FORCE

help:
	@echo "make notebooks   run every notebook; copies and figures go to runs/notebooks/"
	@echo "                 some of them: make notebooks ARGS='01 04'"
	@echo "make test        run the tests;  some of them: make test ARGS='-k data'"
	@echo "make results     train, evaluate and report every recipe at its study's length to results/ (days on a laptop);"
	@echo "                 a study within a time: make results ARGS='colour_field --within 2h'"
	@echo "make bench       measure speed and memory, about 8 minutes on two quiet cores, to benchmarks/"
	@echo "                 a look in a minute: make bench ARGS=--quick"
	@echo "make lint        check the style and the types"
	@echo "make setup       only make .venv (every target does so when needed)"
	@echo "make clean       remove .venv, caches and runs/notebooks; other runs are kept"
	@echo
	@echo "PYTHON=/path/to/python3.12   the Python to make .venv with (3.11 to 3.13)"
	@echo "EXTRAS=jax                   also install an extra: jax, torch (then KERAS_BACKEND=jax make test)"

notebooks: setup
	@$(PY) notebooks/run.py $(ARGS)

# A file's tests share fixtures, so they stay in one process; each process takes about 1.5 GB.
test: setup
	@$(PY) -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

results: setup
	@$(PY) -m artkeras reproduce $(or $(ARGS),all) --out results

bench: setup
	@$(PY) -m benchmarks $(ARGS)

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m mypy

clean:
	rm -rf $(VENV) runs/notebooks dist build .pytest_cache .ruff_cache .mypy_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

setup: $(READY)
	@if [ -n "$(EXTRAS)" ]; then echo "Installing the extra $(EXTRAS)..."; $(PY) -m pip install -q -c requirements.txt -e ".[$(EXTRAS)]"; fi

# A stamped .venv whose Python no longer starts (upgraded, moved) counts as absent.
BROKEN := $(shell $(PY) -c 0 >/dev/null 2>&1 || echo FORCE)

# suits "python": it starts (a pyenv shim may not), and is 3.11 to 3.13
SUITS = suits() { "$$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; }

# .venv/.unfinished marks a set-up of ours that was cut short: that one is made again from nothing. A .venv
# made by hand is kept and completed, if its Python suits.
$(READY): requirements.txt pyproject.toml $(BROKEN)
	@$(SUITS); \
	if [ -e $(VENV)/.unfinished ] || ! suits $(PY); then \
	  found=; bare=; \
	  if [ -n "$(PYTHON)" ]; then set -- "$(PYTHON)"; \
	  else set -- python3.13 python3.12 python3.11 python3 python; fi; \
	  for candidate; do \
	    suits "$$candidate" || continue; \
	    if "$$candidate" -c 'import ensurepip, venv' >/dev/null 2>&1; then found=$$candidate; break; fi; \
	    bare=$${bare:-$$candidate}; \
	  done; \
	  if [ -z "$$found" ] && [ -n "$$bare" ]; then \
	    echo "$$bare cannot make a virtual environment: install its venv package (Debian, Ubuntu: apt install python3-venv) or give another Python: make PYTHON=/path/to/python3.12" >&2; exit 2; \
	  elif [ -z "$$found" ] && [ -n "$(PYTHON)" ]; then \
	    echo "PYTHON=$(PYTHON) is not a Python 3.11, 3.12 or 3.13 that starts." >&2; exit 2; \
	  elif [ -z "$$found" ]; then \
	    echo "This needs Python 3.11, 3.12 or 3.13 and found none; give one: make PYTHON=/path/to/python3.12" >&2; exit 2; \
	  fi; \
	  echo "Setting up $(VENV) with $$found (about 2.5 GB, a few minutes)..."; \
	  rm -rf $(VENV) && mkdir $(VENV) && touch $(VENV)/.unfinished && "$$found" -m venv $(VENV) || exit 1; \
	else \
	  echo "Bringing $(VENV) up to requirements.txt..."; touch $(VENV)/.unfinished || exit 1; \
	fi; \
	if $(PY) -m pip install -r requirements.txt && $(PY) -m pip install -q --no-deps -e .; then \
	  touch $@ && rm -f $(VENV)/.unfinished; \
	else \
	  echo "The set-up did not finish; run the same command to try again." >&2; exit 1; \
	fi
