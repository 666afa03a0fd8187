# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a Nextcloud that does not do what it was asked for means for an errand: whose fault, and in which words."""

from datetime import timedelta

from ..errands.retry import Fault, Trouble
from .errors import Garbled, NextcloudError, NotAllowed, Rejected, Throttled

AWAY = "Nextcloud does not answer. It is tried again by itself."
GARBLED = "Something else than Nextcloud answers: a maintenance page, a login or a proxy. It is tried again. ({status})"
NOT_ALLOWED = "Nextcloud does not let the app act for this user. It is tried again. ({status})"
REFUSED = "Nextcloud refuses it. ({status})"
PROBLEM = "Nextcloud had a problem. It is tried again by itself. ({status})"


def explain(error: Exception) -> Trouble | None:
    """None for what has nothing to do with Nextcloud."""
    match error:
        case Throttled():
            wait = timedelta(seconds=error.retry_after) if error.retry_after is not None else None
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
