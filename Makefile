# Every target sets up what it needs on its own; the first run takes a minute, later ones nothing.
PY := .venv/bin/python
export PYTHONUNBUFFERED := 1
.DEFAULT_GOAL := help
.PHONY: help run train demo twin explore fuzz-bus test proof proof-ci mutants screens screenshots check format bench setup lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: ## start a simulated cabinet, its controller and a centre; Ctrl-C ends all
	@.ci/setup run
	@$(PY) -m simulator.stack $(ARGS)

train: ## the same as a second cabinet to learn on: its pages are violet and say so; beside `make run`
	@.ci/setup run
	@$(PY) -m simulator.stack --training $(ARGS)

demo: ## the same, scripted and headless: announce, load, collect
	@.ci/setup run
	@$(PY) -m simulator.demo $(ARGS)

twin: ## play a ward's year on a virtual clock with faults, judge it, write docs/ward-year.md (ARGS="--seed 7")
	@.ci/setup dev
	@$(PY) -m simulator.twin --days 365 --per-day 45 --into docs $(ARGS)

explore: ## a million random steps against the rules, then short stories of the twin with many faults (half an hour)
	@.ci/setup dev
	@$(PY) -m pytest -q -s --hypothesis-profile=explore tests/locker/test_invariants.py
	@$(PY) -m simulator.twin --days 5 --seeds 40 --fault-mix harsh $(ARGS)

fuzz-bus: ## let a wire say anything to the controller and see what it dares (ARGS="--seeds 500 --seed 7")
	@.ci/setup run
	@$(PY) -m simulator.fuzz_bus $(ARGS)

test: ## run every test (ARGS="tests/hw -k late" picks some)
	@.ci/setup dev
	@$(PY) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

proof: ## power cuts, planted bugs, tampering, drills, seeds, and the long forms of tests: hours (ARGS="--only images")
	@.ci/setup dev
	@$(PY) -m bench.proof $(ARGS)
	@$(PY) -m pytest -q -n 3 -m proof

proof-ci: ## the short form of every line of it, in minutes
	@.ci/setup dev
	@$(PY) -m bench.proof --ci $(ARGS)

mutants: ## small changes to the pure rules, which some test must see (ARGS="--count 0 --only locker.rules.pickup")
	@.ci/setup dev
	@$(PY) -m bench.proof.mutants $(ARGS)

screens: ## both languages, every look and size, by touch, mouse, keys and scanner, in Chromium
	@.ci/setup dev
	@$(PY) -m pytest -q -n 2 -m screens tests/pages $(ARGS)

screenshots: ## photograph every screen in both languages (docs/screens.md) and the README's pictures
	@.ci/setup dev
	@$(PY) -m docs.screenshots $(ARGS)

check: ## formatting, lint, types, import contracts, dead code, units, licences, locks
	@.ci/setup dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	.venv/bin/lint-imports --no-logo
	$(PY) -m vulture
	$(PY) -m pytest -q tests/house tests/systemd

format: ## write the formatting and the lint fixes that are safe
	@.ci/setup dev
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: ## measure, with the limit or peer beside each figure
	@.ci/setup dev
	@$(PY) -m bench $(ARGS)

setup: ## only install: packages from the locks, and Debian's where root allows
	@.ci/setup dev

LOCK := $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --extra hub
lock: ## write both lock files anew (ARGS=--upgrade for newer versions)
	@.ci/setup dev
	$(LOCK) $(ARGS) pyproject.toml -o requirements/run.lock
	$(LOCK) $(ARGS) --group dev pyproject.toml -o requirements/dev.lock

clean: ## remove .venv, caches and the state of `make run`
	rm -rf .venv .run .run-training .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
