# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Where a visitor comes from: addresses out of headers. Plain functions over text; only `networks` raises."""

import ipaddress
from collections.abc import Iterable

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LONGEST = 80
"""Characters: brackets, an IPv6 address with a zone, a port. Whatever is longer is no address."""


def canonical(text: str) -> str:
    """The address as `ipaddress` writes it, "" for what is none. A port, brackets and a zone (`%eth0`) are left out;
    IPv4 in IPv6 (`::ffff:192.0.2.1`) is IPv4."""
    text = text.strip(" \t\"'") if len(text) <= LONGEST else ""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return ""
    return str(getattr(address, "ipv4_mapped", None) or address)


def networks(text: str) -> tuple[Network, ...]:
    """Comma-separated addresses and networks; bits behind the mask do not matter. Raises ValueError for others."""
    words = [word.strip(" \t\"'") for word in text.split(",")]
    return tuple(ipaddress.ip_network(word, strict=False) for word in words if word)


def is_within(address: str, trusted: Iterable[Network]) -> bool:
    found = ipaddress.ip_address(address)
    return any(found.version == network.version and found in network for network in trusted)


def visitor(values: Iterable[str], trusted: Iterable[Network] = ()) -> str:
    """Who stands behind the proxies that wrote a header such as `X-Forwarded-For` ("client, proxy, proxy"): each
    writes the address it was called from to the end, so the list is read from there, over the proxies that are
    trusted, and the first that is not is the visitor. What stands before it is whatever the visitor sent. "" where
    nothing can be believed."""
    trusted = tuple(trusted)
    address = ""
    for entry in reversed(",".join(values).split(",")):
        address = canonical(entry)
        if not address or not is_within(address, trusted):
            return address
    return address


def is_local(host: str) -> bool:
    """Whether a connection's peer is this machine: a loopback address, or a Unix socket, which has none."""
    address = canonical(host)
    return not address or ipaddress.ip_address(address).is_loopback
