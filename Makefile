# Two commands do everything: `make run` and `make test`. The others are parts of them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# Compiled dependencies are shared between checkouts when nothing else is asked for.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/watchfloor/target
BIN := $(CARGO_TARGET_DIR)/debug/watchfloor
DATA := $(CURDIR)/.demo
SOAK_SECONDS ?= 1800
SOAK_SEED ?= 1
FUZZ_SECONDS ?= 1800
FUZZ_SLICE_SECONDS ?= 20

.PHONY: help run test test-rust test-ui test-python test-rsyslog e2e lint ui test-fuzz soak fuzz bench tools api clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: tools ui ## Build everything and start the server with the sample intrusion
	@echo "building the server (the first time takes 10 to 20 minutes on two cores)"
	cargo build -p cli
	$(BIN) serve --demo --data-dir $(DATA)

test: tools lint test-ui test-rust test-fuzz e2e ## Run every check and test, browser tests included

tools: ## Check that compilers and Node are there
	@scripts/check-tools

ui: ui/dist/index.html ## Build the web workbench

ui/node_modules: ui/package-lock.json
	cd ui && npm ci --no-audit --no-fund
	@touch $@

ui/dist/index.html: ui/node_modules $(shell find ui/src ui/public ui/index.html ui/vite.config.ts -type f 2>/dev/null)
	cd ui && npm run build

test-ui: ui ## Type check, lint and unit tests of the workbench
	cd ui && npm run typecheck && npm run lint && npm test

lint: ui ## Formatting, clippy, licences and sources of dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	@scripts/deny

test-rust: ui test-python test-rsyslog ## Rust tests
	cargo test --workspace

test-fuzz: ## A slice of fuzzing (at most FUZZ_SLICE_SECONDS a target)
	scripts/fuzz all $(FUZZ_SLICE_SECONDS) $(SOAK_SEED) --slice

test-python: ## Python packages that tests read tables with
	@scripts/python-env

test-rsyslog: ## The rsyslog daemon that a test receives from
	@scripts/rsyslog

api: ui/node_modules ## Refresh the copy of the API's document and the types made from it
	new=$$(mktemp) && cargo run -q -p cli -- openapi >$$new && cp $$new ui/openapi.json && rm $$new
	cd ui && npm run --silent api

e2e: ui ## The workbench in headless Chromium against the real server
	cargo build -p cli
	scripts/e2e $(BIN)

soak: ui ## Long tests: crash loops, every seed, fuzzing, property tests (SOAK_SECONDS, SOAK_SEED)
	scripts/soak $(SOAK_SECONDS) $(SOAK_SEED)

fuzz: ## Coverage-guided fuzzing of the query language (FUZZ_SECONDS, SOAK_SEED)
	scripts/fuzz all $(FUZZ_SECONDS) $(SOAK_SEED)

bench: ui ## Measure ingest, queries and start (release build; BENCH="--only http ...")
	scripts/bench $(BENCH)

clean: ## Remove what was built here
	rm -rf ui/dist ui/node_modules $(DATA)
	cargo clean
