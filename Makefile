# Thin on purpose: every target works on a fresh clone with nothing but Python 3.11 or newer and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test long check interop browser bench screenshots snapshots transcripts clean

run: $(VENV)/ready
	$(BIN)/mailtutor

test: $(VENV)/ready-dev
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term:skip-covered tests

# What takes minutes: the server killed two hundred times under load.
long: $(VENV)/ready-dev
	$(BIN)/python -m pytest -m long tests

# As root: installs Debian packages, and starts Postfix instances of its own.
interop: $(VENV)/ready-dev
	sh tests/interop/install.sh
	$(BIN)/python -m pytest -n 2 tests/interop

# As root: installs Debian's Chromium, which opens the exported page and drawing.
browser: $(VENV)/ready-dev
	sh tests/browser/install.sh
	$(BIN)/python -m pytest tests/browser

check: $(VENV)/ready-dev
	$(BIN)/ruff format --check mailtutor tests
	$(BIN)/ruff check mailtutor tests
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/ready-dev
	$(BIN)/python -m tests.bench

screenshots: $(VENV)/ready-dev
	$(BIN)/python -m tests.tui.screenshots docs/screens

# After a change of the screen that is meant; a look at each that has changed belongs to it.
snapshots: $(VENV)/ready-dev
	MAILTUTOR_SNAPSHOTS=new $(BIN)/python -m pytest -q -n 2 -k looks tests/tui/test_snapshots.py

# After a change of what the lab says: the dialogues in transcripts/ that are recorded from it.
transcripts: $(VENV)/ready-dev
	$(BIN)/python -m tests.transcripts

clean:
	rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .pytest_cache

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "mailtutor needs Python 3.11 or newer: install it, or name it: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "this Python has no venv: install it (on Debian and Ubuntu: apt install python3-venv)"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/ready: $(VENV)/python pyproject.toml
	@echo "Preparing $(VENV) (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/ready-dev: $(VENV)/python pyproject.toml tests/requirements.txt
	@echo "Preparing $(VENV) for development (once, about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt --editable .
	@touch $@ $(VENV)/ready
