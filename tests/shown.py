# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the page inside Nextcloud makes of the app's short forms (`ex_app/ui/src/api.js`, `board.js`)."""

from datetime import UTC, datetime
from typing import Any

STATES = {
    "e": "expected",
    "w": "waiting",
    "c": "in_call",
    "o": "over_time",
    "d": "ended",
    "n": "no_show",
    "s": "skipped",
}
KINDS = ("calendar", "mail", "talk")


def bookings(answer: Any) -> list[dict[str, Any]]:
    """The list as objects, with what is as usual and what is left out."""
    return [
        _booking(dict(zip(answer["columns"], row, strict=False)), row[len(answer["columns"]) :], answer["hosts"])
        for row in answer["rows"]
    ]


def _booking(values: dict[str, Any], more: list[dict[str, Any]], hosts: list[dict[str, Any]]) -> dict[str, Any]:
    (unusual,) = more or [{}]
    steps, said = unusual.get("steps", {}), unusual.get("said", {})
    host = hosts[values["host"]]
    return {
        "state": "active",
        "unconfirmed": False,
        **values,
        **unusual,
        "starts_at": datetime.fromtimestamp(values["start"], UTC).isoformat().replace("+00:00", "Z"),
        "host_user_id": host["user_id"],
        "host_name": host["name"],
        "effects": [
            {"kind": kind, "state": steps.get(kind, "done"), "last_error": said.get(kind, "")} for kind in KINDS
        ],
    }


def merged(before: Any, patch: dict[str, Any]) -> dict[str, Any]:
    """RFC 7396, section 2."""
    found = dict(before) if isinstance(before, dict) else {}
    for name, value in patch.items():
        if value is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), value) if isinstance(value, dict) else value
    return found


def board(shown: dict[str, Any]) -> dict[str, Any]:
    """The board with lists of hosts, by name, and of their appointments."""
    hosts = [_host(one, host, shown["day"]) for one, host in shown["hosts"].items()]
    return {
        **shown["day"],
        "hosts": sorted(hosts, key=lambda host: host["name"]),
        "servers": [{"name": name, **server} for name, server in shown["servers"].items()],
        "lines": [{"name": name, **line} for name, line in shown["lines"].items()],
        "alarms": list(shown["alarms"].values()),
        "chart": shown["chart"],
    }


def _host(public_id: str, host: dict[str, Any], day: dict[str, Any]) -> dict[str, Any]:
    appointments = [
        {
            "host": public_id,
            "start": day["begins"] + 60 * int(minute),
            "minutes": host.get("minutes", {}).get(minute, day["minutes"]),
            "place": "video" if cell[0].isupper() else "on_site",
            "state": STATES[cell[0].lower()],
            "child": cell[1:],
            "says": host.get("says", {}).get(minute, ""),
        }
        for minute, cell in sorted(host["cells"].items(), key=lambda one: int(one[0]))
    ]
    return {"late": 0, "delay": 0, "room": "", **host, "id": public_id, "appointments": appointments}
