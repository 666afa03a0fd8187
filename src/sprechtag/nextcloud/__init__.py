# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The one door to Nextcloud: session, calendar, talk, mail, people, instance. Knows no conference."""
