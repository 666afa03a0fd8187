# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stand-in Nextcloud for the demo and the tests. It behaves as docs/nextcloud-facts says; where it differs from a
real one, it is wrong. Imported by `cli demo` and the tests only."""
