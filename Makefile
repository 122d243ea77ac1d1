# The two commands: `make demo` shows the main job, `make test` runs every test.
# Nothing has to be installed by hand but Python >= 3.11 with venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests at a time.
WORKERS ?= 3

# The first seed and how many: `make test` plays those below 10000.
SEED ?= 10000
SEEDS ?= 200000

.PHONY: demo test simulate conformance lint format packages bench bench-quick constraints clean

# Debian splits venv off: root gets the package, everyone else is told its name.
$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hahub needs Python 3.11 or later, this is " + sys.version.split()[0])'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/packages python3-venv
	@test -x $(BIN)/python -a -x $(BIN)/pip || $(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test,lint]'
	touch $@

demo: $(VENV)/.installed
	$(BIN)/hahub demo

# Real peers for the tests; only root can install them, everyone else gets a skip that says what is missing.
packages:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then .ci/packages; fi

# Most tests wait for a protocol's seconds to pass: some side by side, then those that need the machine for themselves.
test: packages $(VENV)/.installed
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not alone" $(PYTEST_ARGS)
	$(BIN)/python -m pytest -m alone $(PYTEST_ARGS)

# Clusters to which everything happens; those that break a law are named with the command that replays them.
simulate: $(VENV)/.installed
	$(BIN)/python -m tests.simulation --start $(SEED) --seeds $(SEEDS)

# hahub and keepalived through the conformance suite, as root; writes docs/conformance.md.
conformance: packages $(VENV)/.installed
	$(BIN)/python -m tests.conformance $(CONFORMANCE_ARGS)

$(VENV)/.bench: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,bench]'
	touch $@

# Beside keepalived, as root, on a machine that does nothing else; results in bench-results/.
bench: packages $(VENV)/.bench
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

bench-quick: packages $(VENV)/.bench
	$(BIN)/python -m tests.bench --quick $(BENCH_ARGS)

lint: $(VENV)/.installed
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# The newest versions of everything, written down after the tests have passed with them.
constraints:
	rm -rf $(VENV)/newest && $(PYTHON) -m venv $(VENV)/newest
	$(VENV)/newest/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[test,lint]'
	{ head -2 constraints.txt; $(VENV)/newest/bin/python -m pip freeze --exclude-editable; } > $(VENV)/constraints.txt
	mv $(VENV)/constraints.txt constraints.txt
	rm -rf $(VENV)/newest

clean:
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
