# migrate: every target works on a fresh Debian machine with Go.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO ?= go
BIN := bin/migrate

.PHONY: help build demo test lint images bench soak fuzz clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

build: ## build bin/migrate
	@$(GO) build -o $(BIN) ./cmd/migrate

demo: build ## rehearse and release a rename on a live shop, then do it the naive way
	@examples/shop/demo.sh $(BIN)

test: lint prerequisites ## vet, staticcheck, and all tests on real servers
	$(GO) test -timeout 20m ./...

lint: ## gofmt, go vet and staticcheck
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

.PHONY: prerequisites
prerequisites:
	@.ci/prerequisites

images: ## build stand-ins for the official database images that cannot be pulled
	@rehearse/sandbox/images/build.sh $(IMAGES)

bench: ## print ratios against a floor or a peer (slow)
	$(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m ./rehearse ./migrations/sqltext
	cd migrator/bench && $(GO) test -run '^$$' -bench . -benchtime 1x -timeout 60m .

soak: ## the long forms of tests: a file of 200 MB
	MIGRATE_SOAK=1 $(GO) test -count 1 -timeout 60m -run 'Large' -v ./migrations

FUZZTIME ?= 60s
fuzz: ## fuzz the lexer, the splitter and the effects on both dialects
	@for package in ./migrations/sqltext ./phases; do \
	  for target in $$(grep -hoE '^func (Fuzz[A-Za-z]+)' $$package/*_test.go | cut -d' ' -f2); do \
	    $(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) $$package || exit 1; done; done

clean: ## remove what was built here
	@rm -rf bin reports
