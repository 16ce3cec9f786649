# Each target sets up what it needs; a second run starts at once. `make help` lists them.
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
SETUP := $(PYTHON) scripts/setup.py
FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help setup demo test check format bench fuzz docs lock clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## */\1\t/' | expand -t 10

setup:  ## virtual environment, Node and CDK CLI, all locked
	@$(SETUP)

demo: setup  ## deploy the reference system to a local AWS and drive it
	@python -m demo

test: setup  ## run all tests
	@$(SETUP) checkov chromium postgresql redis
	@pytest -n 2 --dist loadfile

check: setup  ## format, lint, types, import contracts
	@ruff format --check .
	@ruff check .
	@mypy
	@lint-imports --no-cache

format: setup  ## put the code into shape
	@ruff format .
	@ruff check --fix .

bench: setup  ## print the published figures, each with its peer
	@$(SETUP) checkov serverless-rules solutions-constructs postgresql redis
	@python -m bench

fuzz: setup  ## look for inputs that break reading, resolving or judging, for FUZZ_SECONDS (600)
	@$(SETUP) fuzz
	@mkdir -p .fuzz
	@.venv-fuzz/bin/python -m fuzz .fuzz -artifact_prefix=.fuzz/ -max_total_time=$(FUZZ_SECONDS)

docs: setup  ## write the pages of the rules
	@constructs-lib rules --write docs/rules

lock: setup  ## renew the lock files
	@sh scripts/lock.sh

clean:  ## remove everything that the targets made
	rm -rf .venv .venv-* .fuzz node_modules cdk.out dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
