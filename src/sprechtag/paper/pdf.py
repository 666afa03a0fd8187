# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""HTML to PDF on A4, tagged for screen readers (PDF/UA), with nothing loaded from anywhere."""

import base64
import io
import threading
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from ..phrases import Speaker
from .needs import needs_in_words

AT_ONCE = 2
"""How many are made at once while families wait; more would only be slower."""
_turn = threading.BoundedSemaphore(AT_ONCE)
WAIT_SECONDS = 1.0

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class PrinterBusy(Exception):
    """Too many PDFs are being made just now; the same request may be sent again."""


def page(template: str, title: str, say: Speaker, **values: Any) -> str:
    """A document as HTML, ready for `pdf`."""
    return _templates.get_template(template).render(
        title=title, say=say, qr=qr_image, needs_in_words=needs_in_words, **values
    )


def pdf(html: str) -> bytes:
    """The document as PDF. Takes some tenths of a second a page and much of a core meanwhile."""
    # Loading WeasyPrint takes half a second and 40 MB: only who prints pays for it.
    from weasyprint import HTML
    from weasyprint.urls import URLFetcher

    # Only what stands in the document itself: nothing is fetched, not even from this machine.
    inside = URLFetcher(allowed_protocols={"data"}, allow_redirects=False, fail_on_errors=True)
    made: bytes = HTML(string=html, url_fetcher=inside).write_pdf(pdf_variant="pdf/ua-1")
    return made


@cache
def warm_up() -> None:
    """Loads the printer in the background, once: the first document would take seconds, the next ones hundredths."""
    threading.Thread(target=pdf, args=("<html lang=en><title>-</title><p>-",), daemon=True).start()


def pdf_soon(html: str) -> bytes:
    """As `pdf`, while somebody waits for the page: raises `PrinterBusy` when it is not its turn within a second."""
    if not _turn.acquire(timeout=WAIT_SECONDS):
        raise PrinterBusy
    try:
        return pdf(html)
    finally:
        _turn.release()


def qr_image(link: str) -> Markup:
    """A QR code as the address of an image."""
    # Only who prints pays for it.
    import segno

    image = io.BytesIO()
    segno.make(link, error="m").save(image, kind="svg", border=0, xmldecl=False, nl=False)
    return Markup("data:image/svg+xml;base64," + base64.b64encode(image.getvalue()).decode())  # noqa: S704 - our own
