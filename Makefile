# `make run` and `make test` need Python 3.11 and git; everything else they set up themselves.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.PHONY: run test test-long trial bench lint docs clean tools

SCHEDULES ?= 100000
JOBS      ?= 2

run: $(READY)
	$(BIN)/rainproof run group_grab --backend embedded --people 600 --packets 60 --seed 7

test: $(READY) tools lint
	$(BIN)/python -m pytest -n 2 -m "not long"

# what plays nights against the clock and needs longer than ten seconds a test: a few minutes
test-long: $(READY) tools
	$(BIN)/python -m pytest -n 2 -m long

# the judge on trial, in full: about an hour; what came of it goes into docs/trial.json and TRACK_RECORD.md
trial: $(READY) tools
	$(BIN)/python ci/trial.py --schedules $(SCHEDULES) --jobs $(JOBS)
	$(BIN)/python ci/make_docs.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python ci/make_docs.py --check

docs: $(READY)
	$(BIN)/python ci/make_docs.py

bench: $(READY) tools
	ci/install peers
	$(BIN)/rainproof bench hot-packet
	$(BIN)/rainproof bench hot-packet --http
	$(BIN)/rainproof bench grab
	$(BIN)/rainproof bench live-total
	$(BIN)/rainproof bench sdk
	$(BIN)/rainproof bench simulate
	$(BIN)/rainproof bench token
	$(BIN)/rainproof bench checker
	$(BIN)/rainproof bench client
	$(BIN)/rainproof bench connections
	$(BIN)/rainproof bench open-model
	$(BIN)/rainproof bench herd

tools:
	ci/install servers tests

clean:
	rm -rf $(VENV) build runs .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

$(READY): pyproject.toml ci/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint ci/constraints.txt --editable '.[dev,prove]'
	touch $@
