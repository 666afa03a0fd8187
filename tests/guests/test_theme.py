# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sprechtag.guests.theme import Theme
from sprechtag.look import DEFAULT_COLOUR, READABLE, contrast, readable_on


def test_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@given(st.integers(0, 0xFFFFFF), st.sampled_from(["#ffffff", "#1b1b1b"]))
def test_every_primary_colour_can_be_read(number: int, background: str) -> None:
    assert contrast(readable_on(f"#{number:06x}", background), background) >= READABLE


def test_a_readable_colour_stays_as_it_is() -> None:
    assert readable_on("#00679e", "#ffffff") == "#00679e"


@pytest.mark.parametrize("colour", ["", "red", "#12", "url(evil)", "#00679e;}body{"])
def test_nonsense_from_nextcloud_is_not_believed(colour: str) -> None:
    assert Theme.of({"color": colour}).colour == DEFAULT_COLOUR


def test_the_logo_is_asked_of_the_visited_server() -> None:
    assert Theme.of({"logo": "https://cloud.example/index.php/logo?v=1"}).logo == "/index.php/logo?v=1"
