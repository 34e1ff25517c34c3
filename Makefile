# Every target sets up what it needs. Nothing here asks for root.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --no-compile --disable-pip-version-check
ONLY ?=
# one more than cores: many tests wait for programs they started
WORKERS := $(shell echo $$(( $$(nproc) + 1 )))
# tests write and sync a lot: into memory, where there is enough of it
TEMPORARY := $(shell df --output=avail /dev/shm 2>/dev/null | awk 'END { if ($$1 > 6000000) print "PYTEST_DEBUG_TEMPROOT=/dev/shm" }')

.DEFAULT_GOAL := help
.PHONY: help setup demo test check lint types docs lock ui app cluster cluster-down bench scripts clean

help:  ## say what can be done
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

# the stamp holds until the dependencies change
$(VENV)/.installed: pyproject.toml requirements/dev.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) (about a minute the first time) …"
	@$(PIP) --require-hashes --no-deps -r requirements/dev.txt
	@$(PIP) --no-deps -e .
	@touch $@

setup: $(VENV)/.installed  ## make .venv and install everything into it

demo: setup  ## documents → SQL with the embedded engine, no key needed
	@$(BIN)/qwenocr demo

test: setup  ## the whole test suite
	@$(TEMPORARY) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --durations=15

check: lint types test  ## lint, types and tests: what CI runs

lint: setup  ## ruff: style and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: setup  ## mypy, strict
	@$(BIN)/mypy

docs: setup  ## write generated texts anew: settings, rooms, data dictionary, dbt's sources, NOTICE
	@$(BIN)/python -m docs.generate

lock:  ## resolve pyproject.toml anew into requirements/*.txt
	@PYTHON=$(PYTHON) deploy/lock.sh --upgrade

ui: setup  ## Dagster's UI on http://127.0.0.1:3000
	@$(BIN)/qwenocr ui

app: setup  ## a page to drop files on and to correct values, on http://127.0.0.1:8080
	@$(BIN)/qwenocr app

cluster: setup  ## a whole cluster on this machine to look at: bucket, Postgres, broker, Dagster, three workers
	@$(BIN)/python -m deploy.local_cluster up

cluster-down:  ## end it and remove what it wrote
	@$(BIN)/python -m deploy.local_cluster down

bench: setup  ## measurements; ONLY=engine for one part
	@$(BIN)/python -m bench $(ONLY)

scripts: setup  ## let the embedded engine read Cyrillic, Arabic, Korean and Vietnamese
	@$(PIP) --require-hashes --no-deps -r requirements/scripts.txt
	@sh deploy/tessdata.sh

clean:  ## remove .venv and everything the pipeline made (not data/samples, data/inbox, ledger.db, or what people corrected)
	rm -rf $(VENV) .dagster .mypy_cache .ruff_cache .pytest_cache
	rm -rf data/batches data/pages data/pictures data/reports data/previews data/responses data/.working data/warehouse.duckdb data/inbox.db*
	@test ! -d data/tables || find data/tables -mindepth 1 -maxdepth 1 ! -name corrections -exec rm -rf {} +
