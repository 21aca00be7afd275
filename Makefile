# The short way to everything; CMake (CMakePresets.json) does the work.
# A fresh Debian 12 needs only make and git: the targets install what else is missing.

PRESET ?= release
PREFIX ?= /usr/local
SECONDS ?= 60
KEEP ?=

.PHONY: help build demo demo-andlink demo-dfota demo-dtls test docs fuzz bench lint format install clean

help:
	@echo 'make demo                  install what is missing, build, show a session of module and platform'
	@echo 'make demo KEEP=1           the same, and keep both running: the web console, the command line'
	@echo 'make demo-andlink          the same with bootstrap, on the Andlink platform'
	@echo 'make demo-dtls             the same over DTLS, on the AEP platform'
	@echo 'make demo-dfota            new firmware over the air, from two images to the new revision'
	@echo 'make test                  install what is missing, build, run every test (plain, and with sanitizers)'
	@echo 'make build                 build only; the programs end in build/release/bin'
	@echo 'make fuzz SECONDS=60 TARGET=module   fuzz one target, or without TARGET all of them'
	@echo 'make bench                 measure, and compare with the goals in docs/BENCHMARKS.md'
	@echo 'make docs                  run every test and rewrite what is generated in docs/'
	@echo 'make lint                  clang-format (check only), clang-tidy and cppcheck'
	@echo 'make format                let clang-format rewrite the C files'
	@echo 'make install PREFIX=DIR    programs, manual pages, library and headers (default /usr/local)'
	@echo 'make clean                 remove build/'

build:
	@scripts/install-deps.sh build
	@cmake --preset $(PRESET) >/dev/null
	@cmake --build --preset $(PRESET)

demo: build
	@KEEP=$(KEEP) scripts/demo.sh build/$(PRESET)

demo-andlink: build
	@KEEP=$(KEEP) scripts/demo.sh build/$(PRESET) andlink

demo-dtls: build
	@KEEP=$(KEEP) scripts/demo.sh build/$(PRESET) dtls

demo-dfota: build
	@KEEP=$(KEEP) scripts/demo.sh build/$(PRESET) dfota

test:
	@scripts/install-deps.sh build test
	@scripts/test.sh release debug

docs: build
	@scripts/install-deps.sh build test
	@scripts/docs.sh build/$(PRESET)

fuzz:
	@scripts/install-deps.sh build lint
	@scripts/fuzz.sh $(SECONDS) $(TARGET)

bench: build
	@scripts/bench.sh build/$(PRESET)

lint:
	@scripts/install-deps.sh build lint
	@scripts/lint.sh

format:
	@scripts/install-deps.sh lint
	@scripts/lint.sh --format

install: build
	@cmake --install build/$(PRESET) --prefix $(abspath $(PREFIX))

clean:
	rm -rf build
