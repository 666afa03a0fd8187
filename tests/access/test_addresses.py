# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who the visitor is: addresses out of headers, and which header counts under which front."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.types import Receive, Scope, Send

from house import EXAPPS, HARP_KEY, PROXY, open_stage
from sprechtag import addresses
from sprechtag.gate import Gate
from sprechtag.sandbox.fronts import NEXTCLOUDS_ADDRESS, Daemon
from sprechtag.settings import Settings


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1\t", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("[::FFFF:c000:201]:80", "192.0.2.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ('"[2001:db8::1]"', "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("", ""),
        ("unknown", ""),
        ("192.0.2.256", ""),
        ("192.0.2.01", ""),
        ("١٩٢.0.2.1", ""),
        ("192.0.2.1, 192.0.2.2", ""),
        ("\x00", ""),
        ("1" * 10_000, ""),
    ],
)
def test_an_address_has_one_way_to_be_written(text: str, address: str) -> None:
    assert addresses.canonical(text) == address


@pytest.mark.parametrize(
    ("values", "trusted", "address"),
    [
        (["203.0.113.5"], "", "203.0.113.5"),
        (["10.9.9.9, 203.0.113.5"], "", "203.0.113.5"),  # the client sent the first
        (["10.9.9.9", "203.0.113.5"], "", "203.0.113.5"),  # in a header of its own
        (["10.9.9.9, 203.0.113.5, 10.0.0.2"], "", "10.0.0.2"),  # nobody said that 10.0.0.2 is a proxy
        (["10.9.9.9, 203.0.113.5, 10.0.0.2"], "10.0.0.2", "203.0.113.5"),
        (["203.0.113.5, 10.0.0.3, 10.0.0.2"], "10.0.0.0/24", "203.0.113.5"),
        (["203.0.113.5, ::ffff:10.0.0.2"], "10.0.0.0/24", "203.0.113.5"),
        (["203.0.113.5, 2001:db8::7"], "2001:db8::/32", "203.0.113.5"),
        (["10.0.0.3, 10.0.0.2"], "10.0.0.0/24", "10.0.0.3"),  # the proxies' own
        (["203.0.113.5, unknown, 10.0.0.2"], "10.0.0.0/24", ""),
        (["203.0.113.5,"], "", ""),
        ([""], "", ""),
        ([], "", ""),
    ],
)
def test_the_visitor_stands_before_the_proxies_that_are_trusted(values: list[str], trusted: str, address: str) -> None:
    assert addresses.visitor(values, addresses.networks(trusted)) == address


@given(st.lists(st.text(max_size=60), max_size=4))
def test_any_header_names_an_address_or_nobody(values: list[str]) -> None:
    found = addresses.visitor(values, addresses.networks("10.0.0.0/8,::/0"))
    assert found == addresses.canonical(found)


def test_networks_are_read_leniently_and_nonsense_is_said_at_the_start() -> None:
    assert [str(one) for one in addresses.networks(' 10.0.0.1/8, "::1" ,')] == ["10.0.0.0/8", "::1/128"]
    with pytest.raises(ValidationError, match="trusted_proxies"):
        Settings(trusted_proxies="10.0.0.0/8, proxy.example")
    with pytest.raises(ValidationError, match="visitor_header"):
        Settings(visitor_header="x forwarded for")


CLIENT = "127.0.0.1"
"""Where httpx comes from in a test without sockets."""
FORGED = {
    "x-origin-ip": "10.6.6.6",
    "x-real-ip": "10.6.6.6",
    "x-forwarded-for": "10.6.6.6",
    "forwarded": "for=10.6.6.6",
}
SEEN: list[str] = []


@pytest.fixture(autouse=True)
def _seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes what the rooms get to know of every caller."""
    SEEN.clear()
    passed = Gate.__call__

    async def noting(self: Gate, scope: Scope, receive: Receive, send: Send) -> None:
        await passed(self, scope, receive, send)
        if "caller" in scope:
            SEEN.append(scope["caller"].address)

    monkeypatch.setattr(Gate, "__call__", noting)


REAL_IP = Daemon(HARP_KEY, sets_real_ip=True)


@pytest.mark.parametrize(
    ("daemon", "told", "way", "settings", "expected"),
    [
        (Daemon(), False, PROXY, {}, CLIENT),
        (Daemon(HARP_KEY), True, PROXY, {}, CLIENT),
        (Daemon(HARP_KEY), True, EXAPPS, {}, CLIENT),
        (REAL_IP, True, EXAPPS, {}, CLIENT),
        (REAL_IP, True, EXAPPS, {"visitor_header": "X-Real-IP"}, CLIENT),
        (Daemon(HARP_KEY), False, EXAPPS, {}, CLIENT),
        # What AppAPI's proxy sets cannot be told from what a client sent: the last who called the web server counts.
        (Daemon(HARP_KEY), False, PROXY, {}, NEXTCLOUDS_ADDRESS),
        # The web server's own caller is a proxy, and what that one wrote counts.
        (Daemon(HARP_KEY), True, EXAPPS, {"trusted_proxies": "127.0.0.0/8"}, "10.6.6.6"),
        # AppAPI's own word needs no such setting.
        (Daemon(HARP_KEY), True, PROXY, {"trusted_proxies": "127.0.0.0/8"}, CLIENT),
    ],
)
async def test_what_a_client_sends_of_itself_is_never_believed(
    tmp_path: Path, daemon: Daemon, told: bool, way: str, settings: dict[str, str], expected: str
) -> None:
    async with open_stage(tmp_path, harp=told, daemon=daemon, **settings) as stage:
        for headers in ({}, FORGED):
            SEEN.clear()
            answer = await stage.public.get(f"{way}sprechtag/{stage.share}", headers=headers)
            assert answer.status_code == 200
            believed = expected if headers or expected != "10.6.6.6" else CLIENT
            assert [believed] == SEEN, headers
