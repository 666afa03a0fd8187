# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The JSON API behind the page inside Nextcloud, for organisers and hosts."""
