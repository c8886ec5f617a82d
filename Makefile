# `make` lists the targets. Everything is built into bin/; tools that take long to build are kept in the user's cache.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/longshore
TOOLS := $(CACHE)/tools
STATICCHECK := $(TOOLS)/staticcheck-v0.8.2
WORKFLOWCHECK := $(TOOLS)/workflowcheck-v0.6.0
DEPGUARD := $(TOOLS)/depguard-v2.2.1

# Test packages that share the machine's Docker engine run two at a time.
TEST := $(GO) test -p 2

# Packages with tests that need Docker and hosts.
E2E = $(sort $(dir $(shell grep -rlE --include='*_test.go' --exclude-dir=bin '^//go:build e2e' .)))

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name what; do printf '  make %-12s %s\n' "$$name" "$$what"; done

## Use

.PHONY: demo
demo: docker tools build demo-tools ## deploy the example to this machine, and change it under load
	scripts/demo.sh up

.PHONY: demo-down
demo-down: build demo-tools ## remove everything that the demo made
	scripts/demo.sh down

.PHONY: build
build: ## build longshore, longshore-worker and longshore-edge into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/ ./starter ./worker ./internal/edge/longshore-edge
	mv -f bin/starter bin/longshore
	mv -f bin/worker bin/longshore-worker

# The edge for hosts of another processor, such as `make edge-arm64`: the worker looks for it beside itself.
edge-%:
	CGO_ENABLED=0 GOOS=linux GOARCH=$* $(GO) build -trimpath -ldflags '-s -w' -o bin/longshore-edge-linux-$* ./internal/edge/longshore-edge

.PHONY: demo-tools
demo-tools:
	$(GO) build -o bin/ ./testsuite/harness/cmd/...

.PHONY: tools
tools: ## put the embedded engine into bin/
	scripts/ensure-temporal.sh bin/temporal

# Longshore for docker-compose.temporal.yml: the worker with what it needs beside it. BASE is a Debian image.
BASE ?= debian:bookworm-slim
.PHONY: worker-image
worker-image: docker build ## build the image longshore/worker:dev for a cluster
	docker build --build-arg BASE=$(BASE) --tag longshore/worker:dev --file worker/Dockerfile bin

.PHONY: docker
docker:
	scripts/ensure-docker.sh

## Check

.PHONY: test
test: lint test-unit test-e2e ## everything that CI runs, each once

.PHONY: test-unit
test-unit: compiler ## tests that need no Docker, with the race detector
	$(TEST) -race -timeout 20m ./...
	$(GO) -C examples/hello test ./...

.PHONY: test-e2e
test-e2e: test-world ## tests on real hosts
	PATH="$(CURDIR)/bin:$$PATH" LONGSHORE_TEST_BASE=longshore-test-base:bookworm \
		$(TEST) -count 1 -tags e2e -timeout 30m $(E2E)

.PHONY: soak
soak: test-world ## deploy again and again under load
	$(TEST) -count 1 -tags soak -run '^TestSoak' -timeout 0 -v ./testsuite/...

.PHONY: bench
bench: test-world ## measure, and print a table
	scripts/ensure-package.sh wrk wrk
	$(TEST) -count 1 -tags bench -run '^TestBench' -timeout 1h -v ./testsuite/...

# What tests on hosts need. The hosts' images are made while the programs are built.
.PHONY: test-world
test-world: host-world
	scripts/ensure-package.sh chromium chromium
	$(MAKE) --no-print-directory -j 2 host-images programs

.PHONY: programs
programs: build tools

.PHONY: host-world
host-world: docker
	scripts/ensure-package.sh --try debootstrap debootstrap
	scripts/ensure-package.sh ssh openssh-client

# The race detector needs one.
.PHONY: compiler
compiler:
	scripts/ensure-package.sh gcc gcc libc6-dev

.PHONY: host-images
host-images:
	$(GO) run ./testsuite/hosts/cmd/longshore-host images

.PHONY: lint
lint: $(STATICCHECK) $(WORKFLOWCHECK) $(DEPGUARD) ## gofmt, go vet, staticcheck, depguard, workflowcheck
	@unformatted=$$(gofmt -l $$(git ls-files --cached --others --exclude-standard '*.go')); \
	if [ -n "$$unformatted" ]; then echo "run gofmt -w on:" $$unformatted; exit 1; fi
	$(GO) vet -tags e2e,bench,soak ./...
	$(STATICCHECK) -tags e2e,bench,soak ./...
	$(DEPGUARD) ./...
	$(WORKFLOWCHECK) -config .workflowcheck.yml ./workflows/...

# $(call install,package): the version is what the target's name ends in.
install = mkdir -p $(TOOLS)/new && GOBIN=$(TOOLS)/new GOFLAGS=-mod=mod $(GO) install $(1)@$(lastword $(subst -, ,$(notdir $@))) \
	&& mv $(TOOLS)/new/$(notdir $(1)) $@

$(STATICCHECK):
	$(call install,honnef.co/go/tools/cmd/staticcheck)

$(WORKFLOWCHECK):
	$(call install,go.temporal.io/sdk/contrib/tools/workflowcheck)

$(DEPGUARD):
	$(call install,github.com/OpenPeeDeeP/depguard/v2/cmd/depguard)

## Play

.PHONY: host
host: host-world ## start a fresh test server and print its ssh line
	$(GO) run ./testsuite/hosts/cmd/longshore-host up

.PHONY: host-down
host-down: ## remove the server of `make host`
	$(GO) run ./testsuite/hosts/cmd/longshore-host down

## Tidy up

.PHONY: test-clean
test-clean: ## remove test servers that were left over
	$(GO) run ./testsuite/hosts/cmd/longshore-host clean

.PHONY: clean
clean: ## remove what was built
	rm -rf bin examples/hello/*/bin
