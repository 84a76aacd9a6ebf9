# Everything a person or CI runs. `make run` and `make test` need Python >= 3.11, make and git; nothing else.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test setup

run: setup  ## start the mesh in the foreground
	@$(BIN)/ganglion up

setup: .venv/.ready  ## the virtual environment with the `ganglion` command in it

.venv/.ready: requirements.lock pyproject.toml
	@echo "setting up .venv (first time about a minute)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

test: setup  ## every check and every test
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/pytest
