# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""One public page: its language, theme, relative links and headers."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ..conference.views import BookingView
from ..phrases import LANGUAGES, TAGS, Speaker, best_language
from .theme import Theme, script

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    # The language comes from this header when the visitor has not chosen one.
    "Vary": "Accept-Language",
}

WITH_FORM = frozenset(
    {"details.html", "plan.html", "grid.html", "wishes.html", "wait.html", "hosts.html", "people.html"}
)
COMES_BACK = "private, no-cache"
"""A form that answers a POST is kept by the browser alone, and asked for anew: with `no-store` the way back to it is an
error of the browser, and a redirect to an address of its own would be followed by AppAPI's proxy itself."""

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Page:
    """Writes the answers to one request.

    All links are relative to the request's path, because the app does not know under which front it is seen
    (`/index.php/apps/app_api/proxy/sprechtag/` or `/exapps/sprechtag/`)."""

    def __init__(self, request: Request, theme: Theme, chosen: str = "", zone: str = "Europe/Berlin") -> None:
        self.chosen = chosen if chosen in LANGUAGES else ""
        self.theme = theme
        self.path = request.scope["path"].lstrip("/")
        self.presses = request.method == "POST"
        self.languages = LANGUAGES
        self._accepted = request.headers.get("accept-language", "")
        language = best_language(self.chosen, self._accepted)
        self.say = Speaker(language, zone)
        self._home = self.path
        self._about = ""
        self._query: dict[str, str] = {}
        self.preview = False
        self.join: Callable[[BookingView], str] = lambda view: ""

    def in_zone(self, zone: str) -> None:
        self.say = Speaker(self.say.language, zone)

    def offer(self, languages: list[str]) -> None:
        """Only these languages, where there are any among them that we speak."""
        offered = {code: name for code, name in LANGUAGES.items() if code in languages}
        if offered:
            self.languages = offered
            self.chosen = self.chosen if self.chosen in offered else ""
            self.say = Speaker(best_language(self.chosen, self._accepted, offered), self.say.zone)

    def speaks(self, language: str) -> None:
        """The guest's own language, where the visitor has chosen none."""
        if not self.chosen and language in self.languages:
            self.say = Speaker(language, self.say.zone)

    def link(self, target: str, plain: bool = False) -> str:
        """A link to `target`, a path inside the app, that keeps the chosen language unless `plain`."""
        return self.link_with(target, {"lang": "" if plain else self.chosen})

    def link_with(self, target: str, query: Mapping[str, str]) -> str:
        """A link to `target` that says what is not empty of the query."""
        said: str = urlencode({name: value for name, value in query.items() if value})
        up = "../" * self.path.count("/")
        return f"{up}{target}?{said}" if said else f"{up}{target}"

    def home(self, target: str) -> None:
        """Where the language switch leads when this page answers a POST and has no address of its own."""
        self._home = target

    def stay(self, query: Mapping[str, str]) -> None:
        """What the address says besides the language, and the language switch leaves as it is."""
        self._query = dict(query)

    def about(self, base: str) -> None:
        """The link whose visitors this page is for: privacy notice and accessibility statement hang below it."""
        self._about = base

    def switch(self, language: str) -> str:
        return self.link_with(self._home, {"lang": language, **self._query})

    def answer(self, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        defaults: dict[str, Any] = {
            "say": self.say,
            "theme": self.theme,
            "script_digest": lambda name: script(name).digest,
            "join": self.join,
            "languages": self.languages,
            "tags": TAGS,
            "link": self.link,
            "link_with": self.link_with,
            "switch": self.switch,
            "chosen": self.chosen,
            "here": self.path,
            "about": self._about,
            "script": "",
            "problems": [],
            "problem_title": "",
            "notice": None,
            "contact": "",
            "conference_name": "",
            "children": [],
            "classes": [],
            "preview": self.preview,
            "spoken": [],
        }
        html = _templates.get_template(template).render(defaults | values)
        headers = dict(PAGE_HEADERS)
        if self.presses and template in WITH_FORM:
            headers["Cache-Control"] = COMES_BACK
        return HTMLResponse(html, status, headers)


ThemeSource = Callable[[], Theme]


def etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:20]}"'
