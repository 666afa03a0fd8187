# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""The text part that the Mail app makes of an HTML mail (seen on Mail 5.9.2)."""

from html.parser import HTMLParser


def text_of(html: str) -> str:
    """Paragraphs become lines, line breaks and links' addresses are lost, headings are in capitals and the title leads."""
    reader = _Reader()
    reader.feed(html)
    return "\n".join(line for line in (" ".join(line.split()) for line in "".join(reader.found).split("\v")) if line)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._loud = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._loud = tag in ("h1", "h2", "h3") or self._loud

    def handle_endtag(self, tag: str) -> None:
        if tag in ("p", "div", "h1", "h2", "h3"):
            self._loud = False
            self.found.append("\v")

    def handle_data(self, data: str) -> None:
        self.found.append(data.upper() if self._loud else data)
