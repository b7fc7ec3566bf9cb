# Every target sets up what it needs by itself; `make` alone lists them.
# Another Python (3.12 or later): make test PYTHON=/path/to/python

SHELL := /bin/sh
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3)
BIN := .venv/bin
UV := uv==0.13.9
MESA4 := mesa==4.0.0a0

# Run .ci/venv.py with the first Python that is 3.12 or later and really runs.
define set_up
for python in $(PYTHONS); do \
	if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; then \
		exec "$$python" .ci/venv.py $(1) $(2); \
	fi; \
done; \
echo "Cuadrante needs Python 3.12 or later with venv and ensurepip; tried: $(PYTHONS)." >&2; \
echo "Install one, or name it: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.13" >&2; \
exit 1
endef

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long test-mesa4 lint bench lock clean

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{printf "%-18s%s\n", $$1, $$2}'

setup: ## make or repair .venv from requirements.lock (the others call it)
	@$(call set_up,.venv,requirements.lock)

demo: setup ## run the main job on the demo city and write its report
	$(BIN)/cuadrante sweep experiments/demo.toml
	$(BIN)/cuadrante report results/demo
	@echo "The report is here:"; find results/demo -name '*.html' | sort | grep .

test: lint ## lint, types and every test but the long ones
	$(BIN)/python -m pytest -n 2 -m "not long"

test-long: setup ## the long tests only
	$(BIN)/python -m pytest -n 2 -m long

test-mesa4: ## optional: the Mesa tests on a pre-release of Mesa 4; reports, never fails
	@if ( $(call set_up,.venv-mesa4,requirements-mesa4.lock) ) \
		&& .venv-mesa4/bin/python -m pytest tests/test_mesa.py; \
	then echo "Optional job, $(MESA4): passed"; \
	else echo "Optional job, $(MESA4): FAILED (status $$?); Cuadrante's own tests do not depend on it"; fi

lint: setup ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup ## measure this machine: agent-weeks per second, memory
	$(BIN)/cuadrante bench

# The public index only, whatever this machine's configuration says; one resolution for every Python and system.
lock: setup ## make both lock files anew from pyproject.toml (newest versions)
	@$(BIN)/python -m venv .venv-lock && .venv-lock/bin/python -m pip install --quiet "$(UV)"
	@$(BIN)/python .ci/lock.py .venv-lock/bin/uv "$(MESA4)"

clean: ## remove the environments and caches (results stay)
	rm -rf .venv .venv-old .venv-mesa4 .venv-mesa4-old .venv-lock .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
