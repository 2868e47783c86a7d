# `make run` and `make test` need Python 3.11 and git; everything else they set up themselves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: run test bench lint docs clean servers

run: $(READY)
	$(BIN)/rainproof run group_grab --backend embedded --people 600 --packets 60 --seed 7

test: $(READY) servers lint
	$(BIN)/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python ci/make_docs.py --check

docs: $(READY)
	$(BIN)/python ci/make_docs.py

bench: $(READY) servers
	$(BIN)/rainproof bench hot-packet
	$(BIN)/rainproof bench hot-packet --http

servers:
	ci/install_servers

clean:
	rm -rf $(VENV) build runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

$(READY): pyproject.toml ci/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint ci/constraints.txt --editable '.[dev,prove]'
	touch $@
