# The verbs of this project. Each works in .venv, which the first one sets up.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export CARGO_TERM_QUIET ?= true

.PHONY: help setup demo test check fix bench fuzz sanitize integration conformance endurance docs clean

help:  ## this list
	@awk -F':.*## ' '/^[a-z]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready  ## the virtual environment with the program and the compiled engine in it

.venv/packages: requirements/dev.txt tools/prerequisites.sh
	@tools/prerequisites.sh
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing Python packages (a minute the first time)"
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@

.venv/ready: .venv/packages Cargo.toml Cargo.lock pyproject.toml $(shell find crates -name '*.rs' -o -name Cargo.toml)
	@echo "compiling the engine (two minutes the first time)"
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/maturin develop --release >.venv/engine.log 2>&1 \
	  || { cat .venv/engine.log; exit 1; }
	@$(BIN)/python -m compileall -q src/understudy # as an installation from a package does
	@touch $@

demo: setup  ## the main job, shown on loopback
	@$(BIN)/understudy demo

test: setup  ## everything that needs no root and no other server
	@cargo test --workspace --exclude understudy-py --quiet
	@$(BIN)/python -m pytest -n auto --dist loadfile -q

conformance: setup  ## the engine against the reference answerer (WORLDS=5000 sets of zones unless told) and other servers, at length
	@tools/peers.sh
	@$(if $(WORLDS),,echo "about twenty minutes, most of it silent; with WORLDS=400 about six")
	@CONFORMANCE_WORLDS=$(or $(WORLDS),5000) $(BIN)/python -m pytest tests/property/test_answer_laws.py -q
	@UNDERSTUDY_CONFORMANCE=long $(BIN)/python -m pytest tests/integration/test_side_by_side.py -q --override-ini addopts="--strict-markers --import-mode=importlib -ra"

endurance: setup  ## servers that are killed, or lose their power, at any instant while zones change and are copied, ROUNDS=200 times each
	@tools/peers.sh
	@echo "about a quarter of an hour"
	@UNDERSTUDY_KILLS=$(or $(ROUNDS),200) $(BIN)/python -m pytest tests/integration/test_kills.py tests/integration/test_power_loss.py -q --override-ini addopts="--strict-markers --import-mode=importlib -ra"

integration: setup  ## real servers, real peers and valgrind, installed from Debian's packages
	@tools/peers.sh
	@$(BIN)/python -m pytest tests/integration -q --override-ini addopts="--strict-markers --import-mode=importlib -ra"
	@tools/sanitize.sh memory

check: setup  ## lint, types, layers, formatting, house style, a few seconds of fuzzing
	@$(BIN)/python -m pytest tests/style -q
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo 2>/dev/null || $(BIN)/lint-imports
	@cargo fmt --all --check
	@cargo clippy --workspace --all-targets --quiet -- -D warnings
	@cd fuzz && cargo fmt --check && cargo clippy --lib --no-default-features --quiet -- -D warnings
	@tools/fuzz.sh short

fix: setup  ## what can be mended by itself
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@cargo fmt --all

bench: setup  ## speed, as ratios and distributions; writes build/bench; CASES="names million" for a part of the first
	@mkdir -p build/bench
	@$(if $(CASES),,echo "everything takes about fifty minutes; leave the machine alone meanwhile")
	@cargo build --release -p understudy-load
	@$(BIN)/python -m benchmarks.answering $(if $(CASES),--cases $(CASES))
ifeq ($(CASES),)
	@cargo build --release -p understudy-engine --example publish
	@$(BIN)/python -m benchmarks.publishing
	@$(BIN)/python -m benchmarks.scaling
	@$(BIN)/python -m benchmarks.starting
	@$(BIN)/python -m benchmarks.transferring
	@$(BIN)/python -m benchmarks.following
	@$(BIN)/python -m benchmarks.many_zones
	@$(BIN)/python -m benchmarks.instructions
	@$(BIN)/python -m benchmarks.failover_time
	@$(BIN)/python -m benchmarks.ten_thousand
	@$(BIN)/python benchmarks/schedule_rate.py
	@$(BIN)/python benchmarks/probe_rate.py
endif

fuzz:  ## look for an input that breaks the engine, FUZZ_SECONDS for each target (600)
	@tools/fuzz.sh $(or $(FUZZ_SECONDS),600)

sanitize:  ## the engine's own tests under checkers of memory, addresses and threads
	@tools/sanitize.sh

docs: setup  ## what is made from the program: the schema for editors, the tables of docs/configure.md, docs/rfc-coverage.md and docs/peers.md
	@$(BIN)/python -m understudy.config.schema > docs/understudy.schema.json
	@$(BIN)/python tools/configure_page.py
	@$(BIN)/python tools/rfc_coverage.py
	@$(BIN)/python tools/peers_page.py

clean:  ## everything that was made
	rm -rf .venv target fuzz/target fuzz/corpus fuzz/artifacts build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
