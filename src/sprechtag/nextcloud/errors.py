# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can go wrong behind the door, as one tree.

NextcloudError
├── Unreachable    no answer: it is not known whether the thing was done (`sent` false: surely not done;
│                  `broke_off` true: the connection ended early, so asking again costs no waiting)
├── Troubled       5xx or a session lost: later may help, the thing may be half done
│   └── Garbled    an answer that is none of Nextcloud's: a maintenance page or a captive portal that says 200, a
│                  redirect to the login, JSON without what was asked for
├── Throttled      429 (`retry_after` in seconds, or None)
├── NotAllowed     401, 403: this user may not
├── Missing        404, 410
├── Conflict       409, 412: it is there already or has changed
└── Rejected       any other 4xx, or an answer that is too long
"""

import re


class NextcloudError(Exception):
    """`status` is the HTTP status or 0; `doing` names the call without personal data; `body` what was answered."""

    def __init__(self, doing: str, status: int = 0, body: str = "") -> None:
        super().__init__(f"{doing}: {status or 'no answer'}")
        self.doing, self.status, self.body = doing, status, body


class Unreachable(NextcloudError):
    def __init__(self, doing: str, sent: bool, broke_off: bool = False) -> None:
        super().__init__(doing)
        self.sent, self.broke_off = sent, broke_off


class Troubled(NextcloudError):
    pass


class Garbled(Troubled):
    pass


class Throttled(NextcloudError):
    def __init__(self, doing: str, retry_after: float | None) -> None:
        super().__init__(doing, 429)
        self.retry_after = retry_after


class NotAllowed(NextcloudError):
    pass


class Missing(NextcloudError):
    pass


class Conflict(NextcloudError):
    pass


class Rejected(NextcloudError):
    pass


def from_status(doing: str, status: int, body: str = "", retry_after: str = "") -> NextcloudError:
    """The error for an HTTP status."""
    if status == 429:
        return Throttled(doing, float(retry_after) if re.fullmatch("[0-9]{1,5}", retry_after) else None)
    kinds: dict[int, type[NextcloudError]] = {
        401: NotAllowed,
        403: NotAllowed,
        404: Missing,
        410: Missing,
        409: Conflict,
        412: Conflict,
        408: Troubled,
        423: Troubled,
    }
    other = Troubled if status >= 500 else Rejected if status >= 400 else Garbled
    kind = kinds.get(status, other)
    return kind(doing, status, body[:500])
