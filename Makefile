# Two commands matter: `make run` trains in your browser, `make test` checks everything. Both install what they need.

GO      ?= go
ADDR    ?= 127.0.0.1:8080
ROOM    := $(CURDIR)
export PATH := $(ROOM)/tools/browser:$(PATH)

SOURCES := $(shell find accountant certificate clip nn dp data features internal train wasm -name '*.go' -not -name '*_test.go' 2>/dev/null)
SITE    := $(shell find static \( -name node_modules -o -name pagetest -o -name test \) -prune -o -type f -print 2>/dev/null)
# What is built for a browser, and that of it whose tests make test runs in one: where the engine, its workers or its storage could make a difference.
FOR_BROWSER := ./accountant ./certificate ./clip ./data/... ./dp/... ./features/... ./nn/... ./train/...
IN_BROWSER  := ./accountant ./dp ./dp/ledger ./features ./nn/compile ./nn/compile/kernel ./train ./train/backend

.PHONY: run build package test test-long data bench experiments browser firefox generate clean
.PHONY: check-format check-vet check-types test-native test-wasm test-page

run: build
	$(GO) run ./cmd/serve -addr $(ADDR) -dir dist

build: dist/.compressed

package: build/package/package.json

# -- the site ----------------------------------------------------------------------------------------------

WASM := GOOS=js GOARCH=wasm $(GO) build -trimpath -ldflags "-s -w"

# Inlining does nothing for the compiler of the step, mechanisms and the rest of a run but make their code a tenth larger to download.
build/trainer.wasm: $(SOURCES) go.mod go.sum
	$(WASM) -gcflags 'cloister/nn/compile/...=-l' -gcflags 'cloister/dp/mechanism=-l' -gcflags 'cloister/train/...=-l' -o $@ ./wasm

# Reads a person's own files: loaded when it is asked for.
build/intake.wasm: $(SOURCES) go.mod go.sum
	$(WASM) -o $@ ./wasm/intake

# Computes fixed features: loaded when it is asked for.
build/features.wasm: $(SOURCES) go.mod go.sum
	$(WASM) -o $@ ./wasm/features

static/node_modules/.installed: static/package-lock.json
	cd static && npm ci
	touch $@

# Writes and reads files of models and certificates: likewise.
build/take.wasm: $(SOURCES) go.mod go.sum
	$(WASM) -o $@ ./wasm/take

# What the leaderboard shows.
build/leaderboard.json: $(wildcard docs/experiments/*.json cmd/experiments/board/*.go cmd/experiments/experiment/*.go) $(SOURCES)
	$(GO) run ./cmd/experiments/board -dir docs/experiments -out $@

dist/index.html: build/leaderboard.json build/trainer.wasm build/intake.wasm build/take.wasm build/features.wasm static/node_modules/.installed $(SITE)
	cd static && npm run build

# What a static host serves in their stead; tests of the page do without.
dist/.compressed: dist/index.html
	$(GO) run ./cmd/serve -compress dist
	touch $@

# The npm package "cloister", of the same sources.
build/package/package.json: dist/index.html
	cd static && node package.mjs

# The datasets' official homes, checksums verified; the page offers what it finds in dist/data.
data: build
	for name in mnist fashion-mnist cifar-10; do \
		$(GO) run ./cmd/pack -download $$name -out dist/data/$$name || exit 1; \
	done

# -- tests -------------------------------------------------------------------------------------------------

test: check-format check-vet check-types test-native test-wasm test-page

check-format:
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); \
	if [ -n "$$unformatted" ]; then echo "not gofmt'ed: $$unformatted" >&2; exit 1; fi

check-vet:
	$(GO) vet ./...
	GOOS=js GOARCH=wasm $(GO) vet $(FOR_BROWSER) ./wasm/... ./cmd/bench/plain

check-types: static/node_modules/.installed
	cd static && npm run types && npm test

# Without what check-vet has looked at already, and without what only a debugger reads.
GO_TEST := $(GO) test -timeout 30m -vet=off -ldflags "-s -w"

test-native:
	$(GO_TEST) ./accountant/... ./certificate/... ./clip/... ./data/... ./dp/... ./features/... ./nn/... ./train/... ./cmd/... .

# A small environment: the browser's Go runtime has room for little more.
test-wasm: browser
	GOOS=js GOARCH=wasm $(GO_TEST) -short -p 3 \
		-exec "env -i 'PATH=$(PATH)' 'HOME=$(HOME)' $(shell $(GO) env GOROOT)/bin/go tool wasmbrowsertest" $(IN_BROWSER)

test-page: browser dist/index.html build/package/package.json
	$(GO_TEST) -parallel 3 ./static/...

# What needs longer: whole trainings, tens of thousands of damaged files, every fuzz target for a while, little of which goes
# into making interesting inputs smaller.
FUZZTIME ?= 30s
test-long: IN_BROWSER = $(FOR_BROWSER)
test-long: test firefox
	CLOISTER_LONG=1 $(GO) test -timeout 3h ./accountant ./data/... ./dp/... ./nn/... ./train/... ./cmd/experiments/experiment ./cmd/firefox
	$(GO) test -timeout 1h ./cmd/experiments -run KilledAtAnyTime -kills 100
	cd tools/lighthouse && npm ci --ignore-scripts
	CLOISTER_LONG=1 $(GO) test -timeout 4h -parallel 3 ./static/pagetest -kills 500 -resumes 20
	git grep -o '^func Fuzz[A-Za-z0-9]*' -- '*_test.go' | sed 's|\(.*\)/[^/]*:func \(.*\)|\1 \2|' | while read -r room target; do \
		CLOISTER_LONG=1 $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x "./$$room" || exit 1; \
	done

# Chromium, and the same built without a window where Debian has it: it starts in half the time.
browser:
	@command -v chromium >/dev/null || command -v google-chrome >/dev/null || command -v chromium-browser >/dev/null || \
		if command -v apt-get >/dev/null; then \
			as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
			$$as_root apt-get update -q && $$as_root apt-get install -y -q --no-install-recommends chromium && \
			{ $$as_root apt-get install -y -q --no-install-recommends chromium-headless-shell || true; }; \
		else \
			echo "no Chromium found: install it, or Chrome, and run again" >&2; exit 1; \
		fi

# A second browser, for what a page must not do in Chromium alone. It needs no driver: it speaks WebDriver BiDi by itself.
firefox:
	@command -v firefox-esr >/dev/null || command -v firefox >/dev/null || \
		if command -v apt-get >/dev/null; then \
			as_root=$$([ "$$(id -u)" = 0 ] || echo sudo); \
			$$as_root apt-get update -q && $$as_root apt-get install -y -q --no-install-recommends firefox-esr; \
		else \
			echo "no Firefox found: install it and run again" >&2; exit 1; \
		fi

# -- long runs, with tables in docs/ -------------------------------------------------------------------------

bench: browser build
	$(GO) run ./cmd/bench step -out docs/performance.md
	$(GO) run ./cmd/bench mechanism -into docs/performance.md
	$(GO) run ./cmd/bench mechanism -into docs/performance.md -data dist/data/cifar-10 -model cifar-cnn -epochs 2 -rounds 2

experiments: browser build
	$(GO) run ./cmd/experiments

generate:
	$(GO) generate ./...

clean:
	rm -rf dist build static/node_modules
