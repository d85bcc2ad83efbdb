# make run: build everything and open the window.   make test: everything that must pass.
# make bench: speed, as ratios in one run.          make soak: long proofs.

SHELL := /bin/bash
WORKSPACE ?= $(HOME)/Bakeoff
RELEASE := $(or $(CARGO_TARGET_DIR),target)/release/bakeoff
UI_SOURCES := $(shell find ui/src ui/public ui/index.html ui/vite.config.ts -type f 2>/dev/null)

.PHONY: run test lint test-ui test-rust test-window bench bench-window soak bless clean packages-window packages-test

run: packages-window ui/dist/index.html
	cargo build --release -p bakeoff --features desktop
	@$(RELEASE) init "$(WORKSPACE)" >/dev/null
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname -s)" = Darwin ]; then \
	  exec $(RELEASE) -C "$(WORKSPACE)"; \
	else \
	  echo "There is no display: running the starter campaign here instead." >&2; \
	  exec $(RELEASE) -C "$(WORKSPACE)" run tickets --report "$(WORKSPACE)/report"; \
	fi

test: lint test-ui test-rust test-window
	@echo "make test: everything passed"

lint: packages-test ui/dist/index.html
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --features ipc-test -- -D warnings

test-ui: ui/node_modules/.package-lock.json
	cd ui && npm run --silent check && npm run --silent lint && npm run --silent test

# Docker subjects are tested where Docker answers and has the image. CI=true and BAKEOFF_TEST_DOCKER=1 install and start
# what is missing, and fail without it; a daemon that was started is ended, whatever the tests say.
test-rust: packages-test ui/dist/index.html
	@skipped=$$(tests/docker/ready) || exit 1; code=0; \
	  cargo test --workspace --features ipc-test || code=$$?; \
	  tests/docker/down; [ -z "$$skipped" ] || echo "Tests of Docker subjects: $$skipped" >&2; exit $$code
	@if [ -n "$$(git status --porcelain -- ui/src/lib/bindings)" ]; then \
	  git --no-pager diff -- ui/src/lib/bindings; \
	  echo "The TypeScript types differ from the Rust ones: commit ui/src/lib/bindings." >&2; exit 1; fi

# The journeys use the program that the Rust tests have built: the same features, so nothing is built twice.
test-window: packages-test ui/dist/index.html
	cargo build --features ipc-test
	node --test --test-concurrency=1 tests/e2e/*.test.mjs

# Without the window, so that it needs no system packages; -p twice, so that both commands build the same libraries.
bench:
	@.ci/toolchain
	cargo build --release -p bakeoff -p bakeoff-testkit --bins
	cargo bench -p bakeoff -p bakeoff-testkit --bench bench

# The window's start and its scrolling, in the release program with the window.
bench-window: packages-test ui/dist/index.html
	cargo build --release -p bakeoff --features desktop
	BAKEOFF_BINARY=$(RELEASE) node tests/bench/window.mjs

# Kills at many moments, and every fault of the oracle matrix on both kinds of subjects.
# The same features as `make test`, so nothing is built twice.
soak: packages-test
	@skipped=$$(tests/docker/ready) || exit 1; code=0; export BAKEOFF_SOAK=1; \
	  BAKEOFF_KILLS=100 cargo test --workspace --features ipc-test --test it --test processes -- crash kill --skip docker:: || code=$$?; \
	  cargo test --workspace --features ipc-test --test it -- --test-threads 1 docker:: || code=$$?; \
	  tests/docker/down; [ -z "$$skipped" ] || echo "Tests of Docker subjects: $$skipped" >&2; exit $$code

# Writes generated files (schemas, expected findings, TypeScript types) anew.
bless:
	BAKEOFF_BLESS=1 cargo test --workspace

packages-window packages-test:
	@.ci/toolchain
	@.ci/packages $(@:packages-%=%)

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	@.ci/toolchain
	cd ui && npm ci --no-audit --no-fund

ui/dist/index.html: ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run --silent build

clean:
	cargo clean
	rm -rf ui/dist ui/node_modules
