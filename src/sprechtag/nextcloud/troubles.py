# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a Nextcloud that does not do what it was asked for means for an errand: whose fault, and in which words."""

from datetime import timedelta

from ..errands.retry import Fault, Trouble
from .errors import Garbled, NextcloudError, NotAllowed, Rejected, Throttled

LEAST_WAIT, MOST_WAIT = 2.0, 900.0
"""Seconds: what says 0 would be asked without a pause, what says a day would be forgotten."""
AWAY = "Nextcloud does not answer. It is tried again by itself."
GARBLED = "Something else than Nextcloud answers: a maintenance page, a login or a proxy. It is tried again. ({status})"
NOT_ALLOWED = "Nextcloud does not let the app act for this user. It is tried again. ({status})"
REFUSED = "Nextcloud refuses it. ({status})"
PROBLEM = "Nextcloud had a problem. It is tried again by itself. ({status})"


def explain(error: Exception) -> Trouble | None:
    """None for what has nothing to do with Nextcloud."""
    match error:
        case Throttled():
            wait = None
            if error.retry_after is not None:
                wait = timedelta(seconds=min(max(error.retry_after, LEAST_WAIT), MOST_WAIT))
            return Trouble(Fault.NEXTCLOUD, PROBLEM.format(status=429), wait=wait)
        case NotAllowed():
            return Trouble(Fault.RIGHTS, NOT_ALLOWED.format(status=error.status))
        case Rejected():
            return Trouble(Fault.REFUSED, REFUSED.format(status=error.status))
        case Garbled():
            return Trouble(Fault.NEXTCLOUD, GARBLED.format(status=error.status))
        case NextcloudError(status=0):
            return Trouble(Fault.NEXTCLOUD, AWAY)
        case NextcloudError():
            return Trouble(Fault.NEXTCLOUD, PROBLEM.format(status=error.status))
    return None
