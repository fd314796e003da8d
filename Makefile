# Every target does its whole set-up first: a fresh clone needs nothing but Swift, git and (for downloading) python3 + pip.
.DEFAULT_GOAL := build
.PHONY: setup build demo test format lint bench clean
SOURCES := Sources Tests $(wildcard Benchmarks)

setup:
	@Tools/bootstrap.sh

build: setup ## The release program: .build/release/anneal
	swift build -c release --product anneal

demo: build ## Teach a tiny vision-language model a task, in minutes, on the CPU
	.build/release/anneal demo

test: setup ## Everything a change must pass
	swift build --build-tests
	swift test --skip-build
	@$(MAKE) --no-print-directory lint

lint:
	swift format lint --strict --parallel --recursive $(SOURCES)

format:
	swift format --in-place --parallel --recursive $(SOURCES)

bench: build ## Side-by-side speed measurements, ANNEAL_REFERENCE names the peers; make bench BENCH=--quick
	swift build -c release --product PreprocessBenchmark
	Benchmarks/run.sh $(BENCH)

clean: ## Removes build products; the downloads in .deps stay
	rm -rf .build
