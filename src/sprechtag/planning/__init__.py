# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pure functions that search: a family's time table, everybody's wishes. They know no database and no HTTP."""
