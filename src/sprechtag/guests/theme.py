# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The instance's look: name, logo and a primary colour that can be read."""

import hashlib
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..conference.entries import line
from ..look import DEFAULT_COLOUR, colour_in, readable_on, text_on

STYLE = (Path(__file__).parent / "static" / "style.css").read_text()
SCRIPTS = ("join.js", "list.js", "plan.js")


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
        name = line(str(theming.get("name") or "")[:80], 300)
        try:
            logo = urlsplit(line(str(theming.get("logo", "")), 2000))
        except ValueError:
            logo = urlsplit("")
        return cls(
            name=name or "Nextcloud",
            colour=colour_in(theming),
            logo=logo.path + (f"?{logo.query}" if logo.query else "") if logo.path.startswith("/") else "",
        )

    @cached_property
    def stylesheet(self) -> str:
        light, dark = readable_on(self.colour, "#ffffff"), readable_on(self.colour, "#1b1b1b")
        text_light, text_dark = text_on(light), text_on(dark)
        return STYLE.replace("/*THEME-LIGHT*/", f"--primary:{light};--on-primary:{text_light};").replace(
            "/*THEME-DARK*/", f"--primary:{dark};--on-primary:{text_dark};"
        )

    @cached_property
    def digest(self) -> str:
        return hashlib.sha256(self.stylesheet.encode()).hexdigest()[:16]
