# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The instance's look: name, logo and a primary colour that can be read."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..conference.entries import line

STYLE = (Path(__file__).parent / "static" / "style.css").read_text()
DEFAULT_COLOUR = "#00679e"
SCRIPTS = ("join.js", "list.js", "plan.js")
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


@dataclass(frozen=True)
class Script:
    """A script of the public pages, only for comfort; no page has more than one."""

    text: str
    digest: str


@cache
def script(name: str) -> Script:
    """Raises `KeyError` for one that there is not."""
    if name not in SCRIPTS:
        raise KeyError(name)
    text = (Path(__file__).parent / "static" / name).read_text()
    return Script(text, hashlib.sha256(text.encode()).hexdigest()[:16])


@dataclass(frozen=True)
class Theme:
    """`logo` is a path on the Nextcloud server or empty."""

    name: str = "Nextcloud"
    colour: str = DEFAULT_COLOUR
    logo: str = ""

    @classmethod
    def of(cls, theming: dict[str, Any]) -> "Theme":
        """From the `theming` capability; anything odd in it falls back to the default."""
        colour = str(theming.get("color", ""))
        name = line(str(theming.get("name") or "")[:80], 300)
        try:
            logo = urlsplit(line(str(theming.get("logo", "")), 2000))
        except ValueError:
            logo = urlsplit("")
        return cls(
            name=name or "Nextcloud",
            colour=colour.lower() if re.fullmatch(r"#[0-9a-fA-F]{6}", colour) else DEFAULT_COLOUR,
            logo=logo.path + (f"?{logo.query}" if logo.query else "") if logo.path.startswith("/") else "",
        )

    @cached_property
    def stylesheet(self) -> str:
        light, dark = readable_on(self.colour, "#ffffff"), readable_on(self.colour, "#1b1b1b")
        text_light, text_dark = (
            "#ffffff" if contrast("#ffffff", colour) >= contrast("#000000", colour) else "#000000"
            for colour in (light, dark)
        )
        return STYLE.replace("/*THEME-LIGHT*/", f"--primary:{light};--on-primary:{text_light};").replace(
            "/*THEME-DARK*/", f"--primary:{dark};--on-primary:{text_dark};"
        )

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.stylesheet.encode()).hexdigest()[:16]
