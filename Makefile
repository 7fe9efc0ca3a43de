# All work on the project, for people and for CI. `make help` lists the targets.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

BIN := .venv/bin
RUNTIME := .venv/.installed-runtime
DEV := .venv/.installed-dev
INPUTS := pyproject.toml requirements-dev.txt scripts/venv.sh
JOBS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=

.PHONY: help setup generate check test test-newest test-go lab lab-short lint fmt type mutate bench docs golden preview recording clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(RUNTIME): $(INPUTS)
	@scripts/venv.sh runtime

$(DEV): $(INPUTS)
	@scripts/venv.sh dev

setup: $(DEV) ## Create .venv with the package (editable) and the development tools

generate: $(RUNTIME) ## Write rules, tests, routes, dashboards and runbooks; needs no configuration
	@$(BIN)/asynq-mon generate

check: $(RUNTIME) ## Fail if a generated file is missing, stale or orphaned
	@$(BIN)/asynq-mon generate --check

test: $(DEV) ## All checks that need no Go: lint, types, layers, drift, tests with coverage, promtool and amtool
	@scripts/ensure_tools.sh
	@$(MAKE) lint type check
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "not go and not lab and not servers" --cov --cov-report=term $(PYTEST_ARGS)

test-newest: $(DEV) ## Outputs and history again with the newest Prometheus and amtool, and VictoriaMetrics (needs Go; cached in .tools)
	@scripts/debian.sh 'a Prometheus beside the newest is' prometheus=prometheus setpriv=util-linux
	@scripts/newest.sh
	PROMETHEUS=$(CURDIR)/.tools/bin/prometheus PROMTOOL=$(CURDIR)/.tools/bin/promtool \
		AMTOOL=$(CURDIR)/.tools/bin/amtool \
		$(BIN)/pytest -n $(JOBS) --dist worksteal -m "outputs or engine or servers" $(PYTEST_ARGS)

test-go: $(DEV) ## The generated Go, the metric contract and the lab itself, against a real asynq and Redis (needs Go)
	@scripts/ensure_lab.sh
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m "go or lab" $(PYTEST_ARGS)

lab: $(DEV) ## Break a real asynq in every way and write docs/detection.md (needs Go; about an hour)
	@scripts/ensure_lab.sh
	$(BIN)/python -m lab run

lab-short: $(DEV) ## The same with a few scenarios, in less than 8 minutes; writes nothing
	@scripts/ensure_lab.sh
	$(BIN)/python -m lab run --suite short --jobs 5 --no-write

lint: $(DEV) ## Check style, formatting and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

fmt: $(DEV) ## Format the code and sort the imports
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

type: $(DEV) ## Check the types
	$(BIN)/mypy

mutate: $(DEV) ## Break the generated rules one place at a time and count what their tests notice
	@scripts/ensure_tools.sh
	$(BIN)/python -m mutation

bench: $(DEV) ## Measure generation, evaluation and dashboards beside others (BENCH_ARGS=--write: docs/performance.md; needs Go)
	@scripts/ensure_tools.sh
	$(BIN)/python -m bench $(BENCH_ARGS)

docs: $(DEV) ## Rewrite the pages and tables that are made from the code
	$(BIN)/python scripts/docs.py

golden: $(DEV) ## Rewrite the expected outputs of the tests, then compare with them
	-UPDATE_GOLDEN=1 $(BIN)/pytest -q -k golden
	$(BIN)/pytest -q -k golden

preview: $(DEV) ## Draw the dashboards over the demo recording: pages in build/preview, the README's pictures in docs/images
	@scripts/ensure_tools.sh
	@scripts/pictures.sh

recording: $(DEV) ## Write the demo recording of `asynq-mon preview` from its story
	$(BIN)/python scripts/recording

clean: ## Remove everything that the other targets can make again, .venv and .tools included
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage coverage.xml \
		dist build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
