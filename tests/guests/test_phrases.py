# SPDX-FileCopyrightText: 2026 Sprechtag contributors
# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every sentence stands in every catalogue, with its placeholders and all its plural forms."""

import re
from datetime import UTC, datetime

import phrases
import pytest
from babel import Locale

from sprechtag.conference import texts
from sprechtag.phrases import CATALOGUES, LANGUAGES, TAGS, Speaker, best_language

SENTENCES = phrases.sentences()
TRANSLATED = [language for language in LANGUAGES if language != "en"]
_PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")


def test_the_sources_are_read() -> None:
    assert len(SENTENCES) > 300
    assert SENTENCES["%(number)s free time"] == ("%(number)s free time", "%(number)s free times")


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_missing(language: str) -> None:
    catalogue = phrases.read(language)
    missing = [key for key in SENTENCES if not (found := catalogue.get(key)) or not found.string]
    assert missing == []
    stale = [message.id for message in catalogue if message.id and _first(message.id) not in SENTENCES]
    assert stale == [], "run `make phrases`"


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_and_plural_forms_are_whole(language: str) -> None:
    catalogue = phrases.read(language)
    for message in catalogue:
        if not message.id:
            continue
        wanted = set(_PLACEHOLDER.findall(message.id if isinstance(message.id, str) else message.id[1]))
        if isinstance(message.id, str):
            assert set(_PLACEHOLDER.findall(message.string)) == wanted, message.id
            continue
        assert len(message.string) == catalogue.num_plurals and all(message.string), message.id
        # A form for one or two may say the number as a word.
        assert all(set(_PLACEHOLDER.findall(one)) <= wanted for one in message.string), message.id
        assert set(_PLACEHOLDER.findall(message.string[-1])) == wanted, message.id


def _first(message_id: object) -> object:
    return message_id[0] if isinstance(message_id, (tuple, list)) else message_id


def test_all_is_said_in_easier_words_too() -> None:
    plain, easy = Speaker("de"), Speaker("de-simple")
    assert easy("Whom would you like to talk to?") != plain("Whom would you like to talk to?")
    assert easy("Booking is closed.") != plain("Booking is closed.")
    assert TAGS["de-simple"] == "de-simple" and easy.day(datetime(2027, 1, 13, tzinfo=UTC)).startswith("Mittwoch")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "de"),
        ("en", "en"),
        ("nl", "de"),
        ("tr-TR,de;q=0.7", "tr"),
        ("en-US,de;q=0.7", "en"),
        ("de;q=0.1, en;q=0.2", "en"),
        ("kmr,en;q=0.5", "ku"),
        (";;q=x,,", "de"),
    ],
)
def test_the_best_language_is_taken(header: str, language: str) -> None:
    assert best_language("", header) == language


def test_plurals() -> None:
    def free(language: str, number: int) -> str:
        return Speaker(language).plural("%(number)s free time", "%(number)s free times", number)

    assert [free("de", number) for number in (1, 2)] == ["1 Zeit frei", "2 Zeiten frei"]
    assert len({re.sub(r"\d+", "", free("pl", number)) for number in (1, 2, 5)}) == 3
    assert {free("uk", number).rstrip("0123456789") for number in (1, 3, 11)} == {"вільно: "}
    assert len({re.sub(r"\d+", "", free("ar", number)) for number in (0, 1, 2, 3, 11)}) >= 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_days_and_times_are_those_of_the_language(language: str) -> None:
    say = Speaker(language, "Europe/Berlin")
    moment = datetime(2027, 1, 13, 14, 10, tzinfo=UTC)
    assert say.time(moment) == "15:10"
    assert "2027" in say.day(moment) and say.when(moment).removesuffix(" Uhr").endswith("15:10")
    assert say.direction == ("rtl" if language in ("ar", "fa") else "ltr")
    assert Locale.parse(say.locale).english_name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", texts.KINDS)
def test_our_own_mails_have_only_placeholders_that_are_filled(language: str, kind: texts.TextKind) -> None:
    say = Speaker(language)
    text = texts.default(kind, say)
    texts.checked({kind: {language: text}})
    values = {name: f"<{name}>" for name in texts.placeholders(kind)}
    filled = texts.running_text({}, kind, say, values)
    assert "{" not in filled and "<name>" in filled


def test_every_language_has_its_own_catalogue() -> None:
    assert {path.name for path in CATALOGUES.iterdir()} == set(LANGUAGES)
    assert len([message for message in phrases.read(phrases.SOURCE) if message.id]) > 150
