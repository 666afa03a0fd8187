# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
# `make demo` and `make test` are all a newcomer needs; each installs what it needs itself.

UV := $(shell command -v uv 2>/dev/null || echo .tools/bin/uv)
RUN := $(UV) run --frozen --all-extras

.PHONY: uv demo test test-large lint bench install browser format screenshots

demo: install
	@$(RUN) sprechtag demo

test: install browser lint
	@$(RUN) pytest -q

test-large: install
	@SPRECHTAG_LARGE=1 $(RUN) pytest -q tests/faults

lint: install
	@$(RUN) ruff check src tests bench
	@$(RUN) ruff format --check -q src tests bench
	@$(RUN) mypy
	@$(RUN) lint-imports --no-logo 2>/dev/null || $(RUN) lint-imports
	@$(RUN) reuse lint -q || $(RUN) reuse lint

bench: install
	@$(RUN) python bench/booking.py

screenshots: install browser
	@SPRECHTAG_SCREENSHOTS=docs/images $(RUN) pytest -q tests/browser

format: install
	@$(RUN) ruff check -q --fix src tests bench
	@$(RUN) ruff format -q src tests bench

install: uv
	@$(UV) sync --frozen --all-extras -q || { echo "Packages are missing: PyPI could not be reached."; exit 1; }

browser:
	@sh scripts/ensure-browser

uv:
	@test "$(UV)" != .tools/bin/uv || test -x .tools/bin/uv || $(MAKE) -s get-uv

get-uv:
	@command -v python3 >/dev/null || { echo "Python 3.11 or newer is missing."; exit 1; }
	@python3 -m venv .tools || { echo "Python's venv module is missing (Debian: apt-get install python3-venv)."; exit 1; }
	@.tools/bin/pip install -q uv || { echo "uv is missing and PyPI could not be reached."; exit 1; }
