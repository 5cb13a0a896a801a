# Everything a developer or CI does. Each target sets up what it needs, so a fresh clone on a fresh machine will do.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The npm that scripts/node.sh chose; its folder goes first, because npm runs whatever `node` the path names.
WITH_NODE := PATH="$(CURDIR)/$(VENV)/node/bin:$$PATH"
NPM := $(WITH_NODE) npm
CONFORMANCE := conformance/node_modules/.installed

SERVICES := redis-server postgresql

.PHONY: help serve test check audit bench conformance soak lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: $(VENV)/.serve ## Run the backend on http://localhost:3001
	@# Without its weights the sandbox is only hard of hearing, and says so; so a failure here ends nothing.
	@scripts/speech.sh $(VENV) || true
	@exec $(BIN)/limi serve

test: $(VENV)/.dev $(CONFORMANCE) ## Run every test
	scripts/system_packages.sh $(SERVICES)
	$(WITH_NODE) $(BIN)/limi speech install
	cd conformance && $(NPM) run test:node
	chromium=$$(scripts/chromium.sh) && cd conformance && LIMI_CHROMIUM="$$chromium" $(NPM) run test:chromium
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.dev $(CONFORMANCE) ## Lint, types, import contracts, docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd conformance && $(NPM) run check
	$(BIN)/python -m scripts.generate_docs --check
	$(BIN)/python scripts/mint_cost_guard.py
	$(WITH_NODE) $(BIN)/python -m scripts.audit_dependencies

audit: $(VENV)/.dev $(CONFORMANCE) ## Ask the registries for known vulnerabilities of what is locked
	$(WITH_NODE) $(BIN)/python -m scripts.audit_dependencies

conformance: $(CONFORMANCE) ## Run the newest official SDKs and print what works; ARGS="--upstream URL" for OpenAI
	$(WITH_NODE) $(BIN)/limi speech install || true
	chromium=$$(scripts/chromium.sh) && LIMI_CHROMIUM="$$chromium" $(BIN)/python -m conformance $(ARGS)

soak: $(VENV)/.dev ## Run the heavy tests in full size
	scripts/system_packages.sh $(SERVICES)
	LIMI_SOAK=1 $(BIN)/python -m pytest -m soak -p no:xdist --timeout 3600

bench: $(VENV)/.dev ## Measure, beside what people run today
	scripts/system_packages.sh $(SERVICES)
	$(BIN)/python -m benchmarks

lock: ## Renew the lock files
	scripts/lock.sh

clean: ## Remove what the targets made; the server's data in .limi stays
	rm -rf $(VENV) conformance/node_modules conformance/output .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.serve: requirements.lock pyproject.toml scripts/venv.sh
	PYTHON=$(PYTHON) scripts/venv.sh $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml scripts/venv.sh
	PYTHON=$(PYTHON) scripts/venv.sh $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.serve

$(CONFORMANCE): conformance/package.json conformance/package-lock.json scripts/node.sh $(VENV)/.dev
	scripts/node.sh $(VENV)
	cd conformance && $(NPM) ci
	@touch $@
