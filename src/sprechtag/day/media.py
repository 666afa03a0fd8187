# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the admin has entered about media servers and lines, as the plan and the day read it."""

from dataclasses import dataclass, fields
from typing import Any

from ..planning.capacity import Line, Server, Setup

RELAYS = "talk:relays"
"""The fact that holds what Talk gives to everybody who joins: STUN and TURN servers."""


@dataclass(frozen=True)
class Source:
    """A server that is asked for its metrics, at one or more addresses."""

    name: str
    addresses: tuple[str, ...]
    limit: int = 0


def setup_of(media: dict[str, Any]) -> Setup:
    """`media` as the admin's page saves it; what is missing has its default. Without servers calls go from device to
    device."""
    plain = {field.name for field in fields(Setup)} - {"mode", "servers", "lines", "join_page"}
    servers = [_picked(Server, one) for one in media.get("servers", [])]
    return Setup(
        mode="sfu" if servers else "peer_to_peer",
        servers=servers,
        lines=[_picked(Line, one) for one in media.get("lines", [])],
        join_page=True,
        **{name: value for name, value in media.items() if name in plain},
    )


def _picked(kind: Any, values: dict[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in known})


def sources_of(media: dict[str, Any]) -> list[Source]:
    """The servers with an address for their metrics."""
    return [
        Source(str(one["name"]), tuple(str(one["metrics"]).split()), int(one.get("calls", 0)))
        for one in media.get("servers", [])
        if str(one.get("metrics", "")).strip()
    ]


def relay_hosts(relays: dict[str, Any]) -> list[str]:
    """The STUN and TURN servers of the fact `RELAYS`, each once: `stun:stun.example:443` as `stun.example`."""
    addresses = [str(url) for one in relays.get("servers", []) for url in one.get("urls", [])]
    hosts = [address.split(":", 1)[-1].split("?", maxsplit=1)[0].rsplit(":", 1)[0] for address in addresses]
    return sorted(set(hosts))


def server_names(media: dict[str, Any]) -> list[str]:
    return [str(one["name"]) for one in media.get("servers", [])]
