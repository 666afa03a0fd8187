# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""A notification for the session's own user, through AppAPI. It offers a link and no buttons of its own.

AppAPI's notifier puts what it is given through Nextcloud's translation and `vsprintf`: with a `%` in it the user's
whole list is answered 500 until it is gone, a `|` makes an error text of it, a `{word}` has it left out. So the text
is always the same, and what is to be read stands in its parameter (`OCP\\RichObjectStrings\\Definitions`)."""

import secrets
import unicodedata
from typing import Any

from .instance import APP_API
from .session import UserSession

TEXT = "{text}"
LONGEST = 4000


async def notify(session: UserSession, subject: str, message: str, link: str) -> None:
    """Shows it in the user's notifications; the message may be empty. Raises `NextcloudError`."""
    params = {
        "object": "app_api",
        "object_id": secrets.token_hex(28),
        "subject_type": "app_api_ex_app",
        "subject_params": _rich("subject", subject) | _rich("message", message) | {"link": link},
    }
    await session.ocs("POST", f"{APP_API}/api/v1/notification", body={"params": params})


def _rich(part: str, text: str) -> dict[str, Any]:
    """An empty text is left out: Nextcloud refuses one, and the notification with it."""
    text = readable(text)
    if not text:
        return {}
    known = {"text": {"type": "highlight", "id": "1", "name": text}}
    return {f"rich_{part}": TEXT, f"rich_{part}_params": known}


def readable(text: str) -> str:
    """Without control characters and halves of letters, which PHP's JSON does not take; lines stay lines."""
    lines = text.replace("\r\n", "\n").split("\n")
    kept = ("".join(" " if unicodedata.category(one) in ("Cc", "Cs") else one for one in line) for line in lines)
    return "\n".join(kept).strip()[:LONGEST]
