# make run: build everything and open the window. make test: everything that must pass.
# make bench: speed, as ratios. make soak: long proofs.

SHELL := /bin/bash
WORKSPACE ?= $(HOME)/Bakeoff
TARGET := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/release/bakeoff
DEBUG := $(TARGET)/debug/bakeoff

.PHONY: run test test-rust test-ui test-window format lint bench soak bless clean

run: .ci/packages.window ui/dist/index.html
	cargo build --release --features desktop
	@$(RELEASE) init "$(WORKSPACE)" >/dev/null
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname -s)" = Darwin ]; then \
	  exec $(RELEASE) -C "$(WORKSPACE)"; \
	else \
	  echo "There is no display: running the starter campaign here instead." >&2; \
	  exec $(RELEASE) -C "$(WORKSPACE)" run tickets --report "$(WORKSPACE)/report"; \
	fi

test: lint test-rust test-ui test-window
	@echo "make test: everything passed"

lint: .ci/packages.test ui/dist/index.html
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features ipc-test -- -D warnings

test-rust: .ci/packages.test ui/dist/index.html
	cargo test --workspace --features ipc-test
	@if [ -n "$$(git status --porcelain -- ui/src/lib/bindings)" ]; then \
	  git --no-pager diff -- ui/src/lib/bindings; \
	  echo "The TypeScript types differ from the Rust ones: commit ui/src/lib/bindings." >&2; exit 1; fi

test-ui: ui/node_modules/.package-lock.json
	cd ui && npm run --silent check && npm run --silent lint && npm run --silent test

test-window: .ci/packages.test ui/dist/index.html
	cargo build --features ipc-test
	node --test --test-concurrency=1 tests/e2e/*.test.mjs

bench: .ci/packages.window ui/dist/index.html
	cargo build --release --features desktop
	cargo run --release -p bakeoff-bench

soak: .ci/packages.test
	BAKEOFF_SOAK=1 cargo test --test it -- crash

# Writes generated files (schemas, snapshots, TypeScript types) anew.
bless:
	BAKEOFF_BLESS=1 cargo test --workspace

.ci/packages.%:
	@.ci/toolchain
	@.ci/packages $*

.PHONY: .ci/packages.window .ci/packages.test

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	@.ci/toolchain
	cd ui && npm ci --no-audit --no-fund

ui/dist/index.html: ui/node_modules/.package-lock.json $(shell find ui/src ui/index.html ui/vite.config.ts -type f 2>/dev/null)
	cd ui && npm run --silent build

clean:
	cargo clean
	rm -rf ui/dist ui/node_modules
