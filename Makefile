# Everything a developer or CI does. Each target sets up what it needs, so a fresh clone on a fresh machine will do.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help serve test check bench conformance soak lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: $(VENV)/.serve ## Run the backend on http://localhost:3001
	@exec $(BIN)/limi serve

test: $(VENV)/.dev ## Run every test
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.dev ## Lint, types, import contracts, docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/generate_docs.py --check
	$(BIN)/python scripts/mint_cost_guard.py

conformance: $(VENV)/.dev ## Run the official SDKs against the sandbox and print what works
	$(BIN)/python -m pytest tests/integration/sandbox tests/e2e/test_voice_turn.py -p no:xdist -v

soak: $(VENV)/.dev ## Run the heavy tests in full size
	LIMI_SOAK=1 $(BIN)/python -m pytest -m soak -p no:xdist --timeout 3600

bench: $(VENV)/.dev ## Measure, beside what people run today
	$(BIN)/python -m benchmarks

lock: ## Renew the lock files
	scripts/lock.sh

clean: ## Remove what the targets made; the server's data in .limi stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.serve: requirements.lock pyproject.toml scripts/venv.sh
	PYTHON=$(PYTHON) scripts/venv.sh $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml scripts/venv.sh
	PYTHON=$(PYTHON) scripts/venv.sh $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.serve
