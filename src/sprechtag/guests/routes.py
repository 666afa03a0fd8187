# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""All routes of the public pages."""

from . import (
    about,
    booking,
    display,
    interpreter,
    join,
    link,
    manage,
    my_data,
    people,
    plan,
    style,
    waitinglist,
    wishes,
)

ROUTERS = tuple(
    module.router
    for module in (
        booking,
        link,
        manage,
        people,
        interpreter,
        plan,
        waitinglist,
        wishes,
        about,
        my_data,
        join,
        display,
        style,
    )
)
