# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The instance itself, and our place in it. All as the app, without a user."""

from typing import Any

from .errors import Garbled
from .session import UserSession, named

APP_API = "/ocs/v2.php/apps/app_api"
MENU_ENTRY = "conferences"


async def theming(session: UserSession) -> dict[str, Any]:
    """Name, colour and logo; the logo may be set for logged-in users only."""
    theming = named(await session.ocs_map("GET", "/ocs/v2.php/cloud/capabilities"), "capabilities", "theming")
    return {key: str(theming.get(key) or "") for key in ("name", "color", "logo", "url")}


async def public_url(session: UserSession, path: str) -> str:
    """The public address of `path` on this Nextcloud, as far as it knows its own (`overwrite.cli.url`)."""
    data = await session.ocs("GET", f"{APP_API}/api/v1/info/nextcloud_url/absolute", params={"url": path})
    found = data.get("absolute_url") if isinstance(data, dict) else data
    if not isinstance(found, str) or not found:
        raise Garbled("GET the public address", 200)
    return found


async def report_progress(session: UserSession, percent: int, error: str = "") -> None:
    """Tells AppAPI how far the first start is; at 100 it enables the app."""
    await session.ocs("PUT", f"{APP_API}/ex-app/status", body={"progress": percent, "error": error})


async def show_menu_entry(session: UserSession) -> None:
    """Registers the entry in the top menu with its script and style. Again is fine."""
    ui = f"{APP_API}/api/v1/ui"
    body: dict[str, Any] = {
        "name": MENU_ENTRY,
        "displayName": "Sprechtag",
        "icon": "img/app.svg",
        "adminRequired": 0,
    }
    await session.ocs("POST", f"{ui}/top-menu", body=body)
    base = {"type": "top_menu", "name": MENU_ENTRY}
    await session.ocs("POST", f"{ui}/script", body=base | {"path": "js/sprechtag-main", "afterAppId": ""})
    await session.ocs("POST", f"{ui}/style", body=base | {"path": "css/sprechtag-main"})


WEBHOOKS = "/ocs/v2.php/apps/webhook_listeners/api/v1/webhooks"
CALENDAR_EVENTS = tuple(
    f"OCP\\Calendar\\Events\\CalendarObject{what}Event" for what in ("Created", "Updated", "Deleted")
)


async def hear_of_calendars(session: UserSession, app_id: str, path: str, user_ids: list[str]) -> None:
    """Has Nextcloud call `path` when something changes in these users' calendars, and no longer for others.

    The filter keeps other people's events out of the app. Raises `Missing` without the app webhook_listeners."""
    mine = [hook for hook in await session.ocs_list("GET", WEBHOOKS) if hook.get("appId") == app_id]
    for hook in mine:
        await session.ocs("DELETE", f"{WEBHOOKS}/{hook['id']}")
    if not user_ids:
        return
    whose = {"event.calendarData.principaluri": {"$in": [f"principals/users/{user_id}" for user_id in user_ids]}}
    for event in CALENDAR_EVENTS:
        body = {"httpMethod": "POST", "uri": path, "event": event, "eventFilter": whose, "authMethod": "none"}
        await session.ocs("POST", WEBHOOKS, body=body)
