# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What Nextcloud still has to tell its users."""

from typing import Literal

NoticeKind = Literal[
    "invited",
    "reminded",
    "event_moved",
    "event_deleted",
    "alarm",
    "evening",
    "family_says",
    "budget",
    "deputy",
    "owner",
    "host_gone",
    "few_left",
    "few_left_of",
]
