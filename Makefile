# `make` says what there is.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
FUZZ := --manifest-path fuzz/Cargo.toml
PAGE := docs/benchmarks.md
MORTAL := tokenmint-with-kill-points
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
test: postgresql cargo-fuzz peers tests/node_modules/.package-lock.json $(if $(filter 1,$(TOKENMINT_TEST_SKIP_PEERS)),,$(PYTHON)) ## Run every test, on SQLite and on PostgreSQL
	$(call part,Rust: units$(comma) properties$(comma) the store on both databases,cargo test --workspace)
	$(call part,kept fuzz inputs,cargo test -q $(FUZZ) -p targets --target-dir "$(TARGET)")
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=$(or $(FUZZ_SECONDS),60)
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
	$(call part,faults: the program with kill points,cargo build -p server --features kill-points --bin $(MORTAL))
	$(call part,faults: the short form of every row,cargo run -q -p faults -- run --binary "$(TARGET)/debug/tokenmint")

# Two targets at a time. Without sanitizers, which have nothing to find where `unsafe` is forbidden.
.PHONY: fuzz
fuzz: cargo-fuzz ## Look for bytes that break a promise, an hour for each target (FUZZ_SECONDS=60, FUZZ_TARGETS="jws form")
	@fuzz/run $(or $(FUZZ_SECONDS),3600) $(FUZZ_TARGETS)

.PHONY: bench
bench: postgresql ## Measure cost, speed, memory and starts, and rewrite the tables of docs/benchmarks.md
	cargo build --release -p server -p bench
	cargo build --release -p service --example multiply
	@for part in run es256 assertions introspection scale nodes; do \
		echo "--- bench $$part"; \
		"$(TARGET)/release/bench" $$part --binary "$(TARGET)/release/tokenmint" \
			--multiply "$(TARGET)/release/examples/multiply" --write $(PAGE) || exit 1; \
	done
	cargo bench -q -p service --bench introspection | "$(TARGET)/release/bench" paste introspect $(PAGE)
	cargo bench -q -p engine --bench decide | "$(TARGET)/release/bench" paste decide $(PAGE)
	cargo bench -q -p el --bench language | "$(TARGET)/release/bench" paste language $(PAGE)

# An hour and more. `ROWS="2 20"` makes some of them.
.PHONY: faults
faults: postgresql ## Do everything that docs/reliability.md promises to survive, at length, and rewrite its table
	cargo build --release -p server -p faults
	cargo build --release -p server --features kill-points --bin $(MORTAL)
	"$(TARGET)/release/faults" run $(ROWS) --long --binary "$(TARGET)/release/tokenmint" --write docs/reliability.md

.PHONY: lint
lint: ## Check the format, the lints, the rules of the house and what comes in from outside
	$(call part,format,cargo fmt --check && cargo fmt $(FUZZ) --all --check)
	$(call part,lints,cargo clippy --workspace --all-targets -- -D warnings)
	$(call part,lints of the fuzz targets,cargo clippy $(FUZZ) -p targets --all-targets --target-dir "$(TARGET)" -- -D warnings)
	$(call part,lints of the kill points,cargo clippy -p server -p store --features server/kill-points -- -D warnings)
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

# Without it the kept inputs are replayed all the same, and `fuzz/run` says what is skipped.
.PHONY: cargo-fuzz
cargo-fuzz:
	@if ! command -v cargo-fuzz >/dev/null && [ ! -x "$(TARGET)/tools/bin/cargo-fuzz" ]; then \
		echo "--- cargo-fuzz is missing: installing it into target/tools"; \
		cargo install -q --locked --version 0.13.2 --root "$(TARGET)/tools" cargo-fuzz \
			|| echo "--- cargo-fuzz could not be installed"; \
	fi

.PHONY: postgresql peers
postgresql peers:
	@tests/harness/machine.sh $@

# Okta's verifier for Python, in an environment of its own; only what the hashes name.
$(PYTHON): tests/clients/python/requirements.txt | peers
	python3 -m venv --clear tests/.venv
	tests/.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@cp $< $@
