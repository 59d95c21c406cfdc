# Pylon: how it is built, run and tested. `make` lists the targets.
#
# What a target installs goes to .cache/ and node_modules/, both ignored by git; a fresh machine needs Go, Node, Python,
# make, and root or sudo for three Debian packages.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

LINT      := .cache/bin/golangci-lint-v2.15.0
PYTHON    := .cache/python
NODE      := test/peers/node
FUZZTIME  ?= 20s
BENCH     ?= .
TESTFLAGS ?= -timeout 20m
PKG       ?= ./...

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## leave the program in bin/pylon
	go build -trimpath -buildvcs=auto -ldflags='-s -w' -o bin/pylon ./cmd/pylon

.PHONY: demo
demo: build ## run a small simulated network on http://127.0.0.1:8080
	bin/pylon demo

# Nothing from the test cache: several tests build and run the program itself, which the cache does not see.
.PHONY: test
test: deps ## pass every test, installing what it needs (PKG chooses packages)
	go vet $(PKG)
	go test -json -vet=off -count=1 $(TESTFLAGS) $(PKG) | go run ./test/verdict

.PHONY: check
check: ## exactly what CI runs
	CI=true .ci/run

.PHONY: lint
lint: $(LINT) ## read the code with golangci-lint, without changing it
	GOLANGCI_LINT_CACHE=$(CURDIR)/.cache/golangci-lint $(LINT) run ./...

.PHONY: fmt
fmt: $(LINT) ## format the code
	$(LINT) fmt ./...

.PHONY: bench
bench: ## measure the parts (BENCH=regexp), then the whole server (BENCHFLAGS=-quick)
	go test -run '^$$' -bench '$(BENCH)' -benchmem $(PKG)
	go run ./test/bench $(BENCHFLAGS)

.PHONY: bench-money
bench-money: ## measure what makes bills, into docs/bench-money.md (BENCHFLAGS="-sessions 1000000"; -quick leaves the page alone)
	go run ./test/bench -money -out $(if $(findstring -quick,$(BENCHFLAGS)),/dev/null,docs/bench-money.md) $(BENCHFLAGS)

.PHONY: bench-power
bench-power: ## play every scenario of load management, into docs/bench-power.md (PYLON_SHARED: those of others)
	GOMAXPROCS=1 go run ./test/bench -power -out docs/bench-power.md

.PHONY: day
day: ## play a day of 500 simulated stations at 60 times the speed, everything going wrong (25 minutes; DAYFLAGS=-seed=2)
	go test -count=1 -v -timeout 60m ./test/day -args -long $(DAYFLAGS)

SEEDS ?= 1000
START ?= 1

.PHONY: sim
sim: ## simulate whole nodes against faults, SEEDS times from seed START (thousands a night; SIMFLAGS=-clocks=false)
	go test -count=1 -v -timeout 12h -run TestSeeds ./internal/app/simtest -args -once -seeds=$(SEEDS) -seed=$(START) $(SIMFLAGS)

.PHONY: soak
soak: deps ## break servers, disks, databases and links on purpose, for more than an hour (SOAKFLAGS="-seed=2 -only=kill"); then make soak-money
	go test -count=1 -v -timeout 180m ./test/soak -args -long $(SOAKFLAGS)
	$(MAKE) soak-money

.PHONY: soak-money
soak-money: deps ## kill the biller at every statement, and post 100,000 journals at once (CRASHFLAGS="-seed=2 -seeds=1000")
	go test -count=1 -v -timeout 180m ./test/crash -args -long $(CRASHFLAGS)
	go test -count=1 -v -timeout 60m -run 'TestProperty01' ./internal/store -args -operations=100000

.PHONY: hostile
hostile: deps ## attack the program for minutes, frames with the race detector on (HOSTILEFLAGS=-seed=2)
	go test -count=1 -v -timeout 60m -parallel 1 ./test/hostile -args -long $(HOSTILEFLAGS)

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME each
	test/scripts/fuzz $(FUZZTIME)

# Every package with a go:generate line is named here; the house rules check it.
.PHONY: generate
generate: ## write generated code and the OpenAPI document anew (PYLON_SHARED: the specifications)
	go generate ./internal/wire/ocpp16 ./internal/wire/ocpp201 ./internal/wire/ocpp21 ./internal/edge/rest

.PHONY: conformance
conformance: ## write docs/conformance from the names of the tests
	go run ./test/conformance

.PHONY: seal-migrations
seal-migrations: ## record the digests of new migrations, which may not change from then on
	go run ./test/tidy/seal

.PHONY: lock
lock: ## resolve the dependencies of the foreign stations anew
	python3 -m venv .cache/lock
	.cache/lock/bin/pip install --quiet pip-tools
	cd test/peers/python && PIP_FIND_LINKS= $(CURDIR)/.cache/lock/bin/pip-compile --quiet --upgrade --generate-hashes \
		--strip-extras --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --output-file requirements.txt requirements.in
	cd $(NODE) && npm update --package-lock-only

.PHONY: clean
clean: ## remove what was built and installed
	rm -rf bin .cache $(NODE)/node_modules

# What the tests need beyond Go: a tracer, a PostgreSQL server to start themselves, and stations that others wrote.
.PHONY: deps
deps: $(PYTHON)/.ready $(NODE)/node_modules/.ready
	command -v strace >/dev/null || test/scripts/debian-packages strace
	command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || test/scripts/debian-packages postgresql

$(PYTHON)/.ready: test/peers/python/requirements.txt
	python3 -c 'import ensurepip' 2>/dev/null || test/scripts/debian-packages python3-venv
	python3 -m venv --clear $(PYTHON)
	$(PYTHON)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement $<
	touch $@

$(NODE)/node_modules/.ready: $(NODE)/package-lock.json
	cd $(NODE) && npm ci
	touch $@

$(LINT):
	GOBIN=$(CURDIR)/.cache/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	mv .cache/bin/golangci-lint $@
