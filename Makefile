# Needs Python 3.11 or newer with venv, and make. Each target sets itself up in .venv: `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
UV := .tools/uv/bin/uv
override SETUP := $(PYTHON) tools/environment.py

.DEFAULT_GOAL := help
.PHONY: help demo test check bench pins cleanroom clean

help:
	@echo "make demo       an application under traffic moves from SQLite to PostgreSQL"
	@echo "make test       the whole test-suite; make test ARGS='-k journal -x' for a part"
	@echo "make check      ruff, mypy --strict and the import contracts"
	@echo "make bench      the benchmarks"
	@echo "make pins       writes requirements/*.txt anew from pyproject.toml (UPGRADE=1: newer versions)"
	@echo "make cleanroom  demo and test in a fresh Debian folder, as root (docs/development.md)"
	@echo "make clean      removes all that these made"
	@echo ""
	@echo "PYTHON=python3.12 chooses another interpreter."

demo:
	@$(SETUP) example
	@$(BIN)/python -m examples.gigchain.demo $(ARGS)

test:
	@$(SETUP) dev
	@$(BIN)/python -m pytest $(ARGS)

check:
	@$(SETUP) dev
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench:
	@$(SETUP) dev
	@$(BIN)/python -m benchmarks $(ARGS)

# Every set agrees with dev.txt, so that one .venv can hold them all. uv resolves for all platforms at once.
pins:
	@$(PYTHON) -m venv .tools/uv && .tools/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	@set -e; compile() { set=$$1; shift; echo "requirements/$$set.txt"; \
	    $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --custom-compile-command "make pins" \
	    $(if $(UPGRADE),--upgrade) --output-file requirements/$$set.txt "$$@"; }; \
	echo "setuptools>=77" | compile build -; \
	compile dev pyproject.toml --extra dev; \
	compile runtime pyproject.toml --constraint requirements/dev.txt; \
	compile example pyproject.toml --extra example --constraint requirements/dev.txt; \
	compile embedded pyproject.toml --extra embedded --constraint requirements/dev.txt

cleanroom:
	@tests/cleanroom.sh

clean:
	rm -rf .venv .tools .demo build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
