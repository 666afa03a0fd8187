# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The subject: tables, slots, booking rules, queries. Knows no HTTP, no Nextcloud and no mail."""
