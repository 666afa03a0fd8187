# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""All routes of the page inside Nextcloud."""

from . import (
    absence,
    administration,
    at_once,
    board,
    booking_list,
    bookings,
    capacity,
    conferences,
    display,
    enrolment,
    exchange,
    families,
    families_import,
    family_data,
    grid,
    history,
    hosts_import,
    marks,
    me,
    my_day,
    papers,
    rehearsal,
    team,
    texts,
    visitors,
    wishes,
)

ROUTERS = tuple(
    module.router
    for module in (
        grid,
        at_once,
        absence,
        history,
        team,
        visitors,
        my_day,
        families,
        family_data,
        families_import,
        hosts_import,
        texts,
        papers,
        wishes,
        capacity,
        board,
        marks,
        display,
        rehearsal,
        administration,
        exchange,
        me,
        conferences,
        enrolment,
        booking_list,
        bookings,
    )
)
