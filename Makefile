# Everything a person or CI runs. `make run` and `make test` need Python >= 3.11, make and git; nothing else.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
BIN := .venv/bin

# Images of Python set it, and then everything that a test starts compiles all of its imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: dashboard dashboard-test screenshots lint-dashboard help run test test-unit test-long compose-test lint lint-style lint-types lint-imports lint-contract \
	lint-enums lint-words lint-documents lint-buf bench bench-peers-setup outcomes bench-schema contracts reference lock setup

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

run: setup  ## start the mesh in the foreground
	@$(BIN)/ganglion up

setup: .venv/.ready dashboard  ## make .venv with the `ganglion` command in it, and mission control's pages

.venv/.ready: requirements.lock pyproject.toml
	@echo "setting up .venv (about a minute the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Ganglion needs Python 3.11 or newer; say which with `make PYTHON=python3.11 …`")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --disable-pip-version-check --require-hashes --requirement requirements.lock | \
		awk -v all=$$(grep -c == requirements.lock) '/^Collecting/ && ++n % 10 == 0 { print "  " n " of " all " packages"; fflush() } \
			/^Installing/ { print "  installing them"; fflush() }'
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The pages of mission control. Their types are made of its OpenAPI document, so a route that is no longer as they have it fails
# the build. Node from PyPI if there is none, or an old one.
PAGES := mission_control/dashboard
PAGE_SOURCES := $(shell find $(PAGES)/src $(PAGES)/*.* -type f ! -name schema.ts ! -name README.md 2>/dev/null)

dashboard: $(PAGES)/dist/index.html  ## build mission control's pages, if they changed

$(PAGES)/dist/index.html: $(PAGE_SOURCES) $(PAGES)/.build/openapi.json
	@echo "building the dashboard (a minute the first time)"
	@$(BIN)/python $(PAGES)/build.py build
	@touch $@

# It keeps its time if it says the same: the mark beside it says when it was last looked at.
$(PAGES)/.build/openapi.json: $(PAGES)/.build/.looked ;

$(PAGES)/.build/.looked: .venv/.ready $(wildcard mission_control/api/*.py mission_control/api/routes/*.py operations/queries/*.py)
	@$(BIN)/python -m mission_control.openapi $(PAGES)/.build/openapi.json
	@touch $@

dashboard-test: setup  ## the dashboard as a person uses it, in a browser on a real mesh (needs chromium)
	@$(BIN)/pytest -m browser --timeout 3600 tests/dashboard

screenshots: setup  ## pictures of every page, light and dark, 1280 px and phone, empty and full, into .screenshots/ (needs chromium)
	@$(BIN)/python -m tests.dashboard.screenshots

# Each step fails by itself; tests/lint breaks what each one holds and sees it fail.
lint: lint-style lint-types lint-imports lint-contract lint-enums lint-words lint-documents lint-buf lint-dashboard  ## style, types, import rules, contract, words

lint-style: .venv/.ready
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .

lint-types: .venv/.ready
	@$(BIN)/mypy

lint-imports: .venv/.ready
	@told=$$($(BIN)/lint-imports) || { echo "$$told"; exit 1; }

lint-contract: .venv/.ready
	@$(BIN)/python -m lint.contract_breakage
	@$(BIN)/python contracts/generate.py --check

lint-buf:
	@if command -v npx >/dev/null; then contracts/buf; else echo "buf: skipped, no Node here"; fi

lint-dashboard: dashboard
	@$(BIN)/python $(PAGES)/build.py check
	@$(BIN)/python -m lint.first_load

lint-enums: .venv/.ready
	@$(BIN)/python -m lint.copied_enums

lint-words: .venv/.ready
	@$(BIN)/python -m lint.refused_words

lint-documents: .venv/.ready
	@$(BIN)/python -m lint.cited_documents

# Most of a test is waiting for real servers: two at once for each processor, and what is left over is shared out.
TESTS_AT_ONCE ?= $(shell expr 2 '*' $$(nproc))

test: setup  ## every check and every test but the long ones
	@$(MAKE) --no-print-directory --jobs $$(nproc) lint
	@$(BIN)/pytest -m "not long and not compose and not browser" --numprocesses $(TESTS_AT_ONCE) --dist worksteal

test-unit: .venv/.ready  ## the tests that start no server (half a minute)
	@$(BIN)/pytest -m "unit and not heavy and not long" --numprocesses $$(nproc) --dist worksteal

test-long: setup  ## the long ones: fuzzing, faults under load
	@$(BIN)/pytest -m long --timeout 900

compose-test: setup  ## docker-compose.yml: build, tour, kill each container, conservation, tear down (needs Docker)
	@$(BIN)/pytest -m compose --timeout 1800 tests/compose

bench: setup  ## measure speed and memory, as ratios within one run
	@$(BIN)/python -m bench

bench-peers-setup:  ## install whom `python -m bench --only tasks` and `make outcomes` compare with, apart from .venv
	@command -v redis-server >/dev/null || echo "redis-server is missing: apt-get install redis-server"
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || echo "postgresql is missing: apt-get install postgresql"
	@$(PYTHON) -m venv bench/peers/.venv
	@bench/peers/.venv/bin/pip install --quiet --disable-pip-version-check --requirement bench/peers/requirements.txt

outcomes: setup  ## stage what can happen to a task, here and in others; writes docs/outcomes.md (12 minutes)
	@$(BIN)/python -m bench.outcomes --write docs/outcomes.md

bench-schema: setup  ## compare layouts of swarm.events on ten million rows
	@$(BIN)/python bench/clickhouse_schema.py

# Not by `setup`: the pages are typed by the interface, which the code that is made here has to come before.
contracts: .venv/.ready  ## generate code from the .proto files
	@$(BIN)/python -m lint.contract_breakage --write
	@$(BIN)/python contracts/generate.py

reference: .venv/.ready  ## generate docs/reference from the code
	@$(BIN)/python docs/generate.py

LOCKING := --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url

lock: setup  ## resolve the dependencies anew, with hashes
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile $(LOCKING) --upgrade --extra mesh --extra dev pyproject.toml --output-file requirements.lock
	@$(BIN)/uv pip compile $(LOCKING) --upgrade --constraint requirements.lock --extra mesh pyproject.toml --output-file infra/docker/runtime.lock
	@echo hatchling | $(BIN)/uv pip compile $(LOCKING) --upgrade --constraint requirements.lock - --output-file infra/docker/build.lock
