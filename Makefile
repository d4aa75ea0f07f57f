# `make demo` and `make test` are all a newcomer needs: each makes its environment first, from the lock file.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
COMPILED := .venv-compiled
AUDIT := .venv-audit
INSTALLED := $(VENV)/.installed

.PHONY: help install compiled demo test check coverage thorough time soak fuzz bench measure audit lock clean
.DEFAULT_GOAL := help

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed 's/:.*## /\t/' | expand -t 14

install: $(INSTALLED) ## the environment in .venv, exactly as the lock file says

$(INSTALLED): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' \
	  || { echo "Stagewatch needs Python 3.11 to 3.13; say e.g. make PYTHON=python3.12 install" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

compiled: ## the same with its hot modules as machine code, in .venv-compiled; needs a C compiler, takes two minutes
	PYTHON=$(PYTHON) deploy/install.sh dependencies $(COMPILED)
	deploy/install.sh compiled $(COMPILED)

demo: $(INSTALLED) ## shoppers, a broker, a worker and their transitions, on this machine; Ctrl-C ends it
	@exec $(BIN)/stagewatch demo

test: $(INSTALLED) ## everything: laws, journeys, the embedded broker, and Apache Kafka where Java and Maven are
	$(BIN)/python -m pytest

check: $(INSTALLED) ## style and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

coverage: $(INSTALLED) ## complete branch coverage of schemas/ and journey/ by their own tests
	$(BIN)/coverage run -m pytest -q tests/schemas tests/journey
	$(BIN)/coverage report

thorough: $(INSTALLED) ## the laws with many more examples; takes the better part of an hour
	HYPOTHESIS_PROFILE=thorough $(BIN)/python -m pytest tests/schemas tests/journey

SEED := $(shell od -An -N4 -tu4 /dev/urandom | tr -d ' ')

# It runs for longer than a test may before its stack is dumped, and such a dump has ended it with a segmentation fault.
time: $(INSTALLED) ## the law of time over 10,000 histories, against the oracle; SEED=... plays the same again
	@echo "seed $(SEED): \`make time SEED=$(SEED)\` plays the same histories again"
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest --hypothesis-seed=$(SEED) -o faulthandler_timeout=0 \
	  tests/journey/test_against_the_naive_reading.py -k crashes

soak: $(INSTALLED) ## 200 faults amid 1,000,000 events, judged; needs Java and Maven, most of an hour; SEED=... plays the same again
	$(BIN)/python -m tests.faults.soak --seed $(SEED) --faults 200 --events 1000000 $(SOAK)

CASES := 10000000

fuzz: $(INSTALLED) ## bad input of every kind, ten million cases, the better part of an hour; SEED=..., CASES=..., OUT=file for the table
	$(BIN)/python -m tests.fuzz --seed $(SEED) --cases $(CASES) $(if $(OUT),--out $(OUT))

bench: $(INSTALLED) ## the worker against other engines on one Kafka, to benchmarks/RESULTS.md; needs Java and Maven, an hour
	$(BIN)/python -m benchmarks.table
	$(BIN)/python -m benchmarks.plot
	$(BIN)/python -m benchmarks.front

measure: $(INSTALLED) ## latency, silence, recovery, growth, to benchmarks/MEASURES.md and docs/; needs Java and Maven, forty minutes
	$(BIN)/python -m benchmarks.measure

# By hand and by a weekly job, and no part of what a change has to pass: what is found depends on the day, and the index
# may not answer. --strict: a package of which nothing could be learned is a failure too.
audit: ## known faults of what the lock files name, as the package index tells them
	$(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	for lock in requirements*.lock; do \
	  $(AUDIT)/bin/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r $$lock || exit 1; done

lock: ## the lock files anew, from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra rocksdb -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra compiled -o requirements-compiled.lock
	$(BIN)/uv pip compile pyproject.toml $(LOCK) --extra embedded --extra dev -o requirements-dev.lock

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"

clean: ## what was made here
	rm -rf $(VENV) $(COMPILED) $(AUDIT) .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage tests/kafka/target
