# Two commands matter: `make demo` runs the main job, `make test` runs every suite. Both set up what they need.
SHELL := /bin/bash
PYTHON ?= python3
UV := .tools/uv/bin/uv
RUN := .venv/bin

.PHONY: demo test check setup system lint types contracts prove audit clean

# The official message schemas, where a copy lies beside the checkout; elsewhere set it, or go without.
SHARED_SCHEMAS := $(abspath ../shared/ijw/xsd)
ifneq ($(wildcard $(SHARED_SCHEMAS)),)
export IJW_SCHEMA_FOLDER ?= $(SHARED_SCHEMAS)
endif

demo: setup system  ## Start everything here, feed the golden village and a simulated year, check, show.
	$(RUN)/trajectwacht demo

test: setup system lint types contracts  ## Every suite, in under twelve minutes on two cores.
	deploy/test

check: test  ## What CI runs.

prove: setup system  ## The long suites; results go to docs/proof/.
	deploy/prove

audit: setup  ## Licences, the SBOM (dist/sbom.cdx.json) and known vulnerabilities of the dependencies.
	deploy/audit

setup: .venv/.complete  ## The virtual environment, exactly as locked.

.venv/.complete: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet
	touch $@

$(UV):
	$(PYTHON) -m venv .tools/uv
	.tools/uv/bin/pip install --quiet uv==0.13.9

system:  ## Debian packages, where apt-get and root are at hand; elsewhere it says what is missing.
	deploy/system-packages

lint: setup
	$(RUN)/ruff format --check --quiet .
	$(RUN)/ruff check --quiet .

types: setup
	$(RUN)/mypy

contracts: setup
	$(RUN)/lint-imports

clean:
	rm -rf .venv .tools .local .hypothesis .mypy_cache .ruff_cache
