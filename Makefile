# Everything a developer or CI does. Each target sets up what it needs, so a fresh clone on a fresh machine will do.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The npm that scripts/node.sh chose; its folder goes first, because npm runs whatever `node` the path names.
WITH_NODE := PATH="$(CURDIR)/$(VENV)/node/bin:$$PATH"
NPM := $(WITH_NODE) npm
CONFORMANCE := conformance/node_modules/.installed
WORKSPACES := node_modules/.installed
RECEIVER := examples/webhooks/node/node_modules/.installed
PYTHON_CLIENT := clients/python

SERVICES := redis-server postgresql

.PHONY: help serve test check audit bench conformance packages expo soak lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: $(VENV)/.serve ## Run the backend on http://localhost:3001
	@# Without the voice page there is a plain one at its place, which says so; so a failure here ends nothing.
	@scripts/web.sh $(VENV) || true
	@# Without its weights the sandbox is only hard of hearing, and says so; so a failure here ends nothing.
	@scripts/speech.sh $(VENV) || true
	@exec $(BIN)/limi serve

test: $(VENV)/.dev $(CONFORMANCE) $(WORKSPACES) $(RECEIVER) ## Run every test
	scripts/system_packages.sh $(SERVICES)
	@# They judge alerts and the unit, in tests that say so when they are skipped, and fail in CI.
	scripts/system_packages.sh prometheus systemd || true
	$(WITH_NODE) $(BIN)/limi speech install
	cd conformance && $(NPM) run test:node
	$(NPM) run build
	$(NPM) test
	chromium=$$(scripts/chromium.sh) && cd conformance && LIMI_CHROMIUM="$$chromium" $(NPM) run test:chromium
	chromium=$$(scripts/chromium.sh) && LIMI_CHROMIUM="$$chromium" $(NPM) run test:browser
	cd $(PYTHON_CLIENT) && ../../$(BIN)/python -m pytest -n 2
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/.dev $(CONFORMANCE) $(WORKSPACES) ## Lint, types, import contracts, docs
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd $(PYTHON_CLIENT) && ../../$(BIN)/mypy --config-file pyproject.toml
	cd conformance && $(NPM) run check
	$(NPM) run build
	$(NPM) run check
	$(BIN)/python -m scripts.generate_clients --check
	$(BIN)/python -m scripts.generate_docs --check
	$(BIN)/python -m scripts.grafana_dashboard --check
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

packages: $(VENV)/.serve ## Pack the clients into dist/ and say how to install them elsewhere
	@scripts/packages.sh $(VENV)

expo: $(VENV)/.serve ## Bundle the React Native example, which takes Expo's whole tree
	scripts/node.sh $(VENV)
	$(NPM) ci --ignore-scripts
	$(NPM) run build -w @limi-ai/client -w @limi-ai/react -w @limi-ai/react-native
	cd examples/react-native && $(NPM) ci --ignore-scripts && $(NPM) run bundle

bench: $(VENV)/.dev ## Measure, beside what people run today
	scripts/system_packages.sh $(SERVICES)
	$(BIN)/python -m benchmarks

lock: ## Renew the lock files
	scripts/lock.sh

clean: ## Remove what the targets made; the server's data in .limi stays
	rm -rf $(VENV) dist node_modules src/limi/web conformance/node_modules conformance/output examples/webhooks/node/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.serve: requirements.lock pyproject.toml scripts/venv.sh
	PYTHON=$(PYTHON) scripts/venv.sh $(VENV) requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock pyproject.toml scripts/venv.sh
	PYTHON=$(PYTHON) scripts/venv.sh $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.serve

$(WORKSPACES): package.json package-lock.json scripts/node.sh $(VENV)/.dev
	scripts/node.sh $(VENV)
	$(NPM) ci
	@touch $@

$(CONFORMANCE): conformance/package.json conformance/package-lock.json scripts/node.sh $(VENV)/.dev
	scripts/node.sh $(VENV)
	cd conformance && $(NPM) ci
	@touch $@

$(RECEIVER): examples/webhooks/node/package.json examples/webhooks/node/package-lock.json $(CONFORMANCE)
	cd examples/webhooks/node && $(NPM) ci
	@touch $@
