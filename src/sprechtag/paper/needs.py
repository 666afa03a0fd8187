# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a family needs for its appointment and who comes along, in words."""

from ..conference.asked import needs_of
from ..conference.views import BookingView
from ..phrases import Speaker


def needs_in_words(view: BookingView, say: Speaker) -> list[str]:
    """A line for each need and one for all who come beside family and host; none where there is nothing."""
    words = {"wheelchair": say("Comes in a wheelchair"), "sign_language": say("Sign language is needed")}
    lines = [words[one] for one in needs_of(view.needs)]
    if view.interpreter:
        lines.append(say("Interpreter: %(language)s", language=view.interpreter))
    if view.people:
        lines.append(say("Also coming: %(names)s", names=say.listing(list(view.people))))
    return lines
