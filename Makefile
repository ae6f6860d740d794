# Tuban: every target works without make too, see `tuban --help`.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CONFIG ?= data/demo/campaign.toml
ONLY ?=
WORKERS ?=
BENCH ?=
TUBAN := $(BIN)/tuban
WISH = $(foreach code,$(ONLY),--only $(code)) $(if $(WORKERS),--workers $(WORKERS))
STAGES := ingest clip render export collect report

.PHONY: help setup demo run $(STAGES) status settings nightly test test-all check lint bench lock qgis-check clean

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/  make \1\t/' | expand -t 20
	echo "  stages: make $(STAGES)   with CONFIG=path/campaign.toml [ONLY=320102] [WORKERS=2]"

$(VENV)/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 …"; exit 2; }
	[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV) || { echo "python3-venv is missing: apt install python3-venv"; exit 2; }
	echo "installing into $(VENV) (once, about half a minute)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/ready-dev: $(VENV)/ready requirements-dev.lock
	@echo "installing what tests need"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	touch $@

setup: $(VENV)/ready ## the virtual environment, from the lock

demo: $(VENV)/ready ## a synthetic province, every stage run on it
	@$(TUBAN) demo data/demo
	$(TUBAN) run data/demo/campaign.toml $(WISH) || [ $$? = 3 ]

run: $(VENV)/ready ## all stages on CONFIG; what is fresh is skipped
	@$(TUBAN) run "$(CONFIG)" $(WISH)

$(STAGES): $(VENV)/ready
	@$(TUBAN) $@ "$(CONFIG)" $(WISH)

status: $(VENV)/ready ## what stands where, per county
	@$(TUBAN) status "$(CONFIG)"

settings: $(VENV)/ready ## the configuration in force
	@$(TUBAN) settings "$(CONFIG)"

nightly: $(VENV)/ready ## a run for the night: lock, log, exit code, a summary fit for mail
	@scripts/nightly.sh "$(CONFIG)" $(WISH)

test: $(VENV)/ready-dev ## the tests, from nothing
	@$(BIN)/python -m pytest -m "not slow" -n auto

test-all: $(VENV)/ready-dev ## the slow ones too
	@$(BIN)/python -m pytest -n auto

lint: $(VENV)/ready-dev
	@$(BIN)/ruff check pipeline tests scripts
	$(BIN)/ruff format --check pipeline tests scripts
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test ## what CI runs, and the linters

bench: $(VENV)/ready-dev ## measurements, side by side (BENCH=sheets for one)
	@$(BIN)/python -m tests.bench $(BENCH)

qgis-check: ## open the projects of CONFIG in the QGIS of this machine
	@/usr/bin/python3 scripts/qgis_check.py "$$(dirname "$(CONFIG)")"/out/*.qgz "$$(dirname "$(CONFIG)")"/out/counties/*/*.qgz

lock: ## both lock files anew (needs uv)
	@uv pip compile pyproject.toml --group build --universal --generate-hashes --no-annotate --no-header -q -o requirements.lock
	uv pip compile pyproject.toml --group build --group dev --universal --generate-hashes --no-annotate --no-header -q -o requirements-dev.lock

clean: ## what was made here, not what was received
	@rm -rf data/demo $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
