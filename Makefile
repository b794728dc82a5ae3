# `make` says what there is.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
PAGE := docs/benchmarks.md
PYTHON := tests/.venv/requirements.txt

# Runs one part, says how it ended, and stops there if it failed.
part = @echo "--- $(1)"; if $(2); then echo "--- $(1): passed"; else echo "--- $(1): FAILED"; exit 1; fi

.PHONY: help
help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# Not optimized: it is built soonest, and one token does not show the difference.
.PHONY: run
run: ## Build and serve on http://localhost:8080 with data in ./.data (ARGS="--listen 127.0.0.1:9000" for others)
	@cargo build --bin tokenmint
	@exec "$(TARGET)/debug/tokenmint" serve --data ./.data $(ARGS)

.PHONY: test
test: postgresql peers tests/node_modules/.package-lock.json $(if $(filter 1,$(TOKENMINT_TEST_SKIP_PEERS)),,$(PYTHON)) ## Run every test, on SQLite and on PostgreSQL
	$(call part,Rust: units$(comma) properties$(comma) the store on both databases,cargo test --workspace)
	$(call part,the server,cargo build -p server)
ifeq ($(TOKENMINT_TEST_SKIP_PEERS),1)
	@echo "--- Python, Apache and HAProxy as resource servers: SKIPPED, because TOKENMINT_TEST_SKIP_PEERS=1"
endif
	$(call part,black box on the embedded store,(cd tests && TOKENMINT_BINARY="$(TARGET)/debug/tokenmint" npm test))
ifeq ($(TOKENMINT_TEST_SKIP_POSTGRES),1)
	@echo "--- black box on PostgreSQL: SKIPPED, because TOKENMINT_TEST_SKIP_POSTGRES=1"
else
	$(call part,black box on PostgreSQL,(cd tests && TOKENMINT_BINARY="$(TARGET)/debug/tokenmint" npm run test:postgres))
endif

.PHONY: bench
bench: ## Measure the mint against the floor and rewrite the tables of docs/benchmarks.md
	cargo build --release -p server -p bench
	"$(TARGET)/release/bench" run --binary "$(TARGET)/release/tokenmint" --write $(PAGE)
	cargo bench -q -p engine | "$(TARGET)/release/bench" paste decide $(PAGE)

.PHONY: lint
lint: ## Check the format, the lints, the rules of the house and what comes in from outside
	$(call part,format,cargo fmt --check)
	$(call part,lints,cargo clippy --workspace --all-targets -- -D warnings)
	$(call part,tidy,cargo run -q -p xtask -- tidy)
	@if ! command -v cargo-deny >/dev/null; then \
		echo "--- dependencies: SKIPPED, because cargo-deny is not installed"; \
	elif ! cargo deny check bans licenses sources; then \
		echo "--- dependencies: FAILED"; exit 1; \
	elif ! cargo deny fetch db 2>/dev/null; then \
		echo "--- dependencies: passed, but advisories were SKIPPED, because their database cannot be fetched"; \
	elif ! cargo deny check --disable-fetch advisories; then \
		echo "--- advisories: FAILED"; exit 1; \
	else \
		echo "--- dependencies: passed"; \
	fi

comma := ,

# What the tests need and a machine may lack.
tests/node_modules/.package-lock.json: tests/package.json tests/package-lock.json
	@command -v npm >/dev/null || { echo "--- Node.js is missing: install version 20 or later with npm"; exit 1; }
	cd tests && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

.PHONY: postgresql peers
postgresql peers:
	@tests/harness/machine.sh $@

# Okta's verifier for Python, in an environment of its own; only what the hashes name.
$(PYTHON): tests/clients/python/requirements.txt | peers
	python3 -m venv --clear tests/.venv
	tests/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@cp $< $@
