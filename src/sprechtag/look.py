# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The school's name and colour, so that they can be read: on pages and in mails."""

import re
from dataclasses import dataclass
from typing import Any

DEFAULT_COLOUR = "#00679e"
READABLE = 4.5
"""WCAG 2.2, 1.4.3: contrast of text with what is behind it."""


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2's definition)."""

    def linear(channel: int) -> float:
        share = channel / 255
        return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)

    red, green, blue = (linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1 to 21."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: str, background: str) -> str:
    """`colour`, made darker or lighter in small steps until it can be read on `background`."""
    target = 0 if luminance(background) > 0.18 else 255
    for step in range(21):
        mixed = "#" + "".join(f"{round(channel + (target - channel) * step / 20):02x}" for channel in _channels(colour))
        if contrast(mixed, background) >= READABLE:
            return mixed
    return "#000000" if target == 0 else "#ffffff"


def text_on(colour: str) -> str:
    """White or black, whichever can be read better on the colour."""
    return "#ffffff" if contrast("#ffffff", colour) >= contrast("#000000", colour) else "#000000"


def colour_in(theming: dict[str, Any]) -> str:
    """Nextcloud's colour as `#rrggbb`; anything odd falls back to the default."""
    told = str(theming.get("color", "")).lower()
    return told if re.fullmatch("#[0-9a-f]{6}", told) else DEFAULT_COLOUR


@dataclass(frozen=True)
class Look:
    """What a mail looks like: the school's `name`, "" where it is not known, and colours as `#rrggbb`; `colour` can be
    read on white, `on_colour` on `colour`."""

    name: str = ""
    colour: str = DEFAULT_COLOUR
    on_colour: str = "#ffffff"

    @classmethod
    def of(cls, theming: dict[str, Any]) -> "Look":
        """From what Nextcloud says of its theming; anything odd in it falls back to the default."""
        colour = readable_on(colour_in(theming), "#ffffff")
        return cls(" ".join(str(theming.get("name") or "").split())[:80], colour, text_on(colour))


PLAIN = Look()
"""As long as nothing is known of the school."""
