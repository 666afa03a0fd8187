# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every sentence stands in every catalogue."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from sprechtag.phrases import CATALOGUES, LANGUAGES, Speaker, best_language

SOURCES = Path(__file__).parents[2] / "src" / "sprechtag"
_CALL = re.compile(r"""\b(?:guest_)?say(?:\.plural)?\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")


def sentences() -> set[str]:
    found = {"Morning", "Afternoon", "Evening"}
    for path in [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.html"), *SOURCES.rglob("*.txt")]:
        found |= {one or two for one, two in _CALL.findall(path.read_text())}
    return found


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_nothing_is_missing(language: str) -> None:
    with (CATALOGUES / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        catalogue = read_po(file, locale=language)
    known = {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue if message.string}
    assert len(sentences()) > 100
    assert sentences() - known == set()


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "de"), ("en", "en"), ("fr", "de"), ("en-US,de;q=0.7", "en"), ("de;q=0.1, en;q=0.2", "en"), (";;q=x,,", "de")],
)
def test_the_best_language_is_taken(header: str, language: str) -> None:
    assert best_language("", header) == language


def test_plurals() -> None:
    assert Speaker("de").plural("%(number)s free time", "%(number)s free times", 1) == "1 Zeit frei"
    assert Speaker("de").plural("%(number)s free time", "%(number)s free times", 2) == "2 Zeiten frei"
