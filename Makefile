# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
# `make demo` and `make test` are all a newcomer needs; each installs what it needs itself.

UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --all-extras

.PHONY: uv demo ui check test test-large lint bench bench-errands bench-idle bench-start bench-sync bench-rush bench-growth \
	bench-page bench-pages bench-organiser bench-import bench-plan bench-wishes bench-join rehearsal phrases install browser format screenshots attack

demo: install ui
	@$(RUN) sprechtag demo

# What is asked again and again while working: rules and pages on SQLite, without processes, browsers and sockets
UNIT := $(wildcard $(addprefix tests/,conference planning paper letters errands day privacy guests hosts))

check: lint
	@$(RUN) pytest -q -n 2 --dist loadfile --no-loadscope-reorder -k "not postgresql and not test_rehearsal" $(UNIT)

test: install browser ui lint
	@$(RUN) pytest -q -n 3 --dist loadfile --no-loadscope-reorder

test-large: install browser ui
	@SPRECHTAG_LARGE=1 $(RUN) pytest -q tests/faults tests/browser/test_switch_of_hundreds.py tests/browser/test_a_school.py tests/browser/test_clicks.py

lint: install
	@$(RUN) ruff check src tests bench scripts
	@$(RUN) ruff format --check -q src tests bench scripts
	@$(RUN) mypy
	@$(RUN) lint-imports --no-logo 2>/dev/null || $(RUN) lint-imports
	@$(RUN) reuse lint -q || $(RUN) reuse lint

# The table of docs/performance.md; the others below are parts of it that take longer
bench: install
	@$(RUN) python bench/booking.py
	@$(RUN) python bench/booking.py --postgresql --workers 2

bench-pages: install
	@$(RUN) python bench/booking.py --pages

bench-sync: install
	@$(RUN) python bench/follow.py

# make bench-rush ARGS="--postgresql --workers 2"
bench-rush: install
	@$(RUN) python bench/rush.py $(ARGS)

bench-errands: install
	@$(RUN) python bench/errands.py

# make bench-growth ARGS=--postgresql
bench-growth: install
	@$(RUN) python bench/growth.py $(ARGS)

# make bench-idle ARGS="--seconds 600 --windows 1"
bench-idle: install
	@$(RUN) python bench/idle.py $(ARGS)

bench-start: install
	@$(RUN) python bench/start.py $(ARGS)

bench-page: install browser ui
	@$(RUN) python bench/page.py

bench-organiser: install
	@$(RUN) python bench/organiser.py

# make bench-import ARGS=--postgresql
bench-import: install
	@$(RUN) python bench/imports.py $(ARGS)

screenshots: install browser ui
	@SPRECHTAG_SCREENSHOTS=docs/images $(RUN) pytest -q tests/browser

phrases: install
	@$(RUN) python scripts/phrases.py

bench-plan: install
	@$(RUN) python bench/plan.py

bench-wishes: install
	@$(RUN) python bench/wishes.py --quiet
	@$(RUN) python bench/wishes.py --quiet --large

bench-join: install
	@$(RUN) python bench/join.py

# make rehearsal CALLS=500 PLOT=rehearsal.png
rehearsal: install
	@$(RUN) python bench/rehearsal.py --calls $(or $(CALLS),80) $(if $(PLOT),--plot $(PLOT))

# Floods, bombs and fuzzers at length; make attack MINUTES=1 ONLY=floods
attack: install
	@$(RUN) python bench/attack.py --minutes $(or $(MINUTES),10) $(if $(ONLY),--only $(ONLY))

format: install
	@$(RUN) ruff check -q --fix src tests bench scripts
	@$(RUN) ruff format -q src tests bench scripts

install: uv
	@$(UV) sync --frozen --all-extras -q || { echo "Packages are missing: PyPI could not be reached."; exit 1; }

ui: ex_app/js/sprechtag-main.js

ex_app/js/sprechtag-main.js: ex_app/ui/package-lock.json ex_app/ui/vite.config.js $(shell find ex_app/ui/src ex_app/l10n -type f)
	@command -v npm >/dev/null || { echo "Node 20 or newer with npm is missing."; exit 1; }
	@cd ex_app/ui && npm ci --no-audit --no-fund --silent || { echo "Packages are missing: npm's registry could not be reached."; exit 1; }
	@cd ex_app/ui && npm run --silent build -- --logLevel warn
	@touch $@

browser:
	@sh scripts/ensure-browser

uv:
	@test "$(UV)" != .tools/bin/uv || test -x .tools/bin/uv || $(MAKE) -s get-uv

get-uv:
	@command -v python3 >/dev/null || { echo "Python 3.11 or newer is missing."; exit 1; }
	@python3 -m venv .tools || { echo "Python's venv module is missing (Debian: apt-get install python3-venv)."; exit 1; }
	@.tools/bin/pip install -q uv || { echo "uv is missing and PyPI could not be reached."; exit 1; }
