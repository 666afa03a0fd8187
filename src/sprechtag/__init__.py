# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sprechtag: conference days in Nextcloud. `app.py` wires the rooms, `conference/` holds the rules."""

__version__ = "0.1.0"
