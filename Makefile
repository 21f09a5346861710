# One command is what CI runs: `make test`, `make lint`, `make types`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo up test compose-test lint format types docs bench bench-quick clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(VENV)/.run ## one document retrieved through the proxy, and its audit trail
	@$(BIN)/ssp-emulator demo

up: $(VENV)/.run ## the emulator, until Ctrl-C
	@$(BIN)/ssp-emulator up

# The image of OpenLDAP takes minutes to build, and what is in it is tested without a container too (tests/e2e/test_ldap.py).
test: $(VENV)/.dev ## every test, but for that of the compose profile ldap, which compose-test has
	$(BIN)/python -m pytest tests/containers --ignore tests/containers/test_ldap.py
	$(BIN)/python -m pytest --numprocesses auto --ignore tests/containers

compose-test: $(VENV)/.dev ## the image built, and docker-compose.yml run for real (needs a Docker engine)
	$(BIN)/python -m pytest tests/containers

lint: $(VENV)/.dev ## style and format, nothing changed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.dev ## put the format right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.dev ## strict types
	$(BIN)/mypy

docs: $(VENV)/.dev ## the references that are made from the code
	$(BIN)/python docs/scripts/cli_reference.py
	$(BIN)/python docs/scripts/advice.py
	$(BIN)/python docs/scripts/faults.py
	$(BIN)/python docs/scripts/audit.py
	$(BIN)/python docs/scripts/schemas.py

bench: $(VENV)/.run ## the emulator beside nginx and others, every measurement (a quarter of an hour; needs nginx)
	$(BIN)/python benchmarks/compare.py

bench-quick: $(VENV)/.run ## small requests alone (less than two minutes; needs nginx)
	$(BIN)/python benchmarks/compare.py --quick

clean: ## everything that was made, but for certificates and the audit trail
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Each stamp is one installation; a change of setup.cfg makes it anew.
$(VENV)/.run: setup.cfg pyproject.toml | $(VENV)/bin/python
	@echo "Installing ssp-emulator into $(VENV) (about half a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.dev: setup.cfg pyproject.toml | $(VENV)/bin/python
	@echo "Installing ssp-emulator and what its tests need into $(VENV) (about a minute the first time) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(VENV)/.run

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11"; exit 2; }
	@echo "Making a virtual environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
