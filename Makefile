# `make test` is the gate. The environment sets itself up, in the cache folder beside autotune's own.

.PHONY: test tests all quick crashes lint format types contracts slow coverage lock
.SUFFIXES:

# Where this is set, every test process would compile pytest's own modules again.
unexport PYTHONDONTWRITEBYTECODE

# Asked for once, and only by a target that uses it.
PYTHON = $(eval PYTHON := $(or $(shell bin/autotune --environment requirements-dev.lock),$(error There is no development environment)))$(PYTHON)
RUN = PYTHONPATH=lib "$(PYTHON)"
# Tests at once: on two cores three are quicker than two, since they wait as long as they compute. Who is done takes over from others.
AT_ONCE = 3 --dist worksteal
# A test that fails is run once more and named at the end: on a busy machine one in some thousands fails by chance.
AGAIN = -n $(AT_ONCE) --reruns 1 -rR
COMPILE = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --custom-compile-command "make lock"

# Where CI is true, as in .ci/run, the nightly tests are run too, and what is not slow with coverage.
test: lint types contracts $(if $(filter true,$(CI)),slow coverage,tests)

tests:
	"$(PYTHON)" -m pytest -n $(AT_ONCE) -m "not nightly"

# All that there is.
all:
	CI=true $(MAKE) test
	$(MAKE) crashes

# The tests without those marked slow, without coverage.
quick:
	$(RUN) -m pytest -q -n $(AT_ONCE) -m "not slow"

# Kills commands at every effect that they have; `make test` does so at some. Takes minutes.
crashes:
	AUTOTUNE_TEST_EVERY_EFFECT=1 $(RUN) -m pytest -q -n $(AT_ONCE) tests/loop/test_crashes.py

lint:
	"$(PYTHON)" -m ruff check
	"$(PYTHON)" -m ruff format --check

format:
	"$(PYTHON)" -m ruff check --fix
	"$(PYTHON)" -m ruff format

types:
	"$(PYTHON)" -m mypy

contracts:
	$(RUN) -c "import importlinter.cli; importlinter.cli.lint_imports_command()" --no-logo

# Branch coverage, of forked workers and of the command line run as a process too: see [tool.coverage] in pyproject.toml.
# The first run tests nothing: by it a module that no test loads counts as one of which no line is run.
coverage:
	"$(PYTHON)" -m coverage erase
	"$(PYTHON)" -m coverage run --source=lib/autotune -m compileall -q lib/autotune/errors.py
	"$(PYTHON)" -m coverage run -m pytest $(AGAIN) -m "not slow and not nightly"
	"$(PYTHON)" -m coverage combine --quiet
	"$(PYTHON)" -m coverage report --include="lib/autotune/core/*" --fail-under=100
	"$(PYTHON)" -m coverage report --omit="lib/autotune/core/*" --fail-under=90

# What takes long, without coverage: with it each process would take half as long again.
slow:
	"$(PYTHON)" -m pytest $(AGAIN) -m "slow or nightly"

# Needs uv. Pins that still fit are kept; `make lock UPGRADE=--upgrade` moves everything to its newest version.
UPGRADE =
lock:
	$(COMPILE) $(UPGRADE) requirements.in -o requirements.lock
	$(COMPILE) $(UPGRADE) requirements-web.in -o requirements-web.lock
	$(COMPILE) $(UPGRADE) requirements-browser.in -o requirements-browser.lock
	$(COMPILE) $(UPGRADE) requirements-dev.in -o requirements-dev.lock
	$(COMPILE) $(UPGRADE) requirements-models.in -o requirements-models.lock
	$(COMPILE) $(UPGRADE) requirements-parquet.in -o requirements-parquet.lock
	$(COMPILE) $(UPGRADE) requirements-mlflow.in -o requirements-mlflow.lock
	$(COMPILE) $(UPGRADE) requirements-gepa.in -o requirements-gepa.lock
