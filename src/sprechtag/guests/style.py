# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The public pages' stylesheet, in the instance's colours, and their scripts. The digest in an address is of what is in
it: a page may keep both for good."""

from fastapi import APIRouter, Response

from .front import FrontOf
from .theme import script

router = APIRouter(include_in_schema=False)


@router.get("/static/{digest}/style.css")
def style(front: FrontOf, digest: str) -> Response:
    theme = front.theme()
    return _kept(theme.stylesheet, "text/css", digest == theme.digest)


@router.get("/static/{digest}/{name}.js")
def guests_script(digest: str, name: str) -> Response:
    try:
        found = script(f"{name}.js")
    except KeyError:
        return Response("Not found.", 404, {"Cache-Control": "no-store"})
    return _kept(found.text, "text/javascript", digest == found.digest)


def _kept(text: str, media_type: str, todays: bool) -> Response:
    # An older page may ask for an older digest: it gets what there is today, but must not keep it for a year.
    cache = "public, max-age=31536000, immutable" if todays else "no-cache"
    return Response(text, media_type=media_type, headers={"Cache-Control": cache})
