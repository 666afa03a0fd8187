# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Addresses in the form in which they are sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprechtag.letters.mailbox import NotAnAddress, ascii_address, needs_utf8, wire_address


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("jana@post.example", "jana@post.example"),
        ("jana@müller.example", "jana@xn--mller-kva.example"),
        ("jana@MÜLLER.example", "jana@xn--mller-kva.example"),
        ("jana@mu\u0308ller.example", "jana@xn--mller-kva.example"),
        ("jana@straße.example", "jana@xn--strae-oqa.example"),
        ("jana@школа.укр", "jana@xn--80atdl2c.xn--j1amh"),
        ("jana@مدرسة.example", "jana@xn--ogblgi1g.example"),
        ("jana@post。example", "jana@post.example"),
        ("o'neill+tag@a_b.example", "o'neill+tag@a_b.example"),
        ("jürgen@müller.example", "jürgen@xn--mller-kva.example"),
    ],
)
def test_domains_are_sent_in_ascii(written: str, sent: str) -> None:
    assert wire_address(written) == sent


@pytest.mark.parametrize("text", ["", "jana", "jana@", "@post.example", "a b@post.example", "jana@ä..example", "a,b@c"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(NotAnAddress):
        wire_address(text)


def test_letters_before_the_at_have_no_other_form() -> None:
    assert needs_utf8(wire_address("jürgen@post.example")) and not needs_utf8(wire_address("jana@müller.example"))
    with pytest.raises(NotAnAddress):
        ascii_address("jürgen@post.example")


@given(st.text(max_size=60))
def test_anything_is_an_address_or_said_to_be_none(text: str) -> None:
    try:
        sent = wire_address(text)
    except NotAnAddress:
        return
    assert sent.rpartition("@")[2].isascii() and not set(sent) & set(" \r\n<>,")
