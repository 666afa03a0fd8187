# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""All routes of the page inside Nextcloud."""

from . import (
    administration,
    api,
    board,
    capacity,
    exchange,
    families,
    overview,
    own,
    papers,
    texts,
    visitors,
    wishes,
)

ROUTERS = tuple(
    module.router
    for module in (
        overview,
        visitors,
        own,
        families,
        texts,
        papers,
        wishes,
        capacity,
        board,
        administration,
        exchange,
        api,
    )
)
