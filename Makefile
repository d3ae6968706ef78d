# The only commands to know. Everything is made from locked files; a second run of a target is instant.

# Python 3.11 to 3.13 have wheels of the embedded services; a newer one works with java and valkey-server on the path.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3 python3.14; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
UV_VERSION := 0.13.8
# The project is built in its own environment, so what builds it is locked with the rest.
BUILD := setuptools==84.2.1
ARGS ?=
WORKERS ?= 3
# The system's certificates, as pip uses them: a house with its own proxy has put its own there.
export UV_SYSTEM_CERTS ?= 1
UV := .venv/bin/uv
# Compiled at once: a worker that must be back in seconds has no time to compile its libraries.
SYNC = $(UV) pip sync --compile-bytecode --python .venv/bin/python --require-hashes
OURSELVES = $(UV) pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .

.PHONY: install install-dev run test prove lint bench lock jars-lock clean

install: .venv/installed .jgo/fetched

run: install
	@exec .venv/bin/watchfloor up $(ARGS)

# A file stays with one worker, so that what it starts is started once; the longest begin (tests/conftest.py).
BY_FILE := --dist loadfile --no-loadscope-reorder

# Much of what a test does is waiting, but some say within how many seconds: three workers on two cores pass, more where
# there are more.
test: install-dev .venv/browser .venv/postgresql
	.venv/bin/pytest -n $(WORKERS) $(BY_FILE) $(ARGS)

# The long forms of what `make test` shows: more kills, whole feeds. They measure, so two workers, for two cores.
# Bounded; what was measured is printed at the end.
prove: install-dev .venv/browser .venv/postgresql
	WATCHFLOOR_PROVE=1 .venv/bin/pytest -n 2 $(BY_FILE) --timeout=3600 $(ARGS)

lint: install-dev
	@! git grep -nE '^(<{7}|>{7}) ' || { echo "a merge was left half done: see the lines above" >&2; exit 1; }
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: install-dev
	.venv/bin/python -m bench.suite $(ARGS)

install-dev: .venv/installed-dev .jgo/fetched tests/browser/axe/node_modules/.package-lock.json

.venv/bin/uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with its venv module is needed: install it, or name one with make PYTHON=…" >&2; exit 3; }
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# An environment that has the tests' packages has ours too and is left as it is.
.venv/installed: .venv/bin/uv requirements.lock pyproject.toml
	@if test requirements.lock -ot .venv/installed-dev; then :; else \
		rm -f .venv/installed-dev; $(SYNC) requirements.lock; fi
	$(OURSELVES)
	@touch $@

.venv/installed-dev: .venv/bin/uv requirements-dev.lock pyproject.toml
	$(SYNC) requirements-dev.lock
	$(OURSELVES)
	@touch $@ .venv/installed

.jgo/fetched: watchfloor/kafka/jgo.lock.toml | .venv/installed
	.venv/bin/python -P -m watchfloor.provision
	@mkdir -p .jgo && touch $@

# Debian's browser and a CJK font, where they are absent and we may install them; the tests say so where not.
.venv/browser: | .venv/bin/uv
	@command -v chromium >/dev/null && fc-list 2>/dev/null | grep -q "Noto Sans CJK" \
		|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
			&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fontconfig; } \
		|| echo "chromium and fonts-noto-cjk are absent and cannot be installed by this user: the browser tests will skip." >&2
	@command -v chromium >/dev/null && touch $@ || true

# axe-core for the browser tests, where npm is there; the tests say so where it is not.
tests/browser/axe/node_modules/.package-lock.json: tests/browser/axe/package-lock.json
	@command -v npm >/dev/null && cd tests/browser/axe && npm ci --silent && touch node_modules/.package-lock.json \
		|| echo "axe-core was not installed by npm: the accessibility tests will skip." >&2

# Debian's PostgreSQL, on which accounts and the vault run in production; the tests start a server of their own.
.venv/postgresql: | .venv/bin/uv
	@command -v postgres >/dev/null || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 \
		|| { test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
			&& apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql; } \
		|| echo "postgresql is absent and cannot be installed by this user: its tests will skip." >&2
	@{ command -v postgres || ls /usr/lib/postgresql/*/bin/postgres; } >/dev/null 2>&1 && touch $@ || true

LOCK = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-annotate
lock: .venv/bin/uv
	echo "$(BUILD)" | $(LOCK) pyproject.toml - --output-file requirements.lock
	echo "$(BUILD)" | $(LOCK) pyproject.toml - --group dev --output-file requirements-dev.lock

# After an edit of watchfloor/kafka/jgo.toml: resolve again, and keep the sums of what came.
jars-lock: .venv/installed
	.venv/bin/python -P -m watchfloor.provision --lock

clean:
	rm -rf .venv .jgo build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
